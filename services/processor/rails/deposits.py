"""The deposits of one partition that verify saved accounts: each sent under its lasting reference, asked after until it is definite.

Owns who is sent when: what was on the log before we came is asked after first; what is not definite is asked after, ever less often. The
order of the calls themselves is that of payouts (`services.processor.rails.calls`). Acts by commands only. Must not decide, nor know who
names the amounts.
"""

import asyncio
from typing import Protocol

from domain.book import BankAccount, Book
from domain.payout.state import Payout
from runtime.clock import Clock
from runtime.event_log.producer import LogUnavailableError
from runtime.ids import mint
from runtime.logging import logger
from schemas.accounts import Deposit, Verification
from schemas.commands import CommandRecord, ProviderAnswer, RecordDeposit
from schemas.words import DepositStatus, Outcome, PayoutStatus, Reason
from services.processor.ports import Commands
from services.processor.rails.calls import Calls
from services.processor.rails.provider import Request

CONCURRENCY = 8
"""Deposits on their way at once; beside the places of payouts, which never wait for them."""
ASK_SECONDS = (1.0, 2.0, 5.0, 15.0, 60.0)
RETRY_SECONDS = 1.0
DESCRIPTION = "Account verification"

log = logger(__name__)

Place = tuple[str, int]
"""A verification and the number of its deposit, from 1."""


class Tools(Protocol):
    """What is shared with the rail of the partition."""

    @property
    def calls(self) -> Calls:
        """The way to the provider."""

    @property
    def clock(self) -> Clock:
        """The time."""

    @property
    def commands(self) -> Commands:
        """Where answers go."""


class Answered:
    """Takes answers about deposits: what is definite is kept, what is not only says that the provider has it."""

    def __init__(self) -> None:
        """Nothing heard."""
        self.room = asyncio.Event()
        self.room.set()
        self.definite: dict[Place, ProviderAnswer] = {}
        self.in_progress: set[Place] = set()

    def put(self, _merchant_id: str, _batch_id: str | None, answer: ProviderAnswer) -> None:
        """Take one answer."""
        place = (answer.payout_id, answer.attempt)
        if answer.outcome in {Outcome.PAID, Outcome.FAILED}:
            self.definite[place] = answer
        elif answer.outcome is Outcome.IN_PROGRESS:
            self.in_progress.add(place)


class Deposits:
    """One life of a rail's deposits; `stop` ends it."""

    def __init__(self, partition: int, book: Book, tools: Tools) -> None:
        """Nothing is under way."""
        self._partition, self._book, self._tools = partition, book, tools
        self._answered = Answered()
        self._own_calls: Calls | None = None
        self._tasks: dict[Place, asyncio.Task[None]] = {}

    @property
    def _calls(self) -> Calls:
        """Made with the first deposit: most partitions never have one."""
        self._own_calls = self._own_calls or self._tools.calls.beside(self._answered, CONCURRENCY)
        return self._own_calls

    def stop(self) -> None:
        """Cancel all."""
        for task in list(self._tasks.values()):
            task.cancel()

    def recover(self) -> None:
        """What the log has left open may have been sent before we came."""
        for account in list(self._book.bank_accounts.values()):
            self._start(account, ask_first=True)

    def look(self, account_id: str) -> None:
        """An account has changed: send what is new."""
        self._start(self._book.bank_accounts[account_id], ask_first=False)

    def _start(self, account: BankAccount, *, ask_first: bool) -> None:
        known = account.verification
        for number, deposit in enumerate(known.deposits if known is not None else (), 1):
            assert known is not None
            place = (known.id, number)
            if deposit.status is not DepositStatus.SENT:
                self._forget(place)
            elif place not in self._tasks:
                self._tasks[place] = asyncio.create_task(self._go_on(account, known, number, ask_first=ask_first))

    def _forget(self, place: Place) -> None:
        """The log knows how it ended, from us or from who had the partition before: nobody is asked any more."""
        task = self._tasks.pop(place, None)
        if task is not None:
            task.cancel()
        self._answered.definite.pop(place, None)
        self._answered.in_progress.discard(place)

    async def _go_on(self, account: BankAccount, known: Verification, number: int, *, ask_first: bool) -> None:
        """Whatever goes wrong, a deposit that is on the log is seen to its end."""
        while True:
            try:
                await self._see_to(account, known, number, ask_first=ask_first)
            except Exception as error:  # noqa: BLE001  a fault of ours must not leave money in the air
                log.warning("rails.deposit_failed", partition=self._partition, why=repr(error)[:300])
                ask_first = True
                await asyncio.sleep(RETRY_SECONDS)
            else:
                return

    async def _see_to(self, account: BankAccount, known: Verification, number: int, *, ask_first: bool) -> None:
        """Send it, ask until there is a definite answer, and bring that to the log."""
        place, deposit = (known.id, number), known.deposits[number - 1]

        def owed(_: Payout) -> bool:
            return place not in self._answered.definite

        await self._calls.pay([self._request(account, known, deposit, number)], owed, ask_first=ask_first)
        asked = 0
        while owed(_NOBODY):
            await asyncio.sleep(ASK_SECONDS[min(asked, len(ASK_SECONDS) - 1)])
            asked += 1
            await self._calls.inquire([self._request(account, known, deposit, number)], owed)
        await self._tell(account, self._answered.definite[place])

    def _request(self, account: BankAccount, known: Verification, deposit: Deposit, number: int) -> Request:
        """A deposit as a provider sees it: a payment like any other, under the deposit's own reference."""
        payment = Payout(
            id=known.id,
            merchant_id=account.merchant_id,
            amount_minor=deposit.amount_minor,
            currency=known.currency,
            created_at=known.started_at,
            updated_at=known.started_at,
            status=PayoutStatus.PROCESSING,
            reason=Reason.IN_PROGRESS if (known.id, number) in self._answered.in_progress else None,
            bank_account_id=account.id,
            description=DESCRIPTION,
            attempt_count=number,
        )
        return Request(payment, deposit.reference, account)

    async def _tell(self, account: BankAccount, answer: ProviderAnswer) -> None:
        body = RecordDeposit(
            bank_account_id=account.id,
            verification_id=answer.payout_id,
            number=answer.attempt,
            provider=self._calls.provider.name,
            outcome=answer.outcome,
            code=answer.code,
            provider_reference=answer.provider_reference,
        )
        now = self._tools.clock.now_ms()
        record = CommandRecord(id=mint(), merchant_id=account.merchant_id, at=now, body=body, actor="rails")
        while True:
            try:
                await self._tools.commands.append_many([record])
            except LogUnavailableError as error:
                log.warning("rails.deposit_kept", partition=self._partition, why=str(error))
                await asyncio.sleep(RETRY_SECONDS)
            else:
                return


_NOBODY = Payout(id="", merchant_id="", amount_minor=1, currency="USD", created_at=0, updated_at=0)
