"""What is listed as not allowed is refused in those very words, and what is listed as allowed is not refused for its state (CON-06)."""

import json

import pytest

from domain.actions import Act, batch_acts, payout_acts
from domain.payout.state import TRANSITIONS
from schemas.commands import AddRows, CancelBatch, CancelPayout, Command, EditPayout, SealBatch
from schemas.events import EventRecord
from schemas.words import BatchPhase, PayoutStatus
from tests.support.event_story import EventStory, everything


def act_of(acts: list[Act], name: str) -> Act:
    return next(act for act in acts if act.action == name)


def refusal(record: EventRecord) -> tuple[str, str] | None:
    if record.answer is None or record.answer.status < 400:
        return None
    told = json.loads(record.answer.body)
    return told["code"], told["detail"]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    ("name", "command"), [("cancel", lambda i: CancelPayout(payout_id=i)), ("edit", lambda i: EditPayout(payout_id=i))]
)
def test_the_words_of_a_payouts_acts_are_those_of_their_refusals(seed: int, name: str, command: object) -> None:
    story = everything(seed)
    seen = set()
    for payout in list(story.book.payouts.values()):
        batch = story.book.batches.get(payout.batch_id) if payout.batch_id else None
        unsealed = batch is not None and batch.phase is BatchPhase.OPEN
        act = act_of(payout_acts(payout.status, unsealed=unsealed), name)
        if name == "cancel" and payout.status is PayoutStatus.CANCELED:
            assert not act.allowed
            continue
        told = refusal(_tried(story, payout.merchant_id, command(payout.id)))  # type: ignore[operator]
        assert told == ((act.code, act.reason) if not act.allowed else None), (payout.status, unsealed)
        seen.add((payout.status, unsealed))
    assert len(seen) > 3


def _tried(story: EventStory, merchant_id: str, body: Command) -> EventRecord:
    """Decided, and forgotten: the story goes on as if nobody had asked."""
    from domain.decide import decide
    from schemas.commands import CommandRecord

    record = CommandRecord(id=story.mint(), merchant_id=merchant_id, at=story.now, body=body)
    return decide(story.book, record, len(story.records), story.now, story.policy)


@pytest.mark.parametrize("seed", range(4))
def test_the_words_of_a_batchs_acts_are_those_of_their_refusals(seed: int) -> None:
    story = everything(seed)
    for batch in list(story.book.batches.values()):
        acts = batch_acts(batch.phase, batch.row_count)
        rows = AddRows(batch_id=batch.id, first_row=batch.row_count + 1, rows=[story.form()])
        tries: dict[str, Command] = {
            "seal": SealBatch(batch_id=batch.id),
            "drop" if batch.phase is BatchPhase.OPEN else "stop": CancelBatch(batch_id=batch.id),
            "add_rows": rows,
        }
        for name, body in tries.items():
            act = act_of(acts, name)
            told = refusal(_tried(story, batch.merchant_id, body))
            if act.allowed:
                assert told is None or told[0] != "batch_sealed", (name, batch.phase)
            elif told is not None:  # a repeat is quiet: the batch is as it was asked to be
                assert told == (act.code, act.reason), (name, batch.phase)


def test_every_state_has_its_acts_and_only_destructive_ones_say_so() -> None:
    for status in TRANSITIONS:
        acts = payout_acts(status, unsealed=False)
        assert [act.action for act in acts] == ["edit", "cancel", "reveal"]
        assert [act.action for act in acts if act.destructive] == ["cancel"]
        assert act_of(acts, "cancel").allowed is (status is PayoutStatus.PENDING)
