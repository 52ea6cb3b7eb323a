"""What becomes of one transfer that is asked for: the same whether it comes alone or with many.

Owns the check of a request, what the same reference again means, and the mood of the day. Must not know HTTP, or wait.
"""

import hashlib
import time
from typing import Any, Literal

import orjson
from msgspec import Struct

from services.simulator import scenario
from services.simulator.books import Books
from services.simulator.transfers import Transfer, new_transfer

REFERENCE_MAX = 64
FIELDS = ("reference", "amount", "currency")


class Asked(Struct, frozen=True, gc=False):
    """A request that can be read: its body, the number it pays to, and a hash of what it is about."""

    body: dict[str, Any]
    payee: str
    content: str


class Taken(Struct, frozen=True, gc=False):
    """What became of a request.

    `new`: noted in the books, to be made durable; `known`: there already; `conflict`: there with other content; `lost`: never arrived.
    """

    kind: Literal["new", "known", "conflict", "lost"]
    transfer: Transfer | None = None
    fate: scenario.Fate = scenario.PAID


class Desk:
    """Takes requests into `books` by the preset in force."""

    def __init__(self, books: Books, preset: scenario.Preset) -> None:
        """Nothing was lost, nobody was told."""
        self.books, self.preset = books, preset
        self.told: set[str] = set()
        """References that an inquiry has shown."""
        self.chosen: dict[str, scenario.Fate] = {}
        """Fates of references that have not come yet, chosen by hand."""
        self._lost: set[str] = set()

    def take(self, asked: Asked, known: Transfer | None) -> Taken:
        """Take one in; `known` is what the books have under its reference."""
        reference = asked.body["reference"]
        if known is not None:
            return Taken("known" if known.content == asked.content else "conflict", known)
        fate = self.chosen.pop(reference, None) or scenario.fate(
            self.preset, reference, asked.payee, self._earlier(asked.payee)
        )
        if not fate.recorded and reference not in self._lost:
            self._lost.add(reference)
            return Taken("lost", fate=fate)
        transfer = new_transfer(asked.body, fate, asked.content, asked.payee)
        self.books.note(transfer)
        return Taken("new", transfer, fate)

    def _earlier(self, payee: str) -> int:
        return self.books.count_to(payee) if payee.endswith("0002") else 0


def read(body: Any) -> Asked:
    """A request as it was sent. Raises KeyError, TypeError or ValueError for one that cannot be read."""
    for name in FIELDS:
        value = body[name]
        if not isinstance(value, str) or not 0 < len(value) <= REFERENCE_MAX:
            raise ValueError(f"{name} must be a short text")
    payee = body["payee"]
    if not isinstance(payee, dict):
        raise TypeError("payee must be an object")
    number = payee.get("msisdn") or payee.get("account_number") or payee.get("account") or payee.get("iban")
    if not isinstance(number, str):
        raise TypeError("payee needs msisdn, account_number or iban")
    return Asked(body, number, _content(body))


def now_ms() -> int:
    """The provider's own clock, in ms UTC."""
    return time.time_ns() // 1_000_000


def _content(body: dict[str, Any]) -> str:
    parts = {"amount": body["amount"], "currency": body["currency"], "payee": body["payee"]}
    return hashlib.sha256(orjson.dumps(parts, option=orjson.OPT_SORT_KEYS)).hexdigest()
