"""I6, the outcomes: each outcome on the log is what the provider's books say of that very transfer.

FAILED only of what failed, under a code that is always the same for one code of the provider, with the provider's own reference. Owns
this join, and that nothing stays unknown that the books know. Who was paid, and how often, is for Provider.
"""

from typing import NamedTuple

from checker.evidence import Evidence, Record
from checker.fold.attempts import Transfer
from checker.fold.book import Book
from checker.fold.names import Json, items
from checker.fold.said import Said
from checker.verdict import Findings

FAILURES = frozenset({"payouts_failed", "retries_scheduled"})
SETTLE_MS = 20_000


class Outcome(NamedTuple):
    """One outcome of one attempt as the log has it."""

    kind: str
    payout: str
    attempt: int
    at: int
    place: str
    code: str | None
    provider_reference: str | None


class Outcomes:
    """Collects outcomes along the log, then joins the books by reference."""

    def __init__(self, evidence: Evidence, found: Findings, said: Said) -> None:
        """Nothing known yet."""
        self._evidence, self._found, self._said = evidence, found, said
        self._outcomes: list[Outcome] = []
        self._codes: dict[str, tuple[str, str]] = {}
        self._ours: dict[str, tuple[str, str]] = {}
        self._last = 0

    def note(self, record: Record, event: Json) -> None:
        """An event with outcomes."""
        self._last = max(self._last, record.ts)
        for item in items(event):
            named = (item.get("code"), item.get("provider_reference"))
            self._outcomes.append(
                Outcome(event["type"], item["payout_id"], item["attempt"], record.ts, record.place, *named)
            )

    def judge(
        self,
        book: Book,
        references: dict[tuple[str, int], str],
        booked: dict[str, Transfer],
        shown: set[tuple[str, int, str]],
    ) -> None:
        """`references` of attempts, `booked` transfers by reference, and contradictions `shown` (payout, attempt, answer)."""
        for one in self._outcomes:
            reference = references.get((one.payout, one.attempt))
            if reference is None:
                continue
            transfer = booked.get(reference)
            contradicted = (one.payout, one.attempt, "paid") in shown
            if one.kind in FAILURES:
                self._judge_failure(one, reference, transfer, contradicted)
            elif transfer is not None:
                self._judge_reference(one, transfer)
        self._nothing_left(book, references, booked)

    def _judge_failure(self, one: Outcome, reference: str, transfer: Transfer | None, contradicted: bool) -> None:
        where = f"payout {one.payout}: {one.kind}"
        if transfer is None:
            self._found.fail(one.place, f"{where}, and the provider never heard of attempt {one.attempt}")
            return
        really = transfer.failed(one.at) or self._said.says(reference, "failed", one.at)
        self._found.need(
            really or (contradicted and not self._said.known),
            one.place,
            f"{where} of attempt {one.attempt}, the books say {transfer.status} ({transfer.place})",
        )
        told = [word.code for word in self._said.words(reference) if word.status == "failed" and word.code]
        theirs = transfer.code or (told[0] if told else None)
        if theirs is not None and one.code is not None:
            self._judge_code(one, theirs, one.code)
        if one.kind == "retries_scheduled" and transfer.code and transfer.retryable is False:
            self._found.fail(one.place, f"{where}, though {theirs!r} is final ({transfer.place})")

    def _judge_code(self, one: Outcome, theirs: str, ours: str) -> None:
        """One code of the provider is one of ours, and the other way round."""
        mine, place = self._codes.setdefault(theirs, (ours, one.place))
        other, first = self._ours.setdefault(ours, (theirs, one.place))
        if mine != ours:
            self._found.fail(
                one.place, f"payout {one.payout}: the provider's {theirs!r} is {ours!r} here, {mine!r} at {place}"
            )
        elif other != theirs:
            self._found.fail(
                one.place, f"payout {one.payout}: {ours!r} stands for {theirs!r} here, for {other!r} at {first}"
            )

    def _judge_reference(self, one: Outcome, transfer: Transfer) -> None:
        self._found.need(
            one.provider_reference == transfer.provider_reference,
            one.place,
            f"payout {one.payout}: {one.kind} names {one.provider_reference!r}, the books {transfer.provider_reference!r}",
        )

    def _nothing_left(self, book: Book, references: dict[tuple[str, int], str], booked: dict[str, Transfer]) -> None:
        """At rest no payout is unknown to us that the books know the end of."""
        ended = self._evidence.ended_ms
        if ended is None:
            return
        for payout in book.payouts.values():
            if payout.status not in {"requires_action", "processing"} or payout.reason == "retry":
                continue
            transfer = booked.get(references.get((payout.id, payout.attempt), ""))
            known = None if transfer is None else transfer.paid_at or transfer.failed_at
            late = known is not None and known <= max(ended, self._last - SETTLE_MS)
            self._found.need(
                not late,
                f"payout {payout.id}",
                f"is left {payout.status} ({payout.reason}), and the books know since {known} how it ended",
            )
