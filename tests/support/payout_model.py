"""A second, much simpler telling of what the law should do with money and states, to hold the law against.

Owns balances and states per payout, kept the plain way: no events, no versions, no chunks. Must not use `domain`: what is wrong there
must not be wrong here for the same reason.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

DELAYS = {"processing": 30_000, "in_progress": 3_600_000}
TRIES = 3
UNPAID = ("pending", "processing", "retry", "in_progress", "unknown", "stuck")


@dataclass
class Item:
    """One payout. `state` is one word for state and reason together."""

    id: str
    merchant: str
    currency: str
    amount: int
    since: int
    state: str
    release_at: int | None = None
    batch: str | None = None
    tries: int = 0
    open_until: int = 0
    sealed_at: int = 0

    @property
    def age(self) -> tuple[int, str, str]:
        """Who is first when several wait: a row since its batch was sealed, next to the other rows."""
        return (self.since, self.id, "") if self.batch is None else (self.sealed_at, self.batch, self.id)


class Word(NamedTuple):
    """One thing that the provider says of one attempt."""

    payout: str
    attempt: int
    outcome: str
    retryable: bool = False


STATUS = {
    "funds": "pending",
    "unsealed": "pending",
    "retry": "processing",
    "in_progress": "processing",
    "unknown": "requires_action",
    "stuck": "requires_action",
}


@dataclass
class Model:
    """All payouts and what ever came in; balances are worked out anew each time."""

    items: dict[str, Item] = field(default_factory=dict)
    incoming: dict[tuple[str, str], int] = field(default_factory=dict)
    as_available: set[str] = field(default_factory=set)
    stops: set[str] = field(default_factory=set)

    def statuses(self) -> dict[str, str]:
        """Payout to state as clients see it."""
        return {item.id: STATUS.get(item.state, item.state) for item in self.items.values()}

    def _sum(self, merchant: str, currency: str, states: tuple[str, ...]) -> int:
        return sum(
            item.amount
            for item in self.items.values()
            if (item.merchant, item.currency) == (merchant, currency) and item.state in states
        )

    def held(self, merchant: str, currency: str) -> int:
        """What unfinished payouts hold."""
        return self._sum(merchant, currency, UNPAID)

    def available(self, merchant: str, currency: str) -> int:
        """What came in, less what is held or gone."""
        gone = self._sum(merchant, currency, (*UNPAID, "completed"))
        return self.incoming.get((merchant, currency), 0) - gone

    def queue(self, merchant: str, currency: str) -> list[Item]:
        """Who waits for funds, oldest first."""
        waiting = [i for i in self.items.values() if (i.merchant, i.currency, i.state) == (merchant, currency, "funds")]
        return sorted(waiting, key=lambda item: item.age)

    def fund(self, merchant: str, currency: str) -> None:
        """Give holds to the oldest, until one does not fit."""
        for item in self.queue(merchant, currency):
            if item.amount > self.available(merchant, currency):
                return
            item.state = "pending"

    # ---- what commands do

    def credit(self, merchant: str, currency: str, amount: int) -> None:
        """Money comes in."""
        self.incoming[merchant, currency] = self.incoming.get((merchant, currency), 0) + amount
        self.fund(merchant, currency)

    def request(self, item: Item, *, waits: bool) -> None:
        """A single payout."""
        covered = item.amount <= self.available(item.merchant, item.currency)
        if waits and (not covered or self.queue(item.merchant, item.currency)):
            item.state = "funds"
        else:
            item.state = "pending" if covered else "rejected"
        self.items[item.id] = item

    def edit(self, payout_id: str, amount: int, currency: str) -> None:
        """New amount and currency, if it is pending and covered."""
        item = self.items[payout_id]
        if item.state not in {"pending", "funds"}:
            return
        before = item.currency
        room = self.available(item.merchant, currency) + (
            item.amount if currency == before and item.state == "pending" else 0
        )
        if item.state == "pending" and amount > room:
            return
        shrinks = item.state == "funds" or currency != before or amount < item.amount
        item.amount, item.currency = amount, currency
        if shrinks:
            self.fund(item.merchant, before)
            if item.state == "funds":
                self.fund(item.merchant, currency)

    def cancel(self, payout_id: str) -> None:
        """If it is pending."""
        item = self.items[payout_id]
        if item.state in {"pending", "funds"}:
            item.state = "canceled"
            self.fund(item.merchant, item.currency)

    def start(self, payout_id: str, now: int) -> None:
        """Its first try, if it is free."""
        item = self.items[payout_id]
        if item.state == "pending" and (item.release_at is None or item.release_at <= now):
            self._try(item, now)

    def _try(self, item: Item, now: int) -> None:
        item.state, item.tries, item.open_until = "processing", item.tries + 1, now + DELAYS["processing"]

    def retry(self, payout_id: str, now: int, due_at: int | None) -> None:
        """Its next try, if the wait is over; how long the wait is, the policy says."""
        item = self.items[payout_id]
        if item.state == "retry" and due_at is not None and due_at <= now:
            self._try(item, now)

    def time_out(self, payout_id: str, now: int) -> None:
        """No word in time."""
        item = self.items[payout_id]
        if item.state in {"processing", "in_progress"} and item.open_until <= now:
            item.state = "stuck" if item.state == "in_progress" else "unknown"

    def answer(self, payout_id: str, attempt: int, outcome: str, now: int, *, retryable: bool) -> None:
        """One word of the provider."""
        item = self.items[payout_id]
        if attempt != item.tries or item.state not in {"processing", "retry", "in_progress", "unknown", "stuck"}:
            return
        if outcome == "paid":
            item.state = "completed"
        elif item.state == "retry":
            return
        elif outcome == "failed":
            item.state = "retry" if retryable and item.tries < TRIES else "failed"
            self.fund(item.merchant, item.currency)
            if item.state == "failed" and item.batch in self.stops:
                self.stop(item.batch, item.merchant)
        elif outcome == "unknown":
            item.state = "stuck" if item.state == "stuck" else "unknown"
        elif item.state in {"processing", "unknown"}:
            item.state, item.open_until = "in_progress", now + DELAYS["in_progress"]

    def answers(self, words: list[Word], now: int) -> None:
        """Several words in one breath: of those for one payout the first definite one counts, and `paid` before a further try."""
        counts: dict[str, Word] = {}
        for word in words:
            known = counts.get(word.payout)
            if self._is_news(word) and (known is None or self._outweighs(word, known)):
                counts[word.payout] = word
        for word in counts.values():
            self.answer(word.payout, word.attempt, word.outcome, now, retryable=word.retryable)

    def _is_news(self, word: Word) -> bool:
        item = self.items[word.payout]
        if word.attempt != item.tries or item.state not in {"processing", "retry", "in_progress", "unknown", "stuck"}:
            return False
        if item.state == "retry":
            return word.outcome == "paid"
        return (item.state, word.outcome) != ("in_progress", "in_progress")

    def _outweighs(self, word: Word, known: Word) -> bool:
        definite = {"paid", "failed"}
        if known.outcome not in definite:
            return word.outcome in definite
        again = known.outcome == "failed" and known.retryable and self.items[word.payout].tries < TRIES
        return again and word.outcome == "paid"

    def seal(self, batch: str, merchant: str, now: int) -> None:
        """All rows are held, or all are canceled; or, funded as available, each is held until one does not fit."""
        rows = [item for item in self.items.values() if item.batch == batch and item.state == "unsealed"]
        for item in rows:
            item.sealed_at = now
        if batch in self.as_available:
            for item in rows:
                queued = bool(self.queue(merchant, item.currency))
                item.state = "funds" if queued or item.amount > self.available(merchant, item.currency) else "pending"
            return
        need: dict[str, int] = {}
        for item in rows:
            need[item.currency] = need.get(item.currency, 0) + item.amount
        covered = rows and all(total <= self.available(merchant, currency) for currency, total in need.items())
        for item in rows:
            item.state = "pending" if covered else "canceled"

    def stop(self, batch: str, merchant: str) -> None:
        """All rows that were not sent are canceled, and others may have their money."""
        rows = [item for item in self.items.values() if item.batch == batch and item.state in {"pending", "funds"}]
        for item in rows:
            item.state = "canceled"
        for currency in sorted({item.currency for item in rows}):
            self.fund(merchant, currency)

    def drop(self, batch: str) -> None:
        """All rows are canceled."""
        for item in self.items.values():
            if item.batch == batch and item.state == "unsealed":
                item.state = "canceled"
