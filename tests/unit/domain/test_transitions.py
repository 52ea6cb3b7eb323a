"""LIF-01 to LIF-03: one table of moves, and everything that speaks of moves reads it."""

import itertools
import re
from collections.abc import Callable

import msgspec
import pytest

from domain.payout import evolve
from domain.payout.diagram import state_diagram
from domain.payout.evolve import IllegalMoveError
from domain.payout.rejections import explain_illegal
from domain.payout.state import TRANSITIONS, UNFINISHED, Payout, may_move
from schemas import commands, events
from schemas.commands import Command
from schemas.words import Outcome, PayoutStatus, Reason
from tests.support.given import PROVIDER, Scene, answers, contents, facts, said, start, told

S = PayoutStatus

LIF_01 = {
    (S.PENDING, S.PROCESSING),
    (S.PENDING, S.CANCELED),
    (S.PROCESSING, S.COMPLETED),
    (S.PROCESSING, S.FAILED),
    (S.PROCESSING, S.REQUIRES_ACTION),
    (S.REQUIRES_ACTION, S.PROCESSING),
    (S.REQUIRES_ACTION, S.COMPLETED),
    (S.REQUIRES_ACTION, S.FAILED),
    (S.COMPLETED, S.RETURNED),
}
"""The promise, written out a second time."""

PAIRS = list(itertools.product(S, S))


def stand(status: PayoutStatus, reason: Reason | None = None, payout_id: str = "p") -> Payout:
    """A payout in some state, with one attempt behind it if it ever moved."""
    return Payout(
        id=payout_id,
        merchant_id="acme",
        amount_minor=100,
        currency="USD",
        created_at=0,
        updated_at=0,
        status=status,
        reason=reason,
        version=4,
        attempt_count=0 if status in {S.PENDING, S.CANCELED, S.REJECTED} else 1,
        provider=PROVIDER,
        due_at=0,
    )


def item(**more: object) -> events.UnpaidPayout:
    return events.UnpaidPayout(**{"payout_id": "p", "attempt": 1, "version": 5, "code": "c", **more})  # type: ignore[arg-type]


PAID = events.PaidPayout(payout_id="p", attempt=1, version=5)
PROGRESSING = events.ProgressingPayout(payout_id="p", attempt=1, version=5)
STARTED = events.StartedAttempt(payout_id="p", attempt=1, version=5, reference="r")
OPENED = events.AttemptsStarted(provider=PROVIDER, deadline_at=9, attempts=[STARTED])
TAKEN = events.AttemptsInProgress(provider=PROVIDER, deadline_at=9, payouts=[PROGRESSING])

MOVES: dict[PayoutStatus, list[Callable[[Payout], Payout]]] = {
    S.COMPLETED: [lambda p: evolve.completed(p, PAID, 1)],
    S.FAILED: [lambda p: evolve.failed(p, item(), 1)],
    S.REQUIRES_ACTION: [lambda p: evolve.unknown(p, item(), 1)],
    S.CANCELED: [lambda p: evolve.canceled(p, 5, 1)],
    S.PENDING: [lambda p: evolve.funded(p, events.FundedPayout(payout_id="p", version=5), 1)],
    S.PROCESSING: [
        lambda p: evolve.started(p, OPENED, STARTED, 1),
        lambda p: evolve.progressing(p, TAKEN, PROGRESSING, 1),
        lambda p: evolve.retried(p, item(), 1),
    ],
}
"""State to the facts that lead there."""


def test_the_table_is_the_promise_and_nothing_more() -> None:
    """LIF-01."""
    assert {(origin, target) for origin, target in PAIRS if may_move(origin, target)} == LIF_01
    assert {origin for origin, targets in TRANSITIONS.items() if not targets} == {
        S.FAILED,
        S.CANCELED,
        S.REJECTED,
        S.RETURNED,
    }
    assert set(TRANSITIONS) == set(S)


@pytest.mark.parametrize(("origin", "target"), [pair for pair in PAIRS if pair[1] in MOVES])
def test_a_fact_moves_a_payout_only_along_the_table(origin: PayoutStatus, target: PayoutStatus) -> None:
    """LIF-01: for every pair, whatever fact leads there. An unfinished payout may change inside its state."""
    legal = (origin, target) in LIF_01 or (origin is target and origin in UNFINISHED)
    for move in MOVES[target]:
        payout = stand(origin)
        if legal:
            assert move(payout).status is target
        else:
            with pytest.raises(IllegalMoveError, match=f"{origin} v4 -> {target}"):
                move(payout)
        assert payout == stand(origin)


def test_a_fact_of_another_version_is_damage() -> None:
    """A fact applied twice, or one that was skipped, stops the reader."""
    for version in (4, 6):
        with pytest.raises(IllegalMoveError):
            evolve.completed(stand(S.PROCESSING), msgspec.structs.replace(PAID, version=version), 1)


