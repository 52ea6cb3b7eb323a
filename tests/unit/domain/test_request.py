"""RequestPayout: acts, refuses in order of precedence, stays quiet on a repeat."""

from typing import Any

from domain.policy import Policy
from schemas import commands
from schemas.currencies import enabled
from schemas.events import PayoutAccepted, PayoutRejected
from schemas.times import LATEST_MS
from schemas.words import OnInsufficientFunds, PayoutStatus, Reason, RecordOutcome
from tests.support.given import ACME, START, Scene, fact, facts, form, is_quiet, is_refusal, postings_of, queue_of, told


def test_an_accepted_payout_is_pending_and_its_money_held() -> None:
    """API-03, LED-04, LED-06: a hold of 40 on 100 shows available 60, held 40."""
    scene = Scene().merchant(USD=10_000)
    body = scene.request(4_000, description="salary", reference="r-1")
    record = scene.when(body, key="k")
    assert postings_of(fact(record, PayoutAccepted)) == [
        ("available", -4_000, "USD", "payout_hold"),
        ("held", 4_000, "USD", "payout_hold"),
    ]
    assert (scene.available(), scene.held()) == (6_000, 4_000)
    assert record.answer is not None
    assert (record.answer.status, record.answer.version, record.subject) == (201, 1, body.payout_id)
    view = told(record)
    assert (view["id"], view["status"], view["reason"], view["amount"]) == (body.payout_id, "pending", None, "40.00")
    assert (view["idempotency_key"], view["reference"], view["created_at"]) == ("k", "r-1", "2026-01-01T00:00:00.000Z")


def test_a_payout_can_be_held_back_so_that_it_can_be_recalled() -> None:
    """LIF-04: the reason is `schedule`, and it says until when."""
    scene = Scene().merchant(USD=10_000)
    body = scene.request(release_at=START + 2_000)
    view = told(scene.when(body))
    assert (view["reason"], view["waits_until"]) == ("schedule", "2026-01-01T00:00:02.000Z")
    assert scene.payout(body.payout_id).due_at == START + 2_000


def test_a_release_in_the_past_is_no_wait() -> None:
    scene = Scene().merchant(USD=10_000)
    body = scene.request(release_at=START)
    scene.when(body)
    assert (scene.payout(body.payout_id).reason, scene.payout(body.payout_id).due_at) == (None, None)


def test_the_balance_must_cover_it() -> None:
    """ERR-03: 402 with what is there; the payout is kept as rejected and nothing is held."""
    scene = Scene().merchant(USD=999)
    body = scene.request(1_000)
    record = scene.when(body, key="k")
    assert record.outcome is RecordOutcome.DECIDED
    assert record.answer is not None
    assert (record.answer.status, fact(record, PayoutRejected).code) == (402, "insufficient_funds")
    problem = told(record)
    assert (problem["available"], problem["available_minor"], problem["currency"]) == ("9.99", 999, "USD")
    assert (problem["payout_id"], problem["code"]) == (body.payout_id, "insufficient_funds")
    assert "available_paise" not in problem
    payout = scene.payout(body.payout_id)
    assert (payout.status, payout.reason, payout.version) == (PayoutStatus.REJECTED, Reason.INSUFFICIENT_FUNDS, 1)
    assert (scene.available(), scene.held()) == (999, 0)


def test_a_402_in_rupees_speaks_of_paise_too() -> None:
    """ERR-03."""
    scene = Scene().merchant(INR=5)
    assert told(scene.when(scene.request(6, "INR")))["available_paise"] == 5


def test_the_last_cent_can_be_paid_and_not_one_more() -> None:
    """LED-03."""
    scene = Scene().merchant(USD=1_000)
    scene.given(scene.request(1_000))
    assert scene.available() == 0
    assert told(scene.when(scene.request(1)))["code"] == "insufficient_funds"


def test_other_currencies_and_other_merchants_do_not_help() -> None:
    scene = Scene().merchant(USD=100, EUR=10_000).merchant("zebra", USD=10_000)
    assert told(scene.when(scene.request(101)))["available_minor"] == 100


def test_a_payout_may_wait_for_funds_instead() -> None:
    """ERR-03, LIF-04: accepted, reason funds, nothing held."""
    scene = Scene().merchant(USD=999)
    body = scene.request(1_000, on_insufficient_funds=OnInsufficientFunds.WAIT, release_at=START + 5_000)
    record = scene.given(body)
    assert (fact(record, PayoutAccepted).postings, told(record)["reason"], told(record)["waits_until"]) == (
        [],
        "funds",
        None,
    )
    assert queue_of(scene.book, ACME, "USD") == [body.payout_id]


def test_a_rejected_payout_gives_its_reference_back() -> None:
    """The way on after a 402 is a top-up and a new request, with the merchant's own reference as before."""
    scene = Scene().merchant(USD=1)
    scene.when(scene.request(reference="r"))
    scene.credit(5_000)
    scene.given(scene.request(reference="r"))


REFUSALS = (
    ("unknown_merchant", 400, "header/X-Merchant-Id"),
    ("validation_error", 400, None),
    ("validation_error", 400, "/currency"),
    ("validation_error", 400, "/amount"),
    ("validation_error", 400, "/recipient_details"),
    ("bank_account_unusable", 400, "/bank_account_id"),
    ("duplicate_reference", 409, None),
    ("insufficient_funds", 402, None),
)
"""All faults of one request, mended one by one in this order."""


