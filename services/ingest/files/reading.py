"""From the rows of a file to requests: its columns found, corrections laid over, numbers put in plain form, then the rules of every row.

Owns that order. A row that needs nothing of it goes straight to the rules. Must not know where the file or the corrections are kept.
"""

from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any

from msgspec import structs

from domain.intake.columns import Columns, find_columns, unknown_columns
from domain.intake.csv_rows import Plan, read_header
from domain.intake.faults import Fault, shown
from domain.intake.numbers import PLAIN, is_two_ways, plain_number
from domain.intake.spreadsheet import ESCAPED, unescaped
from schemas.currencies import Currencies
from schemas.forms import PayoutForm
from schemas.money import EXPONENTS
from services.ingest.staging.upload_record import FileOptions

Corrections = Mapping[int, Mapping[str, str]]
AMBIGUOUS = "ambiguous_number"
REPEATED = "duplicate_reference"


class Reading:
    """How one file's rows become requests; made once from its header. Raises nothing: `faults` says what is wrong with the header."""

    def __init__(
        self,
        header: Sequence[str],
        options: FileOptions,
        currencies: Currencies,
        owner: str,
        corrections: Corrections | None = None,
    ) -> None:
        """`owner`: whose the file is. `corrections`: row number to cells by field."""
        self.columns: Columns = find_columns(header, options.mapping, options.remembered)
        plan = read_header(self.columns.names, currencies=currencies, default_currency=options.currency, owner=owner)
        self.faults: list[Fault] = unknown_columns(header, options.mapping)
        self.faults += self._as_the_file_says(plan) if isinstance(plan, list) else []
        self._plan = plan if isinstance(plan, Plan) else None
        self.fields = plan.columns if isinstance(plan, Plan) else []
        self._options = options
        self._corrections = corrections or {}
        self._pick = self._picker()
        self._amount_at = self.fields.index("amount") if "amount" in self.fields else None
        self._currency_at = self.fields.index("currency") if "currency" in self.fields else None
        wide = any(EXPONENTS[code] > 2 for code in currencies)
        self._looks_twice = self._amount_at is not None and (
            options.number_format != PLAIN or (wide and not options.number_format_chosen)
        )
        self._straight = self.columns.is_whole and not self._looks_twice and not self._corrections

    def read(self, cells: Sequence[str], row: int) -> PayoutForm | list[Fault]:
        """One row, numbered from 1 below the header."""
        assert self._plan is not None, "a header with faults has no rows"
        if self._straight:
            read = self._plan.read(cells, row)
            return read if isinstance(read, PayoutForm) else self.named(read)
        picked = self.picked(cells, row)
        if picked is None:
            detail = f"has {len(cells)} cells, the header has {self.columns.width}; look for a missing or extra separator"
            return [Fault(pointer=f"/rows/{row - 1}", code="ragged_row", detail=detail, row=row)]
        faults = self._plain(picked, row) if self._looks_twice else []
        read = self._plan.read(picked, row)
        if faults:
            others = [fault for fault in read if fault.column != "amount"] if isinstance(read, list) else []
            return self.named([*faults, *others])
        return read if isinstance(read, PayoutForm) else self.named(read)

    def picked(self, cells: Sequence[str], row: int) -> list[str] | None:
        """The cells that are read, in the order of `fields`, with what was corrected in them; None for a ragged row."""
        corrected = self._corrections.get(row)
        if len(cells) != self.columns.width:
            if corrected is None or len(corrected) < len(self.fields):
                return None
            return [corrected[field] for field in self.fields]
        picked = list(self._pick(cells))
        if self.columns.form_at is not None and cells[self.columns.form_at] == ESCAPED:
            picked = [unescaped(cell) for cell in picked]
        if corrected is not None:
            picked = [corrected.get(field, cell) for field, cell in zip(self.fields, picked, strict=True)]
        return picked

    def cell_of(self, field: str, cells: Sequence[str], row: int) -> str | None:
        """The cell of a row that cannot be taken, where that much can be read."""
        picked = self.picked(cells, row) if field in self.fields else None
        return picked[self.fields.index(field)] if picked is not None else None

    def repeated(self, row: int, first: int) -> Fault:
        """The fault of a row whose reference an earlier one has (BAT-08)."""
        detail = f"is the reference of row {first} too; each row needs its own"
        pointer = f"/rows/{row - 1}/reference"
        return self.named([Fault(pointer=pointer, code=REPEATED, detail=detail, row=row, column="reference")])[0]

    def amount_of(self, cells: Sequence[str], row: int) -> tuple[str, str] | None:
        """(currency, plain decimal text) that a row that cannot be taken asks for, where that much can be read."""
        picked = self.picked(cells, row)
        if picked is None or self._amount_at is None or self._plain(picked, row):
            return None
        currency = picked[self._currency_at] if self._currency_at is not None else self._options.currency
        return (currency, picked[self._amount_at]) if currency else None

    def _picker(self) -> Any:
        places = self.columns.places
        if self.columns.is_whole:
            return list
        return itemgetter(*places) if len(places) > 1 else lambda cells: [cells[at] for at in places]

    def _plain(self, picked: list[str], row: int) -> list[Fault]:
        """Put the amount into plain form; what is wrong with it."""
        assert self._amount_at is not None
        text, written = picked[self._amount_at], self._options.number_format
        if not text:
            return []
        plain = plain_number(text, written)
        if plain is not None and not (written == PLAIN and self._is_two_ways(picked)):
            picked[self._amount_at] = plain
            return []
        if plain is None:
            detail = f"{text[:40]!r} is no number written as {written}"
        else:
            detail = (
                f"{text!r} can be read two ways; send the field number_format (1000.00 if it is a point before decimals)"
            )
        return [Fault(pointer=f"/rows/{row - 1}/amount", code=AMBIGUOUS, detail=detail, row=row, column="amount")]

    def _is_two_ways(self, picked: list[str]) -> bool:
        if self._options.number_format_chosen or self._amount_at is None:
            return False
        currency = picked[self._currency_at] if self._currency_at is not None else self._options.currency
        return is_two_ways(picked[self._amount_at], EXPONENTS.get(currency or "", 0))

    def named(self, faults: list[Fault]) -> list[Fault]:
        """Faults with the names that the file's own header gives its columns."""
        own = dict(zip(self.fields, self.columns.own, strict=True))
        return [structs.replace(f, column=shown(own[f.column])) if f.column in own else f for f in faults]

    def _as_the_file_says(self, faults: list[Fault]) -> list[Fault]:
        hint = "; or say by the field mapping what each column is"
        return [
            structs.replace(f, detail=f.detail + hint) if "missing" in f.detail or "usable" in f.detail else f
            for f in faults
        ]
