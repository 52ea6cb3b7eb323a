"""Records that are larger than a dead letter may be: their beginning is kept, and the partition moves on (INB-04, RUN-24)."""

from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest

from checker.evidence import Record
from checker.letters import CUT_FROM, same_bytes
from runtime.dead_letter_book import OPEN, Book
from runtime.dead_letter_cut import HEADERS_KEPT, KEY_KEPT, RECORD_BYTES_MAX, VALUE_KEPT, fitting
from runtime.dead_letter_desk import Desk
from runtime.dead_letters import CUT, ORIGINAL, DeadLetters, encoded
from schemas.topics import DEAD_LETTERS
from services.ingest.inbox.replies import NAME_MAX, key

pytestmark = pytest.mark.unit
MIB = 1024 * 1024
ROOM = 64 * 1024
"""What Kafka's own framing and our own words may come to."""


class Sent(NamedTuple):
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes]]


class Letters(DeadLetters):
    """Keeps what would be sent."""

    def __init__(self) -> None:
        super().__init__("nowhere")
        self.sent: list[Sent] = []

    async def _append(self, key: bytes | None, value: bytes | None, headers: Any) -> None:
        self.sent.append(Sent(key, value, list(headers)))


async def kept(**record: Any) -> Sent:
    letters = Letters()
    given = {"key": b"demo", "value": b"x", "headers": (), **record}
    await letters.keep(topic="payouts.inbox.erp", partition=0, offset=7, code="oversized", reason="why", at=1, **given)
    [sent] = letters.sent
    return sent


LARGE: dict[str, dict[str, Any]] = {
    "value": {"value": b"x" * (8 * MIB)},
    "what fills a topic's bound": {"value": b"x" * (2 * MIB - 100)},
    "key": {"key": b"k" * (5 * MIB)},
    "many headers": {"headers": [("h", None)] * 300_000},
    "one header": {"headers": [("a", b"1"), ("h", b"x" * (3 * MIB)), ("b", b"2")]},
    "all": {"key": b"k" * MIB, "value": b"x" * (3 * MIB), "headers": [("h", b"x" * 1000)] * 2000},
}


@pytest.mark.parametrize("case", LARGE)
async def test_a_letter_fits_its_topic_whatever_it_is_about__INB_04(case: str) -> None:
    sent, record = await kept(**LARGE[case]), {"key": b"demo", "value": b"x", "headers": (), **LARGE[case]}
    size = (
        len(sent.key or b"") + len(sent.value or b"") + sum(len(name) + len(data or b"") + 12 for name, data in sent.headers)
    )
    assert size < DEAD_LETTERS.max_message_bytes - ROOM // 2
    whole = len(record["key"]) + len(record["value"]) + sum(len(name) + len(data or b"") for name, data in record["headers"])
    assert int(dict(sent.headers)[CUT]) >= whole
    assert sent.key == record["key"][:KEY_KEPT]
    assert sent.value == record["value"][:VALUE_KEPT]
    originals = [name.removeprefix(ORIGINAL) for name, _ in sent.headers if name.startswith(ORIGINAL)]
    assert originals == [name for name, _ in record["headers"]][: len(originals)]
    assert len(originals) * 24 <= HEADERS_KEPT


async def test_what_fits_is_kept_as_it_is__INB_04() -> None:
    sent = await kept(value=b"x" * (RECORD_BYTES_MAX - 100), headers=[("a", b"1"), ("b", None)])
    assert (len(sent.value or b""), CUT in dict(sent.headers)) == (RECORD_BYTES_MAX - 100, False)
    assert fitting(None, None, ()) == (None, None, [], None)


def book_of(*more: tuple[str, bytes]) -> Book:
    told = {"topic": "payouts.inbox.erp", "partition": "0", "offset": "1", "code": "c", "reason": "r", "failed_at": "5"}
    folded = Book()
    folded.take(SimpleNamespace(key=b"demo", value=b"x", headers=[*encoded(told), *more]))
    return folded


async def test_the_beginning_of_a_record_is_never_redriven_for_it__RUN_24(monkeypatch: pytest.MonkeyPatch) -> None:
    desk, folded = Desk("nowhere", 1, "ann"), book_of((CUT, b"9000000"))
    letter_id = "payouts.inbox.erp:0:1"

    async def book() -> Book:
        return folded

    monkeypatch.setattr(desk, "book", book)
    refused = await desk.redrive(letter_id)
    assert (refused.refused, refused.changed, folded.state(letter_id)) == (True, False, OPEN)
    assert "9000000 bytes" in refused.text
    assert book_of().letters[letter_id].whole == 0


def test_a_reply_has_no_key_that_no_topic_takes__INB_03() -> None:
    keys = [key(SimpleNamespace(key=one)) for one in (None, b"", b"demo", b"k" * (5 * MIB))]
    assert keys == [None, b"", b"demo", b"k" * NAME_MAX]


@pytest.mark.parametrize(
    ("said", "is_same"), [({CUT: str(3 * MIB)}, True), ({CUT: str(CUT_FROM)}, False), ({}, False)], ids=str
)
def test_the_checker_takes_a_beginning_only_where_the_letter_says_so__INB_04(said: dict[str, str], is_same: bool) -> None:
    record = Record("payouts.inbox.erp", 0, 1, 0, "demo", {}, None, b"x" * 100)
    letter = Record(DEAD_LETTERS.name, 0, 1, 0, "demo", said, None, b"x" * 50)
    assert same_bytes(letter, record) is is_same
    assert not same_bytes(letter._replace(raw=b"y"), record)
    assert same_bytes(letter._replace(raw=record.raw), record)
