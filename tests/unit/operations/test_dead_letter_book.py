"""Folding the dead-letter topic, and what is shown of a letter (RUN-24, SEC-08)."""

import asyncio
import json
from typing import Any, NamedTuple

import pytest

from runtime import dead_letter_watch
from runtime.dead_letter_book import COUNT_HEADER, DISCARDED, OPEN, REDRIVEN, REDRIVING, Book
from runtime.dead_letter_text import described, table
from runtime.dead_letters import NULL_KEY, ORIGINAL, RESOLUTION, Limit, encoded

pytestmark = pytest.mark.unit
PLANTED = ("+256700123456", "DE89370400440532013000", "Ann Secret", "0756123123")


class Record(NamedTuple):
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes]]


def letter(offset: int, value: bytes | None = b"x", *, count: str | None = None, reason: str = "why") -> Record:
    told = {"topic": "in", "partition": "0", "offset": str(offset), "code": "c", "reason": reason, "failed_at": "5"}
    kept = [] if count is None else [(ORIGINAL + COUNT_HEADER, count.encode())]
    return Record(b"demo", value, [*encoded(told), *kept])


def resolution(offset: int, kind: str, **more: str) -> Record:
    return Record(None, None, encoded({RESOLUTION: kind, "letter": f"in:0:{offset}", "at": "9", "by": "ann", **more}))


def book(*records: Any) -> Book:
    folded = Book()
    for record in records:
        folded.take(record)
    return folded


def test_the_same_coordinates_are_one_letter_and_states_follow_the_first_final_word() -> None:
    folded = book(
        letter(1),
        letter(1),
        letter(2),
        letter(3),
        letter(4),
        resolution(1, DISCARDED, reason="old"),
        resolution(1, REDRIVEN, place="9"),
        resolution(2, REDRIVING, place="5", token="t"),
        resolution(3, REDRIVING, place="5"),
        resolution(3, REDRIVEN, place="7"),
    )
    assert [folded.state(f"in:0:{offset}") for offset in (1, 2, 3, 4)] == [DISCARDED, REDRIVING, REDRIVEN, OPEN]
    assert [one.offset for one in folded.open_letters()] == [2, 4], "one that was begun is still open"


def test_rounds_are_counted_by_headers_and_by_places() -> None:
    folded = book(
        letter(1),
        resolution(1, REDRIVEN, place="4"),
        letter(4),
        resolution(4, REDRIVEN, place="8"),
        letter(8),
        letter(9, count="2"),
    )
    assert [folded.redrives(f"in:0:{offset}") for offset in (1, 4, 8, 9)] == [0, 1, 2, 2]
    assert book(letter(3, count="many")).redrives("in:0:3") == 0


def test_a_place_on_another_partition_is_not_the_same_record() -> None:
    other = Record(None, None, encoded({RESOLUTION: REDRIVEN, "letter": "in:1:1", "at": "1", "place": "4"}))
    assert book(letter(4), other).redrives("in:0:4") == 0


def test_what_is_no_letter_is_counted_and_hides_nothing() -> None:
    damaged = [Record(None, b"x", []), Record(None, b"x", [("topic", b"t"), ("partition", b"no")])]
    folded = book(*damaged, letter(1))
    assert (folded.damaged, len(folded.letters)) == (2, 1)


def test_nothing_personal_is_shown_unless_it_is_asked_for() -> None:
    phone, iban, name, digits = PLANTED
    value = json.dumps({"type": phone, iban: 1, "recipient": {"name": name}, "rows": [digits], "n": None}).encode()
    raw = f"{{broken {name} {iban}".encode()
    reason = f"Invalid enum value '{iban}' - at `$.type`; got \"{name}\", phone {digits}, the record's key is not it"
    folded = book(letter(1, value, reason=reason), letter(2, raw), letter(3, None))
    masked = json.dumps([described(folded, one, reveal=False) for one in folded.letters.values()])
    masked += "\n".join(table(folded, list(folded.letters.values())))
    assert [planted for planted in PLANTED if planted in masked] == []
    assert "`$.type`" in masked
    assert "sha256" not in masked, "the hash of a phone number is soon found out"
    assert "the record's key is not it" in masked
    revealed = json.dumps([described(folded, one, reveal=True) for one in folded.letters.values()])
    assert [planted for planted in PLANTED if planted not in revealed] == []


