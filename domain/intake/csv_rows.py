"""Rows of a CSV file, read by column name (BAT-03, BAT-05).

Owns the column names and the fast way through a good row; a bad row is read again by the request's own rules, so that codes and texts are
the same on every channel. Must not know files or encodings: cells come as text.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any

from domain.intake.amounts import currency_fault
from domain.intake.batch_rows import of_batch
from domain.intake.faults import Fault
from domain.intake.payout import PayoutRequest, read_payout
from domain.intake.phones import is_mobile
from domain.intake.recipients import KEYS_MAX
from domain.intake.text import REFERENCE_MAX, VALUE_MAX, has_forbidden
from schemas.currencies import Currencies
from schemas.forms import PayoutForm
from schemas.money import MoneyError, parse_amount

SYNONYMS = {
    "phone": "msisdn",
    "phone_number": "msisdn",
    "mobile": "msisdn",
    "account": "account_number",
    "ccy": "currency",
    "memo": "description",
}
REQUEST_COLUMNS = frozenset(
    {"amount", "amount_minor", "amount_paise", "currency", "bank_account_id", "reference", "description", "merchant_id"}
)
COLUMNS_MAX = 40

_COLUMN_NAME = re.compile(r"[a-z][a-z0-9_ -]{0,63}")
_GROUPED = re.compile(r"[0-9]+[.,'][0-9]{3}(?:[.,'][0-9]+)?|[0-9]*,[0-9]+")

Reader = Callable[[Sequence[str], int], PayoutForm | list[Fault]]


class Plan:
    """How the cells of one file's rows become requests; made once from its header."""

    def __init__(
        self, columns: list[str], currencies: Currencies, default_currency: str | None, owner: str | None = None
    ) -> None:
        """`columns` are the request's names, in the file's order; `owner` is whose the file is, no row may name another (BAT-01)."""
        self.columns = columns
        self._owner = owner
        self._currencies = currencies
        self._default_currency = default_currency
        self._width = len(columns)
        place = {name: index for index, name in enumerate(columns)}
        self._extras = [(name, at) for name, at in place.items() if name not in REQUEST_COLUMNS and name != "msisdn"]
        self._number_at, self._amount_at, self._currency_at = map(place.get, ("msisdn", "amount", "currency"))
        self._reference_at, self._description_at = map(place.get, ("reference", "description"))
        self._merchant_at = place.get("merchant_id")
        account = {"account_number", "iban", "bank_account_id", "type", "ifsc", "amount_minor", "amount_paise"}
        self._fast = not account & set(columns) and len(self._extras) < KEYS_MAX

    def read(self, cells: Sequence[str], row: int) -> PayoutForm | list[Fault]:
        """One row (numbered from 1, the header not counted)."""
        if len(cells) != self._width:
            detail = f"has {len(cells)} cells, the header has {self._width}; look for a missing or extra separator"
            return [Fault(pointer=f"/rows/{row - 1}", code="ragged_row", detail=detail, row=row)]
        if self._fast:
            form = self._read_fast(cells)
            if form is not None:
                return form
        return self._read_slowly(cells, row)

    def _read_fast(self, cells: Sequence[str]) -> PayoutForm | None:
        """A good mobile-money row in one pass; None for anything that needs a closer look."""
        if self._number_at is None or self._amount_at is None:
            return None
        number, text = cells[self._number_at], "".join(cells)
        currency = cells[self._currency_at] if self._currency_at is not None else self._default_currency
        if (
            currency is None
            or currency not in self._currencies
            or not is_mobile(number)
            or has_forbidden(text, one_line=True)
        ):
            return None
        reference = cells[self._reference_at] or None if self._reference_at is not None else None
        description = cells[self._description_at] or None if self._description_at is not None else None
        if reference is not None and len(reference) > REFERENCE_MAX:
            return None
        if self._merchant_at is not None and cells[self._merchant_at] not in {"", self._owner}:
            return None
        if len(text) > VALUE_MAX and max(map(len, cells)) > VALUE_MAX:
            return None
        try:
            minor = parse_amount(cells[self._amount_at], currency)
        except MoneyError:
            return None
        if minor > self._currencies[currency]:
            return None
        recipient = {"type": "mobile_money", "msisdn": number}
        for name, at in self._extras:
            if cells[at]:
                recipient[name] = cells[at]
        return PayoutForm(
            amount_minor=minor, currency=currency, recipient=recipient, reference=reference, description=description
        )

    def _read_slowly(self, cells: Sequence[str], row: int) -> PayoutForm | list[Fault]:
        raw, faults = self._request(cells)
        read = of_batch(read_payout(raw, currencies=self._currencies), raw, self._owner)
        if isinstance(read, PayoutRequest) and not faults:
            return read.form
        said = {fault.pointer for fault in faults}
        faults += [fault for fault in read if fault.pointer not in said] if isinstance(read, list) else []
        return [
            Fault(pointer=f"/rows/{row - 1}{f.pointer}", code=f.code, detail=f.detail, row=row, column=_column(f.pointer))
            for f in faults
        ]

    def _request(self, cells: Sequence[str]) -> tuple[dict[str, Any], list[Fault]]:
        raw: dict[str, Any] = {}
        details: dict[str, str] = {}
        faults: list[Fault] = []
        for name, cell in zip(self.columns, cells, strict=True):
            if cell == "":
                continue
            if name not in REQUEST_COLUMNS:
                details[name] = cell
            elif name in {"amount_minor", "amount_paise"}:
                raw[name] = int(cell) if cell.isascii() and cell.isdigit() and len(cell) <= 18 else cell
            else:
                raw[name] = cell
        if details:
            raw["recipient_details"] = details
        if "currency" not in raw and self._default_currency is not None and "amount_paise" not in raw:
            raw["currency"] = self._default_currency
        if _GROUPED.fullmatch(str(raw.get("amount", ""))) and "," in raw["amount"]:
            detail = (
                "can be read two ways; send the field number_format (such as 1,000.00 or 1.000,00), or write it as 1000.00"
            )
            faults.append(Fault(pointer="/amount", code="ambiguous_number", detail=detail))
        return raw, faults


