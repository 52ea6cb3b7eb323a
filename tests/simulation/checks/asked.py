"""What clients asked for against what stands on the log: payouts, rows in their order, credits, edits and cancels, field by field.

Owns the join of a fact with the requests that may have led to it. An answered request names its effect; of requests nobody heard an answer
to, any may be the one. Must not know how keys live; that is `promises`.
"""

from collections import defaultdict
from typing import Any

import orjson

from tests.simulation.checks import wanted
from tests.simulation.checks.story import Story
from tests.simulation.checks.told import Edited, Told
from tests.simulation.checks.wanted import FINAL

POOR = 402


def check(world: Any, story: Story, journal: list[Any]) -> list[str]:
    """All facts that a client asked for."""
    world.met["edited"] = len(story.edits)
    keyed: dict[tuple[str, str], list[Any]] = defaultdict(list)
    for entry in journal:
        keyed[entry.asked.merchant, entry.asked.key].append(entry)
    faults: list[str] = []
    for told in story.payouts.values():
        faults += _payout(told, keyed.get((told.merchant, told.key or ""), [])) if told.batch is None else []
    for batch in story.batches.values():
        faults += _batch(story, batch, keyed.get((batch["merchant"], batch["key"]), []), journal)
    for place, facts in story.credits.items():
        faults += _credit(place, facts, [e for e in journal if _is_credit(place, e)])
    for edited in story.edits:
        faults += _edit(edited, keyed.get(edited.key, []))
    for entry in journal:
        faults += _answer(story, entry) if entry.status in FINAL else []
    return list(dict.fromkeys(faults))


def _candidates(entries: list[Any], route: str, made: str) -> list[Any]:
    """Requests that may have made this: those that were answered with its id, else all of the kind under its key."""
    mine = [entry for entry in entries if entry.asked.route == route]
    return [entry for entry in mine if _named(entry) == made] or mine


def _named(entry: Any) -> str | None:
    """The payout or batch that an answer names as its effect."""
    if entry.status not in {*FINAL, POOR}:
        return None
    told = entry.json()
    found: str | None = told.get("payout_id") if entry.status == POOR else told.get("id")
    return found


def _payout(told: Told, entries: list[Any]) -> list[str]:
    asked = [wanted.form(orjson.loads(entry.asked.body)) for entry in _candidates(entries, "payout", told.id)]
    first = told.forms[0][1]
    return [] if first in asked else [f"asked: {told.id} stands as {first}, asked was {asked}"]


def _batch(story: Story, batch: dict[str, Any], entries: list[Any], journal: list[Any]) -> list[str]:
    """Each row is one that was asked for at this place; a submitted batch that was released has them all."""
    opened = _candidates(entries, "batch", batch["id"])
    if not opened:
        return [f"asked: nobody asked for batch {batch['id']}"]
    chunks = [entry for entry in journal if entry.asked.route == "rows" and entry.asked.subject == batch["id"]]
    rows = [story.payouts[payout_id].forms[0][1] for payout_id in story.rows[batch["id"]]]
    submitted = [wanted.forms(entry.asked.body) for entry in opened]
    places = [(0, forms) for forms in submitted] + [(_first(entry), wanted.forms(entry.asked.body)) for entry in chunks]
    faults = [
        f"asked: row {at + 1} of {batch['id']} stands as {row}, which nobody asked for"
        for at, row in enumerate(rows)
        if not any(0 <= at - first < len(forms) and forms[at - first] == row for first, forms in places)
    ]
    if all(submitted) and batch["phase"] == "released" and rows not in submitted:
        faults.append(f"asked: batch {batch['id']} is released with {len(rows)} rows, which are not those it was asked with")
    return faults


def _first(chunk: Any) -> int:
    return int(orjson.loads(chunk.asked.body)["first_row"]) - 1


def _is_credit(place: tuple[str, str], entry: Any) -> bool:
    asked = entry.asked
    return asked.route == "credit" and asked.merchant == place[0] and orjson.loads(asked.body)["reference"] == place[1]


def _credit(place: tuple[str, str], facts: list[dict[str, Any]], entries: list[Any]) -> list[str]:
    done = [entry for entry in entries if entry.status in FINAL] or entries
    asked = [_incoming(orjson.loads(entry.asked.body)) for entry in done]
    faults = []
    for fact in facts:
        booked = _incoming(fact)
        if booked not in asked:
            faults.append(f"asked: credit {place} stands as {booked}, asked was {asked}")
        legs = sorted((leg["account"], leg["currency"], leg["amount_minor"]) for leg in fact["postings"])
        amount, currency = booked[:2]
        if legs != [("available", currency, amount), ("external", currency, -amount)]:
            faults.append(f"asked: credit {place} of {amount} {currency} is booked as {legs}")
    return faults


def _incoming(credit: dict[str, Any]) -> tuple[int, str, str | None]:
    return wanted.amount_of(credit, credit["currency"]), credit["currency"], credit.get("description")


def _edit(edited: Edited, entries: list[Any]) -> list[str]:
    mine = {e.asked.body for e in entries if e.asked.route == "edit" and e.asked.subject == edited.payout_id}
    asked = [wanted.edit(body, edited.before) for body in sorted(mine)]
    if edited.after in asked:
        return []
    return [f"asked: edit of {edited.payout_id} to v{edited.version} made {edited.after}, asked was {asked}"]


def _answer(story: Story, entry: Any) -> list[str]:
    """What an answer says was done is what was asked, and stands on the log at the version that the answer tells."""
    match entry.asked.route:
        case "payout":
            return _told_as(entry, wanted.form(orjson.loads(entry.asked.body)), wanted.shown(entry.json()))
        case "edit":
            return _edited(story, entry)
        case "cancel":
            state = story.payouts[entry.asked.subject].status
            return [] if state == "canceled" else [f"asked: {entry.asked.subject} was canceled, the log has {state}"]
        case "rows":
            return _chunk(story, entry)
        case "batch":
            rows = [story.payouts[payout_id].forms[0][1] for payout_id in story.rows[entry.json()["id"]]]
            asked = wanted.forms(entry.asked.body)
            return _told_as(entry, asked, rows) if asked else []
        case "credit":
            return _told_as(entry, _incoming(orjson.loads(entry.asked.body)), _incoming(entry.json()))
    return []


def _told_as(entry: Any, asked: Any, told: Any) -> list[str]:
    if asked == told:
        return []
    return [f"asked: {entry.asked.route} {entry.asked.key} of {entry.asked.merchant} asked for {asked}, done was {told}"]


def _edited(story: Story, entry: Any) -> list[str]:
    view = entry.json()
    stands = story.payouts[view["id"]].form_at(view["version"])
    faults = _told_as(entry, stands, wanted.shown(view))
    return [*faults, *_told_as(entry, wanted.edit(entry.asked.body, stands), stands)]


def _chunk(story: Story, entry: Any) -> list[str]:
    asked, first = wanted.forms(entry.asked.body), _first(entry)
    ids = story.rows[entry.asked.subject][first : first + len(asked)]
    return _told_as(entry, asked, [story.payouts[payout_id].forms[0][1] for payout_id in ids])
