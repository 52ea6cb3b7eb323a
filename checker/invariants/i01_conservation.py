"""I1: postings sum to zero per event and per currency, so also at every prefix; and in the SQL rows too.

Owns the sums. Integers only: a number with a point on the log is a violation.
"""

from checker.evidence import Evidence, Record
from checker.fold.book import Book
from checker.fold.names import Json
from checker.fold.walk import Watcher, walk
from checker.verdict import Verdict

LARGEST = 2**63 - 1


class Conservation(Watcher):
    """Adds up every event's postings."""

    name = "I1"

    def before(self, book: Book, record: Record, event: Json) -> None:
        """One event's legs."""
        legs = event.get("postings") or []
        sums: dict[str, int] = {}
        for leg in legs:
            amount = leg.get("amount_minor")
            whole = type(amount) is int and amount != 0 and abs(amount) <= LARGEST
            if self.found.need(whole, record.place, f"a posting of {amount!r} to {leg.get('account')}"):
                sums[leg["currency"]] = sums.get(leg["currency"], 0) + amount
        wrong = {currency: total for currency, total in sums.items() if total}
        if wrong:
            self.found.fail(record.place, f"postings of {event.get('type')} sum to {wrong}")

    def finish(self, book: Book) -> None:
        """The rows."""
        for side in ("sql", "sql_rebuilt"):
            rows = self.evidence.table(side, "ledger_entries")
            if rows is None:
                if side == "sql":
                    self.found.lack("sql/ledger_entries.jsonl is missing")
                continue
            self._add_rows(side, rows)  # type: ignore[arg-type]

    def _add_rows(self, side: str, rows: list[Json]) -> None:
        per_record: dict[str, int] = {}
        place: tuple[int, int] | None = None
        for row in rows:
            here = (row["partition"], row["offset"])
            if here != place:
                self._close(side, place, per_record)
                place, per_record = here, {}
            self.found.look()
            per_record[row["currency"]] = per_record.get(row["currency"], 0) + row["amount_minor"]
        self._close(side, place, per_record)

    def _close(self, side: str, place: tuple[int, int] | None, sums: dict[str, int]) -> None:
        if any(sums.values()) and place is not None:
            self.found.fail(f"{side}/ledger_entries", f"entries of events/{place[0]}/{place[1]} sum to {sums}")


def judge(evidence: Evidence) -> Verdict:
    """The verdict on I1."""
    return walk(evidence, [Conservation(evidence)])["I1"]
