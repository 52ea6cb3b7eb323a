"""Under which reference an attempt goes out: the one that the log names, which is the one that can be made anew (RAI-03)."""

from types import SimpleNamespace
from typing import Any

from domain.book import Book
from domain.payout.state import Payout
from runtime.clock import SystemClock
from schemas.codec import encode
from schemas.commands import RetryDue
from schemas.events import AttemptsStarted, StartedAttempt
from schemas.ids import attempt_reference
from schemas.words import Outcome, PayoutStatus
from services.processor.inbox import Inbox
from services.processor.rails.partition import PartitionRail, Tools
from services.processor.rails.worklist import Worklist
from tests.support.given import Scene, answers, fact, form, said, start


def _open(payout_id: str, attempt: int = 1) -> Payout:
    given: dict[str, Any] = {"status": PayoutStatus.PROCESSING, "attempt_count": attempt}
    return Payout(id=payout_id, merchant_id="m", amount_minor=1050, currency="USD", created_at=0, updated_at=0, **given)


def _named(payout_id: str, attempt: int = 1) -> StartedAttempt:
    return StartedAttempt(payout_id=payout_id, attempt=attempt, version=2, reference=f"on the log {attempt}")


def _work(*payouts: Payout) -> Worklist:
    book = Book()
    book.payouts.update({payout.id: payout for payout in payouts})
    work = Worklist(book)
    work.look(list(book.payouts))
    return work


def test_an_open_attempt_goes_out_under_the_reference_on_the_log() -> None:
    work = _work(_open("p"))
    work.name([_named("p")])
    assert work.take_reference(_open("p")) == "on the log 1"
    assert work.take_reference(_open("p")) == attempt_reference("p", 1), "asked after later, it is made anew"


def test_the_reference_of_an_earlier_attempt_is_never_that_of_a_later_one() -> None:
    work = _work(_open("p"))
    work.name([_named("p", 1)])
    assert work.take_reference(_open("p", 2)) == attempt_reference("p", 2)
    work.name([_named("p", 1), _named("p", 2)])
    assert work.take_reference(_open("p", 2)) == "on the log 2"


def test_nothing_is_kept_of_what_is_not_open_or_has_ended() -> None:
    work = _work(_open("p"))
    work.name([_named("p"), _named("stranger")])
    work._book.payouts["p"] = Payout(
        id="p", merchant_id="m", amount_minor=1, currency="USD", created_at=0, updated_at=0, status=PayoutStatus.COMPLETED
    )
    work.look(["p"])
    assert work._named == {}


def _rail() -> PartitionRail:
    none: Any = None
    calls: Any = SimpleNamespace(line=SimpleNamespace(down=False, group_max=500), provider=SimpleNamespace(name="bank"))
    return PartitionRail(0, Tools(none, SystemClock(), none, none, calls, lambda: 10), Inbox(lambda: None, lambda: None))


def _sent(rail: PartitionRail) -> list[tuple[str, str]]:
    payouts = [*rail.work.take_sends(), *rail.work.take_group(500)]
    return [(request.payout.id, request.reference) for request in rail._errands._requests(payouts)]


def test_a_rail_that_saw_the_start_and_one_that_came_later_send_the_same() -> None:
    scene = Scene().merchant(USD=10_000)
    batch_id, rows = scene.released(*[form(10)] * 3)
    single = scene.pending(10)
    given = [scene.given(start(*rows, batch_id=batch_id)), scene.given(start(single))]
    seen, came_later = _rail(), _rail()
    for offset, record in enumerate(scene.records):
        seen._live(offset, encode(record))
    came_later._book.payouts.update({payout.id: payout for payout in seen._book.payouts.values()})
    came_later.work.look_at_all()
    on_the_log = {a.payout_id: a.reference for record in given for a in fact(record, AttemptsStarted).attempts}
    assert dict(first := _sent(seen)) == dict(_sent(came_later)) == on_the_log
    assert len(first) == len(rows) + 1
    assert seen.work._named == {}


def test_a_second_attempt_goes_out_under_a_reference_of_its_own() -> None:
    scene = Scene().merchant(USD=10_000)
    payout_id = scene.pending(10)
    scene.given(start(payout_id))
    scene.given(answers(said(payout_id, Outcome.FAILED, retryable=True, code="provider_busy", reason="busy")))
    rail, sent = _rail(), []
    scene.now = (scene.payout(payout_id).due_at or 0) + 1
    scene.given(RetryDue(payout_ids=[payout_id]))
    for offset, record in enumerate(scene.records):
        rail._live(offset, encode(record))
        sent += _sent(rail)
    assert sent == [(payout_id, attempt_reference(payout_id, attempt)) for attempt in (1, 2)]
