"""What a command names, so that the shell can fetch what memory lacks before the decision.

Owns the list of names per command. Must not fetch.
"""

from msgspec import Struct

from schemas import commands
from schemas.commands import CommandRecord
from schemas.forms import PayoutForm
from schemas.ids import row_payout_id


class Needs(Struct):
    """Names per kind; keys, references and credits belong to the command's merchant."""

    payout_ids: list[str] = []
    batch_ids: list[str] = []
    keys: list[str] = []
    references: list[str] = []
    credit_references: list[str] = []


def needs(record: CommandRecord) -> Needs:
    """The names in one command. What exists under none of them is news."""
    found = _of_body(record.body)
    if record.key is not None:
        found.keys.append(record.key)
    return found


def _of_body(body: commands.Command) -> Needs:
    match body:
        case commands.RequestPayout():
            return Needs([body.payout_id], [], [], _references([body.form]))
        case commands.AddRows():
            ids: list[str] = [
                row_payout_id(body.batch_id, row) for row in range(body.first_row, body.first_row + len(body.rows))
            ]
            return Needs(ids, [body.batch_id], [], _references(body.rows))
        case commands.OpenBatch() | commands.SealBatch() | commands.CancelBatch():
            return Needs([], [body.batch_id], [])
        case commands.StartAttempts() | commands.RetryDue() | commands.TimeOutAttempts():
            return Needs(list(body.payout_ids), [body.batch_id] if body.batch_id else [], [])
        case commands.RecordAnswers():
            return Needs([answer.payout_id for answer in body.answers], [], [])
        case commands.EditPayout() | commands.CancelPayout():
            return Needs([body.payout_id], [], [])
        case commands.CreditMerchant():
            return Needs([], [], [], [], [body.reference])
        case commands.OpenMerchant() | commands.AddBankAccount():
            return Needs([], [], [])


def _references(forms: list[PayoutForm]) -> list[str]:
    return [form.reference for form in forms if form.reference is not None]