def read_header(
    cells: Sequence[str], *, currencies: Currencies, default_currency: str | None = None, owner: str | None = None
) -> Plan | list[Fault]:
    """The plan of a file from its first row, or all that is wrong with it. `owner` is whose the file is."""
    columns = [_canonical(cell) for cell in cells]
    faults = _header_faults(columns)
    if default_currency is not None and (fault := currency_fault(default_currency, currencies)) is not None:
        faults.append(fault)
    if not faults and "currency" not in columns and default_currency is None and "amount_paise" not in columns:
        faults.append(_fault("currency", "a column `currency` is missing; add it, or name the currency of the whole file"))
    return faults or Plan(columns, currencies, default_currency, owner)


def _header_faults(columns: list[str]) -> list[Fault]:
    """Columns by their numbers: where the header is missing, their names are a payee's (SEC-08)."""
    if len(columns) > COLUMNS_MAX:
        return [_fault("", f"the file has {len(columns)} columns; at most {COLUMNS_MAX} are read")]
    faults = []
    for index, name in enumerate(columns):
        if not _COLUMN_NAME.fullmatch(name):
            faults.append(
                _fault(str(index + 1), f"column {index + 1} has no usable name; the first row must name the columns")
            )
        elif name in columns[:index]:
            first = columns.index(name) + 1
            faults.append(_fault(str(index + 1), f"column {index + 1} has the name of column {first}; keep one"))
    if not {"amount", "amount_minor", "amount_paise"} & set(columns):
        faults.append(_fault("amount", "a column `amount` is missing"))
    if not {"msisdn", "account_number", "iban", "bank_account_id"} & set(columns):
        faults.append(_fault("msisdn", "a column for the payee is missing: msisdn, account_number, iban or bank_account_id"))
    return faults


def _canonical(cell: str) -> str:
    name = cell.strip().lower().replace(" ", "_").replace("-", "_")
    return SYNONYMS.get(name, name)


def _fault(column: str, detail: str) -> Fault:
    return Fault(pointer="/header", code="header_invalid", detail=detail, row=0, column=column)


def _column(pointer: str) -> str:
    return pointer.rsplit("/", 1)[-1]
