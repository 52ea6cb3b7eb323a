"""The rows of the views, against the events: at whatever version a row stands, it says what the log says of that version.

Owns the comparison of rows with the fold of this package; `at_rest` has the one with a replay. Holds at any instant.
"""

from typing import Any

import orjson

from tests.simulation.checks import wanted
from tests.simulation.checks.story import Story
from tests.simulation.checks.told import Told


def check(world: Any, story: Story, journal: list[Any]) -> list[str]:
    """All payouts and credits that the views have."""
    rows = world.database.tables.rows
    faults: list[str] = []
    for payout_id, row in rows["payouts"].items():
        told = story.payouts.get(payout_id)
        faults += _payout(told, row) if told is not None else [f"views: nothing on the log made {payout_id}"]
    for (merchant, reference), row in rows["credits"].items():
        booked = [(fact["amount_minor"], fact["currency"]) for fact in story.credits.get((merchant, reference), [])]
        if booked != [(row["amount_minor"], row["currency"])]:
            faults.append(f"views: credit {reference} of {merchant} is {row}, the log has {booked}")
    return faults


def _payout(told: Told, row: dict[str, Any]) -> list[str]:
    recipient = orjson.loads(row["recipient"]) if row["recipient"] else None
    shown = (row["merchant_id"], row["batch_id"], row["status"], wanted.told({**row, "recipient": recipient}))
    if row["version"] not in told.history:
        return [f"views: {told.id} is at v{row['version']}, the log at v{told.version}"]
    said = (told.merchant, told.batch, told.history[row["version"]], told.form_at(row["version"]))
    return [] if shown == said else [f"views: {told.id} v{row['version']} is shown as {shown}, the log says {said}"]
