"""Ways to bend what clients hear on the feed and read back (I11, I12)."""

import json
from typing import Any

from tests.unit.checker.bends.places import Bend, feed, read_line, reads, reply
from tests.unit.checker.story import ACME, P1, P5, Files, view


def older_read(files: Files) -> None:
    row = files["journal.jsonl"][-1]
    reply(row, {"id": P1, "version": 2})


def older_change(files: Files) -> None:
    message = feed(files)[-1]["message"]
    feed(files)[-2]["message"]["changes"] += message["changes"]


def silent_follower(files: Files) -> None:
    """The follower hears no more than the hello of its last session."""
    files["feed.f1.jsonl"] = files["feed.f1.jsonl"][:12]


def refused_follower(files: Files) -> None:
    """A follower that is only ever refused."""
    last = feed(files)[-1]
    channel = "payouts:other"
    asks = {**last, "dir": "out", "message": {"type": "subscribe", "channel": channel}}
    says = {**last, "message": {"type": "error", "channel": channel, "code": "not_found"}}
    files["feed.f2.jsonl"] = [asks, says]


def cut_off(files: Files) -> None:
    """The last line is cut, and the follower does not come back."""
    last = files["feed.f1.jsonl"][-1]
    files["feed.f1.jsonl"].append({**last, "dir": "close", "message": {"why": "ConnectionClosed"}})


def told(files: Files, **more: Any) -> None:
    """The fifth frame of the feed tells something else."""
    feed(files)[4]["message"]["changes"][0].update(more)


def lost_after_all(files: Files) -> None:
    """A payout that was accepted cannot be found."""
    row = read_line(files, path=f"/api/v1/payouts/{P5}/", status=404, result="refused")
    reply(row, {"code": "not_found", "status": 404})


def shown_to_another(files: Files) -> None:
    row = read_line(files, path="/api/v1/payouts/", merchant="other")
    reply(row, {"count": 1, "results": [{"id": P1, "merchant_id": ACME, "version": 3, "status": "completed"}]})


def shown_balance(files: Files) -> None:
    row = read_line(files, path="/api/v1/balance/")
    rows = [{"currency": "UGX", "available_minor": 7501, "held_minor": 0}]
    reply(row, {"merchant_id": ACME, "balances": rows, "position": {"partition": 0, "next_offset": 9999}})


BENDS: list[tuple[str, str, Bend]] = [
    ("I11", "a change is never told", lambda f: feed(f)[3]["message"]["changes"].pop()),
    (
        "I11",
        "a change is told twice",
        lambda f: feed(f)[3]["message"]["changes"].append(feed(f)[3]["message"]["changes"][0]),
    ),
    ("I11", "a frame is lost", lambda f: f["feed.f1.jsonl"].remove(feed(f)[5])),
    ("I11", "the last frame is never told", lambda f: f["feed.f1.jsonl"].remove(feed(f)[-1])),
    ("I11", "the feed is ahead of REST", lambda f: reads(f)[4]["message"].update(version=0)),
    ("I11", "REST does not know what the feed told", lambda f: reads(f)[4]["message"].update(status=404, version=None)),
    ("I11", "the client goes on elsewhere", lambda f: feed(f, "subscribed")[1]["message"].update(cursor="0:1:0")),
    ("I11", "another state is told", lambda f: feed(f)[4]["message"]["changes"][0].update(status="completed")),
    ("I12", "a read goes back", older_read),
    ("I12", "a change goes back", older_change),
    ("I11", "a follower falls silent", silent_follower),
    ("I11", "a follower is only refused", refused_follower),
    ("I11", "a follower does not come back", cut_off),
    ("I11", "another amount is told", lambda f: told(f, amount_minor=1)),
    ("I11", "another amount is told in words", lambda f: told(f, amount="1.5")),
    ("I11", "another attempt is told", lambda f: told(f, attempt_count=7)),
    ("I11", "another merchant is told", lambda f: told(f, merchant_id="other")),
    ("I11", "another reference is told", lambda f: told(f, reference="r-x")),
    ("I11", "another bank reference is told", lambda f: told(f, bank_reference_id="SIM-9")),
    ("I12", "a payout that was there is not found", lost_after_all),
    ("I12", "a list shows another merchant's payouts", shown_to_another),
    ("I12", "a balance that never was", shown_balance),
    (
        "I12",
        "a read shows another amount",
        lambda f: reply(f["journal.jsonl"][-1], json.loads(view(P1, 1501, 3, "completed"))),
    ),
    ("I12", "a read shows another state", lambda f: reply(f["journal.jsonl"][-1], json.loads(view(P1, 1500, 3, "failed")))),
    ("I12", "a read shows a version that never was", lambda f: reply(f["journal.jsonl"][-1], json.loads(view(P1, 1500, 9)))),
]
"""Invariant, what is bent, and how."""
