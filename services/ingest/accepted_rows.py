"""Rows of a JSON request that go while the others stay out (`accept_valid`, BAT-09): what is left once the views are asked, as of a file.

Owns the order of the two questions: what the views know against rows, and only then which have the same reference. What the views do not
know yet the processor finds, and refuses all. Must not know how rows are read.
"""

from contextlib import closing

from domain.intake.faults import Fault
from domain.intake.valid_rows import ValidRows, first_of_each
from services.ingest.edge import Edge
from services.ingest.files.fault_book import FaultBook
from services.ingest.files.names import Names
from services.ingest.known_rows import KnownRows, OwnBatch
from services.ingest.name_pages import NamePages
from services.ingest.problems import problem_of


async def accepted(edge: Edge, rows: ValidRows, own: OwnBatch) -> ValidRows:
    """The rows that go. Raises ProblemError `invalid_rows` if none does."""
    left = first_of_each(rows.without(await _known(edge, rows, own)))
    if not left.good:
        raise problem_of(left.faults, "invalid_rows")
    return left


async def _known(edge: Edge, rows: ValidRows, own: OwnBatch) -> dict[int, list[Fault]]:
    """What the views know against rows, by their numbers."""
    with closing(Names(edge.temp_dir)) as names:
        pages = NamePages(names)
        _name(names, rows)
        if not names.are_any:
            return {}
        pages.end()
        with closing(FaultBook(edge.temp_dir)) as book:
            await KnownRows(edge.store, edge.submitter.waiting, own).find(pages, lambda: book)
            found: dict[int, list[Fault]] = {}
            for fault in book.again():
                found.setdefault(fault.row or 0, []).append(fault)
            return found


def _name(names: Names, rows: ValidRows) -> None:
    for number, form in rows.good.items():
        if form.reference is not None or form.bank_account_id is not None:
            names.add(number, form.reference, form.bank_account_id)
