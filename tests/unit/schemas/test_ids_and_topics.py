"""Derived ids and the key's partition."""

import uuid

import pytest

from schemas.ids import BATCH_ROWS_MAX, attempt_reference, batch_id_range, is_merchant_id, is_uuid, row_number, row_payout_id
from schemas.topics import CATALOGUE, COMMANDS, EVENTS, inbox, partition_of

BATCH = "019b0000-0000-7000-8000-aaaaaaaaffff"


def test_rows_of_a_batch_lie_together_and_in_order() -> None:
    ids = [row_payout_id(BATCH, row) for row in (1, 2, 255, 256, BATCH_ROWS_MAX)]
    low, high = batch_id_range(BATCH)
    assert ids == sorted(ids)
    assert all(low < payout_id < high and is_uuid(payout_id) for payout_id in ids)


@pytest.mark.parametrize("row", [0, -1, BATCH_ROWS_MAX + 1])
def test_a_row_out_of_range_has_no_id(row: int) -> None:
    with pytest.raises(ValueError, match="row"):
        row_payout_id(BATCH, row)


@pytest.mark.parametrize("row", [1, 9, 10, 255, 256, 65_536, BATCH_ROWS_MAX])
def test_a_rows_id_gives_its_number_back(row: int) -> None:
    assert row_number(row_payout_id(BATCH, row)) == row


@pytest.mark.parametrize(
    "digits",
    ["00000000", "0000001F", "0x00001f", "000_001f", " 000001f", "00 00 1f", "+000001f", "0000001g", "0000001\u0663"],
)
def test_what_is_not_written_as_a_row_number_is_none(digits: str) -> None:
    assert row_number(BATCH[:-8] + digits) == 0


@pytest.mark.parametrize("short", ["", "p", "ff", "01ff", "0001ff", "0000001"])
def test_what_is_shorter_than_a_row_number_is_none(short: str) -> None:
    assert row_number(short) == 0


def test_rai_03_the_attempt_reference_is_a_lasting_uuid_v4() -> None:
    first = attempt_reference(BATCH, 1)
    assert first == attempt_reference(BATCH, 1)
    assert first != attempt_reference(BATCH, 2)
    assert uuid.UUID(first).version == 4


@pytest.mark.parametrize(
    ("payout_id", "attempt", "reference"),
    [
        ("019b0000-000a-7000-8000-000000000000", 1, "39bd1fcd-a86a-4678-9965-c528b97d295c"),
        ("019b0000-000a-7000-8000-000000000000", 2, "9cb09070-c5ac-4d17-b4a4-92486f6cf041"),
        ("01a1fe81-3d97-74f4-98f3-000000000007", 1, "cf67dc35-f4d7-43b4-9ea0-535e05fde009"),
        ("01a1fe81-3d97-74f4-98f3-000000000008", 3, "20b6d941-bb14-46ca-85c2-757a721aad3a"),
    ],
)
def test_rai_03_an_attempt_has_the_reference_that_it_always_had(payout_id: str, attempt: int, reference: str) -> None:
    """An open attempt is asked after by it, also by code that is newer than its send."""
    assert attempt_reference(payout_id, attempt) == reference


@pytest.mark.parametrize(
    ("key", "hashed"),
    [("21", -973932308), ("foobar", -790332482), ("a-little-bit-long-string", -985981536),
     ("a-little-bit-longer-string", -1486304829), ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971), ("abc", 479470107)],
)  # fmt: skip
def test_the_partition_is_the_java_clients(key: str, hashed: int) -> None:
    for partitions in (1, 8, 64, 2**31 - 1):
        assert partition_of(key, partitions) == (hashed & 0x7FFFFFFF) % partitions


@pytest.mark.parametrize("text", ["demo", "a", "11111111-1111-4111-8111-111111111111", "m_1-x"])
def test_a_merchant_id(text: str) -> None:
    assert is_merchant_id(text)


@pytest.mark.parametrize("text", ["", "Demo", "-a", "a b", "a" * 65, "ä", "a\n", "a/b"])
def test_not_a_merchant_id(text: str) -> None:
    assert not is_merchant_id(text)


def test_the_log_is_kept_for_ever_and_only_the_processor_writes_events() -> None:
    assert {COMMANDS.retention_ms, EVENTS.retention_ms} == {-1}
    assert EVENTS.writers == ("processor",)
    assert "processor" not in COMMANDS.writers
    assert len({topic.name for topic in (*CATALOGUE, inbox("erp"))}) == 5