def test_the_shape_of_json_is_shown_and_bounded() -> None:
    deep: Any = "end"
    for _ in range(50):
        deep = {"a": deep}
    folded = book(letter(1, json.dumps({"amount": 5, "rows": [{"a": "x"}], "deep": deep}).encode()))
    shape = described(folded, folded.letters["in:0:1"], reveal=False)["value"]["shape"]
    assert (shape["amount"], shape["rows"]) == ("int", [{"a": "str"}, "... 1"])
    assert len(json.dumps(shape)) < 500


@pytest.mark.parametrize(
    "reason",
    [
        "the type 'Ann Secret' is not known",
        "the type 'O'Ann \"Secret\"' is not known",
        f"the type {'O' + chr(39) + 'Ann, a ' + chr(34) + 'b' + chr(34) + ' Secret'!r} is not known",
        f"the type {'x' + chr(39) + ' ' + chr(34) + 'b Secret'!r} is not known",
        f"the type {chr(92) + chr(39) + chr(34) + ' Ann Secret'!r} is not known",
        "the type 'Ann\nSecret' is not known",
        "the type 'Ann Secret that was cut o",
    ],
)
def test_a_quote_in_what_is_quoted_lets_nothing_out_of_a_reason__SEC_08(reason: str) -> None:
    folded = book(letter(1, reason=reason))
    shown = described(folded, folded.letters["in:0:1"], reveal=False)["reason"]
    assert shown.removesuffix(" is not known") == "the type [removed]"
    assert "Secret" not in "".join(table(folded, folded.open_letters()))


def test_who_only_counts_keeps_no_bytes() -> None:
    folded = Book(keep_bytes=False)
    for record in (letter(1, b"x" * 1000), letter(2), resolution(2, DISCARDED, reason="r")):
        folded.take(record)  # type: ignore[arg-type]
    assert [(one.id, one.key, one.value, one.headers) for one in folded.open_letters()] == [("in:0:1", None, None, ())]


def test_a_letter_without_key_and_value_is_known_as_that_and_null_headers_hide_nothing() -> None:
    told = encoded({"topic": "in", "partition": "0", "offset": "1", "code": "c", "reason": "r", "failed_at": "5"})
    odd: Any = [*told, (NULL_KEY, b"1"), (ORIGINAL + COUNT_HEADER, None), ("else", None)]
    folded = book(Record(b"", None, odd), letter(2))
    assert (folded.damaged, len(folded.open_letters()), folded.redrives("in:0:1")) == (0, 2, 0)
    assert folded.letters["in:0:1"].key is None
    assert folded.letters["in:0:1"].headers == ((COUNT_HEADER, None),), "redriven as it was"
    assert book(Record(b"", None, told)).letters["in:0:1"].key == b""


async def test_who_counts_the_letters_goes_on_after_any_error(monkeypatch: pytest.MonkeyPatch) -> None:
    troubles: list[Exception] = [RuntimeError("a bug"), AssertionError("of the client"), OSError("away")]
    counted = asyncio.Event()

    class Reader:
        def __init__(self, *_: object, **__: object) -> None:
            self.book = Book()

        async def start(self) -> None:
            return None

        async def stop(self) -> None:
            raise RuntimeError("it cannot be stopped either")

        async def catch_up(self) -> Book:
            if troubles:
                raise troubles.pop()
            counted.set()
            return book(letter(1))

    monkeypatch.setattr(dead_letter_watch, "Reader", Reader)
    monkeypatch.setattr(dead_letter_watch, "LOOK_SECONDS", 0)
    limit = Limit(5)
    watching = asyncio.create_task(dead_letter_watch.watch("nowhere", 1, limit))
    await asyncio.wait_for(counted.wait(), 5)
    await asyncio.sleep(0)
    assert limit.open == 1
    watching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await watching


def test_sec_08_a_headers_name_is_its_senders_text_too() -> None:
    told = encoded({"topic": "in", "partition": "0", "offset": "1", "code": "c", "reason": "r", "failed_at": "5"})
    odd: Any = [*told, *((ORIGINAL + name, b"x") for name in ("+256772990113", "Zebulon", "ce_type", "content-type"))]
    folded = book(Record(b"", None, odd))
    [shown, revealed] = [described(folded, folded.letters["in:0:1"], reveal=reveal)["headers"] for reveal in (False, True)]
    assert [header["name"] for header in shown] == ["[removed]", "[removed]", "ce_type", "content-type"]
    assert [header["name"] for header in revealed][:2] == ["+256772990113", "Zebulon"]
