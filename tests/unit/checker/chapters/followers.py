"""What one client heard on the feed, with a cut in the middle. Owns the forms of the feed."""

from typing import Any

from tests.unit.checker.chapters.asking import PATH
from tests.unit.checker.story import ACME, Story, T


def follow(story: Story) -> list[dict[str, Any]]:
    """One client that follows all of the merchant's payouts, with a cut in the middle."""
    channel, lines, session = f"payouts:{ACME}", [], 1
    say = {"type": "subscribed", "channel": channel, "cursor": "0:0:0", "resumed": False}
    asks = {"type": "subscribe", "channel": channel, "rows": False}
    lines += [
        _line(T, "open", 1, {}),
        _line(T, "out", 1, asks),
        _line(T, "in", 1, say),
        _line(T, "in", 1, {**say, "type": "snapshot", "rows": []}),
    ]
    for number, offset in enumerate(sorted({row["offset"] for row in story.changes})):
        rows = [row for row in story.changes if row["offset"] == offset]
        cursor = f"0:{offset}:{rows[-1]['idx'] + 1}"
        told = [_told(story, row) for row in rows]
        at = rows[0]["at"] + 50
        lines.append(_line(at, "in", session, {"type": "changes", "channel": channel, "cursor": cursor, "changes": told}))
        read = {"path": f"{PATH}{rows[0]['payout_id']}/", "status": 200, "version": rows[0]["version"]}
        lines.append(_line(at, "read", session, {**read, "for_version": rows[0]["version"]}))
        if number == 6:
            lines += [_line(at, "close", 1, {}), _line(at, "open", 2, {})]
            session = 2
            lines.append(_line(at, "in", 2, {**say, "cursor": cursor, "resumed": True}))
    lines.append(_line(story.at + 60_000, "in", session, {"type": "heartbeat", "position": {}}))
    return lines


def _told(story: Story, row: dict[str, Any]) -> dict[str, Any]:
    """A change as the feed tells it."""
    names = ("version", "status", "reason", "attempt_count", "failure_code", "bank_reference_id", "batch_id")
    payout = story.payouts[row["payout_id"]]
    money = {
        "merchant_id": ACME,
        "amount": str(payout["amount_minor"]),
        "amount_minor": payout["amount_minor"],
        "currency": "UGX",
    }
    more = {"reference": payout["reference"], "row": payout["row_number"]}
    return {"id": row["payout_id"], **{name: row[name] for name in names}, **money, **more}


def _line(at: int, direction: str, session: int, message: dict[str, Any]) -> dict[str, Any]:
    return {"t": at, "dir": direction, "session": session, "message": message}