def test_refusals_in_order_of_precedence() -> None:
    """Each refusal stands before all that follow it: the request has all faults at first and loses them one by one."""
    scene = Scene().merchant(USD=500).merchant("zebra", USD=500)
    foreign = scene.account("zebra")
    first = scene.pending(reference="used", amount_minor=1)
    bad: dict[str, Any] = {"amount_minor": 0, "currency": "JPY", "recipient": None, "reference": "used"}
    attempts = [
        ("ghost", scene.request(payout_id="x", form=form(**bad))),
        (ACME, scene.request(payout_id="x", form=form(**bad))),
        (ACME, scene.request(form=form(**bad))),
        (ACME, scene.request(form=form(**{**bad, "currency": "USD"}))),
        (ACME, scene.request(form=form(1_000, recipient=None, reference="used"))),
        (ACME, scene.request(form=form(1_000, recipient=None, bank_account_id=foreign, reference="used"))),
        (ACME, scene.request(1_000, reference="used")),
        (ACME, scene.request(1_000, reference="new")),
    ]
    for (code, status, pointer), (merchant, body) in zip(REFUSALS, attempts, strict=True):
        record = scene.when(body, merchant)
        problem = told(record)
        assert (problem["code"], problem["status"]) == (code, status)
        assert [error["pointer"] for error in problem["errors"]] == ([pointer] if pointer else [])
        if code == "duplicate_reference":  # IDM-08: names the first payout
            assert (problem["payout_id"], record.subject) == (first, first)
        assert facts(record) == ["PayoutRejected" if status == 402 else "CommandRefused"]


def test_a_problem_names_the_request_and_its_trace() -> None:
    """ERR-01."""
    problem = told(Scene().when(Scene().request(), "ghost", instance="/api/v1/payouts"))
    assert problem["trace_id"] == "4bf92f3577b34da6a3ce929d0e0e4736"
    assert (problem["instance"], problem["message"]) == ("/api/v1/payouts", problem["detail"])


def test_a_saved_account_must_be_verified_and_the_merchants_own() -> None:
    """API-28."""
    scene = Scene().merchant(USD=10_000).merchant("zebra")
    for account, detail in (
        (scene.account(verified=False), "not verified"),
        (scene.account("zebra"), "No bank account of this merchant"),
        (scene.mint(), "No bank account of this merchant"),
    ):
        body = scene.request(form=form(recipient=None, bank_account_id=account))
        assert is_refusal(scene.when(body), 400, "bank_account_unusable", detail)


def test_a_payout_to_a_saved_account_shows_it_masked() -> None:
    """API-04, API-15."""
    scene = Scene().merchant(INR=50_000)
    account = scene.account()
    view = told(scene.given(scene.request(form=form(50_000, "INR", recipient=None, bank_account_id=account))))
    assert (view["amount_paise"], view["bank_account_id"], view["recipient_details"]) == (50_000, account, None)
    assert (view["bank_account"]["id"], view["bank_account"]["account_number"]) == (account, "XXXXXXXXXXXX3456")


def test_a_currency_must_be_enabled_here() -> None:
    """API-12: by the policy, not by a list in the law."""
    scene = Scene(Policy(currencies=enabled({"JPY"}))).merchant(JPY=100)
    scene.given(scene.request(100, "JPY"))
    assert is_refusal(scene.when(scene.request(100, "USD")), 400, "validation_error", "enabled: JPY")


def test_an_amount_stays_below_the_cap() -> None:
    """API-09, LED-01: guarded here too, whatever the edge let through."""
    scene = Scene().merchant(USD=10**12)
    scene.given(scene.request(99_999_999_999))
    assert is_refusal(scene.when(scene.request(100_000_000_000)), 400, "validation_error", "at most 999999999.99 USD")
    assert is_refusal(scene.when(scene.request(-1)), 400, "validation_error", "above 0")


def test_a_release_beyond_all_calendars_is_refused() -> None:
    scene = Scene().merchant(USD=10_000)
    scene.given(scene.request(release_at=LATEST_MS))
    assert is_refusal(scene.when(scene.request(release_at=LATEST_MS + 1)), 400, "validation_error")


def test_the_same_payout_again_is_a_repeat() -> None:
    """LIF-14: the id is minted once at the edge; whatever else is in the command, nothing happens twice."""
    scene = Scene().merchant(USD=10_000)
    body = scene.request(1_000, reference="r")
    scene.given(body)
    record = scene.when(body)
    assert is_quiet(record)
    assert (record.subject, told(record)["status"]) == (body.payout_id, "pending")
    assert (scene.available(), scene.held()) == (9_000, 1_000)


def test_another_merchants_payout_id_shows_nothing_of_it() -> None:
    """SEC-06."""
    scene = Scene().merchant(USD=10_000).merchant("zebra", USD=10_000)
    body = scene.request(description="secret")
    scene.given(body, "zebra")
    record = scene.when(body)
    assert is_refusal(record, 400, "validation_error")
    assert "secret" not in record.answer.body  # type: ignore[union-attr]


def test_two_payouts_of_60_on_100_give_one_success() -> None:
    """LIF-07."""
    scene = Scene().merchant(USD=100)
    outcomes = [told(scene.when(scene.request(60)))["status"] for _ in range(2)]
    assert outcomes == ["pending", 402]
    assert (scene.available(), scene.held()) == (40, 60)


def test_opening_a_merchant_does_not_make_it_rich() -> None:
    scene = Scene()
    scene.given(commands.OpenMerchant(name="Acme"))
    assert told(scene.when(scene.request(1)))["available_minor"] == 0
