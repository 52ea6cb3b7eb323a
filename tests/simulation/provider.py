"""The provider: its own books, and a client that is the product's own but for the wire.

Owns what a provider may do: pay, fail for good or for now, be at work for long, answer late, twice, wrongly or not at all; and that one
reference is executed once at most. What becomes of a reference is drawn from it and the seed. Must not know the product's state.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

import orjson

from runtime import failpoints
from services.processor.rails.simulator_provider import SimulatorProvider
from tests.simulation.network import Network

PROVIDER = "provider"
CALL_SECONDS = 6.0
FINAL = ("account_closed", "payee_unknown", "payee_limit_reached")
ENTRY_TROUBLES = ("amount", "echo", "status", "missing", "twice", "text")
STANDINGS = frozenset({"paid", "failed", "in_progress"})
PASSING = ("provider_busy", "payee_provider_down")


@dataclass
class Transfer:
    """One line of the provider's books. `executed` counts how often money left; `at` is when, in virtual seconds."""

    reference: str
    amount: str
    currency: str
    payee: dict[str, str]
    status: str = "in_progress"
    code: str | None = None
    executed: int = 0
    at: float = 0.0
    description: str | None = None
    said: list[str] = field(default_factory=list)
    """Statuses that somebody surely heard from it, in order."""


class Nasty:
    """How often each trouble happens, as shares of calls; all 0 after the faults have stopped."""

    def __init__(self, *, fail: float, passing: float, slow: float, hang: float, wire: float, contradict: float) -> None:
        self.fail, self.passing, self.slow, self.hang = fail, passing, slow, hang
        self.wire, self.contradict = wire, contradict


class Books:
    """The provider's side. `on_execute` is told of each transfer as the money leaves, `on_late` of one that it had called failed."""

    def __init__(self, network: Network, rng: Random, nasty: Nasty, on_execute: Callable[[Transfer], None]) -> None:
        self.network, self.rng, self.nasty, self.on_execute = network, rng, nasty, on_execute
        self.on_late: Callable[[Transfer], None] = on_execute
        self.transfers: dict[str, Transfer] = {}
        self.calls = 0

    def send(self, body: dict[str, Any]) -> tuple[int, Any]:
        """POST /transfers."""
        self.calls += 1
        known = self.transfers.get(body["reference"])
        if known is not None:
            same = (known.amount, known.currency, known.payee) == (body["amount"], body["currency"], body["payee"])
            return (200, self._shown(known)) if same else (409, {"code": "reference_reused"})
        transfer = Transfer(body["reference"], body["amount"], body["currency"], body["payee"])
        transfer.description = body.get("description")
        self.transfers[transfer.reference] = transfer
        self._begin(transfer)
        return 200, self._shown(transfer)

    def inquire(self, reference: str) -> tuple[int, Any]:
        """GET /transfers/{reference}."""
        self.calls += 1
        known = self.transfers.get(reference)
        return (200, self._shown(known)) if known is not None else (404, {"code": "not_found"})

    def send_many(self, bodies: list[dict[str, Any]], taken: int) -> tuple[int, Any]:
        """POST /batchtransactions; it breaks off after `taken`."""
        entries = []
        for body in bodies[:taken]:
            status, entry = self.send(body)
            refused = {**body, "status": "refused", "code": "duplicate_reference"}
            entries.append(entry if status == 200 else refused)
        return 200, {"results": entries}

    def inquire_many(self, references: list[str]) -> tuple[int, Any]:
        """POST /batchtransactions/inquiry."""
        found = [(reference, *self.inquire(reference)) for reference in references]
        absent = [(entry if status == 200 else {"reference": r, "status": "not_found"}) for r, status, entry in found]
        return 200, {"results": absent}

    def heard(self, entry: dict[str, Any]) -> None:
        """This was said, and nothing kept it from the one who asked; a refusal or `not_found` is no standing."""
        if entry["status"] in STANDINGS:
            self.transfers[entry["reference"]].said.append(entry["status"])

    def settle_all(self) -> None:
        """The provider ends all that hangs."""
        for transfer in self.transfers.values():
            if transfer.status == "in_progress":
                self._pay(transfer)

    def _begin(self, transfer: Transfer) -> None:
        draw, nasty = self._draw(transfer.reference, "fate"), self.nasty
        for share, act in (
            (nasty.fail, lambda: self._fail(transfer, FINAL)),
            (nasty.passing, lambda: self._fail(transfer, PASSING)),
            (nasty.slow, lambda: self._later(transfer)),
            (nasty.hang, lambda: None),
        ):
            draw -= share
            if draw < 0:
                act()
                return
        self._pay(transfer)

    def _later(self, transfer: Transfer) -> None:
        end = self._pay if self._draw(transfer.reference, "end") < 0.7 else lambda t: self._fail(t, FINAL)
        self._at(self._draw(transfer.reference, "wait") * 12, lambda: end(transfer))

    def _fail(self, transfer: Transfer, codes: tuple[str, ...]) -> None:
        if transfer.status != "in_progress":
            return
        transfer.status, transfer.code = "failed", codes[int(self._draw(transfer.reference, "code") * len(codes))]
        if self._draw(transfer.reference, "lie") < self.nasty.contradict:
            self._at(self._draw(transfer.reference, "wait") * 20, lambda: self._pay(transfer, late=True))

    def _pay(self, transfer: Transfer, *, late: bool = False) -> None:
        if transfer.status == "in_progress" or late:
            transfer.status, transfer.code = "paid", None
            transfer.executed += 1
            transfer.at = self.network.loop.clock
            self.on_execute(transfer)
            if late:
                transfer.said.append(transfer.status)
                self.on_late(transfer)

    def _at(self, seconds: float, act: Callable[[], None]) -> None:
        loop = self.network.loop
        loop.call_at(loop.clock + seconds, act, context=self.network.world)

    def _draw(self, reference: str, what: str) -> float:
        digest = hashlib.blake2b(f"{reference}/{what}".encode(), digest_size=7).digest()
        return int.from_bytes(digest, "big") / (1 << 56)

    def _shown(self, transfer: Transfer) -> dict[str, Any]:
        shown = {"reference": transfer.reference, "amount": transfer.amount, "currency": transfer.currency}
        shown |= {"status": transfer.status, "provider_reference": f"bank-{transfer.reference[:8]}"}
        return shown if transfer.code is None else {**shown, "code": transfer.code}


