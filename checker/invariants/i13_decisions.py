"""I13: whatever the deciders held in memory was the fold of the log, also right after a recovery.

Their memory is not dumped, so it is judged by what it made them say: every decision is held against the checker's own fold of the log up
to that record. A stale balance, a forgotten key, payout, merchant or reference shows in the very next decision that depends on it. Owns
these witnesses.
"""

import json

from checker.evidence import Evidence, Record
from checker.fold.book import Book
from checker.fold.commands import Commands
from checker.fold.names import Json, events_of
from checker.fold.walk import Watcher, walk
from checker.invariants import i13_batches, i13_content
from checker.invariants.i13_accounts import payable
from checker.invariants.i13_refusals import Refusal
from checker.verdict import Verdict


class Decisions(Watcher):
    """Holds every decision against the book before it."""

    name = "I13"

    def __init__(self, evidence: Evidence) -> None:
        """At the beginning of the log."""
        super().__init__(evidence)
        self._commands = Commands(evidence)
        self._asked: Json = {}
        if not evidence.has("commands.jsonl"):
            self.found.lack("commands.jsonl is missing")

    def record(self, book: Book, record: Record) -> None:
        """Keys and refusals."""
        command = self._commands.of(record)
        asked = command.value if command is not None and isinstance(command.value, dict) else {}
        self._judge_key(book, record, asked)
        self._asked = asked
        answer = _body(record)
        for event in events_of(record.value):
            if event.get("type") == "command_refused" and asked:
                self._judge_refusal(book, record, event, asked, answer)

    def _judge_key(self, book: Book, record: Record, asked: Json) -> None:
        value = record.value
        known = book.keys.get((value["merchant_id"], asked.get("key") or ""))
        if known is None or asked.get("key") is None or value["at"] >= known.expires_at:
            if (value.get("answer") or {}).get("replayed") and asked.get("key") and value.get("command_type") != "add_rows":
                self.found.fail(record.place, f"replays key {asked['key']!r}, which nothing is remembered of")
            return
        answer = value.get("answer") or {}
        codes = {event.get("code") for event in events_of(value)}
        if known.content_hash != asked.get("content_hash"):
            self.found.need(
                codes == {"idempotency_conflict"}, record.place, f"key {asked['key']!r} with other content is not refused"
            )
        elif known.status is not None:
            right = value["outcome"] == "repeat" and not value.get("remember") and answer.get("body") == known.body
            self.found.need(
                right, record.place, f"key {asked['key']!r} was known, and is decided again ({value['outcome']})"
            )

    def _judge_refusal(self, book: Book, record: Record, event: Json, asked: Json, answer: Json) -> None:
        body, code = asked.get("body"), event["code"]
        refusal = Refusal(book, record.value["merchant_id"], body if isinstance(body, dict) else {}, answer)
        wrong = refusal.wrong(code)
        self.found.need(wrong is None, record.place, f"refused with {code}: {wrong}")

    def before(self, book: Book, record: Record, event: Json) -> None:
        """What was asked for, and what depends on the money that was there."""
        merchant = record.value["merchant_id"]
        wrong = i13_content.wrong(book, event, self._asked) if self._asked else None
        self.found.need(wrong is None, record.place, str(wrong))
        match event.get("type"):
            case "payout_accepted":
                self._judge_accepted(book, record, event)
            case "payout_rejected":
                form = event["form"]
                have, need = book.balance(merchant, form["currency"], "available"), form["amount_minor"]
                self.found.need(need > have, record.place, f"is rejected: {need} are asked for, {have} are there")
                told = _body(record).get("available_minor", have)
                self.found.need(told == have, record.place, f"is told that {told} are available, the log gives {have}")
            case "batch_refused" if event.get("code") == "insufficient_funds":
                self._judge_shortfall(book, record, event)
            case "batch_released":
                wrong = i13_batches.wrong_cover(book, event)
                self.found.need(wrong is None, record.place, f"batch {event['batch_id']} is released: {wrong}")
            case "batch_stopped" if self._asked:
                wrong = i13_batches.wrong_stop(book, record, event, self._asked)
                self.found.need(wrong is None, record.place, f"batch {event['batch_id']} is stopped: {wrong}")

    def _judge_accepted(self, book: Book, record: Record, event: Json) -> None:
        merchant, form = record.value["merchant_id"], event["form"]
        total, have = form["amount_minor"] + event.get("fee_minor", 0), book.balance(merchant, form["currency"], "available")
        waiting = book.waiting.get((merchant, form["currency"]), 0)
        if event.get("reason") == "funds":
            self.found.need(total > have or waiting > 0, record.place, f"waits for {total}, and {have} are there")
        else:
            self.found.need(total <= have, record.place, f"is accepted for {total}, and {have} are there")
        known = book.merchants.get(merchant)
        self.found.need(known is not None, record.place, f"is accepted for {merchant}, which is not known")
        self._judge_whose(book, record, known or {}, form.get("bank_account_id"))

    def _judge_whose(self, book: Book, record: Record, merchant: Json, account: str | None) -> None:
        """The merchant is active and has the key it wants; its saved account can be paid to."""
        self.found.need(merchant.get("active", True), record.place, "is accepted for a merchant that is not active")
        keyed = not (merchant.get("key_required", False) and self._asked.get("key_made", False))
        self.found.need(keyed, record.place, "is accepted without a key of the client's own, which the merchant wants")
        usable = account is None or payable(book, record.value["merchant_id"], account)
        self.found.need(usable, record.place, f"is accepted to the account {account}, which is not verified, or closed")

    def _judge_shortfall(self, book: Book, record: Record, event: Json) -> None:
        batch = book.batches.get(event["batch_id"])
        if batch is None:
            return
        have = {currency: book.balance(batch.merchant, currency, "available") for currency in batch.sums}
        short = any(total > have[currency] for currency, total in batch.sums.items())
        self.found.need(short, record.place, f"batch {batch.id} is refused for funds: {batch.sums} of {have}")
        for currency, told in (_body(record).get("shortfalls") or {}).items():
            self.found.need(
                told.get("available_minor") == have.get(currency),
                record.place,
                f"is told that {told.get('available_minor')} {currency} are available, the log gives {have.get(currency)}",
            )

    def recorded(self, book: Book, record: Record) -> None:
        """What a decided request's answer shows is how the payout stands now."""
        shown = _body(record)
        payout = book.payouts.get(str(shown.get("id")))
        if record.value["outcome"] != "decided" or payout is None or "version" not in shown:
            return
        told = (shown["version"], shown.get("status"), shown.get("amount_minor", payout.amount))
        stands = (payout.version, payout.status, payout.amount)
        self.found.need(told == stands, record.place, f"payout {payout.id} is answered as {told}, the log gives {stands}")


def _body(record: Record) -> Json:
    """The answer's body as JSON; empty for none."""
    try:
        body = json.loads((record.value.get("answer") or {}).get("body") or "{}")
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def judge(evidence: Evidence) -> Verdict:
    """The verdict on I13."""
    return walk(evidence, [Decisions(evidence)])["I13"]
