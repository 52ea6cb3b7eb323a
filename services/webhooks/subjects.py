"""What the views say of what webhooks are about, with recipients masked (WHK-03, SEC-07).

Owns the queries and the public forms. Archived payouts are found as hot ones are. Must not know what is sent to whom.
"""

from collections.abc import Iterable, Mapping, Sequence

import orjson

from domain.batch.view import Cells, batch_view
from domain.book import Batch
from domain.payout.view import amounts
from domain.webhooks.masking import masked_recipient, masked_text, without_names
from domain.webhooks.payload import Form, Letter, State
from schemas.masking import masked
from schemas.money import format_amount
from schemas.times import rfc3339, rfc3339_or_none
from schemas.words import AVAILABLE, HELD, BatchPhase, Funding, OnRowFailure, PayoutStatus
from services.webhooks.database import Database, Row

PAYOUTS = (
    "SELECT p.id::text, p.batch_id::text, p.row_number, p.reference, p.amount_minor, p.currency, p.recipient, p.version, p.status, "
    "p.reason, p.attempt_count, p.failure_code, p.failure_reason, p.bank_reference_id, p.expected_settlement_date, p.created_at, "
    "p.updated_at, p.completed_at, p.failed_at, p.canceled_at, p.returned_at, p.settled_at, a.account_number, a.holder "
    "FROM {views}.%s p LEFT JOIN {views}.bank_accounts a ON a.id = p.bank_account_id AND a.merchant_id = p.merchant_id "
    "WHERE p.id = ANY(%%s::uuid[])"
)
BATCHES = (
    "SELECT id::text, merchant_id, created_at, updated_at, phase, name, reference, funding, on_row_failure, source, submit, row_count, "
    "refusal_code, refusal_detail, released_at, stopped_at, waiting_rows, last_offset FROM {views}.batches WHERE id = ANY(%s::uuid[])"
)
CELLS = (
    "SELECT batch_id::text, currency, status, count, amount_minor FROM {views}.batch_totals WHERE batch_id = ANY(%s::uuid[])"
)
BALANCES = (
    "SELECT b.merchant_id, b.currency, b.account, b.balance_minor, b.entry_count, b.last_offset FROM {views}.balances b "
    "WHERE b.merchant_id = ANY(%s) AND b.account IN ('available', 'held')"
)

REASON = "failure_reason"

States = Mapping[str, State | None]
"""Delivery id to the state of what it is about; None where the views do not have it (yet)."""


class Subjects:
    """Reads the views. Raises one of `database.AWAY` while the database is away."""

    def __init__(self, database: Database) -> None:
        """The database is opened and closed by its owner."""
        self._database = database

    async def states(self, letters: Sequence[Letter]) -> States:
        """The state now for each letter: one query per kind of subject, however many letters."""
        payouts = await self._payouts({_id(one) for one in letters if one.subject.startswith("payout:")})
        batches = await self._batches({_id(one) for one in letters if one.subject.startswith("batch:")})
        balances = await self._balances({one.merchant_id for one in letters if one.subject.startswith("balance:")})
        found: dict[str, State | None] = {}
        for letter in letters:
            match letter.subject.partition(":")[0]:
                case "payout":
                    found[letter.id] = payout_state(letter, payouts.get(_id(letter)))
                case "batch":
                    found[letter.id] = batch_state(letter, *batches.get(_id(letter), (None, {})))
                case _:
                    found[letter.id] = balance_state(letter, balances.get((letter.merchant_id, _id(letter)), []))
        return found

    async def own_of(self, subject: str, own: Form) -> Form:
        """What an event said of its subject, as it may be shown: without the payee."""
        what, _, payout_id = subject.partition(":")
        if what != "payout" or REASON not in own:
            return own
        row = (await self._payouts({payout_id})).get(payout_id)
        if row is None:  # nobody can say what the payee is called
            return {**own, REASON: None}
        return {**own, **_said(own, _named(row, _recipient_of(row)))}

    async def _payouts(self, ids: set[str]) -> dict[str, Row]:
        found: dict[str, Row] = {}
        for table in ("payouts", "all_payouts"):
            missing = sorted(ids - found.keys())
            if missing:
                query = self._database.in_views(PAYOUTS % table)
                found |= {row["id"]: row for row in await self._database.all(query, [missing])}
        return found

    async def _batches(self, ids: set[str]) -> dict[str, tuple[Row, Cells]]:
        if not ids:
            return {}
        rows = await self._database.all(self._database.in_views(BATCHES), [sorted(ids)])
        cells: dict[str, Cells] = {}
        for row in await self._database.all(self._database.in_views(CELLS), [sorted(ids)]):
            cells.setdefault(row["batch_id"], {})[row["status"], row["currency"]] = (row["count"], row["amount_minor"])
        return {row["id"]: (row, cells.get(row["id"], {})) for row in rows}

    async def _balances(self, merchants: set[str]) -> dict[tuple[str, str], list[Row]]:
        found: dict[tuple[str, str], list[Row]] = {}
        if merchants:
            for row in await self._database.all(self._database.in_views(BALANCES), [sorted(merchants)]):
                found.setdefault((row["merchant_id"], row["currency"]), []).append(row)
        return found


