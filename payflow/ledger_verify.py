"""`payflow ledger verify`: the books refolded from the log itself, from offset 0, and held against the views (LED-10).

Owns the second opinion: it reads committed events with the gap check of every reader, adds up their postings and nothing else, and
compares every account, and every ledger row, with one snapshot of the views at the offset where these stand; and it says what keeps the
views from the log's end. Shares no code with the projector. Works while everything runs.
"""

import asyncio
import hashlib
import itertools
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import psycopg
import typer
from aiokafka.errors import KafkaError

from payflow import views_stand
from payflow.front_door import Json, misused, say
from runtime.event_log.reader import Contiguity, GapFoundError, history
from runtime.settings import RefusedStartError, ServiceSettings, load
from schemas.codec import CodecError, decode_event
from schemas.events import EventRecord
from services.projector.wiring import check_schema

Account = tuple[str, str, str]
"""Merchant, currency, account."""
NEVER_NEGATIVE = ("available", "held")


@dataclass(frozen=True)
class Totals:
    """One account: balance, entries, offset of the last entry."""

    balance_minor: int = 0
    entries: int = 0
    last_offset: int = -1

    def __str__(self) -> str:
        """As it is told."""
        return f"{self.balance_minor} minor units in {self.entries} entries up to offset {self.last_offset}"


@dataclass
class Books:
    """Accounts, entries counted, and a hash per partition of all entries in their order."""

    accounts: dict[Account, Totals] = field(default_factory=dict)
    entries: int = 0
    hashes: dict[int, str] = field(default_factory=dict)


@dataclass
class Verdict:
    """What was compared, and the first difference if there is one."""

    accounts: int = 0
    entries: int = 0
    records: int = 0
    offsets: dict[int, int] = field(default_factory=dict)
    differences: list[str] = field(default_factory=list)
    behind: list[int] = field(default_factory=list)
    """Partitions whose views move and were not at the log's end within the wait: compared as far as they were."""


class Refolding:
    """One partition's postings, added up in order."""

    def __init__(self, partition: int, books: Books, wrong: list[str]) -> None:
        """Adds to `books`; says in `wrong` what no ledger may do, whatever the views say."""
        self._partition, self._books, self._wrong = partition, books, wrong
        self._digest = hashlib.sha256()

    def fold(self, offset: int, record: EventRecord) -> None:
        """Take in one event record."""
        sums: Counter[str] = Counter()
        legs = itertools.count()
        touched: set[Account] = set()
        for posting in (posting for event in record.events for posting in getattr(event, "postings", ())):
            account = (record.merchant_id, posting.currency, posting.account)
            known = self._books.accounts.get(account, Totals())
            totals = Totals(known.balance_minor + posting.amount_minor, known.entries + 1, offset)
            self._books.accounts[account] = totals
            self._books.entries += 1
            self._digest.update(_line(offset, next(legs), *account, posting.amount_minor, posting.entry_type))
            sums[posting.currency] += posting.amount_minor
            touched.add(account)
        self._judge(f"events {self._partition}@{offset}", sums, touched)

    def _judge(self, place: str, sums: Mapping[str, int], touched: set[Account]) -> None:
        self._wrong += [f"{place}: postings sum to {total} {currency}" for currency, total in sums.items() if total]
        for account in sorted(touched):
            balance = self._books.accounts[account].balance_minor
            if account[2] in NEVER_NEGATIVE and balance < 0:
                self._wrong.append(f"{place}: {' '.join(account)} is {balance} minor units")

    def end(self) -> None:
        """All was taken in."""
        self._books.hashes[self._partition] = self._digest.hexdigest()


def verify(settings: ServiceSettings) -> Verdict:
    """Refold and compare. Raises psycopg.OperationalError or a KafkaError when database or broker are away."""
    options = f"-c search_path={settings.projection_schema}"
    with psycopg.connect(settings.database_url, options=options) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        rows = connection.execute("SELECT partition, next_offset, next_source FROM projection_offsets ORDER BY 1")
        positions = {partition: (offset, source) for partition, offset, source in rows.fetchall()}
        verdict, refolded = Verdict(offsets={p: offset for p, (offset, _) in positions.items()}), Books()
        try:
            asyncio.run(_refold(settings.kafka_bootstrap_servers, positions, refolded, verdict))
        except (GapFoundError, CodecError) as error:
            verdict.differences.append(f"the log cannot be refolded: {error}")
            return verdict
        seen = _views(connection, positions)
    verdict.accounts, verdict.entries = len(refolded.accounts.keys() | seen.accounts.keys()), refolded.entries
    verdict.differences += _differences(refolded, seen)
    stuck, verdict.behind = views_stand.look(settings)
    verdict.differences += stuck
    return verdict


