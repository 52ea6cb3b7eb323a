"""Ways to bend cancels and edits: of another payout, by another merchant, lost, done though refused (I4)."""

from typing import Any

from tests.unit.checker.bends.places import Bend, asked, reply
from tests.unit.checker.bends.requests import edited
from tests.unit.checker.story import P1, P4, P5, Files


def cancel(files: Files) -> dict[str, Any]:
    """The request that cancels P5."""
    return next(row for row in files["journal.jsonl"] if row["path"].endswith("/cancel/"))


def canceled_elsewhere(files: Files) -> None:
    cancel(files)["path"] = f"/api/v1/payouts/{P1}/cancel/"


def canceled_by_another(files: Files) -> None:
    cancel(files)["merchant"] = "other"


def edited_elsewhere(files: Files) -> None:
    edited(files, "301")
    next(row for row in files["journal.jsonl"] if row["method"] == "PATCH")["path"] = f"/api/v1/payouts/{P4}/"


def cancel_lost(files: Files) -> None:
    """A client was told 202 for a cancel that is on no log."""
    asked(files, {}, None, 202, {"status": "pending"}, method="DELETE", path=f"/api/v1/payouts/{P4}/")


def edit_lost(files: Files) -> None:
    told = {"id": P4, "status": "pending"}
    asked(files, {"amount": "5"}, "kk", 202, told, method="PATCH", path=f"/api/v1/payouts/{P4}/")


def cancel_under_another_key(files: Files) -> None:
    """The payout is canceled by another request; this one, with a key of its own, is lost."""
    asked(files, {}, "kk", 202, {"status": "pending"}, method="DELETE", path=f"/api/v1/payouts/{P5}/")


def refused_but_canceled(files: Files) -> None:
    """A client was told 404, without a place, for a cancel that did happen."""
    row = cancel(files)
    row.update(status=404, result="refused", headers={})
    reply(row, {"code": "not_found", "status": 404})


BENDS: list[tuple[str, str, Bend]] = [
    ("I4", "another payout is canceled", canceled_elsewhere),
    ("I4", "another merchant cancels", canceled_by_another),
    ("I4", "another payout is edited", edited_elsewhere),
    ("I4", "a pending cancel is lost", cancel_lost),
    ("I4", "a pending edit is lost", edit_lost),
    ("I4", "a pending cancel is another request's", cancel_under_another_key),
    ("I4", "a refused cancel happens", refused_but_canceled),
]
"""Invariant, what is bent, and how."""
