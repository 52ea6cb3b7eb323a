"""The form of API keys and other secrets that we hand out (SEC-02).

Owns how a secret is written, recognised and reduced to what may be stored. A secret has 256 random bits, so one round of SHA-256 is enough:
nobody can try them all. Must not draw them; that is the identity service's.
"""

import base64
import hashlib
import re

LIVE, TEST = "pk_live_", "pk_test_"
SECRET_BYTES = 32
SHOWN = 6
"""How many characters of the secret part stand in lists, so that people can tell keys apart: 36 of 256 bits."""

_KEY = re.compile(r"pk_(?:live|test)_[A-Za-z0-9_-]{43}")


def written(secret: bytes, *, live: bool) -> str:
    """A key as its owner gets it. Raises ValueError for a secret of another length."""
    if len(secret) != SECRET_BYTES:
        raise ValueError(f"a secret has {SECRET_BYTES} bytes")
    return (LIVE if live else TEST) + base64.urlsafe_b64encode(secret).decode().rstrip("=")


def is_key(text: str) -> bool:
    """Whether a text has the form of a key."""
    return _KEY.fullmatch(text) is not None


def shown(key: str) -> str:
    """The beginning of a key, which is not secret."""
    return key[: len(LIVE) + SHOWN]


def stored(secret: str) -> bytes:
    """What may be stored of a key, a session, a ticket or a state: its SHA-256."""
    return hashlib.sha256(secret.encode()).digest()
