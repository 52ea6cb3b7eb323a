"""What became of each row of a file: refused at the check, not submitted, or what the views say of its payout (BAT-14).

Owns the pairing. A row's payout is the one of its number in the batch; rows that were left out (`accept_valid`) have none, and those behind
them move up. Must not know the form of the result.
"""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import NamedTuple

from domain.intake.faults import Fault
from schemas.ids import row_payout_id


class PayoutOutcome(NamedTuple):
    """What the views say of one row."""

    id: str
    status: str
    reason: str | None
    failure_code: str | None
    failure_reason: str | None
    bank_reference_id: str | None
    settlement_date: str | None


class Outcome(NamedTuple):
    """The outcome columns of one row."""

    row: int
    payout_id: str
    status: str
    code: str
    text: str
    provider_reference: str
    settlement_date: str


REFUSED = "refused"
NOT_SUBMITTED = "not_submitted"
FIELDS = ("row", "payout_id", "status", "code", "text", "provider_reference", "settlement_date")

ReadOutcomes = Callable[[str, str], Awaitable[list[PayoutOutcome]]]
"""(the first payout id, the last): the outcomes from one to the other, in any order."""


class Outcomes:
    """Outcomes of a file's rows, in order of row, page by page."""

    def __init__(self, batch_id: str, faults: Iterator[Fault], read: ReadOutcomes, *, submitted: bool) -> None:
        """`faults` are those of the check, by row."""
        self._batch_id = batch_id
        self._faults = _by_row(faults)
        self._due = next(self._faults, None)
        self._read = read
        self._submitted = submitted
        self._row = 0
        self._taken = 0

    async def next(self, count: int) -> list[Outcome]:
        """Those of the next `count` rows."""
        places = [self._place() for _ in range(count)]
        wanted = sum(1 for _, fault in places if fault is None)
        found = await self._page(wanted) if self._submitted and wanted else {}
        return [self._of_fault(row, fault) if fault else self._of_payout(row, found) for row, fault in places]

    def _place(self) -> tuple[int, Fault | None]:
        self._row += 1
        if self._due is not None and self._due[0] == self._row:
            fault, self._due = self._due[1], next(self._faults, None)
            return self._row, fault
        return self._row, None

    async def _page(self, wanted: int) -> dict[str, PayoutOutcome]:
        first, last = self._taken + 1, self._taken + wanted
        found = await self._read(row_payout_id(self._batch_id, first), row_payout_id(self._batch_id, last))
        return {outcome.id: outcome for outcome in found}

    def _of_fault(self, row: int, fault: Fault) -> Outcome:
        return Outcome(row, "", REFUSED, fault.code, fault.detail, "", "")

    def _of_payout(self, row: int, found: dict[str, PayoutOutcome]) -> Outcome:
        if not self._submitted:
            return Outcome(row, "", NOT_SUBMITTED, "", "", "", "")
        self._taken += 1
        payout_id = row_payout_id(self._batch_id, self._taken)
        seen = found.get(payout_id)
        if seen is None:
            return Outcome(row, payout_id, NOT_SUBMITTED, "", "is not in the views yet, or was not taken", "", "")
        code = seen.failure_code or seen.reason or ""
        return Outcome(
            row,
            payout_id,
            seen.status,
            code,
            seen.failure_reason or "",
            seen.bank_reference_id or "",
            seen.settlement_date or "",
        )


def _by_row(faults: Iterator[Fault]) -> Iterator[tuple[int, Fault]]:
    """The first fault of each row that has one."""
    last = 0
    for fault in faults:
        if fault.row and fault.row > last:
            last = fault.row
            yield last, fault


def texts(outcome: Outcome) -> Sequence[str]:
    """The cells of the outcome columns."""
    return [str(outcome.row), *outcome[1:]]
