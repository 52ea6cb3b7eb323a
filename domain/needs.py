"""What a command names, so that the shell can fetch what memory lacks before the decision.

Owns the list of names per command. Never raises, whatever the command holds. Must not fetch.
"""

from collections.abc import Callable, Container, Sequence

from msgspec import Struct

from schemas import commands
from schemas.commands import CommandRecord
from schemas.forms import PayoutForm
from schemas.ids import BATCH_ROWS_MAX, is_uuid, row_payout_id

Known = Callable[[Sequence[str]], Container[str]]
"""Given ids of payouts, a container of those among them that are known."""


class Needs(Struct):
    """Names per kind; keys, references and credits belong to the command's merchant."""

    payout_ids: list[str] = []
    batch_ids: list[str] = []
    keys: list[str] = []
    references: list[str] = []
    credit_references: list[str] = []


def _none_known(_names: Sequence[str]) -> Container[str]:
    return ()


def needs(record: CommandRecord, known: Known = _none_known, growing: Container[str] = ()) -> Needs:
    """The names in one command, without the payouts in `known`. What exists under none of them is news.

    The rows of the batches in `growing` are known, all that there are.
    """
    found = _of_body(record.body, known, growing)
    if record.key is not None:
        found.keys.append(record.key)
    return found


def _of_body(body: commands.Command, known: Known, growing: Container[str]) -> Needs:
    match body:
        case commands.RequestPayout():
            return Needs(_ids([body.payout_id], known), [], [], _references([body.form]))
        case commands.AddRows():
            rows = [] if body.batch_id in growing else _row_ids(body, known)
            return Needs(rows, _ids([body.batch_id]), [], _references(body.rows))
        case commands.OpenBatch() | commands.SealBatch() | commands.CancelBatch():
            return Needs([], _ids([body.batch_id]), [])
        case commands.StartAttempts() | commands.RetryDue() | commands.TimeOutAttempts():
            return Needs(_ids(body.payout_ids, known), _ids([body.batch_id or ""]), [])
        case commands.RecordAnswers():
            return Needs(_ids([answer.payout_id for answer in body.answers], known), _ids([body.batch_id or ""]), [])
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


def _ids(names: Sequence[str], known: Known = _none_known) -> list[str]:
    """Those that can be ids at all: what is no UUID exists nowhere, and must not reach a database."""
    there = known(names)
    return [name for name in names if name not in there and is_uuid(name)]


def _row_ids(body: commands.AddRows, known: Known) -> list[str]:
    rows = range(max(body.first_row, 1), min(body.first_row + len(body.rows) - 1, BATCH_ROWS_MAX) + 1)
    named = [row_payout_id(body.batch_id, row) for row in rows] if is_uuid(body.batch_id) else []
    there = known(named)
    return [name for name in named if name not in there]


def _references(forms: list[PayoutForm]) -> list[str]:
    return [form.reference for form in forms if form.reference is not None]
