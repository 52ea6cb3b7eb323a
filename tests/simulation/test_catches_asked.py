"""The simulation must see when something else is done than what was asked: the product is broken in one place, and some seed says so."""

import contextlib
from collections.abc import Callable
from typing import Any

import pytest
from msgspec import structs

from domain import decide, keys
from domain.batch import decide as batch_decide
from domain.merchant import decide as merchant_decide
from domain.payout import decide as payout_decide
from domain.payout import edit, verdicts
from runtime import dead_letters
from schemas import money
from schemas.commands import CreditMerchant
from schemas.events import MerchantCredited
from schemas.words import Outcome
from services.gateway import money as gateway_money
from services.gateway import routes, rows
from services.ingest import idempotency
from services.ingest.store import ViewUnavailableError
from services.processor.rails import simulator_words
from services.processor.rails.provider import Verdict
from tests.simulation.test_catches import caught

OTHER: dict[str, str] = {"type": "bank_account", "account_number": "9999999999"}
Patch = pytest.MonkeyPatch


def _with_form(plain: Callable[..., Any], **changed: Any) -> Callable[..., Any]:
    """A rule that takes another form than what was asked."""

    def rule(case: Any, body: Any, *more: Any) -> Any:
        return plain(case, structs.replace(body, form=structs.replace(body.form, **changed)), *more)

    return rule


@pytest.mark.parametrize(
    "changed", [{"recipient": OTHER}, {"reference": "r"}, {"description": "d"}], ids=lambda c: next(iter(c))
)
def test_a_payout_accepted_as_another_one(monkeypatch: Patch, changed: dict[str, Any]) -> None:
    monkeypatch.setattr(payout_decide, "_accept", _with_form(payout_decide._accept, **changed))
    assert caught("asked")


def test_every_credit_doubled(monkeypatch: Patch) -> None:
    def doubled(case: Any, body: CreditMerchant) -> Any:
        return merchant_decide.credit_merchant(case, structs.replace(body, amount_minor=body.amount_minor * 2))

    monkeypatch.setitem(decide.RULES, CreditMerchant, doubled)
    assert caught("asked")


def test_a_credit_that_tells_one_more_than_it_books(monkeypatch: Patch) -> None:
    def one_more(**fields: Any) -> MerchantCredited:
        return MerchantCredited(**{**fields, "amount_minor": fields["amount_minor"] + 1})

    monkeypatch.setattr(merchant_decide, "MerchantCredited", one_more)
    assert caught("asked")


def test_an_edit_that_ignores_the_new_payee(monkeypatch: Patch) -> None:
    monkeypatch.setattr(edit, "_recipient", lambda payout, body: payout.recipient)
    assert caught("asked")


def test_an_edit_that_ignores_the_new_amount(monkeypatch: Patch) -> None:
    monkeypatch.setattr(edit, "_amount", lambda payout, body, currency: payout.amount_minor)
    assert caught("asked")


def test_an_edit_that_changes_more_than_was_asked(monkeypatch: Patch) -> None:
    plain = edit._new_form
    monkeypatch.setattr(edit, "_new_form", lambda payout, body: structs.replace(plain(payout, body), reference=None))
    assert caught("asked")


def test_rows_of_a_chunk_in_another_order(monkeypatch: Patch) -> None:
    plain = batch_decide._added
    monkeypatch.setattr(
        batch_decide, "_added", lambda batch, body: plain(batch, structs.replace(body, rows=body.rows[::-1]))
    )
    assert caught("asked")


def test_a_provider_that_is_told_another_payee(monkeypatch: Patch) -> None:
    monkeypatch.setattr(simulator_words, "_payee", lambda payout, account: {"account_number": "9999999999"})
    assert caught("provider")


@pytest.mark.parametrize(("currency", "digits"), [("JPY", 2), ("UGX", 2), ("KWD", 2)])
def test_a_currency_with_other_decimals(monkeypatch: Patch, currency: str, digits: int) -> None:
    monkeypatch.setitem(money.EXPONENTS, currency, digits)
    assert caught("asked")


