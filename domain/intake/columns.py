"""Which column of a file is which field (BAT-04): by the client's own choice, by what the merchant chose before, by usual names.

Owns the synonyms of column names, in the languages of common bank exports, and the order of precedence. A column of ours (`payflow_...`) in
a file that comes back is left out, but for the row number. Must not know cells or files.
"""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from domain.intake.faults import Fault, shown, step

IGNORED = "ignore"
OURS = "payflow_"
ROW = "payflow_row"
FORM = "payflow_form"
MAPPED_MAX = 40
_FIELD = re.compile(r"[a-z][a-z0-9_]{0,63}")
_GAPS = re.compile(r"[\W_]+")

USUAL_NAMES = {
    "amount": "amt betrag montant importe monto importo valor kwota bedrag сумма payment_amount transaction_amount instructed_amount "
    "transfer_amount amount_to_pay net_pay net_salary",
    "currency": "curr currency_code payment_currency transaction_currency währung waehrung devise moneda divisa valuta waluta валюта",
    "msisdn": "phone_no mobile_number mobile_no mobile_phone telephone wallet wallet_number wallet_id recipient_phone "
    "beneficiary_phone telefon teléfono телефон",
    "iban": "beneficiary_iban creditor_iban recipient_iban payee_iban empfänger_iban iban_empfänger iban_begünstigter iban_bénéficiaire "
    "iban_beneficiario iban_number",
    "account_number": "account_no acc_no acct_no acct_number beneficiary_account beneficiary_account_no beneficiary_account_number "
    "bene_account bank_account bank_account_number creditor_account payee_account kontonummer numéro_de_compte número_de_cuenta "
    "numero_de_cuenta conto rekeningnummer номер_счета номер_счёта",
    "name": "beneficiary beneficiary_name bene_name creditor creditor_name payee payee_name recipient recipient_name full_name "
    "employee_name account_name account_holder empfänger empfaenger begünstigter bénéficiaire beneficiario begunstigde получатель",
    "reference": "ref payment_reference payment_ref customer_reference your_reference end_to_end_id endtoendid end_to_end_reference "
    "invoice invoice_no invoice_number referenz référence referencia riferimento",
    "description": "narration narrative remark remarks details payment_details remittance_information verwendungszweck motif libellé "
    "concepto causale omschrijving назначение_платежа",
    "bic": "swift swift_code swift_bic bic_swift bic_code beneficiary_bic creditor_bic",
    "ifsc": "ifsc_code beneficiary_ifsc",
    "bank_name": "bank beneficiary_bank",
}
"""Field -> other names that columns for it have; one gives way when the file also has a column of the field's own name."""

_FIELD_OF = {name: field for field, names in USUAL_NAMES.items() for name in names.split()}


class Columns(NamedTuple):
    """The columns of a file that are read: our names, the file's own names, and their places in a row; and where our own stand."""

    names: list[str]
    own: list[str]
    places: list[int]
    width: int
    row_at: int | None
    form_at: int | None

    @property
    def is_whole(self) -> bool:
        """Whether a row is read as it stands."""
        return len(self.places) == self.width


def fold(name: str) -> str:
    """A column's name without what people write differently: case, blanks, dots, hyphens."""
    return _GAPS.sub("_", name.strip().casefold()).strip("_")


def find_columns(header: Sequence[str], chosen: Mapping[str, str], remembered: Mapping[str, str]) -> Columns:
    """What each column of a header is. `chosen` and `remembered` map folded names to fields or IGNORED; what is chosen goes first."""
    folded = [fold(cell) for cell in header]
    given = [_given(cell, name, chosen, remembered) for cell, name in zip(header, folded, strict=True)]
    taken = {field for field in given if field is not None} | set(folded)
    usual = [None if field is not None else _FIELD_OF.get(name) for field, name in zip(given, folded, strict=True)]
    fields = [
        field or (other if other is not None and other not in taken and usual.count(other) == 1 else cell)
        for field, other, cell in zip(given, usual, header, strict=True)
    ]
    kept = [at for at, field in enumerate(fields) if field != IGNORED]
    return Columns(
        names=[fields[at] for at in kept],
        own=[header[at] for at in kept],
        places=kept,
        width=len(header),
        row_at=folded.index(ROW) if ROW in folded else None,
        form_at=folded.index(FORM) if FORM in folded else None,
    )


def _given(cell: str, name: str, chosen: Mapping[str, str], remembered: Mapping[str, str]) -> str | None:
    if cell.strip().startswith(OURS):
        return IGNORED
    return chosen.get(name) or remembered.get(name)


def read_mapping(raw: object) -> dict[str, str] | list[Fault]:
    """`{"Betrag": "amount", "Filiale": "ignore"}`, by folded name; or all that is wrong with it."""
    if not isinstance(raw, Mapping):
        return [Fault(pointer="", detail='must be an object such as {"Betrag": "amount", "Filiale": "ignore"}')]
    if len(raw) > MAPPED_MAX:
        return [Fault(pointer="", detail=f"may name at most {MAPPED_MAX} columns")]
    faults = [_mapping_fault(str(column), field) for column, field in raw.items() if not _is_field(field)]
    return faults or {fold(str(column)): str(field) for column, field in raw.items()}


def unknown_columns(header: Sequence[str], chosen: Mapping[str, str]) -> list[Fault]:
    """Faults for columns that were mapped and are not there: most likely a slip in their name."""
    there = {fold(cell) for cell in header}
    return [
        Fault(
            pointer=f"/mapping{step(name)}",
            detail="names a column that the file does not have",
            column=shown(name),
        )
        for name in chosen
        if name not in there
    ]


def _is_field(field: object) -> bool:
    return isinstance(field, str) and _FIELD.fullmatch(field) is not None and not field.startswith(OURS)


def _mapping_fault(column: str, _field: object) -> Fault:
    detail = "must name a field such as amount, currency, msisdn, iban, account_number, reference, or ignore"
    return Fault(pointer=step(column), detail=detail)
