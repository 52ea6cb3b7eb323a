"""Rows of a request that go while the others stay out (`on_invalid_rows` `accept_valid`, BAT-09).

Owns that each row keeps the number that it has in the request, how many stay out and why, and their sums as far as they can be read: what
is declared is all that was sent (BAT-07). Must not know how one row is read, nor who else knows something against it.
"""

from collections.abc import Callable, Iterable, Mapping

import msgspec
from msgspec import Struct, structs

from domain.intake.amounts import Amount, read_amount
from domain.intake.faults import Fault, as_errors, row_fault
from schemas.currencies import enabled
from schemas.forms import PayoutForm, RefusedRows
from schemas.money import EXPONENTS

FAULTS_LISTED = 1000
"""As many as of a file; of the others their number is told."""
LISTED_BYTES_MAX = 256 * 1024
"""So that they fit a record beside the rows that go, and the answer that names them."""
REPEATED = "duplicate_reference"
_READABLE = enabled(EXPONENTS)

ReadRow = Callable[[object], PayoutForm | list[Fault]]


class ValidRows(Struct, frozen=True, kw_only=True):
    """The rows that go, by number (from 1), and what is told of those that stay out: `count` rows with `fault_count` faults."""

    good: dict[int, PayoutForm]
    faults: list[Fault] = []
    count: int = 0
    fault_count: int = 0
    sums_minor: dict[str, int] = {}

    def without(self, found: Mapping[int, list[Fault]]) -> "ValidRows":
        """The same, but that these rows stay out too, and why."""
        if not found:
            return self
        sums = dict(self.sums_minor)
        for number in found:
            form = self.good[number]
            sums[form.currency] = sums.get(form.currency, 0) + form.amount_minor
        faults = sorted([*self.faults, *(fault for told in found.values() for fault in told)], key=_by_row)
        return ValidRows(
            good={number: form for number, form in self.good.items() if number not in found},
            faults=faults[:FAULTS_LISTED],
            count=self.count + len(found),
            fault_count=self.fault_count + sum(map(len, found.values())),
            sums_minor=sums,
        )

    @property
    def refused(self) -> RefusedRows | None:
        """What the log is told of the rows that stay out; None if none does."""
        if not self.count:
            return None
        errors = list(_within(as_errors(self.faults)))
        return RefusedRows(count=self.count, sums_minor=self.sums_minor, fault_count=self.fault_count, errors=errors)

    @property
    def numbers(self) -> list[int] | None:
        """The numbers of the rows that go; None where no row stays out, and they are those that they get."""
        return list(self.good) if self.count else None


def valid_rows(rows: list[object], read: ReadRow) -> ValidRows:
    """Which rows go by themselves. A row's faults point into the request."""
    good: dict[int, PayoutForm] = {}
    faults: list[Fault] = []
    fault_count = 0
    sums: dict[str, int] = {}
    for number, row in enumerate(rows, 1):
        found = read(row)
        if isinstance(found, PayoutForm):
            good[number] = found
            continue
        fault_count += len(found)
        if len(faults) < FAULTS_LISTED:
            faults += [_of_row(number, fault) for fault in found]
        if (asked := _asked(row)) is not None:
            sums[asked.currency] = sums.get(asked.currency, 0) + asked.minor
    count = len(rows) - len(good)
    return ValidRows(good=good, faults=faults[:FAULTS_LISTED], count=count, fault_count=fault_count, sums_minor=sums)


def first_of_each(rows: ValidRows) -> ValidRows:
    """Of rows that have the same reference the first goes; the others stay out (BAT-08)."""
    first: dict[str, int] = {}
    found: dict[int, list[Fault]] = {}
    for number, form in rows.good.items():
        if form.reference is not None and first.setdefault(form.reference, number) != number:
            detail = f"is the reference of row {first[form.reference]} too; each row needs its own"
            found[number] = [_of_row(number, Fault(pointer="/reference", code=REPEATED, detail=detail))]
    return rows.without(found)


def _asked(row: object) -> Amount | None:
    """What a row asks for, as far as that can be read: as of a file, also in a currency that cannot be paid."""
    amount = read_amount(row, _READABLE) if isinstance(row, Mapping) else None
    return amount if isinstance(amount, Amount) else None


def _of_row(number: int, fault: Fault) -> Fault:
    column = fault.pointer.strip("/")
    told = row_fault(number, column, fault)
    return told if column else structs.replace(told, column=None)


def _by_row(fault: Fault) -> int:
    return fault.row or 0


def _within(errors: Iterable[dict[str, str]]) -> Iterable[dict[str, str]]:
    left = LISTED_BYTES_MAX
    for error in errors:
        left -= len(msgspec.json.encode(error))
        if left < 0:
            return
        yield error
