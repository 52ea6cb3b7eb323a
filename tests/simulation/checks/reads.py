"""What the gateway's reads told, against the log: a payout as it was at the version that is told, never an older one than was told before.

Owns read-your-writes too: a read that names a position has the write, or says how far it is behind. Must not know how reads are made.
"""

from collections import defaultdict
from typing import Any

from tests.simulation.checks import wanted
from tests.simulation.checks.story import Story

OK, UNKNOWN, MISSING = 200, 400, 404
MAY_BE = {OK, 202, MISSING, 503, None}


def check(world: Any, story: Story, journal: list[Any]) -> list[str]:
    """All reads of the run."""
    faults: list[str] = []
    by_payout: dict[str, list[tuple[Any, int]]] = defaultdict(list)
    for read in world.reads:
        if read.status not in MAY_BE and not _not_yet(read):
            faults.append(f"read: {read.route} of {read.subject} was answered {read.status} {read.reply[:200]!r}")
            continue
        if read.status == UNKNOWN:
            continue
        faults += _whose(read) + _own_writes(read)
        if read.status == OK:
            faults += _told(story, read)
            if read.route != "balance":
                by_payout[read.subject].append((read, _version(read)))
    for payout_id, told in by_payout.items():
        faults += _backwards(payout_id, told)
    return faults


def _not_yet(read: Any) -> bool:
    """A merchant that views which lag do not have yet; whoever named the position of a write and waited for it never hears this."""
    lags = read.position is None or bool(read.behind)
    return read.status == UNKNOWN and lags and read.json()["code"] == "unknown_merchant"


def _version(read: Any) -> int:
    body = read.json()
    return int(body["version"] if read.route == "payout" else body["results"][-1]["version"])


def _whose(read: Any) -> list[str]:
    foreign = read.merchant != read.written.asked.merchant
    return (
        [f"read: {read.subject} was shown to {read.merchant}"] if foreign and read.status not in {MISSING, 503, None} else []
    )


def _own_writes(read: Any) -> list[str]:
    """Whoever names the position of a write sees the write."""
    foreign = read.merchant != read.written.asked.merchant
    if read.position is None or read.behind or foreign or read.route == "balance" or read.status in {503, None}:
        return []
    wrote = read.written.json()["version"]
    if read.status == OK and _version(read) >= wrote:
        return []
    return [f"read: {read.subject} v{wrote} at {read.position} was read as {read.status} {read.reply[:120]!r}"]


def _told(story: Story, read: Any) -> list[str]:
    match read.route:
        case "payout":
            return _payout(story, read.json())
        case "events":
            return _history(story, read.subject, read.json()["results"])
        case _:
            return _balance(story, read.json())


def _payout(story: Story, view: dict[str, Any]) -> list[str]:
    told = story.payouts.get(view["id"])
    if told is None or view["version"] not in told.history:
        return [f"read: {view['id']} v{view['version']} is told, and not on the log"]
    shown = (view["merchant_id"], view["batch_id"], view["status"], wanted.shown(view))
    said = (told.merchant, told.batch, told.history[view["version"]], told.form_at(view["version"]))
    return [] if shown == said else [f"read: {told.id} v{view['version']} is told as {shown}, the log says {said}"]


def _history(story: Story, payout_id: str, changes: list[dict[str, Any]]) -> list[str]:
    told = story.payouts[payout_id]
    shown = [(change["version"], change["to"]) for change in changes]
    said = [(version, told.history.get(version)) for version in range(1, len(shown) + 1)]
    return [] if shown == said else [f"read: the history of {payout_id} is told as {shown}, the log says {said}"]


def _balance(story: Story, view: dict[str, Any]) -> list[str]:
    """What is told stood so at some place of the log from the told position on."""
    shown = {}
    for held in view["balances"]:
        for name in ("available", "held"):
            shown[held["currency"], name] = held[f"{name}_minor"]
            if held[f"{name}_balance"] != wanted.text(held[f"{name}_minor"], held["currency"]):
                return [f"read: {held} does not agree with itself"]
    shown = {place: amount for place, amount in shown.items() if amount}
    moves, start = story.money[view["merchant_id"]], view["position"]["next_offset"]
    before = [state for offset, state in moves if offset < start][-1:] or [{}]
    later = [state for offset, state in moves if offset >= start]
    if any(shown == _own(state) for state in [*before, *later]):
        return []
    return [f"read: the balance of {view['merchant_id']} at {view['position']} is told as {shown}, it never was"]


def _own(state: dict[tuple[str, str], int]) -> dict[tuple[str, str], int]:
    return {place: amount for place, amount in state.items() if amount and place[1] in {"available", "held"}}


def _backwards(payout_id: str, told: list[tuple[Any, int]]) -> list[str]:
    """Whoever begins to read after another was answered reads nothing older."""
    for read, version in told:
        newest = max((v for other, v in told if other.t1 <= read.t0 and other is not read), default=0)
        if version < newest:
            return [f"read: {payout_id} was v{newest}, then v{version}"]
    return []
