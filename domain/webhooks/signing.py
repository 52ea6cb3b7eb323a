"""Signatures by the Standard Webhooks specification 1.0.0 (WHK-01, WHK-05).

Owns the form of secrets, headers and signatures: HMAC-SHA256 over `id.timestamp.body`, one per valid secret. Must not make a secret: that
takes randomness, and is done at the edge.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence

PREFIX = "whsec_"
KEY_BYTES_MIN, KEY_BYTES_MAX = 24, 64
ROTATION_MS = 24 * 3600 * 1000
"""How long the secret before stays valid."""


def secret_of(key: bytes) -> str:
    """The text form of a key."""
    return PREFIX + base64.b64encode(key).decode()


def key_of(secret: str) -> bytes:
    """The key of a secret. Raises ValueError, without the secret, for what is none."""
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not secret.startswith(PREFIX) or not KEY_BYTES_MIN <= len(key) <= KEY_BYTES_MAX:
        raise ValueError(f"must be {PREFIX} and base64 of {KEY_BYTES_MIN} to {KEY_BYTES_MAX} bytes")
    return key


def signature(key: bytes, webhook_id: str, timestamp: int, body: bytes) -> str:
    """One signature. `timestamp` in seconds."""
    digest = hmac.new(key, f"{webhook_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def headers(secrets: Sequence[str], webhook_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The three headers; one signature per valid secret, newest first."""
    signatures = (signature(key_of(secret), webhook_id, timestamp, body) for secret in secrets)
    return {"webhook-id": webhook_id, "webhook-timestamp": str(timestamp), "webhook-signature": " ".join(signatures)}
