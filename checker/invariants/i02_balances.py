"""I2: each balance is the fold of its entries, from the log and from the rows; and a payout's version counts its changes.

Owns that comparison of accounts. That all other columns agree is I8.
"""

from checker.evidence import Evidence
from checker.fold.book import Book
from checker.fold.walk import Watcher, walk
from checker.verdict import Verdict

Place = tuple[str, str, str]


class Balances(Watcher):
    """Compares every account three ways."""

    name = "I2"

    def finish(self, book: Book) -> None:
        """The log has ended: own fold, entries and balances must agree."""
        balances, entries = self.evidence.table("sql", "balances"), self.evidence.table("sql", "ledger_entries")
        if balances is None or entries is None:
            self.found.lack("sql/balances.jsonl or sql/ledger_entries.jsonl is missing")
            return
        folded: dict[Place, list[int]] = {}
        for row in entries:
            cell = folded.setdefault((row["merchant_id"], row["currency"], row["account"]), [0, 0])
            cell[0] += row["amount_minor"]
            cell[1] += 1
        stored = {
            (row["merchant_id"], row["currency"], row["account"]): [row["balance_minor"], row["entry_count"]]
            for row in balances
        }
        own = {place: [account.balance, account.entries] for place, account in book.accounts.items()}
        self._compare(own, folded, "ledger_entries")
        self._compare(own, stored, "balances")
        self._count_changes()

    def _compare(self, own: dict[Place, list[int]], theirs: dict[Place, list[int]], table: str) -> None:
        for place in sorted(own.keys() | theirs.keys()):
            mine, other = own.get(place), theirs.get(place)
            self.found.need(
                mine == other,
                f"sql/{table} {'/'.join(place)}",
                f"[balance, entries] are {other}, the log gives {mine}",
            )

    def _count_changes(self) -> None:
        payouts, changes = self.evidence.table("sql", "payouts"), self.evidence.table("sql", "payout_changes")
        if payouts is None or changes is None:
            self.found.lack("sql/payouts.jsonl or sql/payout_changes.jsonl is missing")
            return
        counted: dict[str, int] = {}
        for row in changes:
            counted[row["payout_id"]] = counted.get(row["payout_id"], 0) + 1
        for row in payouts:
            changed = counted.get(row["id"], 0)
            self.found.need(
                row["version"] == changed, f"sql/payouts {row['id']}", f"version {row['version']}, but {changed} changes"
            )


def judge(evidence: Evidence) -> Verdict:
    """The verdict on I2."""
    return walk(evidence, [Balances(evidence)])["I2"]
