"""Redriving and discarding dead letters (RUN-24).

Owns that a letter is redriven at most once and never round and round, never both redriven and discarded, and that what was done stays
on the dead-letter topic for ever. Both say first that they begin, and whoever said so first goes on alone. A redrive says with it where
its topic ends; one that died is looked for behind that place before anything is sent again. Appends without transaction: offsets of
`payouts.commands` stay dense. Must not judge what the bytes say.
"""

import asyncio
from typing import NamedTuple

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from runtime.clock import SystemClock
from runtime.dead_letter_book import (
    BEGUN,
    COUNT_HEADER,
    DISCARDED,
    DISCARDING,
    LETTER_HEADER,
    REDRIVEN,
    REDRIVING,
    Book,
    Letter,
    Resolution,
)
from runtime.dead_letter_watch import ASK_SECONDS, read_book
from runtime.dead_letters import DeadLetters
from runtime.event_log import connection
from runtime.ids import mint
from schemas.topics import COMMANDS, INBOX_PREFIX

REDRIVES_MAX = 3
BUSY_MS = 60_000
"""So long a redrive or discard that began is taken for running; afterwards for dead."""
SEND_MS = 20_000
"""Who was held up for longer than this does nothing any more: somebody else may soon take over."""

_CLOCK = SystemClock()


class Outcome(NamedTuple):
    """What came of it. `changed` is False for a repeat; `refused` means that the operator did not get what was asked."""

    letter: str
    text: str
    changed: bool = False
    refused: bool = False


class Desk:
    """One operator at the dead letters. Every method raises KafkaError or TimeoutError when the broker is away."""

    def __init__(self, bootstrap: str, partitions: int, by: str) -> None:
        """`by` is who does it; it is written down."""
        self._bootstrap, self._partitions, self._by = bootstrap, partitions, by
        self._letters = DeadLetters(bootstrap)
        self._producer: AIOKafkaProducer | None = None

    async def __aenter__(self) -> "Desk":
        """Connect."""
        self._producer = connection.producer(self._bootstrap)
        await asyncio.gather(self._letters.start(), self._producer.start())
        return self

    async def __aexit__(self, *_: object) -> None:
        """Disconnect."""
        assert self._producer is not None
        await asyncio.gather(self._letters.stop(), self._producer.stop(), return_exceptions=True)

    async def book(self) -> Book:
        """All letters as they stand now."""
        return await read_book(self._bootstrap, self._partitions)

    async def discard(self, letter_id: str, reason: str) -> Outcome:
        """Close a letter for good, with a reason. A repeat changes nothing."""
        book = await self.book()
        closed = _closed(book, letter_id, DISCARDED)
        if closed is not None:
            return closed
        known = await self._finish_an_earlier_one(book, book.letters[letter_id])
        if known is not None:
            return known._replace(refused=True)
        refusal = await self._begin(letter_id, DISCARDING)
        if refusal is not None:
            return refusal
        await self._letters.resolve(letter_id, DISCARDED, self._told(reason=reason))
        return Outcome(letter_id, "discarded", changed=True)

    async def redrive(self, letter_id: str) -> Outcome:
        """Append the original bytes to the topic they came from, once."""
        book = await self.book()
        refusal = _closed(book, letter_id, REDRIVEN) or _not_redrivable(book, letter_id)
        if refusal is not None:
            return refusal
        letter = book.letters[letter_id]
        known = await self._finish_an_earlier_one(book, letter)
        if known is not None:
            return known
        place = (await _ends(self._bootstrap, letter))[1]
        refusal = await self._begin(letter_id, REDRIVING, place=str(place))
        if refusal is not None:
            return refusal
        offset = await self._append(letter, book.redrives(letter_id) + 1)
        return await self._finish(letter, offset, "redriven")

    async def _begin(self, letter_id: str, kind: str, **more: str) -> Outcome | None:
        """Say that it begins, and see who said so first. Returns why it must not go on, if so."""
        token, began = mint(), _CLOCK.monotonic()
        await self._letters.resolve(letter_id, kind, self._told(token=token, **more))
        book = await self.book()
        if book.last_word(letter_id) is not None or _somebody_at_it(book, letter_id, token):
            return _busy(letter_id)
        if (_CLOCK.monotonic() - began) * 1000 > SEND_MS:
            return Outcome(letter_id, "took too long, nothing was done: try again in a minute", refused=True)
        return None

    async def _finish_an_earlier_one(self, book: Book, letter: Letter) -> Outcome | None:
        """A redrive that began and did not say its end has either appended the record or died before."""
        if _somebody_at_it(book, letter.id, None):
            return _busy(letter.id)
        begun = [one for one in book.resolutions.get(letter.id, ()) if one.kind == REDRIVING]
        if not begun:
            return None
        offset = await self._appended(letter, begun)
        return None if offset is None else await self._finish(letter, offset, "an earlier try had redriven it")

    async def _appended(self, letter: Letter, begun: list[Resolution]) -> int | None:
        low, end = await _ends(self._bootstrap, letter)
        start = max(low, min(one.place for one in begun))
        if start >= end:  # nothing came since; a consumer that is stopped before it has read anything raises CancelledError
            return None
        consumer = connection.reader(self._bootstrap)
        place = TopicPartition(letter.topic, letter.partition)
        await consumer.start()
        try:
            consumer.assign([place])
            consumer.seek(place, start)
            while await consumer.position(place) < end:
                for record in (await consumer.getmany(place, timeout_ms=500)).get(place, ()):
                    if (LETTER_HEADER, letter.id.encode()) in record.headers:
                        return int(record.offset)
        finally:
            await consumer.stop()
        return None

    async def _append(self, letter: Letter, count: int) -> int:
        assert self._producer is not None
        ours = (LETTER_HEADER, COUNT_HEADER)
        headers = [(name, data) for name, data in letter.headers if name not in ours]
        headers += [(LETTER_HEADER, letter.id.encode()), (COUNT_HEADER, str(count).encode())]
        batch = self._producer.create_batch()  # `send` would refuse a record that has neither key nor value
        batch.append(timestamp=None, key=letter.key, value=letter.value, headers=headers)
        async with asyncio.timeout(ASK_SECONDS):
            sending = await self._producer.send_batch(batch, letter.topic, partition=letter.partition)
            return int((await sending).offset)

    async def _finish(self, letter: Letter, offset: int, word: str) -> Outcome:
        await self._letters.resolve(letter.id, REDRIVEN, self._told(place=str(offset)))
        return Outcome(letter.id, f"{word} as {letter.topic}:{letter.partition}:{offset}", changed=True)

    def _told(self, **more: str) -> dict[str, str]:
        return {"at": str(_now_ms()), "by": self._by, **more}


