"""Signing secrets as they stand in the database: sealed, so that a stolen dump holds no usable one.

Owns the form: AES-256-GCM under a key derived from SECRET_KEY, bound to the endpoint. A sealed text names its key by a mark that tells
nothing of it. Texts in clear, from before there was a seal, are read as they are. Must not know where they are kept.
"""

import base64
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from domain.webhooks.signing import PREFIX

VERSION = "v1"
KEY_BYTES, MARK_BYTES, NONCE_BYTES = 32, 4, 12
DEVELOPMENT = "payflow development"
"""Stands for SECRET_KEY where none is set, which only open mode in development allows: it protects nothing."""


class SealedOtherwiseError(Exception):
    """A secret that was sealed with another SECRET_KEY."""


class Seal:
    """Seals and opens with one key."""

    def __init__(self, secret_key: str) -> None:
        """`secret_key` is SECRET_KEY; empty where none is set."""
        key = _derived(secret_key or DEVELOPMENT, b"payflow webhook secrets", KEY_BYTES)
        mark = _derived(secret_key or DEVELOPMENT, b"payflow webhook secrets, mark of the key", MARK_BYTES)
        self._cipher, self.prefix = AESGCM(key), f"{VERSION}.{mark.hex()}."

    def close(self, secret: str, endpoint_id: str) -> str:
        """The secret, sealed: another text each time."""
        nonce = os.urandom(NONCE_BYTES)
        sealed = self._cipher.encrypt(nonce, secret.encode(), endpoint_id.encode())
        return self.prefix + base64.b64encode(nonce + sealed).decode()

    def open(self, text: str, endpoint_id: str) -> str:
        """The secret of a sealed text, or of one in clear. Raises SealedOtherwiseError."""
        if text.startswith(PREFIX):
            return text
        if not text.startswith(self.prefix):
            raise SealedOtherwiseError
        raw = base64.b64decode(text.removeprefix(self.prefix))
        try:
            return self._cipher.decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], endpoint_id.encode()).decode()
        except InvalidTag:
            raise SealedOtherwiseError from None


def _derived(secret_key: str, purpose: bytes, length: int) -> bytes:
    return HKDF(algorithm=SHA256(), length=length, salt=None, info=purpose).derive(secret_key.encode())
