"""What the simulated clients ask for: payouts of merchants with little money, batches in chunks, edits, cancels, repeats, and poison.

Owns the drawing of requests. Must not know how they are judged.
"""

import asyncio
from collections import Counter
from random import Random
from typing import TYPE_CHECKING, Any

import orjson

from schemas.ids import row_payout_id
from schemas.topics import partition_of
from tests.simulation.checks.wanted import DECIMALS
from tests.simulation.http import Asked, Entry, Front

if TYPE_CHECKING:
    from tests.simulation.world import World

TRIES = 3
BANKS = ("Bank", "Bänk \\ Söhne", 'The "Bank"')
POISON: tuple[tuple[bytes | None, bytes | None], ...] = (
    (b"m-0", b"{not json"),
    (b"m-0", None),
    (None, None),
    (None, b"\xff\xfe"),
    (b"m-0", b'{"id":"x","merchant_id":"m-0","at":1,"v":99,"body":{"type":"cancel_batch","batch_id":"b"}}'),
    (b"m-1", b'{"id":"x","merchant_id":"m-0","at":1,"body":{"type":"cancel_batch","batch_id":"b"}}'),
    (b"m-0", b'{"id":"x","merchant_id":"m-0","at":1,"body":{"type":"steal","amount":1}}'),
    (b"m-0", b"[" * 5000),
)