async def _refold(bootstrap: str, positions: Mapping[int, tuple[int, int]], books: Books, verdict: Verdict) -> None:
    for partition, (end, next_source) in positions.items():
        refolding = Refolding(partition, books, verdict.differences)
        contiguity = Contiguity(partition)
        async for events in history(bootstrap, partition, 0, end):
            for event in events:
                contiguity.check(event)
                refolding.fold(event.offset, decode_event(event.value))
                verdict.records += 1
        refolding.end()
        if contiguity.expected != next_source:
            text = f"partition {partition}: the log has source offsets below {contiguity.expected} before {end}"
            verdict.differences.append(f"{text}, the views say {next_source}")


def _views(connection: psycopg.Connection, positions: Mapping[int, object]) -> Books:
    query = "SELECT merchant_id, currency, account, balance_minor, entry_count, last_offset FROM balances"
    accounts = {tuple(row[:3]): Totals(*row[3:]) for row in connection.execute(query).fetchall()}
    digests = {partition: hashlib.sha256() for partition in positions}
    books = Books(accounts)
    for partition, *entry in _entries(connection):
        digests.setdefault(partition, hashlib.sha256()).update(_line(*entry))
        books.entries += 1
    books.hashes = {partition: digest.hexdigest() for partition, digest in digests.items()}
    return books


def _entries(connection: psycopg.Connection) -> Iterator[tuple[int, ...]]:
    with connection.cursor(name="entries") as cursor:
        cursor.itersize = 10_000
        cursor.execute(
            'SELECT partition, "offset", leg, merchant_id, currency, account, amount_minor, entry_type FROM ledger_entries '
            'ORDER BY partition, "offset", leg'
        )
        yield from cursor


def _line(*parts: object) -> bytes:
    return ("\t".join(map(str, parts)) + "\n").encode()


def _differences(refolded: Books, seen: Books) -> Iterator[str]:
    for account in sorted(refolded.accounts.keys() | seen.accounts.keys()):
        right, left = refolded.accounts.get(account), seen.accounts.get(account)
        if right != left:
            yield f"account {' '.join(account)}: the log says {right or 'nothing'}; the views say {left or 'nothing'}"
    if refolded.entries != seen.entries:
        yield f"the log has {refolded.entries} entries, the views {seen.entries}"
    unlike: dict[bool, list[int]] = defaultdict(list)
    for partition in refolded.hashes.keys() | seen.hashes.keys():
        unlike[refolded.hashes.get(partition) == seen.hashes.get(partition)].append(partition)
    for partition in sorted(unlike[False]):
        yield f"partition {partition}: the ledger rows of the views are not those of the log (`payflow rebuild` names the row)"


def lines(verdict: Verdict) -> list[str]:
    """The verdict in words."""
    stand = ", ".join(f"{partition}@{offset}" for partition, offset in sorted(verdict.offsets.items()))
    told = [
        f"refolded {verdict.records:,} records from offset 0; compared at {stand or 'no offset: nothing was projected yet'}"
    ]
    told.append(
        f"{verdict.accounts:,} accounts compared, {verdict.entries:,} entries, {len(verdict.differences)} differences"
    )
    told += [f"partition {partition}: its views are still catching up with the log" for partition in verdict.behind]
    return [*told, f"first difference: {verdict.differences[0]}"] if verdict.differences else told


def command(json: Json = False) -> None:
    """Refold the ledger from offset 0 of the log and compare every account with the views; exit 1 with the first difference.

    With --json the verdict with all differences.
    """
    try:
        settings = load(ServiceSettings)
        check_schema(settings)
        verdict = verify(settings)
    except RefusedStartError as error:
        misused("ledger", str(error), json=json)
    except (psycopg.OperationalError, KafkaError, OSError, TimeoutError) as error:
        what = (str(error).strip() or type(error).__name__).splitlines()[0]
        misused("ledger", f"broker or database went away ({what}): see that both run", json=json)
    if json:
        say(verdict)
    for line in () if json else lines(verdict):
        typer.echo(line)
    raise typer.Exit(int(bool(verdict.differences)))
