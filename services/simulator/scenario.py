"""What becomes of a transfer: presets, rates and magic payees (SIM-02, SIM-03).

Owns the outcome as a function of start number, reference and payee, so the same start number gives the same run. Must not know HTTP or
books. The table of magic payees is documented in docs/simulator.md.
"""

import hashlib
import re
from dataclasses import dataclass, replace
from typing import Literal

FINAL_CODES = ("payee_unknown", "account_closed", "payee_limit_reached")
RETRYABLE_CODES = ("provider_busy", "payee_provider_down")

_MAGIC = re.compile(r"(?:\+?25670000|99990000)(\d{4})")


Reply = Literal["honest", "busy", "error", "garbage", "other_amount", "says_failed", "lost", "cut"]
"""busy: 429 with Retry-After; error: 500; garbage: no JSON; other_amount: a wrong echo; says_failed: the opposite of the books; lost: the
line is closed without a word; cut: it is closed in the middle of the answer."""
BULK_TROUBLES: tuple[Reply, ...] = ("lost", "error", "garbage", "cut")


@dataclass(frozen=True)
class Fate:
    """How one transfer goes.

    `status` is what the books say at once (paid, failed, in_progress); `answers` whether the sender hears it; `pays_after` seconds until
    an in_progress transfer ends, paid or, with a code, failed (None: never). `recorded` False: the first request is lost before it
    reaches the books. `reply` spoils the answer to the sender (an inquiry always tells the truth), `answer_after` holds it back. In a
    bulk reply only its own entry is spoilt, unless it spoils the `whole`.
    """

    status: str
    code: str | None = None
    retryable: bool = False
    answers: bool = True
    pays_after: float | None = None
    recorded: bool = True
    reply: Reply = "honest"
    answer_after: float = 0.0
    whole: bool = False


PAID = Fate("paid")
HANG = Fate("in_progress", answers=False)
PAID_UNHEARD = Fate("paid", answers=False)
LOST = Fate("paid", answers=False, recorded=False)


@dataclass(frozen=True)
class Preset:
    """Shares of outcomes (the rest is paid), the delay of an answer in seconds, and the share of bulk replies spoilt as a whole."""

    name: str
    failure_rate: float = 0.0
    hang_rate: float = 0.0
    unheard_rate: float = 0.0
    delay_seconds: float = 0.0
    seed: int = 1
    bulk_trouble_rate: float = 0.0


PRESETS = {
    "bank": Preset("bank", failure_rate=0.2, hang_rate=0.1),
    "steady": Preset("steady", failure_rate=0.1, delay_seconds=5.0),
    "perfect": Preset("perfect"),
    "storm": Preset("storm", failure_rate=0.3, hang_rate=0.1, unheard_rate=0.2, delay_seconds=0.2, bulk_trouble_rate=0.1),
}


def preset(name: str, **changes: float | int | None) -> Preset:
    """A preset with some of its numbers changed. Raises KeyError for an unknown name, ValueError for a rate outside 0 to 1."""
    chosen = replace(PRESETS[name], **{key: value for key, value in changes.items() if value is not None})
    rates = (chosen.failure_rate, chosen.hang_rate, chosen.unheard_rate)
    if min(rates) < 0 or sum(rates) > 1 or chosen.delay_seconds < 0 or not 0 <= chosen.bulk_trouble_rate <= 1:
        raise ValueError("rates must be from 0 to 1 and add up to 1 at most; a delay is not negative")
    return chosen


def fate(chosen: Preset, reference: str, payee_number: str, earlier: int) -> Fate:
    """The fate of a new transfer; `earlier` is how many transfers to this payee came before."""
    magic = _MAGIC.fullmatch(payee_number)
    if magic is not None:
        scripted = _scripted(int(magic[1]), earlier)
        if scripted is not None:
            return scripted
    return _drawn(chosen, reference)


def bulk_reply(chosen: Preset, first_reference: str) -> Reply:
    """How the sender hears a bulk reply; the first new reference of the request decides."""
    if not chosen.bulk_trouble_rate:
        return "honest"
    draw = _draw(f"bulk:{chosen.seed}:{first_reference}") / chosen.bulk_trouble_rate
    return BULK_TROUBLES[int(draw * len(BULK_TROUBLES))] if draw < 1 else "honest"


def _scripted(number: int, earlier: int) -> Fate | None:
    script = {
        1: Fate("failed", FINAL_CODES[0]),
        2: Fate("failed", RETRYABLE_CODES[0], retryable=True) if earlier < 2 else PAID,
        3: HANG,
        4: PAID_UNHEARD,
        5: Fate("in_progress", pays_after=5.0),
        6: LOST,
        7: Fate("failed", RETRYABLE_CODES[1], retryable=True),
        8: Fate("paid", recorded=False, reply="error"),
        9: Fate("paid", reply="error"),
        10: Fate("paid", reply="garbage"),
        11: Fate("paid", reply="other_amount"),
        12: Fate("in_progress", FINAL_CODES[1], pays_after=3.0),
        13: Fate("paid", reply="says_failed", answer_after=5.0),
        14: Fate("paid", recorded=False, reply="busy"),
        15: Fate("paid", answer_after=4.0),
        16: Fate("in_progress", answers=False, pays_after=6.0),
        17: Fate("paid", reply="lost", whole=True),
        18: Fate("paid", reply="error", whole=True),
        19: Fate("paid", reply="garbage", whole=True),
        20: Fate("paid", reply="cut", whole=True),
    }
    return script.get(number)


def _drawn(chosen: Preset, reference: str) -> Fate:
    if not (chosen.failure_rate or chosen.hang_rate or chosen.unheard_rate):
        return PAID
    draw = _draw(f"{chosen.seed}:{reference}")
    if draw < chosen.failure_rate:
        return _failure(reference)
    if draw < chosen.failure_rate + chosen.hang_rate:
        return HANG
    if draw < chosen.failure_rate + chosen.hang_rate + chosen.unheard_rate:
        return PAID_UNHEARD
    return PAID


def _failure(reference: str) -> Fate:
    draw = _draw(f"code:{reference}")
    if draw < 0.5:
        return Fate("failed", RETRYABLE_CODES[int(draw * 4)], retryable=True)
    return Fate("failed", FINAL_CODES[int((draw - 0.5) * 2 * len(FINAL_CODES))])


def _draw(text: str) -> float:
    """A number from 0 to below 1 that only the text decides."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6], "big") / 2**48