class Workload:
    """Clients that ask one after another, each at its own pace."""

    def __init__(self, world: "World", rng: Random) -> None:
        self.world, self.rng = world, rng
        self.front = Front(world)
        self.merchants = [f"m-{number}" for number in range(world.shape.merchants)]
        self.payouts: list[tuple[str, str]] = []
        self.batches: list[tuple[str, str]] = []
        self.asked: list[Asked] = []
        self._keys: Counter[str] = Counter()
        self._begun = 0

    async def open(self) -> None:
        """Merchants and their first money; asked until it is there."""
        for merchant in self.merchants:
            body = {"id": merchant, "name": merchant.upper(), "main_currency": "USD"}
            await self._surely(Asked("open_merchant", merchant, self._key(merchant), orjson.dumps(body)))
            await self._surely(self._credit(merchant, self.rng.randint(50, 300)))
            for currency in self.world.shape.currencies[1:]:
                if self.rng.random() < 0.4:
                    await self._surely(self._credit(merchant, self.rng.randint(50, 300), currency))

    async def client(self, number: int) -> None:
        """One client's share of the operations."""
        mine = self.world.shape.operations // self.world.shape.clients
        for _ in range(mine):
            await asyncio.sleep(self.rng.random() * 1.5)
            self._begun += 1
            self.world.progressed(self._begun / (mine * self.world.shape.clients))
            await self._one()

    async def _one(self) -> None:
        draw = self.rng.random()
        merchant = self.rng.choice(self.merchants)
        if draw < self.world.shape.poison:
            self._poison()
        elif draw < (0.3 if self.world.shape.day else 0.12) and self.asked:
            await self._again()
        elif draw < 0.36 and self.rng.random() < 0.3:
            await self._insist(self._credit(merchant, self.rng.randint(5, 80), self._currency()))
        elif draw < 0.60:
            await self._pay(merchant)
        elif draw < 0.75:
            await self._batch(merchant)
        elif draw < 0.83:
            await self._chunks(merchant)
        else:
            await self._change()

    async def _pay(self, merchant: str) -> None:
        body: dict[str, Any] = self._row()
        if self.rng.random() < 0.4:
            body["on_insufficient_funds"] = "wait"
        asked = Asked("payout", merchant, self._key(merchant), orjson.dumps(body))
        if self.rng.random() < 0.15 and len(self.merchants) > 1:
            await self._twins(merchant, body)
        elif self.rng.random() < 0.15:
            await asyncio.gather(*(self._insist(asked) for _ in range(self.rng.randint(2, 3))))
        else:
            self._note(await self._insist(asked), self.payouts)
            if self.rng.random() < 0.3:
                await self._change(newest=True)

    async def _twins(self, merchant: str, body: dict[str, Any]) -> None:
        """Two merchants take the same key at the same time."""
        other = self.rng.choice([name for name in self.merchants if name != merchant])
        self._keys[merchant] = self._keys[other] = max(self._keys[merchant], self._keys[other])
        bodies = [(merchant, body), (other, self._row())]
        twins = [Asked("payout", name, self._key(name), orjson.dumps(content)) for name, content in bodies]
        await asyncio.gather(*(self._insist(twin) for twin in twins))

    async def _batch(self, merchant: str) -> None:
        rows = [self._row() for _ in range(self.rng.randint(1, 8))]
        asked = Asked("batch", merchant, self._key(merchant), orjson.dumps({"rows": rows, **self._options()}))
        entry = await self._insist(asked)
        self._note(entry, self.batches)
        if entry.result == "ok" and "id" in entry.json():
            await self._after(merchant, entry.json()["id"], len(rows))

    def _options(self) -> dict[str, str]:
        """BAT-10, mostly of the kind that leaves rows waiting."""
        funding = {"funding": "as_available"} if self.rng.random() < 0.5 else {}
        return {**funding, **({"on_row_failure": "stop"} if self.rng.random() < 0.3 else {})}

    async def _after(self, merchant: str, batch_id: str, rows: int) -> None:
        """A row that may wait for funds is changed, or the whole batch is stopped while it runs."""
        draw = self.rng.random()
        if draw < 0.15:
            await self._insist(Asked("drop", merchant, self._key(merchant), b"", batch_id))
        elif draw < 0.4:
            self.payouts.append((merchant, row_payout_id(batch_id, self.rng.randint(1, rows))))
            await self._change(newest=True)

    async def _chunks(self, merchant: str) -> None:
        body = orjson.dumps({"name": "chunks", **self._options()})
        opened = await self._insist(Asked("batch", merchant, self._key(merchant), body))
        if opened.result != "ok" or "id" not in opened.json():
            return
        batch_id, first = opened.json()["id"], 1
        for _ in range(self.rng.randint(1, 3)):
            rows = [self._row() for _ in range(self.rng.randint(1, 5))]
            chunk = Asked("rows", merchant, self._key(merchant), orjson.dumps({"rows": rows, "first_row": first}), batch_id)
            first += len(rows)
            await self._insist(chunk)
            if self.rng.random() < 0.2:
                await self._insist(chunk)
        route = "drop" if self.rng.random() < 0.15 else "seal"
        await self._insist(Asked(route, merchant, self._key(merchant), b"", batch_id))
        if route == "seal":
            await self._after(merchant, batch_id, first - 1)

    async def _change(self, *, newest: bool = False) -> None:
        """Cancel or edit; only what is new, or waits for money, can still be changed."""
        if not self.payouts:
            return
        merchant, payout_id = self.payouts[-1] if newest else self.rng.choice(self.payouts)
        if self.rng.random() < (0.2 if newest else 0.5):
            await self._insist(Asked("cancel", merchant, self._key(merchant), b"", payout_id))
        else:
            await self._insist(Asked("edit", merchant, self._key(merchant), orjson.dumps(self._edit()), payout_id))

    async def _again(self) -> None:
        """A repeat of an earlier request, or another body under its key."""
        earlier = self.rng.choice(self.asked if self.rng.random() < 0.4 else self.asked[-4:])
        if self.rng.random() < 0.7 or earlier.route not in {"payout", "credit"} or earlier.key is None:
            await self.front.ask(earlier)
        else:
            body = orjson.dumps({**orjson.loads(earlier.body), "description": f"other {self.rng.random()}"})
            await self.front.ask(Asked(earlier.route, earlier.merchant, earlier.key, body, earlier.subject))

    async def _insist(self, asked: Asked) -> Entry:
        """Ask, and ask again while nobody can tell what became of it."""
        self.asked.append(asked)
        entry = await self.front.ask(asked)
        for _ in range(TRIES - 1):
            if entry.result != "unknown" and entry.status != 409:
                break
            await asyncio.sleep(self.rng.random() * 2)
            entry = await self.front.ask(asked)
        return entry

    async def _surely(self, asked: Asked) -> None:
        self.asked.append(asked)
        while (await self.front.ask(asked)).result != "ok":
            await asyncio.sleep(1.0)

    async def resend(self) -> None:
        """At the end: every key once more. What was unknown becomes known; what was known must be the same bytes.

        Where keys have expired meanwhile the first repeat is a new request, and the second its repeat.
        """
        for asked in list(dict.fromkeys(self.asked)) * (2 if self.world.shape.day else 1):
            for _ in range(20):
                entry = await self.front.ask(asked)
                if entry.status is not None and entry.status < 500 and entry.status not in {202, 409}:
                    break
                if entry.status == 409 and entry.json().get("code") != "idempotency_in_flight":
                    break
                await asyncio.sleep(1.0)

    def _credit(self, merchant: str, units: int, currency: str = "USD") -> Asked:
        key = self._key(merchant)
        body = {**self._amount(units, units, currency), "currency": currency, "reference": f"in-{key}"}
        if self.rng.random() < 0.2:
            body["description"] = f"money {units}"
        return Asked("credit", merchant, key, orjson.dumps(body), merchant)

    def _row(self) -> dict[str, Any]:
        currency = self._currency()
        row: dict[str, Any] = {**self._amount(1, 60, currency), "currency": currency, "recipient_details": self._payee()}
        if self.rng.random() < 0.2:
            row["reference"] = f"ref-{self.rng.randint(1, 12)}"
        if self.rng.random() < 0.2:
            row["description"] = self.rng.choice(("rent", "two\nlines", 'a\ttab, "quotes" and \\N'))
        return row

    def _edit(self) -> dict[str, Any]:
        """A new amount, another payee, other words, or several of these."""
        changed: dict[str, Any] = {}
        if self.rng.random() < 0.6:
            currency = self._currency()
            changed |= {**self._amount(1, 60, currency), "currency": currency}
        if self.rng.random() < 0.4:
            changed["recipient_details"] = self._payee()
        if not changed or self.rng.random() < 0.2:
            changed["description"] = self.rng.choice((None, f"edited {self.rng.randint(1, 99)}"))
        return changed

    def _currency(self) -> str:
        return self.rng.choice(self.world.shape.currencies[1:]) if self.rng.random() < 0.25 else "USD"

    def _amount(self, least: int, most: int, currency: str) -> dict[str, Any]:
        """Some money in one of its two spellings; all decimals of the currency, or fewer."""
        digits, units = DECIMALS[currency], self.rng.randint(least, most)
        parts = self.rng.randrange(10**digits) if least < most else 0
        if self.rng.random() < 0.2:
            return {"amount_minor": units * 10**digits + parts}
        text = f"{units}.{parts:0{digits}d}" if digits else str(units)
        return {"amount": text.rstrip("0").rstrip(".") if digits and self.rng.random() < 0.2 else text}

    def _payee(self) -> dict[str, str]:
        if self.rng.random() < 0.15:
            return {"msisdn": f"+25677{self.rng.randint(1000000, 9999999)}"}
        return {"account_number": f"100{self.rng.randint(1000000, 9999999)}", "bank_name": self.rng.choice(BANKS)}

    def _poison(self) -> None:
        key, value = self.rng.choice(POISON)
        number = partition_of("m-0", self.world.shape.partitions) if key else 0
        self.world.broker.partitions[number].append(key, value)
        self.world.met["poison"] += 1

    def _note(self, entry: Entry, ids: list[tuple[str, str]]) -> None:
        if entry.result == "ok" and "id" in (found := entry.json()):
            ids.append((entry.asked.merchant, found["id"]))

    def _key(self, merchant: str) -> str:
        """Merchants know nothing of each other, so their keys are the same ones."""
        self._keys[merchant] += 1
        return f"key-{self._keys[merchant]}"