ASKS: dict[PayoutStatus, list[Callable[[str], Command]]] = {
    S.PROCESSING: [
        lambda i: start(i),
        lambda i: commands.RetryDue(payout_ids=[i]),
        lambda i: answers(said(i, Outcome.IN_PROGRESS, inquiry=True)),
        lambda i: answers(said(i, Outcome.FAILED, retryable=True)),
    ],
    S.COMPLETED: [lambda i: answers(said(i, Outcome.PAID))],
    S.FAILED: [lambda i: answers(said(i, Outcome.FAILED))],
    S.REQUIRES_ACTION: [
        lambda i: answers(said(i, Outcome.UNKNOWN, inquiry=True)),
        lambda i: commands.TimeOutAttempts(payout_ids=[i]),
    ],
    S.CANCELED: [lambda i: commands.CancelPayout(payout_id=i)],
}
"""State to the commands that ask for it."""


def scene_with(status: PayoutStatus, reason: Reason | None = None) -> tuple[Scene, str]:
    scene = Scene().merchant(USD=10_000)
    payout = stand(status, reason, scene.mint())
    if status in UNFINISHED:  # its hold
        for account, amount in (("available", -100), ("held", 100)):
            scene.book.balances["acme", "USD", account] = scene.book.balance("acme", "USD", account) + amount
    scene.book.payouts[payout.id] = payout
    return scene, payout.id


@pytest.mark.parametrize(("origin", "target"), [pair for pair in PAIRS if pair[1] in ASKS and pair not in LIF_01])
def test_no_command_brings_a_move_that_is_not_in_the_table(origin: PayoutStatus, target: PayoutStatus) -> None:
    """LIF-03, LIF-14: every other pair is refused or passed over, and the state stays; the state it already has is a no-op."""
    for ask in ASKS[target]:
        scene, payout_id = scene_with(origin)
        before = scene.payout(payout_id)
        record = scene.when(ask(payout_id))
        moved = [name for name in facts(record) if name not in {"CommandRefused", "AnswerContradicted"}]
        if origin is target and moved:  # a further inquiry, a retry: news inside an unfinished state
            assert origin in UNFINISHED
            assert scene.payout(payout_id).status is origin
        else:
            assert moved == []
            assert scene.payout(payout_id) == before


@pytest.mark.parametrize("origin", [status for status in S if status not in {S.PENDING, S.CANCELED}])
def test_a_refused_cancel_names_from_to_and_the_legal_moves(origin: PayoutStatus) -> None:
    """LIF-03, API-24."""
    scene, payout_id = scene_with(origin)
    before = contents(scene.book)
    body = told(scene.when(commands.CancelPayout(payout_id=payout_id)))
    assert (body["status"], body["code"]) == (409, "invalid_state_transition")
    assert (body["from"], body["to"], body["payout_status"]) == (origin, "canceled", origin)
    assert body["legal_moves"] == sorted(TRANSITIONS[origin])
    assert contents(scene.book) == before


@pytest.mark.parametrize("origin", [status for status in S if status is not S.PENDING])
def test_a_refused_edit_says_that_only_pending_payouts_can_be_updated(origin: PayoutStatus) -> None:
    """API-22: with the state, the wished state and the legal moves."""
    scene, payout_id = scene_with(origin)
    body = told(scene.when(commands.EditPayout(payout_id=payout_id, description="new")))
    assert (body["status"], body["code"], body["payout_status"]) == (409, "invalid_state_transition", origin)
    assert body["detail"].startswith("Only pending payouts can be updated.")
    assert explain_illegal(origin, S.PENDING) in body["detail"]
    assert body["legal_moves"] == sorted(TRANSITIONS[origin])


@pytest.mark.parametrize(("origin", "target"), PAIRS)
def test_the_error_text_names_the_moves_of_the_table(origin: PayoutStatus, target: PayoutStatus) -> None:
    """LIF-02."""
    text = explain_illegal(origin, target)
    named = {word for word in S if re.search(rf"\b{word}\b", text.split("legal moves from")[1].split(":", 1)[1])}
    assert named == TRANSITIONS[origin]
    assert f"from {origin} to {target}" in text


def test_the_diagram_draws_the_table() -> None:
    """LIF-02: every arrow between states is a line of the table, and the other way round."""
    lines = state_diagram().splitlines()
    assert lines[0] == "stateDiagram-v2"
    arrows = {tuple(line.strip().split(" --> ")) for line in lines[1:]}
    assert {arrow for arrow in arrows if "[*]" not in arrow} == {(origin.value, target.value) for origin, target in LIF_01}
    assert {target for origin, target in arrows if origin == "[*]"} == {"pending", "rejected"}
    assert {origin for origin, target in arrows if target == "[*]"} == {"failed", "canceled", "rejected", "returned"}
