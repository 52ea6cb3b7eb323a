"""The wait that was granted is said (API-14, RFC 7240)."""

import pytest

from tests.unit.ingest.conftest import Ingest


@pytest.mark.parametrize(
    ("prefer", "applied"),
    [
        ("wait=7", "wait=7"),
        ("respond-async, wait=0", "wait=0"),
        ('handling=lenient, WAIT="7"', "wait=7"),
        ("return=minimal", None),
        ("note=await", None),
        ("wait=31", None),
        (None, None),
    ],
)
async def test_the_wait_that_was_granted_is_said__API_14(ingest: Ingest, prefer: str | None, applied: str | None) -> None:
    answer = await (ingest.pay(Prefer=prefer) if prefer else ingest.pay())
    assert answer.headers.get("preference-applied") == applied
