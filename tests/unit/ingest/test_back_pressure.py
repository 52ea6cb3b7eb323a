"""What is not decided has a bound, and the pressure ends at the client: single requests are refused, files are slowed; what is decided is let go."""

import asyncio
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest

from runtime.ids import mint
from schemas.commands import AddRows, CommandRecord
from schemas.forms import PayoutForm
from services.ingest import file_submission, upload
from services.ingest.backlog import Backlog, BacklogFullError
from services.ingest.batch_run import CHUNKS_IN_FLIGHT, BatchOrder, BatchRun
from services.ingest.batches import counted, open_command
from services.ingest.chunks import ROWS_AT_ONCE, read_chunks
from services.ingest.envelope import Envelope
from services.ingest.inbox import judge
from services.ingest.lately import Lately
from services.ingest.problems import ProblemError
from tests.unit.ingest.conftest import Ingest
from tests.unit.ingest.test_batches import row
from tests.unit.ingest.test_upload import HEADER

TURNS = 50
"""So often the loop goes round until what can go on has gone on."""


async def settle() -> None:
    for _ in range(TURNS):
        await asyncio.sleep(0)


async def test_a_full_backlog_is_429_and_nothing_is_taken_in__ERR_02_ERR_05(ingest: Ingest) -> None:
    ingest.edge.submitter.at_once = Backlog(2)
    ingest.log.deciding = False
    taken = [await ingest.pay(Idempotency_Key=str(n), Prefer="wait=0") for n in range(2)]
    assert [answer.status_code for answer in taken] == [202, 202]
    before = len(ingest.log.commands)
    refused = await ingest.pay(Idempotency_Key="more", Prefer="wait=0")
    assert (refused.status_code, refused.json()["code"], refused.json()["retryable"]) == (429, "backlog_full", True)
    assert (refused.headers["retry-after"], refused.headers["idempotency-key"]) == ("1", "more")
    assert len(ingest.log.commands) == before, "nothing of it is on the log"
    ingest.log.deciding = True
    ingest.log.catch_up()
    assert (await ingest.pay(Idempotency_Key="more")).status_code == 201


async def test_what_fails_to_get_to_the_log_counts_no_longer(ingest: Ingest) -> None:
    ingest.edge.submitter.at_once = Backlog(1)
    ingest.log.down = True
    assert [(await ingest.pay()).status_code for _ in range(3)] == [503, 503, 503]
    assert ingest.edge.submitter.at_once.rows == 0


async def test_a_chunk_counts_its_rows(ingest: Ingest) -> None:
    opened = (await ingest.post("/batches", {"name": "b"}, Idempotency_Key="b")).json()["id"]
    ingest.edge.submitter.at_once = Backlog(10)
    ingest.log.deciding = False

    async def add(first: int, count: int) -> int:
        rows = [row(number) for number in range(first, first + count)]
        headers = {"Prefer": "wait=0", "X_Merchant_Id": "demo"}
        return (await ingest.post(f"/batches/{opened}/rows", {"first_row": first, "rows": rows}, **headers)).status_code

    assert [await add(1, 8), await add(9, 3), await add(9, 2)] == [202, 429, 202]


