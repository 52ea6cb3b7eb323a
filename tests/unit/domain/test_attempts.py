"""StartAttempts, RetryDue, TimeOutAttempts: act on what is due, and pass over the rest in silence (LIF-09, LIF-10, LIF-12, LIF-13)."""

from schemas.commands import CancelPayout, RetryDue, SealBatch, StartAttempts, TimeOutAttempts
from schemas.events import AttemptsStarted, OutcomesUnknown
from schemas.ids import attempt_reference, is_uuid, row_payout_id
from schemas.words import OnInsufficientFunds, Outcome, Reason
from tests.support.given import START, Scene, answers, fact, facts, form, is_quiet, said, start


def failing(scene: Scene) -> str:
    """A payout that waits for its second try."""
    payout_id = scene.processing(100)
    scene.given(answers(said(payout_id, Outcome.FAILED, retryable=True, code="busy")))
    return payout_id


def test_an_attempt_and_its_reference_are_on_the_log_before_anyone_is_called() -> None:
    """LIF-09: and the count is shown."""
    scene = Scene().merchant(USD=1_000)
    payout_id = scene.pending(100)
    scene.now += 3
    event = fact(scene.given(start(payout_id)), AttemptsStarted)
    [attempt] = event.attempts
    assert (attempt.attempt, attempt.version, attempt.reference) == (1, 2, attempt_reference(payout_id, 1))
    assert is_uuid(attempt.reference)
    assert (event.provider, event.deadline_at) == ("bank", START + 30_003)
    payout = scene.payout(payout_id)
    assert (payout.status, payout.reason, payout.attempt_count, payout.provider) == ("processing", None, 1, "bank")
    assert (payout.due_at, payout.processing_started_at) == (START + 30_003, START + 3)
    assert (scene.available(), scene.held()) == (900, 100)


def test_a_payout_starts_once() -> None:
    """LIF-14: the same command again, or the same id twice in one command."""
    scene = Scene().merchant(USD=1_000)
    payout_id = scene.pending(100)
    assert len(fact(scene.given(start(payout_id, payout_id)), AttemptsStarted).attempts) == 1
    assert is_quiet(scene.when(start(payout_id)))


def test_only_what_is_free_to_be_paid_starts_and_the_rest_is_passed_over() -> None:
    """BAT-02, LIF-04: no funds, not yet, canceled, unsealed, unknown, another merchant's, another batch's."""
    scene = Scene().merchant(USD=1_000).merchant("zebra", USD=100)
    free = scene.pending(100)
    scheduled = scene.pending(100, release_at=START + 1_000)
    canceled = scene.pending(100)
    scene.given(CancelPayout(payout_id=canceled))
    waits = scene.pending(9_000, on_insufficient_funds=OnInsufficientFunds.WAIT)
    foreign = scene.pending(100, merchant="zebra")
    _, [row] = scene.released(form(50))
    ids = [free, scheduled, canceled, waits, foreign, row, scene.mint()]
    assert [item.payout_id for item in fact(scene.given(start(*ids)), AttemptsStarted).attempts] == [free]
    assert is_quiet(scene.when(start(*ids)))


def test_a_scheduled_payout_starts_when_its_time_has_come_and_not_before() -> None:
    scene = Scene().merchant(USD=1_000)
    payout_id = scene.pending(100, release_at=START + 2_000)
    scene.now = START + 1_999
    assert is_quiet(scene.when(start(payout_id)))
    scene.now = START + 2_000
    scene.given(start(payout_id))


def test_an_unsealed_batch_never_pays() -> None:
    """BAT-02."""
    scene = Scene().merchant(USD=1_000)
    batch_id = scene.batch(form(100), form(200))
    rows = [row_payout_id(batch_id, row) for row in (1, 2)]
    assert is_quiet(scene.when(start(*rows, batch_id=batch_id)))
    scene.given(SealBatch(batch_id=batch_id))
    event = fact(scene.given(start(*rows, batch_id=batch_id)), AttemptsStarted)
    assert [(t.status.value, t.count, t.amount_minor) for t in event.totals] == [
        ("pending", -2, -300),
        ("processing", 2, 300),
    ]


