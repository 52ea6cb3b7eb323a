"""Batches of strangers: every codec is read, a bomb is withheld within a bound, and no name of a header stops a partition (INB-04, SEC-10)."""

import gzip
import tracemalloc
from typing import Any

import cramjam
import pytest
from aiokafka.consumer import fetcher
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords

from runtime.event_log import foreign_records
from runtime.event_log.foreign_records import PACKED_RECORD_BYTES_MAX, ForeignRecords, Withheld
from runtime.event_log.unpacking import UNPACKED_BYTES_MAX, UnpackError, unpack

CODECS = {"none": 0, "gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}
FIRST = 700


def batch(codec: int = 0, *, count: int = 3, value: bytes = b"v" * 100, name: str = "ce_type") -> bytes:
    """As a producer writes it; `FIRST` is the offset that a broker gave it."""
    builder = DefaultRecordBatchBuilder(2, codec, 0, -1, -1, -1, 1 << 30)
    for at in range(count):
        builder.append(at, 1_767_225_600_000 + at, b"demo", value, [(name, b"x"), ("nothing", None)])
    raw = bytearray(builder.build())
    raw[:8] = FIRST.to_bytes(8, "big")
    return bytes(raw)


def read(data: bytes) -> list[Any]:
    records, found = ForeignRecords(data), []
    while records.has_next():
        found += list(records.next_batch())
    return found


@pytest.mark.parametrize("codec", CODECS.values(), ids=CODECS)
def test_inb_04_every_codec_is_read(codec: int) -> None:
    found = read(batch(codec) + batch(codec))
    assert [(one.offset, one.key, one.value) for one in found] == [
        (at, b"demo", b"v" * 100) for at in (FIRST, FIRST + 1, FIRST + 2)
    ] * 2
    assert found[0].headers == [("ce_type", b"x"), ("nothing", None)]
    assert found[2].timestamp == 1_767_225_600_002


@pytest.mark.parametrize("codec", [codec for codec in CODECS.values() if codec])
@pytest.mark.parametrize(
    "large", [{"value": bytes(2 * PACKED_RECORD_BYTES_MAX)}, {"name": "x" * PACKED_RECORD_BYTES_MAX}], ids=str
)
def test_sec_10_a_record_that_unpacks_to_too_much_is_withheld_and_the_others_are_read(
    codec: int, large: dict[str, Any]
) -> None:
    found = read(batch(codec, count=1, **large) + batch(codec, count=1))
    assert [(one.offset, one.key, len(one.value)) for one in found] == [(FIRST, None, 0), (FIRST, b"demo", 100)]
    assert isinstance(found[0].value, Withheld)
    assert "unpacks to" in found[0].value.why
    assert found[0].timestamp == found[1].timestamp


def test_inb_04_a_record_that_came_plain_is_read_whatever_its_size() -> None:
    [found] = read(batch(count=1, value=bytes(2 * PACKED_RECORD_BYTES_MAX)))
    assert len(found.value) == 2 * PACKED_RECORD_BYTES_MAX


def test_snappy_is_read_in_both_of_its_framings() -> None:
    assert unpack(2, bytes(cramjam.snappy.compress_raw(b"x" * 70_000))) == b"x" * 70_000


def test_what_a_batch_says_of_itself_is_unchanged_and_its_checksum_is_checked() -> None:
    raw = batch(3)
    theirs, ours = MemoryRecords(raw).next_batch(), ForeignRecords(raw).next_batch()
    for name in ("base_offset", "next_offset", "is_control_batch", "is_transactional", "producer_id"):
        assert getattr(ours, name) == getattr(theirs, name)
    assert ours.validate_crc()
    assert not ForeignRecords(raw[:-1] + b"!").next_batch().validate_crc()


def test_the_marker_of_a_transaction_is_read_as_before() -> None:
    raw = bytearray(batch(count=1))
    raw[22] |= 0x30
    theirs, ours = MemoryRecords(bytes(raw)).next_batch(), ForeignRecords(bytes(raw)).next_batch()
    assert (ours.is_control_batch, ours.is_transactional) == (True, True)
    assert next(ours).key == next(theirs).key == b"demo"


def test_a_batch_that_came_in_part_waits_for_the_next_fetch() -> None:
    whole = batch()
    for size in (0, 5, 11, 61, len(whole) - 1):
        assert len(read(whole + whole[:size])) == 3
    assert read(b"") == []
    assert ForeignRecords(b"").next_batch() is None


BOMBS = {
    1: gzip.compress(bytes(UNPACKED_BYTES_MAX + 1)),
    2: bytes(cramjam.snappy.compress_raw(bytes(UNPACKED_BYTES_MAX + 1))),
    3: bytes(cramjam.lz4.compress(bytes(UNPACKED_BYTES_MAX + 1))),
    4: bytes(cramjam.zstd.compress(bytes(50 * UNPACKED_BYTES_MAX))),
}


@pytest.mark.parametrize("codec", BOMBS)
def test_sec_10_a_bomb_is_not_unpacked(codec: int) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(UnpackError, match="unpacks to more than"):
            unpack(codec, BOMBS[codec])
        assert tracemalloc.get_traced_memory()[1] < 3 * UNPACKED_BYTES_MAX
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("codec", [1, 2, 3, 4])
def test_what_just_fits_is_unpacked_and_damage_is_told(codec: int) -> None:
    packed = {1: gzip.compress, 2: cramjam.snappy.compress_raw, 3: cramjam.lz4.compress, 4: cramjam.zstd.compress}[codec]
    whole = bytes(packed(bytes(UNPACKED_BYTES_MAX)))
    assert len(unpack(codec, whole)) == UNPACKED_BYTES_MAX
    for bad in (b"", whole[: len(whole) // 2], b"\x82SNAPPY\x00" + b"\xff" * 30):
        with pytest.raises(UnpackError):
            unpack(codec, bad)
    with pytest.raises(UnpackError, match="codec 7"):
        unpack(7, b"")


def test_sec_10_each_offset_of_a_bomb_is_handed_on_as_withheld_and_the_next_batch_is_read() -> None:
    bomb = batch(CODECS["zstd"], count=2, value=bytes(UNPACKED_BYTES_MAX))
    *held, last = read(bomb + batch(count=1))
    assert [(one.offset, one.key, type(one.value)) for one in held] == [(FIRST, None, Withheld), (FIRST + 1, None, Withheld)]
    assert "cannot be unpacked" in held[0].value.why
    assert held[0].timestamp == 1_767_225_600_001
    assert last.value == b"v" * 100


@pytest.mark.parametrize("codec", CODECS.values(), ids=CODECS)
def test_inb_04_names_of_headers_that_are_no_utf_8_are_made_readable(codec: int) -> None:
    raw = batch(codec, name="bad_name")
    if codec == 0:
        found = read(raw.replace(b"bad_name", b"bad\xff\xfeame", 2))
    else:
        plain = foreign_records._plain(raw).replace(b"bad_name", b"bad\xff\xfeame", 2)
        found = read(plain)
    assert sorted({(one.offset, one.headers[0][0]) for one in found}) == [
        (FIRST, "bad??ame"),
        (FIRST + 1, "bad??ame"),
        (FIRST + 2, "bad_name"),
    ]
    assert {one.value for one in found} == {b"v" * 100}


def test_names_in_other_languages_stay() -> None:
    assert read(batch(name="größe"))[0].headers[0] == ("größe", b"x")


def test_it_has_all_that_aiokafka_asks_of_fetched_records() -> None:
    asked = {name for name in dir(MemoryRecords) if not name.startswith("_")}
    assert asked <= set(dir(ForeignRecords))
    assert ForeignRecords(batch()[:7]).size_in_bytes() == MemoryRecords(batch()[:7]).size_in_bytes() == 7


def test_consumers_read_so_once_it_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetcher, "MemoryRecords", MemoryRecords)
    foreign_records.install()
    foreign_records.install()
    assert fetcher.MemoryRecords is ForeignRecords
