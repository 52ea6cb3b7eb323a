"""Money: what is held is what open payouts need, and nothing came from nowhere.

Must not know the product's postings, only their accounts' names.
"""

from collections import defaultdict
from typing import Any

from tests.simulation.checks.story import OPEN, Story
from tests.simulation.checks.told import Told


def check(world: Any, story: Story, journal: list[Any]) -> list[str]:
    """Held per merchant is the sum of open holds; all accounts together are zero; paid out is what was completed."""
    held: dict[tuple[str, str], int] = defaultdict(int)
    paid: dict[tuple[str, str], int] = defaultdict(int)
    for told in story.payouts.values():
        place = told.merchant, told.currency
        held[place] += told.amount + told.fee if _is_held(story, told) else 0
        paid[place] += told.amount if told.status == "completed" else 0
    came = {(m, str(fact["currency"])): 0 for (m, _), facts in story.credits.items() for fact in facts}
    for (merchant, _), facts in story.credits.items():
        for fact in facts:
            came[merchant, fact["currency"]] -= fact["amount_minor"]
    return [
        *_compare(story, came, "external"),
        *_compare(story, held, "held"),
        *_compare(story, paid, "clearing:simulator"),
        *_sums(story),
    ]


def _is_held(story: Story, told: Told) -> bool:
    if told.status not in OPEN:
        return False
    if told.batch is not None and story.batches[told.batch]["phase"] != "released":
        return False
    return told.status != "pending" or told.reason != "funds"


def _compare(story: Story, wanted: dict[tuple[str, str], int], account: str) -> list[str]:
    booked = {(m, c): amount for (m, c, name), amount in story.balances.items() if name == account}
    places = sorted(set(booked) | set(wanted))
    return [
        f"ledger: {account} of {place} is {booked.get(place, 0)}, its payouts say {wanted.get(place, 0)}"
        for place in places
        if booked.get(place, 0) != wanted.get(place, 0)
    ]


def _sums(story: Story) -> list[str]:
    totals: dict[tuple[str, str], int] = defaultdict(int)
    for (merchant, currency, _), amount in story.balances.items():
        totals[merchant, currency] += amount
    return [f"ledger: {place} sums to {total}" for place, total in totals.items() if total]