def test_a_retry_is_a_new_attempt_under_a_new_reference() -> None:
    """LIF-10: when the wait is over, not before."""
    scene = Scene().merchant(USD=1_000)
    payout_id = failing(scene)
    due_at = scene.payout(payout_id).due_at
    assert due_at is not None
    scene.now = due_at - 1
    assert is_quiet(scene.when(RetryDue(payout_ids=[payout_id])))
    scene.now = due_at
    [attempt] = fact(scene.given(RetryDue(payout_ids=[payout_id])), AttemptsStarted).attempts
    assert (attempt.attempt, attempt.reference) == (2, attempt_reference(payout_id, 2))
    payout = scene.payout(payout_id)
    assert (payout.status, payout.reason, payout.attempt_count, payout.failure_code) == ("processing", None, 2, None)
    assert payout.processing_started_at == START
    assert is_quiet(scene.when(RetryDue(payout_ids=[payout_id])))


def test_no_retry_while_an_attempt_is_open_or_its_outcome_is_unknown() -> None:
    """LIF-12, LIF-13: two sweepers, or a late one, act once."""
    scene = Scene().merchant(USD=1_000)
    payout_id = scene.processing(100)
    scene.now += 10**6
    assert is_quiet(scene.when(RetryDue(payout_ids=[payout_id])))
    scene.given(TimeOutAttempts(payout_ids=[payout_id]))
    assert is_quiet(scene.when(RetryDue(payout_ids=[payout_id])))
    assert is_quiet(scene.when(start(payout_id)))


def test_silence_makes_the_outcome_unknown_and_nothing_else() -> None:
    """LIF-12: not failed, not refunded, not sent again; asked after in 30 s."""
    scene = Scene().merchant(USD=1_000)
    payout_id = scene.processing(100)
    scene.now = START + 29_999
    assert is_quiet(scene.when(TimeOutAttempts(payout_ids=[payout_id])))
    scene.now = START + 30_000
    event = fact(scene.given(TimeOutAttempts(payout_ids=[payout_id])), OutcomesUnknown)
    [item] = event.payouts
    assert (item.code, item.due_at, item.inquiry, event.provider) == ("no_answer", START + 60_000, 0, "bank")
    payout = scene.payout(payout_id)
    assert (payout.status, payout.reason, payout.attempt_count) == ("requires_action", Reason.OUTCOME_UNKNOWN, 1)
    assert (scene.available(), scene.held()) == (900, 100)
    assert is_quiet(scene.when(TimeOutAttempts(payout_ids=[payout_id])))


def test_a_provider_at_work_is_given_an_hour() -> None:
    """LIF-12: after "in progress", 1 h from the answer."""
    scene = Scene().merchant(USD=1_000)
    payout_id = scene.processing(100)
    scene.now += 5_000
    scene.given(answers(said(payout_id, Outcome.IN_PROGRESS)))
    scene.now += 3_599_999
    assert is_quiet(scene.when(TimeOutAttempts(payout_ids=[payout_id])))
    scene.now += 1
    [item] = fact(scene.given(TimeOutAttempts(payout_ids=[payout_id])), OutcomesUnknown).payouts
    assert item.code == "still_in_progress"


def test_a_payout_that_waits_for_its_retry_does_not_time_out() -> None:
    scene = Scene().merchant(USD=1_000)
    payout_id = failing(scene)
    scene.now += 10**6
    assert is_quiet(scene.when(TimeOutAttempts(payout_ids=[payout_id])))


def test_each_providers_payouts_get_an_event_of_their_own() -> None:
    """An event names one provider, and postings follow its name."""
    scene = Scene().merchant(USD=1_000)
    one, two, three = (scene.pending(100) for _ in range(3))
    scene.given(StartAttempts(provider="north", payout_ids=[one, three]))
    scene.given(StartAttempts(provider="south", payout_ids=[two]))
    scene.now += 30_000
    record = scene.given(TimeOutAttempts(payout_ids=[one, two, three]))
    assert facts(record) == ["OutcomesUnknown", "OutcomesUnknown"]
    named = [(event.provider, [item.payout_id for item in event.payouts]) for event in record.events]  # type: ignore[union-attr]
    assert named == [("north", [one, three]), ("south", [two])]


def test_nothing_named_is_nothing_done() -> None:
    scene = Scene().merchant()
    for body in (start(), RetryDue(payout_ids=[]), TimeOutAttempts(payout_ids=[])):
        assert is_quiet(scene.when(body))
