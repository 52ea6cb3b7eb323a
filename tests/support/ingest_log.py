"""A log, a decider and a projection in memory, for ingest: the law itself decides, at once or when the test says so.

Owns the same promises as the real ones: one decision per command, the first answer kept under its key, nothing decided twice.
"""

from collections.abc import Sequence

from domain.book import Book
from domain.decide import decide
from domain.evolve import evolve
from domain.payout.rejections import account_fault
from domain.payout.state import Payout
from domain.payout.view import payout_view
from domain.policy import Policy
from runtime.clock import ManualClock
from runtime.event_log.producer import LogUnavailableError
from runtime.event_log.reader import LoggedEvent
from runtime.ids import mint
from schemas.codec import encode
from schemas.commands import ChangeMerchant, CommandRecord, CreditMerchant, OpenMerchant
from schemas.events import EventRecord
from services.ingest.store import StoredAnswer, ViewUnavailableError
from services.ingest.waiting import Waiting


class FakeLog:
    """Takes commands and, while `deciding`, decides them. `down` makes every append fail."""

    def __init__(self, waiting: Waiting, clock: ManualClock, policy: Policy | None = None) -> None:
        self.waiting = waiting
        self.clock = clock
        self.policy = policy or Policy()
        self.book = Book()
        self.commands: list[CommandRecord] = []
        self.events: list[EventRecord] = []
        self.pieces: list[int] = []
        """How many commands each append_whole brought."""
        self.deciding = True
        self.down = False

    async def append_many(self, records: Sequence[CommandRecord]) -> list[tuple[int, int]]:
        if self.down:
            raise LogUnavailableError("the test took the log away")
        first = len(self.commands)
        self.commands += records
        if self.deciding:
            self.catch_up()
        return [(0, first + index) for index in range(len(records))]

    async def append_whole(self, records: Sequence[CommandRecord]) -> list[tuple[int, int]]:
        assert len({record.merchant_id for record in records}) == 1
        self.pieces.append(len(records))
        return await self.append_many(records)

    def catch_up(self, most: int | None = None) -> None:
        """Decide what waits, the first `most` of it."""
        end = len(self.commands) if most is None else len(self.events) + most
        while len(self.events) < min(end, len(self.commands)):
            offset = len(self.events)
            record = decide(self.book, self.commands[offset], offset, self.clock.now_ms(), self.policy)
            evolve(self.book, record)
            self.events.append(record)
            self.waiting.saw(LoggedEvent(0, offset, offset, record.command_id, encode(record)))

    def decide_now(self, merchant_id: str, *bodies: OpenMerchant | CreditMerchant | ChangeMerchant) -> None:
        """Put commands of our own on the log."""
        for body in bodies:
            number = len(self.commands)
            self.commands.append(CommandRecord(id=f"test-{number}", merchant_id=merchant_id, at=0, body=body))
        self.catch_up()

    def fund(self, merchant_id: str, amount_minor: int, currency: str = "USD") -> None:
        """A merchant with money."""
        credit = CreditMerchant(
            credit_id=mint(),
            amount_minor=amount_minor,
            currency=currency,
            reference=f"fund-{len(self.commands)}",
        )
        self.decide_now(merchant_id, OpenMerchant(name=merchant_id), credit)

    def types(self, after: int = 0) -> list[str]:
        """The types of the commands on the log."""
        return [str(type(record.body).__struct_config__.tag) for record in self.commands[after:]]


class FakeStore:
    """The projection of a FakeLog: it shows what is decided, unless it `lags` or is `down`."""

    def __init__(self, log: FakeLog) -> None:
        self._log = log
        self.lags = False
        self.down = False
        self.asked: list[int] = []
        """How many references each look-up named."""
        self._stands: tuple[int, dict[str, Payout]] | None = None

    def stand_still(self) -> None:
        """Show payouts as they are now, whatever is decided from here on."""
        self._stands = len(self._log.events), {one.id: one for one in self._log.book.payouts.values()}

    def go_on(self) -> None:
        """Show all that is decided again."""
        self._stands = None

    async def ping(self) -> None:
        self._check()

    async def position(self, partition: int) -> int:
        self._check()
        if self.lags:
            return 0
        return self._stands[0] if self._stands is not None else len(self._log.events)

    async def stored_answer(self, merchant_id: str, key: str) -> StoredAnswer | None:
        self._check()
        known = self._log.book.keys.get((merchant_id, key))
        if known is None or self.lags:
            return None
        answer = known.answer
        return StoredAnswer(
            content_hash=known.content_hash,
            subject=known.subject,
            status=answer.status if answer else None,
            body=answer.body.encode() if answer else None,
            version=answer.version if answer else None,
            expires_at=known.expires_at,
            partition=0,
            offset=0,
        )

    async def payout_view(self, payout_id: str) -> dict[str, object] | None:
        self._check()
        held = self._stands[1] if self._stands is not None else self._log.book.payouts
        payout = None if self.lags else held.get(payout_id)
        return payout_view(payout) if payout is not None else None

    async def merchant_of_payout(self, payout_id: str) -> str | None:
        self._check()
        payout = None if self.lags else self._log.book.payouts.get(payout_id)
        return payout.merchant_id if payout is not None else None

    async def merchant_of_batch(self, batch_id: str) -> str | None:
        self._check()
        batch = None if self.lags else self._log.book.batches.get(batch_id)
        return batch.merchant_id if batch is not None else None

    async def requires_key(self, merchant_id: str) -> bool:
        self._check()
        merchant = None if self.lags else self._log.book.merchants.get(merchant_id)
        return merchant is not None and merchant.key_required

    async def batch_phase(self, batch_id: str) -> str | None:
        self._check()
        batch = None if self.lags else self._log.book.batches.get(batch_id)
        return batch.phase.value if batch is not None else None

    async def taken_references(self, merchant_id: str, batch_id: str, key: str, references: Sequence[str]) -> dict[str, str]:
        self._check()
        self.asked.append(len(references))
        book = self._log.book
        found = {} if self.lags else {name: book.references.get((merchant_id, name)) for name in references}
        return {name: known for name, known in found.items() if known and not self._is_own(known, batch_id, key)}

    def _is_own(self, payout_id: str, batch_id: str, key: str) -> bool:
        batch = self._log.book.batches.get(self._log.book.payouts[payout_id].batch_id or "")
        return batch is not None and (batch.id == batch_id or batch.idempotency_key == key)

    async def unusable_accounts(self, merchant_id: str, account_ids: Sequence[str]) -> dict[str, str]:
        self._check()
        told = {account_id: account_fault(self._log.book, merchant_id, account_id) for account_id in account_ids}
        return {one: fault for one, fault in told.items() if fault}

    async def outcomes(self, first: str, last: str) -> list[tuple[object, ...]]:
        self._check()
        found = [payout for payout in self._log.book.payouts.values() if first <= payout.id <= last]
        return [
            (
                p.id,
                p.status.value,
                p.reason and p.reason.value,
                p.failure_code,
                p.failure_reason,
                p.bank_reference_id,
                p.expected_settlement_date,
            )
            for p in found
        ]

    async def batch_counts(self, batch_id: str) -> dict[str, int]:
        self._check()
        counts: dict[str, int] = {}
        for payout in self._log.book.payouts.values():
            if payout.batch_id == batch_id:
                counts[payout.status.value] = counts.get(payout.status.value, 0) + 1
        return counts

    def _check(self) -> None:
        if self.down:
            raise ViewUnavailableError("the test took the view away")
