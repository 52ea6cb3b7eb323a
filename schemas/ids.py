"""Identifiers: their shapes, and the ones that are derived from others.

Owns derivation (row payout, attempt reference). Must not mint: a UUIDv7 for a payout or a batch is made once at the edge
(`runtime.ids`) and travels in the command. Nothing here draws a random number or reads a clock (DESIGN section 6).
"""

import hashlib
import re
from typing import NewType

MerchantId = NewType("MerchantId", str)
PayoutId = NewType("PayoutId", str)
BatchId = NewType("BatchId", str)
CommandId = NewType("CommandId", str)

MERCHANT_ID_PATTERN = r"^[a-z0-9][a-z0-9_-]{0,63}$"
UUID_PATTERN = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
BATCH_ROWS_MAX = 1_000_000

_MERCHANT_ID = re.compile(MERCHANT_ID_PATTERN)
_UUID = re.compile(UUID_PATTERN)
_ROW_DIGITS = 8
_ROW_BYTES = _ROW_DIGITS // 2
_from_hex = bytes.fromhex
_VARIANTS = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}
"""A hex digit to the one that has its two low bits below the variant's."""


def is_merchant_id(text: str) -> bool:
    """True for 1 to 64 lower-case letters, digits, `_` or `-` (a lower-case UUID is one too)."""
    return _MERCHANT_ID.fullmatch(text) is not None


def is_uuid(text: str) -> bool:
    """True for the canonical lower-case form of any UUID."""
    return _UUID.fullmatch(text) is not None


def row_payout_id(batch_id: str, row: int) -> PayoutId:
    """The id of a batch's row: the batch's first 96 bits, then the row number (1 to BATCH_ROWS_MAX).

    The time prefix stays, so a batch's rows lie together in every index and sort by row. The same batch and row give the
    same id on every repeat. Raises ValueError for a row number out of range.
    """
    if not 1 <= row <= BATCH_ROWS_MAX:
        raise ValueError(f"row {row} is outside 1..{BATCH_ROWS_MAX}")
    return PayoutId(f"{batch_id[:-_ROW_DIGITS]}{row:08x}")


def row_prefix(batch_or_payout_id: str) -> str:
    """What the ids of a batch and of all its rows begin with."""
    return batch_or_payout_id[:-_ROW_DIGITS]


def row_number(payout_id: str) -> int:
    """The number that an id has if it is a row's; 0 for one that cannot be a row's at all."""
    digits = payout_id[-_ROW_DIGITS:]
    try:
        number = _from_hex(digits)
    except ValueError:
        return 0
    canonical = len(number) == _ROW_BYTES and number.hex() == digits
    return int.from_bytes(number, "big") if canonical else 0


def batch_id_range(batch_id: str) -> tuple[str, str]:
    """The lowest and highest payout id that a row of this batch can have; both ends inclusive."""
    prefix = batch_id[:-_ROW_DIGITS]
    return prefix + "00000000", prefix + "ffffffff"


def attempt_reference(payout_id: str, attempt: int) -> str:
    """The lasting reference of one send to a provider, in UUID v4 form (RAI-03, LIF-09).

    A function of payout and attempt number only: a crash, a restart or a second worker can never make another one.
    """
    digits = hashlib.sha256(f"{payout_id}/{attempt}".encode()).hexdigest()
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{_VARIANTS[digits[16]]}{digits[17:20]}-{digits[20:32]}"