def test_the_provider_told_in_other_decimals(monkeypatch: Patch) -> None:
    plain = simulator_words.format_amount
    wrong = {"JPY": "USD", "UGX": "USD", "KWD": "USD"}
    monkeypatch.setattr(simulator_words, "format_amount", lambda minor, code: plain(minor, wrong.get(code, code)))
    assert caught("provider")


def test_a_record_of_nothing_that_no_dead_letter_can_hold(monkeypatch: Patch) -> None:
    """Neither key nor value: the client of Kafka refuses to send it on as it is."""

    async def as_it_is(
        self: Any, *, key: Any, value: Any, code: str, topic: str, partition: int, offset: int, **_: Any
    ) -> None:
        told = {"topic": topic, "partition": str(partition), "offset": str(offset), "code": code}
        await self._append(key, value, dead_letters.encoded(told))

    monkeypatch.setattr(dead_letters.DeadLetters, "keep", as_it_is)
    assert caught("")


def test_an_empty_key_that_nobody_can_tell_from_none(monkeypatch: Patch) -> None:
    monkeypatch.setattr(dead_letters, "NULL_KEY", "something-else")
    assert caught("dead letters")


def test_keys_that_never_expire(monkeypatch: Patch) -> None:
    """Not for the judge."""
    monkeypatch.setattr(keys, "_known", lambda case: case.book.keys.get((case.merchant_id, case.record.key)))
    assert caught("promise")


def test_keys_that_never_expire_at_the_edge(monkeypatch: Patch) -> None:
    async def stored(self: Any, envelope: Any) -> Any:
        with contextlib.suppress(ViewUnavailableError):
            return await self._store.stored_answer(envelope.merchant_id, envelope.key) if envelope.key else None

    monkeypatch.setattr(idempotency.Keys, "_stored", stored)
    assert caught("promise")


def test_keys_that_expire_at_once(monkeypatch: Patch) -> None:
    monkeypatch.setattr(keys, "_known", lambda case: None)
    assert caught("promise")


@pytest.mark.parametrize("hours", [23, 25])
def test_keys_that_live_an_hour_more_or_less(monkeypatch: Patch, hours: int) -> None:
    remembering = keys.remember

    def other(case: Any, answer: Any) -> Any:
        kept = remembering(case, answer)
        return kept and structs.replace(kept, expires_at=case.now + hours * 3_600_000)

    monkeypatch.setattr(decide, "remember", other)
    assert caught("promise")


def test_a_timed_out_send_tried_again(monkeypatch: Patch) -> None:
    """No excuse: the provider never said that it failed."""
    again = Verdict(outcome=Outcome.FAILED, retryable=True, code="timeout", reason="no answer")
    monkeypatch.setattr(simulator_words, "unknown", lambda code, reason: again)
    assert caught("provider")


def test_contradictions_made_up(monkeypatch: Patch) -> None:
    monkeypatch.setattr(verdicts, "_contradicts", lambda payout, answer, provider: True)
    assert caught("provider")


def test_contradictions_kept_quiet(monkeypatch: Patch) -> None:
    monkeypatch.setattr(verdicts, "_contradicts", lambda payout, answer, provider: False)
    assert caught("provider")


def test_a_read_that_does_not_wait_for_the_write(monkeypatch: Patch) -> None:
    async def at_once(request: Any) -> None:
        """Whatever there is."""

    monkeypatch.setattr(routes, "wait_for_position", at_once)
    assert caught("read")


def test_a_read_that_tells_another_payee(monkeypatch: Patch) -> None:
    plain = rows.payout
    monkeypatch.setattr(rows, "payout", lambda row: {**plain(row), "recipient_details": OTHER})
    assert caught("read")


def test_a_read_of_what_is_not_ones_own(monkeypatch: Patch) -> None:
    async def anybodys(request: Any, payout_id: str) -> Any:
        return await routes.door_of(request).store.payout(payout_id)

    monkeypatch.setattr(routes, "own_payout", anybodys)
    assert caught("read")


def test_a_balance_that_forgets_what_is_held(monkeypatch: Patch) -> None:
    plain = rows.balances
    monkeypatch.setattr(
        gateway_money.rows, "balances", lambda found, main: plain([r for r in found if r["account"] != "held"], main)
    )
    assert caught("read")
