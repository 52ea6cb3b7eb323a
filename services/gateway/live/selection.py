"""Filters of the channel `payouts`: which changes a follower wants, by the same words as the list on REST (LIV-03).

Owns the words and what they mean for a change. What a payout keeps for ever decides whether its changes are told at all; what moves decides
whether the row is wanted now or has left. Must not read anything.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

from msgspec import Struct

from schemas.money import EXPONENTS
from schemas.times import parse_rfc3339
from services.gateway.filters import PAYOUT_FILTERS, Conditions, payout_conditions, read_id, refuse
from services.gateway.standing import level_of_change, shown_reason

FILTERS = PAYOUT_FILTERS - {"merchant_id"}
TEXT_MAX = 1024

Row = Mapping[str, Any]
Wants = Callable[[Row], bool]


class Selection(Struct, frozen=True):
    """The filters of one channel name."""

    query: Mapping[str, str]
    keeps: Sequence[Wants]
    moves: Sequence[Wants]

    @property
    def conditions(self) -> Conditions:
        """The same for the list that a snapshot begins with."""
        return payout_conditions(self.query)

    def concerns(self, row: Row) -> bool:
        """Whether a row can ever be wanted."""
        return all(wants(row) for wants in self.keeps)

    def wants(self, row: Row) -> bool:
        """Whether it is wanted as this change leaves it."""
        return all(wants(row) for wants in self.moves)


def read(text: str) -> Selection | None:
    """The filters behind the `?` of a channel's name; None for none. Raises ProblemError 400 that names the one that is wrong."""
    if not text:
        return None
    try:
        pairs = parse_qsl(text, keep_blank_values=True, strict_parsing=True, max_num_fields=len(FILTERS), errors="strict")
    except ValueError:
        raise refuse("channel", "has filters that cannot be read; write payouts?status=failed&currency=USD") from None
    query = dict(pairs)
    unknown = next((name for name in query if name not in FILTERS), None)
    if unknown is not None or len(query) < len(pairs) or len(text) > TEXT_MAX:
        raise refuse(
            (unknown or "channel")[:64], f"is not a filter, or stands twice; there are {', '.join(sorted(FILTERS))}"
        )
    payout_conditions(query)
    return Selection(query, _keeps(query), _moves(query))


def _keeps(query: Mapping[str, str]) -> list[Wants]:
    found: list[Wants] = []
    if "batch_id" in query:
        found.append(_equal("batch_id", read_id(query, "batch_id")))
    if "created_after" in query:
        after = _time(query, "created_after")
        found.append(lambda row: row["created_at"] >= after)
    if "created_before" in query:
        before = _time(query, "created_before")
        found.append(lambda row: row["created_at"] <= before)
    return found


def _moves(query: Mapping[str, str]) -> list[Wants]:
    found: list[Wants] = []
    if "status" in query:
        found.append(_among("status", _words(query["status"].lower())))
    if "reason" in query:
        reasons = _words(query["reason"].lower())
        found.append(lambda row: shown_reason(row) in reasons)
    if "currency" in query:
        found.append(_among("currency", _words(query["currency"].upper())))
    if "attention" in query:
        levels = _words(query["attention"].lower())
        found.append(lambda row: level_of_change(row) in levels)
    found += [_equal(name, query[name]) for name in ("reference", "provider") if name in query]
    if "min_amount" in query:
        least = _scaled(query["min_amount"])
        found.append(lambda row: _amount(row) >= least)
    if "max_amount" in query:
        most = _scaled(query["max_amount"])
        found.append(lambda row: _amount(row) <= most)
    return found


def _among(column: str, known: set[str]) -> Wants:
    return lambda row: row[column] in known


def _equal(column: str, value: str) -> Wants:
    return lambda row: row[column] == value


def _words(text: str) -> set[str]:
    return {part.strip() for part in text.split(",")}


def _time(query: Mapping[str, str], name: str) -> int:
    return parse_rfc3339(query[name].replace(" ", "+"))


def _amount(row: Row) -> int:
    """In ten-thousandths of the whole unit, so that currencies compare as their texts do."""
    return int(row["amount_minor"]) * int(10 ** (4 - EXPONENTS[row["currency"]]))


def _scaled(text: str) -> int:
    whole, _, decimals = text.partition(".")
    return int(whole) * 10_000 + int(decimals.ljust(4, "0"))
