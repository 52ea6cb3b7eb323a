"""Every command against a payout in every state it can stand in, as one table made from TRANSITIONS (LIF-01, LIF-03, LIF-14).

A command asks for a state. Where the table has no such move, the command is refused or passed over: the payout is as it was, to the last
field, and no event of the record carries a posting. Where it has one, the payout goes there or stays, and nowhere else. All stands are
reached by real commands.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from msgspec.structs import replace

from domain.payout.state import TRANSITIONS, UNFINISHED, Payout, may_move
from schemas import commands
from schemas.commands import Command
from schemas.ids import row_payout_id
from schemas.words import OnInsufficientFunds, Outcome, PayoutStatus, RecordOutcome
from tests.support.given import PROVIDER, Scene, answers, facts, form, said, told

S = PayoutStatus
LONG = 4_000_000


# ------------------------------------------------------------------ where a payout can stand


def _answered(outcome: Outcome, **more: object) -> Callable[[Scene], str]:
    def stand(scene: Scene) -> str:
        payout_id = scene.processing(100)
        scene.given(answers(said(payout_id, outcome, code="c", **more)))
        return payout_id

    return stand


def _timed_out(scene: Scene) -> str:
    payout_id = scene.processing(100)
    scene.now += LONG
    scene.given(commands.TimeOutAttempts(payout_ids=[payout_id]))
    return payout_id


def _stuck(scene: Scene) -> str:
    payout_id = _answered(Outcome.IN_PROGRESS)(scene)
    scene.now += LONG
    scene.given(commands.TimeOutAttempts(payout_ids=[payout_id]))
    return payout_id


def _third_try(scene: Scene) -> str:
    payout_id = scene.processing(100)
    for attempt in (1, 2):
        scene.given(answers(said(payout_id, Outcome.FAILED, attempt, retryable=True)))
        scene.now += LONG
        scene.given(commands.RetryDue(payout_ids=[payout_id]))
    return payout_id


def _canceled(scene: Scene) -> str:
    payout_id = scene.pending(100)
    scene.given(commands.CancelPayout(payout_id=payout_id))
    return payout_id


def _rejected(scene: Scene) -> str:
    body = scene.request(10**9)
    scene.given(body)
    return body.payout_id


def _returned(scene: Scene) -> str:
    """No command leads there yet."""
    payout_id = _answered(Outcome.PAID)(scene)
    scene.book.payouts[payout_id] = replace(scene.payout(payout_id), status=S.RETURNED)
    return payout_id


def _open_row(scene: Scene) -> str:
    return row_payout_id(scene.batch(form(100)), 1)


def _dropped_row(scene: Scene) -> str:
    batch_id = scene.batch(form(100))
    scene.given(commands.CancelBatch(batch_id=batch_id))
    return row_payout_id(batch_id, 1)


STANDS: dict[str, Callable[[Scene], str]] = {
    "pending": lambda scene: scene.pending(100),
    "pending, waits for funds": lambda scene: scene.pending(10**9, on_insufficient_funds=OnInsufficientFunds.WAIT),
    "pending, scheduled": lambda scene: scene.pending(100, release_at=scene.now + LONG),
    "pending, row of an open batch": _open_row,
    "pending, row of a released batch": lambda scene: scene.released(form(100))[1][0],
    "processing": lambda scene: scene.processing(100),
    "processing, third try": _third_try,
    "processing, in progress": _answered(Outcome.IN_PROGRESS),
    "processing, waits for its retry": _answered(Outcome.FAILED, retryable=True),
    "requires_action": _answered(Outcome.UNKNOWN),
    "requires_action, timed out": _timed_out,
    "requires_action, too long in progress": _stuck,
    "completed": _answered(Outcome.PAID),
    "failed": _answered(Outcome.FAILED),
    "canceled": _canceled,
    "canceled with its batch": _dropped_row,
    "rejected": _rejected,
    "returned": _returned,
}


# ------------------------------------------------------------------ what can be asked of it


class Ask(NamedTuple):
    """A command that wants a payout in `target`. `quiet`: it is never refused, only passed over (LIF-14)."""

    target: PayoutStatus
    make: Callable[[Scene, str], Command]
    quiet: bool = True
    wait: int = 0


def _said(outcome: Outcome, back: int = 0, provider: str = PROVIDER, **more: object) -> Callable[[Scene, str], Command]:
    def make(scene: Scene, payout_id: str) -> Command:
        payout = scene.payout(payout_id)
        word = said(payout_id, outcome, payout.attempt_count - back, code="c", **more)
        return answers(word, batch_id=payout.batch_id, provider=provider)

    return make


def _named(kind: Callable[..., Command], **more: object) -> Callable[[Scene, str], Command]:
    return lambda scene, payout_id: kind(payout_ids=[payout_id], batch_id=scene.payout(payout_id).batch_id, **more)


ASKS: dict[str, Ask] = {
    "start": Ask(S.PROCESSING, _named(commands.StartAttempts, provider=PROVIDER)),
    "start, later": Ask(S.PROCESSING, _named(commands.StartAttempts, provider=PROVIDER), wait=2 * LONG),
    "retry": Ask(S.PROCESSING, _named(commands.RetryDue)),
    "retry, later": Ask(S.PROCESSING, _named(commands.RetryDue), wait=2 * LONG),
    "time out": Ask(S.REQUIRES_ACTION, _named(commands.TimeOutAttempts)),
    "time out, later": Ask(S.REQUIRES_ACTION, _named(commands.TimeOutAttempts), wait=2 * LONG),
    "paid": Ask(S.COMPLETED, _said(Outcome.PAID)),
    "paid, an earlier attempt": Ask(S.COMPLETED, _said(Outcome.PAID, back=1)),
    "paid, a later attempt": Ask(S.COMPLETED, _said(Outcome.PAID, back=-1)),
    "paid, another provider": Ask(S.COMPLETED, _said(Outcome.PAID, provider="other")),
    "failed": Ask(S.FAILED, _said(Outcome.FAILED)),
    "failed, an earlier attempt": Ask(S.FAILED, _said(Outcome.FAILED, back=1)),
    "failed, may be tried again": Ask(S.PROCESSING, _said(Outcome.FAILED, retryable=True)),
    "in progress": Ask(S.PROCESSING, _said(Outcome.IN_PROGRESS)),
    "in progress, by inquiry": Ask(S.PROCESSING, _said(Outcome.IN_PROGRESS, inquiry=True)),
    "unknown": Ask(S.REQUIRES_ACTION, _said(Outcome.UNKNOWN)),
    "unknown, by inquiry": Ask(S.REQUIRES_ACTION, _said(Outcome.UNKNOWN, inquiry=True)),
    "edit": Ask(S.PENDING, lambda _, payout_id: commands.EditPayout(payout_id=payout_id, description="new"), quiet=False),
    "edit the amount": Ask(
        S.PENDING, lambda _, payout_id: commands.EditPayout(payout_id=payout_id, amount_minor=50), quiet=False
    ),
    "cancel": Ask(S.CANCELED, lambda _, payout_id: commands.CancelPayout(payout_id=payout_id), quiet=False),
    "ask for it again": Ask(S.PENDING, lambda scene, payout_id: scene.request(50, payout_id=payout_id)),
}

NEVER_MOVE = {
    "paid, an earlier attempt",
    "paid, a later attempt",
    "paid, another provider",
    "failed, an earlier attempt",
    "ask for it again",
}
"""Whatever the table says: these speak of something else than the payout as it stands."""

MOVES = {
    ("pending", "start"): S.PROCESSING,
    ("pending, row of a released batch", "start"): S.PROCESSING,
    ("pending, scheduled", "start, later"): S.PROCESSING,
    ("processing", "time out, later"): S.REQUIRES_ACTION,
    ("processing, in progress", "time out, later"): S.REQUIRES_ACTION,
    ("processing, in progress", "unknown"): S.REQUIRES_ACTION,
    ("processing", "paid"): S.COMPLETED,
    ("processing, waits for its retry", "paid"): S.COMPLETED,
    ("requires_action", "paid"): S.COMPLETED,
    ("requires_action, timed out", "failed"): S.FAILED,
    ("requires_action, timed out", "in progress"): S.PROCESSING,
    ("requires_action, too long in progress", "failed, may be tried again"): S.PROCESSING,
    ("processing, third try", "failed, may be tried again"): S.FAILED,
    ("processing", "failed"): S.FAILED,
    ("processing", "unknown"): S.REQUIRES_ACTION,
    ("pending, waits for funds", "cancel"): S.CANCELED,
    ("pending", "cancel"): S.CANCELED,
}
"""Some of those that do move, so that a law which refuses everything does not pass."""

CELLS = [(stand, ask) for stand in STANDS for ask in ASKS]


def _played(stand: str, ask: str, merchant: str = "acme") -> tuple[Scene, str, Payout, Any]:
    scene = Scene().merchant(USD=100_000).merchant("zebra", USD=100_000)
    payout_id = STANDS[stand](scene)
    scene.now += ASKS[ask].wait
    before = scene.payout(payout_id)
    if before.status is S.RETURNED:  # its move has no fact yet, so Scene cannot follow it
        scene._check_moves = lambda *_: None  # type: ignore[method-assign]
    return scene, payout_id, before, scene.when(ASKS[ask].make(scene, payout_id), merchant)


@pytest.mark.parametrize(("stand", "ask"), CELLS)
def test_a_command_moves_a_payout_along_the_table_or_not_at_all(stand: str, ask: str) -> None:
    scene, payout_id, before, record = _played(stand, ask)
    after = scene.payout(payout_id)
    if (stand, ask) in MOVES:
        assert after.status is MOVES[stand, ask]
    legal = may_move(before.status, ASKS[ask].target) and ask not in NEVER_MOVE
    if after.status is not before.status:
        assert may_move(before.status, after.status)
        assert legal or ask == "failed, may be tried again", "a state that nobody asked for"
    elif after != before:
        assert before.status in UNFINISHED, "what has ended changed"
        assert ask not in NEVER_MOVE
    if not legal and after == before:
        _nothing_happened(record, ASKS[ask], before.status)


def _nothing_happened(record: Any, ask: Ask, origin: PayoutStatus) -> None:
    assert not [leg for event in record.events for leg in getattr(event, "postings", ())], "money moved without a move"
    assert not [delta for event in record.events for delta in getattr(event, "totals", ())]
    if ask.quiet:
        assert set(facts(record)) <= {"AnswerContradicted"}
        return
    assert record.events == [] or facts(record) == ["CommandRefused"]
    if record.outcome is RecordOutcome.REFUSED and not may_move(origin, ask.target) and origin is not ask.target:
        body = told(record)
        assert (body["status"], body["from"], body["to"]) == (409, origin, ask.target)
        assert body["legal_moves"] == sorted(TRANSITIONS[origin])


@pytest.mark.parametrize(
    "stand", [stand for stand in STANDS if stand.split(",")[0] in {"completed", "failed", "canceled", "rejected"}]
)
@pytest.mark.parametrize("ask", ASKS)
def test_what_has_ended_stays_to_the_last_field(stand: str, ask: str) -> None:
    """LIF-01: also with no money, whatever comes however late."""
    scene, payout_id, before, record = _played(stand, ask)
    assert scene.payout(payout_id) == before
    assert not [leg for event in record.events for leg in getattr(event, "postings", ())]
    assert record.outcome is not RecordOutcome.DECIDED or facts(record) == ["AnswerContradicted"]


ELSEWHERE = ("paid, an earlier attempt", "paid, a later attempt", "paid, another provider")
CONTRADICTIONS = [
    *((stand, ask) for stand in STANDS for ask in ELSEWHERE),
    *((stand, "paid") for stand in ("failed", "canceled", "canceled with its batch", "rejected")),
    ("completed", "failed"),
    ("returned", "failed"),
]


@pytest.mark.parametrize(("stand", "ask"), CONTRADICTIONS)
def test_money_that_went_another_way_than_we_hold_is_never_silent(stand: str, ask: str) -> None:
    """LIF-21: `paid` for what we do not hold paid this way, `failed` for what we do: kept as a contradiction, with what it says."""
    scene, payout_id, before, record = _played(stand, ask)
    assert facts(record) == ["AnswerContradicted"]
    assert (record.events[0].payout_id, record.events[0].answer) == (payout_id, ask.split(",", maxsplit=1)[0])
    assert (record.events[0].status, scene.payout(payout_id)) == (before.status, before)


@pytest.mark.parametrize(
    ("stand", "ask"), [("completed", "paid"), ("returned", "paid"), ("failed", "failed"), ("canceled", "failed")]
)
def test_what_we_hold_already_is_no_contradiction(stand: str, ask: str) -> None:
    assert _played(stand, ask)[3].events == []


@pytest.mark.parametrize(("stand", "ask"), CELLS)
def test_no_command_of_another_merchant_touches_it(stand: str, ask: str) -> None:
    """API-20, SEC: neither a state, nor money, nor a trace of it in the answer."""
    scene, payout_id, before, record = _played(stand, ask, "zebra")
    assert scene.payout(payout_id) == before
    assert set(facts(record)) <= {"CommandRefused"}
    if record.answer is not None:
        assert told(record)["code"] in {"not_found", "validation_error"}


def test_the_table_has_a_column_for_every_command_that_names_a_payout() -> None:
    scene = Scene().merchant(USD=1_000)
    payout_id = scene.pending(100)
    tried = {type(ask.make(scene, payout_id)) for ask in ASKS.values()}
    assert tried == {
        commands.StartAttempts,
        commands.RetryDue,
        commands.TimeOutAttempts,
        commands.RecordAnswers,
        commands.EditPayout,
        commands.CancelPayout,
        commands.RequestPayout,
    }
    assert {stand.split(",")[0].split(" ")[0] for stand in STANDS} == {status.value for status in S}