def count_reads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The lengths of the chunks that were read off the spool so far."""
    reads: list[int] = []

    def counting(spool: Any) -> Iterator[list[PayoutForm]]:
        for chunk in read_chunks(spool):
            reads.append(len(chunk))
            yield chunk

    monkeypatch.setattr(file_submission, "read_chunks", counting)
    return reads


def send_file(ingest: Ingest, key: str, rows: int = 5000) -> "asyncio.Task[httpx2.Response]":
    """A file of its own for each key: an equal one would be refused as a duplicate."""
    text = HEADER + "".join(f"0.01,USD,+25677{number:07},Ann {key}\n" for number in range(rows))
    return asyncio.create_task(
        ingest.client.post("/api/v1/batches/upload", files={"file": ("f.csv", text)}, headers={"Idempotency-Key": key})
    )


async def test_a_file_is_read_no_faster_than_it_is_decided(ingest: Ingest, monkeypatch: pytest.MonkeyPatch) -> None:
    reads = count_reads(monkeypatch)
    ingest.log.deciding = False
    asked, ahead = send_file(ingest, "f"), 0
    while not asked.done():
        await asyncio.sleep(0.001)
        await settle()
        decided = sum(isinstance(one.body, AddRows) for one in ingest.log.commands[: len(ingest.log.events)])
        ahead = max(ahead, len(reads) - decided)
        ingest.log.catch_up()
    assert (await asked).status_code == 201
    assert len(reads) == 5000 // ROWS_AT_ONCE
    assert ahead == CHUNKS_IN_FLIGHT + 1, "those in flight, and one in hand"


async def test_all_files_together_have_a_bound_and_wait_for_room(ingest: Ingest) -> None:
    ingest.edge.submitter.in_turn = Backlog(1000)
    ingest.log.deciding = False
    asked, undecided = [send_file(ingest, key, 2000) for key in "abc"], 0
    while not all(one.done() for one in asked):
        await asyncio.sleep(0.001)
        await settle()
        waiting = ingest.log.commands[len(ingest.log.events) :]
        undecided = max(undecided, sum(len(one.body.rows) for one in waiting if isinstance(one.body, AddRows)))
        ingest.log.catch_up()
    assert [(await one).status_code for one in asked] == [201, 201, 201]
    assert undecided == 1000


async def test_files_and_single_requests_do_not_keep_each_other_out(ingest: Ingest) -> None:
    ingest.edge.submitter.in_turn.add(10**9)
    assert (await ingest.pay()).status_code == 201
    ingest.edge.submitter.at_once.add(10**9)
    refused = await send_file(ingest, "f")
    assert (refused.status_code, refused.json()["code"]) == (429, "backlog_full"), "a file that has not begun is refused"


async def test_a_file_for_which_there_is_no_room_for_long_is_429_and_goes_on_later(ingest: Ingest) -> None:
    ingest.edge.submitter.in_turn = full = Backlog(1)
    full.add(1)
    envelope = Envelope(merchant_id="demo", clock=ingest.clock, key="k", content_hash="c")
    rows = [PayoutForm(amount_minor=1, currency="USD", recipient={"type": "mobile_money", "msisdn": "+256772000001"})]

    async def submit(batch_id: str) -> Any:
        wanted: Any = upload.read_batch({}, currencies=ingest.edge.currencies)
        order = BatchOrder(
            envelope, open_command(wanted, batch_id, source="csv", submit=True), counted(None, 1), is_new=True
        )
        run = BatchRun(order, ingest.edge.submitter, ingest.edge.in_flight, stall_seconds=0.01)
        return await run.run([rows], 1)

    with pytest.raises(ProblemError, match="backlog_full"):
        await submit(mint())
    full.leave(1)
    assert (await submit(mint())).record.answer.status == 201


async def test_an_inbox_brings_a_poll_to_the_log_in_bursts(ingest: Ingest, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [PayoutForm(amount_minor=1, currency="USD", recipient={"msisdn": "+256772000001"})] * 500
    message, record, bursts = SimpleNamespace(kind="", message_id="", key=""), SimpleNamespace(offset=0), list[int]()
    monkeypatch.setattr(judge, "read_message", lambda _: message)
    monkeypatch.setattr(judge, "record_id", lambda _: "")
    turn = judge.Turn(judge.InboxJudge(ingest.edge, "erp", frozenset({"demo"}), SimpleNamespace()))

    async def command(*_: Any) -> CommandRecord:
        return CommandRecord(id="", merchant_id="demo", at=0, body=AddRows(batch_id="b", first_row=1, rows=rows))

    async def flush() -> None:
        bursts.append(len(turn._burst))
        turn._burst, turn._burst_rows = [], 0

    monkeypatch.setattr(turn, "_command", command)
    monkeypatch.setattr(turn, "flush", flush)
    for _ in range(10):
        await turn.take(record)  # type: ignore[arg-type]
    assert bursts == [judge.BURST_ROWS_MAX // 500] * 2


async def test_room_is_given_in_the_order_of_asking() -> None:
    backlog, passed = Backlog(10), list[str]()
    backlog.add(10)

    async def take(name: str, rows: int) -> None:
        await backlog.room(rows)
        backlog.add(rows)
        passed.append(name)

    asked = [asyncio.create_task(take(name, rows)) for name, rows in (("large", 9), ("small", 1), ("small too", 1))]
    await settle()
    backlog.leave(5)
    await settle()
    assert passed == [], "the small ones do not pass the large one for ever"
    backlog.leave(5)
    await settle()
    assert (passed, backlog.rows) == (["large", "small"], 10)
    backlog.leave(10)
    await asyncio.gather(*asked)


async def test_more_than_there_may_ever_be_comes_in_alone() -> None:
    backlog = Backlog(10)
    await backlog.room(11)
    backlog.add(11)
    with pytest.raises(BacklogFullError):
        backlog.check(1)
    with pytest.raises(TimeoutError):
        await backlog.room(1, 0)


def test_a_subject_is_named_for_a_while_and_never_too_many_are() -> None:
    now = 0.0
    lately = Lately(lambda: now, linger_seconds=30, half_max=100)
    lately.add("a", "demo")
    now = 29.0
    lately.add("b", "demo")
    now = 58.0
    assert [lately.merchant_of(subject) for subject in "ab"] == ["demo", "demo"], "30 s at least"
    now = 89.0
    assert [lately.merchant_of(subject) for subject in "ab"] == [None, None]
    for number in range(1000):
        lately.add(str(number), "demo")
    assert len(lately) <= 200
    assert lately.merchant_of("999") == "demo"


async def test_a_decided_payout_keeps_nothing_of_its_decision(ingest: Ingest) -> None:
    answer = await ingest.pay(X_Merchant_Id="demo")
    await settle()
    known = ingest.edge.in_flight
    assert known.merchant_of(answer.json()["id"]) == "demo"
    assert not known._by_subject
    assert not known._by_key
