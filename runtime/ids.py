"""Minting of ids at the edge: the one place where randomness enters (DESIGN section 6).

Must not be imported by `domain` or `schemas`: what is decided is a function of the ids that arrive.
"""

import secrets

from uuid_utils import uuid7


def mint() -> str:
    """A new UUIDv7 in canonical lower-case text; ids minted later sort later."""
    return str(uuid7())


def mint_key(size: int = 32) -> bytes:
    """Bytes that nobody can guess, for a secret."""
    return secrets.token_bytes(size)


def draw_small(highest: int) -> int:
    """A whole number from 1 to `highest` that nobody can guess."""
    return 1 + secrets.randbelow(highest)