class ProviderClient(SimulatorProvider):
    """The product's client of the provider, with this wire under it."""

    def __init__(self, books: Books) -> None:
        self._books = books

    async def close(self) -> None:
        """Nothing to let go of."""

    async def _call(self, method: str, path: str, body: bytes | None, transfers: int = 1) -> tuple[int, Any]:
        books = self._books
        trouble = self._trouble()
        if trouble == "refused":
            await books.network.call(PROVIDER, lambda: None, seconds=1.0, error=TimeoutError)
            return 0, "ClientConnectorError"
        if trouble == "slow_down":
            return 429, {"code": "too_many"}
        effect = self._effect(path, orjson.loads(body) if body is not None else {}, trouble)
        try:
            status, answer = await books.network.call(PROVIDER, effect, seconds=CALL_SECONDS, error=TimeoutError)
        except TimeoutError:
            return -1, "TimeoutError"
        await failpoints.reach("rails.sent")
        if path.startswith("/batchtransactions"):
            return self._garbled_bulk(trouble, status, answer)
        if trouble is None and status == 200:
            books.heard(answer)
        return _garbled(trouble, status, answer)

    def _effect(self, path: str, body: dict[str, Any], trouble: str | None) -> Callable[[], tuple[int, Any]]:
        books = self._books
        match path:
            case "/transfers":
                return lambda: books.send(body)
            case "/batchtransactions":
                bodies = body["transfers"]
                taken = int(books.rng.random() * len(bodies)) if trouble == "5xx" else len(bodies)
                return lambda: books.send_many(bodies, taken)
            case "/batchtransactions/inquiry":
                return lambda: books.inquire_many(body["references"])
            case _:
                return lambda: books.inquire(path[11:])

    def _garbled_bulk(self, trouble: str | None, status: int, answer: Any) -> tuple[int, Any]:
        """The whole reply spoilt, or some of its entries: missing, refused for now, twice, about another one, or in another order."""
        books = self._books
        books.network.met["provider.bulk"] += 1
        if trouble in {"5xx", "garbage"}:
            return _garbled(trouble, status, answer)
        entries = [shown for entry in answer["results"] for shown in self._spoilt(entry)]
        if books.rng.random() < books.nasty.wire:
            books.rng.shuffle(entries)
        return status, {"results": entries}

    def _spoilt(self, entry: dict[str, Any]) -> list[Any]:
        if self._books.rng.random() >= self._books.nasty.wire:
            self._books.heard(entry)
            return [entry]
        kind = ENTRY_TROUBLES[int(self._books.rng.random() * len(ENTRY_TROUBLES))]
        self._books.network.met[f"provider.bulk_{kind}"] += 1
        match kind:
            case "missing":
                return []
            case "twice":
                return [entry, {**entry, "status": "failed", "code": FINAL[0]}]
            case "text":
                return ["<html>"]
        return [_garbled(kind, 200, entry)[1]]

    def _trouble(self) -> str | None:
        books = self._books
        if books.rng.random() >= books.nasty.wire:
            return None
        trouble = ("refused", "5xx", "garbage", "amount", "echo", "slow_down", "status")[int(books.rng.random() * 7)]
        books.network.met[f"provider.{trouble}"] += 1
        return trouble


def _garbled(trouble: str | None, status: int, answer: Any) -> tuple[int, Any]:
    """The reply as a broken provider or line gives it; whatever was asked has been done."""
    match trouble:
        case "5xx":
            return 503, {"code": "oops"}
        case "garbage":
            return -1, "JSONDecodeError"
        case "amount" if isinstance(answer, dict):
            return status, {**answer, "amount": "9999999.00"}
        case "echo" if isinstance(answer, dict):
            return status, {**answer, "reference": "00000000-0000-4000-8000-000000000000"}
        case "status" if isinstance(answer, dict):
            return status, {**answer, "status": "perhaps"}
    return status, answer
