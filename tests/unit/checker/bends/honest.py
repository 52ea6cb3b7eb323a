"""What a right run may have besides: none of it may be called a violation."""

from collections.abc import Callable

from tests.unit.checker.bends.cancels import cancel
from tests.unit.checker.bends.places import reply
from tests.unit.checker.bends.promises import row_read
from tests.unit.checker.bends.refusals import GUARDED, MORE_ROWS, REQUEST, SEALED_CANCEL, SMALL_CREDIT, refused
from tests.unit.checker.story import ACME, BATCH, P1, P3, Files, form


def neither_key_nor_value(files: Files) -> None:
    """A command that has neither: its letter says so."""
    sent = next(row for row in files["commands.jsonl"] if row["value"] is None)
    letter = files["dead_letters.jsonl"][0]
    for row in (sent, letter):
        del row["raw"]
    sent["key"], letter["key"] = None, ""
    letter["headers"]["original-null-key"] = "1"


def pending_cancel(files: Files) -> None:
    """The cancel of P5 is told 202: its command is on the log."""
    row = cancel(files)
    row.update(status=202, headers={})
    reply(row, {"status": "pending"})


def cancel_cut_off(files: Files) -> None:
    row = cancel(files)
    row.update(status=None, headers={}, reply=None, result="unknown", error="ReadTimeout")


def in_flight_then_done(files: Files) -> None:
    """Asked again at rest: first in flight, then there."""
    row = next(row for row in files["journal.jsonl"] if row["phase"] == "resend")
    before = {**row, "t0": row["t0"] - 4, "t1": row["t0"] - 1, "status": 503, "result": "unknown", "headers": {}}
    reply(before, {"code": "log_unavailable", "status": 503})
    files["journal.jsonl"].append(before)


def resumed_from_the_start(files: Files) -> None:
    """A fresh subscription in the next session: nothing was to be resumed."""
    lines = files["feed.f1.jsonl"]
    place = next(n for n, row in enumerate(lines) if row["message"].get("type") == "subscribed" and row["session"] == 2)
    hello = lines[place]
    asks = {"type": "subscribe", "channel": f"payouts:{ACME}"}
    hello["message"]["resumed"] = False
    lines.insert(place, {**hello, "dir": "out", "message": asks})


def older_harness(files: Files) -> None:
    """Before the second form run.json said nothing of what was not met."""
    for name in ("form", "not_met", "asked_under_faults"):
        del files["run.json"][name]


HONEST: list[Callable[[Files], None]] = [
    neither_key_nor_value,
    pending_cancel,
    cancel_cut_off,
    in_flight_then_done,
    resumed_from_the_start,
    older_harness,
    lambda files: row_read(files, 5000),
    refused("invalid_state_transition", {"type": "cancel_payout", "payout_id": P1}, payout_status="completed"),
    refused("batch_sealed", {**MORE_ROWS, "batch_id": BATCH}),
    refused("duplicate_reference", {**REQUEST, "form": form(1, "r-1")}, payout_id=P1),
    refused("duplicate_reference", {**MORE_ROWS, "rows": [form(1, "r-1")]}),
    refused("version_conflict", {**GUARDED, "expected_version": 2}, version=1),
    refused("precondition_failed", {**SEALED_CANCEL, "match_version": [1, 2]}, 412, version=3),
    refused("version_conflict", {**SEALED_CANCEL, "expected_version": 2}, version=3),
    refused("version_conflict", {**SEALED_CANCEL, "expected_phase": "open"}, version=3, phase="released"),
    refused("limit_exceeded", {**SMALL_CREDIT, "amount_minor": 2**62}, 422),
    refused("not_found", {"type": "cancel_payout", "payout_id": P3[:-1] + "e"}, 404),
]
"""What a right run may have besides."""