def _somebody_at_it(book: Book, letter_id: str, token: str | None) -> bool:
    """Whether a redrive or discard that is not ours began first and may still run."""
    now = _now_ms()
    fresh = [one for one in book.resolutions.get(letter_id, ()) if one.kind in BEGUN and now - one.at < BUSY_MS]
    return bool(fresh) and fresh[0].token != token


def _busy(letter_id: str) -> Outcome:
    return Outcome(letter_id, "somebody else works on it: nothing was done, look again in a minute", refused=True)


def _closed(book: Book, letter_id: str, wish: str) -> Outcome | None:
    """Why nothing is to be done, if so."""
    if letter_id not in book.letters:
        return Outcome(letter_id, "there is no such dead letter", refused=True)
    last = book.last_word(letter_id)
    if last is None:
        return None
    why = f" ({last.reason})" if last.reason else ""
    return Outcome(letter_id, f"was {last.kind} by {last.by} before{why}: nothing was done", refused=last.kind != wish)


def _not_redrivable(book: Book, letter_id: str) -> Outcome | None:
    letter = book.letters[letter_id]
    if letter.topic != COMMANDS.name and not letter.topic.startswith(INBOX_PREFIX):
        return Outcome(letter_id, f"{letter.topic} takes no redrives", refused=True)
    if letter.whole:
        text = (
            f"has {letter.whole} bytes, of which only the first are kept here: it is refused; ask for it anew, or discard it"
        )
        return Outcome(letter_id, text, refused=True)
    count = book.redrives(letter_id)
    if count >= REDRIVES_MAX:
        text = f"came back {count} times: it is refused; mend its reader or discard it"
        return Outcome(letter_id, text, refused=True)
    return None


async def _ends(bootstrap: str, letter: Letter) -> tuple[int, int]:
    """First offset and end of the letter's own partition."""
    consumer: AIOKafkaConsumer = connection.reader(bootstrap, isolation_level="read_uncommitted")
    place = TopicPartition(letter.topic, letter.partition)
    await consumer.start()
    try:
        async with asyncio.timeout(ASK_SECONDS):
            low = await consumer.beginning_offsets([place])
            end = await consumer.end_offsets([place])
    finally:
        await consumer.stop()
    return int(low[place]), int(end[place])


def _now_ms() -> int:
    return _CLOCK.now_ms()
