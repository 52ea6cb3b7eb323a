"""Deposits that verify accounts: sent once, asked after until definite, told once, whatever breaks in between (API-28, RAI-03, RAI-04)."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from domain.book import BankAccount, Book
from runtime.clock import SystemClock
from runtime.event_log.producer import LogUnavailableError
from schemas.accounts import Deposit, Verification
from schemas.commands import CommandRecord, RecordDeposit
from schemas.words import DepositStatus, Outcome
from services.processor.rails import calls as calls_module
from services.processor.rails import deposits as module
from services.processor.rails.calls import Calls
from services.processor.rails.deposits import Deposits
from services.processor.rails.provider import Verdict, not_sent, unknown

PAID = Verdict(outcome=Outcome.PAID, provider_reference="P-1")
FAILED = Verdict(outcome=Outcome.FAILED, code="payee_unknown", retryable=True)
IN_PROGRESS = Verdict(outcome=Outcome.IN_PROGRESS)
NOT_FOUND = Verdict(outcome=Outcome.UNKNOWN, found=False)
LOST = unknown("no_usable_answer", "x")


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls_module, "AGAIN_SECONDS", 0.001)
    monkeypatch.setattr(module, "ASK_SECONDS", (0.001,))
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.001)


class Provider:
    """Says what it is told to say, of each call the next; what it was asked for is kept."""

    name = "bank"
    bulk_max = 0

    def __init__(self, sends: Sequence[Verdict | Exception] = (), inquiries: Sequence[Verdict] = ()) -> None:
        self.says: dict[str, Iterator[Any]] = {"send": iter(sends), "inquire": iter(inquiries)}
        self.seen: list[tuple[str, str, int, str]] = []

    async def send(self, payout: Any, reference: str, account: BankAccount) -> Verdict:
        return self._next("send", payout, reference, account.account_number)

    async def inquire(self, payout: Any, reference: str) -> Verdict:
        return self._next("inquire", payout, reference, "")

    def _next(self, call: str, payout: Any, reference: str, number: str) -> Verdict:
        self.seen.append((call, reference, payout.amount_minor, number))
        said = next(self.says[call])
        if isinstance(said, Exception):
            raise said
        return said  # type: ignore[no-any-return]


class Log:
    """Takes commands, unless it is away for the first few."""

    def __init__(self, away: int = 0) -> None:
        self.told: list[RecordDeposit] = []
        self.away = away

    async def append_many(self, records: Sequence[CommandRecord]) -> list[tuple[int, int]]:
        if self.away:
            self.away -= 1
            raise LogUnavailableError("the test took the log away")
        for record in records:
            assert (record.actor, record.merchant_id) == ("rails", "acme")
            assert isinstance(record.body, RecordDeposit)
            self.told.append(record.body)
        return []


class Tools:
    def __init__(self, provider: Provider, log: Log) -> None:
        self.clock: Any = SystemClock()
        self.commands: Any = log
        self.calls: Any = Calls(provider, _nobody(), self.clock, 4)  # type: ignore[arg-type]


def _nobody() -> Any:
    return None


def account(*statuses: DepositStatus) -> BankAccount:
    """An account with a deposit in each of these states."""
    deposits = [
        Deposit(reference=f"r{number}", amount_minor=number, status=status) for number, status in enumerate(statuses, 1)
    ]
    known = Verification(id="v", currency="USD", deposits=deposits, started_at=0)
    return BankAccount(id="a", merchant_id="acme", holder="Asha", account_number="50100012345678", verification=known)


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.001)


async def deposited(provider: Provider, log: Log, *statuses: DepositStatus, recovers: bool = False) -> Deposits:
    """Deposits that were looked at, as news or at recovery."""
    book = Book()
    book.keep_account(account(*statuses))
    deposits = Deposits(0, book, Tools(provider, log))  # type: ignore[arg-type]
    if recovers:
        deposits.recover()
    else:
        deposits.look("a")
    return deposits


SENT, DONE = DepositStatus.SENT, DepositStatus.PAID


async def test_each_deposit_is_sent_once_under_its_reference_and_told_once() -> None:
    provider, log = Provider([PAID, PAID]), Log()
    deposits = await deposited(provider, log, SENT, SENT)
    deposits.look("a")
    await until(lambda: len(log.told) == 2)
    deposits.look("a")
    await asyncio.sleep(0.02)
    assert sorted(provider.seen) == [("send", "r1", 1, "50100012345678"), ("send", "r2", 2, "50100012345678")]
    assert sorted((one.number, one.outcome, one.provider_reference) for one in log.told) == [
        (1, "paid", "P-1"),
        (2, "paid", "P-1"),
    ]


async def test_what_is_settled_is_neither_sent_nor_asked_after() -> None:
    provider = Provider()
    await deposited(provider, Log(), DONE, DepositStatus.FAILED, recovers=True)
    await asyncio.sleep(0.02)
    assert provider.seen == []


async def test_after_a_restart_it_is_asked_after_before_it_is_sent() -> None:
    provider, log = Provider(sends=[PAID], inquiries=[NOT_FOUND]), Log()
    await deposited(provider, log, DONE, SENT, recovers=True)
    await until(lambda: log.told)
    assert [(call, reference) for call, reference, *_ in provider.seen] == [("inquire", "r2"), ("send", "r2")]


async def test_one_that_the_provider_has_already_is_not_sent_again() -> None:
    provider, log = Provider(inquiries=[PAID]), Log()
    await deposited(provider, log, SENT, DONE, recovers=True)
    await until(lambda: log.told)
    assert [call for call, *_ in provider.seen] == ["inquire"]


@pytest.mark.parametrize(
    ("first", "inquiries", "outcome"),
    [
        (LOST, [LOST, PAID], "paid"),
        (LOST, [IN_PROGRESS, LOST, PAID], "paid"),
        (IN_PROGRESS, [IN_PROGRESS, FAILED], "failed"),
        (LOST, [not_sent("away"), PAID], "paid"),
    ],
)
async def test_rai_04_what_is_not_definite_is_asked_after_until_it_is(
    first: Verdict, inquiries: list[Verdict], outcome: str
) -> None:
    provider, log = Provider([first], inquiries), Log()
    await deposited(provider, log, SENT, DONE)
    await until(lambda: log.told)
    assert [one.outcome for one in log.told] == [outcome]
    assert [call for call, *_ in provider.seen].count("send") == 1


async def test_one_that_was_in_progress_and_vanished_is_never_sent_again() -> None:
    provider, log = Provider([IN_PROGRESS], [NOT_FOUND, NOT_FOUND, PAID]), Log()
    await deposited(provider, log, SENT, DONE)
    await until(lambda: log.told)
    assert [call for call, *_ in provider.seen].count("send") == 1


async def test_what_surely_never_left_is_sent_again_under_the_same_reference() -> None:
    provider, log = Provider([not_sent("away"), PAID]), Log()
    await deposited(provider, log, SENT, DONE)
    await until(lambda: log.told)
    assert [(call, reference) for call, reference, *_ in provider.seen] == [("send", "r1"), ("send", "r1")]


async def test_an_answer_is_kept_while_the_log_is_away() -> None:
    log = Log(away=3)
    await deposited(Provider([PAID]), log, SENT, DONE)
    await until(lambda: log.told)
    assert len(log.told) == 1


async def test_an_error_that_nobody_foresaw_leaves_no_money_in_the_air() -> None:
    provider, log = Provider([RuntimeError("bug")], [PAID]), Log()
    await deposited(provider, log, SENT, DONE)
    await until(lambda: log.told)
    assert [call for call, *_ in provider.seen] == ["send", "inquire"], "it may have been sent: asked after first"


async def test_what_somebody_else_has_settled_is_asked_after_no_more() -> None:
    """Two rails may have a partition for a moment; the first answer on the log ends it for both."""
    provider, log = Provider([LOST], [LOST] * 1000), Log()
    book = Book()
    book.keep_account(account(SENT, DONE))
    deposits = Deposits(0, book, Tools(provider, log))  # type: ignore[arg-type]
    deposits.look("a")
    await until(lambda: len(provider.seen) > 2)
    book.keep_account(account(DONE, DONE))
    deposits.look("a")
    await asyncio.sleep(0.01)
    seen = len(provider.seen)
    await asyncio.sleep(0.02)
    assert (len(provider.seen), log.told) == (seen, [])


async def test_a_stopped_rail_calls_nobody_any_more() -> None:
    provider = Provider([LOST], [LOST] * 1000)
    deposits = await deposited(provider, Log(), SENT, DONE)
    await until(lambda: len(provider.seen) > 2)
    deposits.stop()
    await asyncio.sleep(0.01)
    seen = len(provider.seen)
    await asyncio.sleep(0.02)
    assert len(provider.seen) == seen
