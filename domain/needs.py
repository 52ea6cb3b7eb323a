"""What a command names, so that the shell can fetch what memory lacks before the decision.

Owns the list of names per command. Never raises, whatever the command holds. Must not fetch.
"""

from collections.abc import Container, Iterable

from msgspec import Struct

from schemas import commands
from schemas.commands import CommandRecord
from schemas.forms import PayoutForm
from schemas.ids import BATCH_ROWS_MAX, is_uuid, row_payout_id


class Needs(Struct):
    """Names per kind; keys, references and credits belong to the command's merchant."""

    payout_ids: list[str] = []
    batch_ids: list[str] = []
    keys: list[str] = []
    references: list[str] = []
    credit_references: list[str] = []


def needs(record: CommandRecord, known: Container[str] = ()) -> Needs:
    """The names in one command, without the payouts in `known`. What exists under none of them is news."""
    found = _of_body(record.body, known)
    if record.key is not None:
        found.keys.append(record.key)
    return found


def _of_body(body: commands.Command, known: Container[str]) -> Needs:
    match body:
        case commands.RequestPayout():
            return Needs(_ids([body.payout_id], known), [], [], _references([body.form]))
        case commands.AddRows():
            return Needs(_row_ids(body, known), _ids([body.batch_id]), [], _references(body.rows))
        case commands.OpenBatch() | commands.SealBatch() | commands.CancelBatch():
            return Needs([], _ids([body.batch_id]), [])
        case commands.StartAttempts() | commands.RetryDue() | commands.TimeOutAttempts():
            return Needs(_ids(body.payout_ids, known), _ids([body.batch_id or ""]), [])
        case commands.RecordAnswers():
            return Needs(_ids((answer.payout_id for answer in body.answers), known), [], [])
        case commands.EditPayout() | commands.CancelPayout():
            return Needs(_ids([body.payout_id], known), [], [])
        case commands.CreditMerchant():
            return Needs([], [], [], [], [body.reference])
        case commands.OpenMerchant() | commands.ChangeMerchant() | commands.AddBankAccount() | commands.ChangeBankAccount():
            return Needs([], [], [])
        case commands.CloseBankAccount() | commands.StartVerification() | commands.RecordDeposit():
            return Needs([], [], [])
        case commands.ConfirmVerification():
            return Needs([], [], [])


def _ids(names: Iterable[str], known: Container[str] = ()) -> list[str]:
    """Those that can be ids at all: what is no UUID exists nowhere, and must not reach a database."""
    return [name for name in names if name not in known and is_uuid(name)]


def _row_ids(body: commands.AddRows, known: Container[str]) -> list[str]:
    rows = range(max(body.first_row, 1), min(body.first_row + len(body.rows) - 1, BATCH_ROWS_MAX) + 1)
    named = [row_payout_id(body.batch_id, row) for row in rows] if is_uuid(body.batch_id) else []
    return [name for name in named if name not in known]


def _references(forms: list[PayoutForm]) -> list[str]:
    return [form.reference for form in forms if form.reference is not None]