def payout_state(letter: Letter, row: Row | None) -> State | None:
    """A payout as the views have it; None while they do not have it at the letter's version."""
    if row is None or row["version"] < letter.version:
        return None
    recipient = _recipient_of(row)
    named = _named(row, recipient)
    money = amounts(row["amount_minor"], row["currency"])
    fixed = {
        "batch_id": row["batch_id"],
        "row": row["row_number"],
        "reference": row["reference"],
        "recipient": _recipient(row, recipient),
        "created_at": rfc3339(row["created_at"]),
    }
    own_money = money if row["version"] == letter.version or letter.own.get("status") != PayoutStatus.PENDING else {}
    return State(
        facts={**fixed, **own_money, "updated_at": rfc3339(letter.at)},
        current={"id": row["id"], **fixed, **money, **_moving(row, named)},
        version=row["version"],
        moved_on=row["version"] > letter.version,
        said=_said(letter.own, named),
    )


def _recipient_of(row: Row) -> dict[str, str] | None:
    return orjson.loads(row["recipient"]) if row["recipient"] else None


def _named(row: Row, recipient: Mapping[str, str] | None) -> Mapping[str, str]:
    """What is known of the payee."""
    return recipient or {"holder": row["holder"] or "", "account_number": row["account_number"] or ""}


def _cleaned(text: str | None, named: Mapping[str, str]) -> str | None:
    return masked_text(without_names(text, named))


def _said(own: Form, named: Mapping[str, str]) -> dict[str, object]:
    """The reason that the event gave, without the payee: people write names into it."""
    return {REASON: _cleaned(_text(own[REASON]), named)} if REASON in own else {}


def _moving(row: Row, named: Mapping[str, str]) -> dict[str, object]:
    times = ("completed_at", "failed_at", "canceled_at", "returned_at", "settled_at")
    return {
        "status": row["status"],
        "reason": row["reason"],
        "version": row["version"],
        "attempt": row["attempt_count"],
        "failure_code": row["failure_code"],
        REASON: _cleaned(row[REASON], named),
        "bank_reference_id": masked_text(row["bank_reference_id"]),
        "expected_settlement_date": row["expected_settlement_date"],
        "updated_at": rfc3339(row["updated_at"]),
        **{name: rfc3339_or_none(row[name]) for name in times},
    }


def _recipient(row: Row, recipient: Mapping[str, str] | None) -> dict[str, str] | None:
    if recipient is not None:
        return masked_recipient(recipient)
    return {"type": "bank_account", "account": masked(row["account_number"])} if row["account_number"] else None


def batch_state(letter: Letter, row: Row | None, cells: Cells) -> State | None:
    """A batch as it stands now with its counts and sums, which is always told beside what the event said."""
    if row is None or row["last_offset"] < letter.order // (1 << 20):
        return None
    batch = Batch(
        id=row["id"],
        merchant_id=row["merchant_id"],
        created_at=row["created_at"],
        phase=BatchPhase(row["phase"]),
        name=row["name"],
        reference=row["reference"],
        funding=Funding(row["funding"]),
        on_row_failure=OnRowFailure(row["on_row_failure"]),
        source=row["source"],
        submit=row["submit"],
        row_count=row["row_count"],
        released_at=row["released_at"],
        stopped_at=row["stopped_at"],
    )
    refusal = {"refusal_code": row["refusal_code"], "refusal_detail": masked_text(row["refusal_detail"])}
    form = batch_view(batch, cells, waiting_rows=row["waiting_rows"], updated_at=row["updated_at"], **refusal)
    form["attention_reason"] = masked_text(_text(form["attention_reason"]))
    del form["idempotency_key"], form["version"]  # the letter's version counts what was told of the batch, which is more
    return State(
        facts={"name": row["name"], "reference": row["reference"]}, current=form, version=letter.version, moved_on=True
    )


def balance_state(letter: Letter, rows: Iterable[Row]) -> State:
    """A balance as it is now; its version counts the entries that made it."""
    currency = _id(letter)
    held = {row["account"]: row for row in rows}
    minor = {name: held[name]["balance_minor"] if name in held else 0 for name in (AVAILABLE, HELD)}
    form: dict[str, object] = {"currency": currency}
    for name, amount in {**minor, "total": sum(minor.values())}.items():
        form |= {name: format_amount(amount, currency), f"{name}_minor": amount}
    version = sum(row["entry_count"] for row in held.values())
    return State(facts=form, current=form, version=version, moved_on=False)


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _id(letter: Letter) -> str:
    return letter.subject.partition(":")[2]
