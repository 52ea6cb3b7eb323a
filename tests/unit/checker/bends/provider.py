"""Ways to bend what the provider was asked for and has paid, and what we say of it (I6, I7)."""

from tests.unit.checker.bends.money import paid_twice_on_log
from tests.unit.checker.bends.places import Bend, booked, event, mute, record, table
from tests.unit.checker.story import ROW1, ROW2, SIM, Files, ref


def paid_again(files: Files) -> None:
    files["books.jsonl"].append({**booked(files, 5), "reference": ref(3)})
    files["books.jsonl"].remove(booked(files, 3))


def silent_contradiction(files: Files) -> None:
    row = record(files, "answer_contradicted")
    row["value"]["events"], row["value"]["outcome"] = [], "repeat"


def new_reference_while_unknown(files: Files) -> None:
    """Row 2 is sent again under a new reference while its outcome is unknown."""
    started = event(files, "attempts_started", 3)
    started["attempts"].append({"payout_id": ROW2, "attempt": 2, "version": 4, "reference": ref(99)})


def failed_on_silence(files: Files) -> None:
    """A time-out is taken for a failure: the provider said nothing of the kind."""
    source = record(files, "payouts_failed")["value"]["source_offset"]
    command = next(row for row in files["commands.jsonl"] if row["o"] == source)
    command["value"]["body"]["answers"][0]["outcome"] = "unknown"


def never_said(files: Files, number: int, status: str) -> None:
    """The provider has not said this of an attempt."""
    files["books.jsonl"] = [
        row
        for row in files["books.jsonl"]
        if "table" not in row or (row["reference"], row["status"]) != (ref(number), status)
    ]


def excused_by_ourselves(files: Files) -> None:
    """Row 1 is paid by both attempts, and only we speak of a contradiction."""
    booked(files, 3).update(status="paid", code=None)
    shown = {"type": "answer_contradicted", "payout_id": ROW1, "attempt": 1, "status": "completed", "answer": "paid"}
    record(files, "payouts_completed", 1)["value"]["events"].append({**shown, "provider": SIM})


def left_unknown(files: Files) -> None:
    """Row 2 is never settled, though the provider's books say that it is paid."""
    mute(files, "payouts_completed", 2)


BENDS: list[tuple[str, str, Bend]] = [
    ("I6", "paid twice", paid_again),
    ("I6", "another amount was paid", lambda f: booked(f, 1).update(amount="1501")),
    ("I6", "another payee was paid", lambda f: booked(f, 1).update(payee="+256772999999")),
    ("I6", "another currency was paid", lambda f: booked(f, 1).update(currency="KES")),
    ("I6", "a failed payout was paid", lambda f: booked(f, 2).update(status="paid")),
    ("I6", "a contradiction is not shown", silent_contradiction),
    ("I6", "a completed payout was never paid", lambda f: booked(f, 1).update(status="failed")),
    (
        "I6",
        "asked before the attempt was on the log",
        lambda f: booked(f, 1).update(received_at=booked(f, 1)["received_at"] - 5000),
    ),
    ("I6", "asked under a reference nobody knows", lambda f: booked(f, 1).update(reference=ref(77))),
    ("I6", "a new reference while unknown", new_reference_while_unknown),
    ("I6", "silence is taken for a failure", failed_on_silence),
    (
        "I6",
        "two attempts share a reference",
        lambda f: event(f, "attempts_started", 1)["attempts"][0].update(reference=ref(1)),
    ),
    ("I7", "the statement has a payment that we have not", lambda f: booked(f, 2).update(status="paid")),
    ("I7", "we settled what the statement has not", lambda f: booked(f, 1).update(status="failed")),
    ("I7", "a contradiction is not shown", silent_contradiction),
    ("I7", "the clearing balance differs", lambda f: table(f, "balances")[3].update(balance_minor=1)),
    ("I7", "a completion clears twice", paid_twice_on_log),
    ("I6", "paid twice, and only we say why", excused_by_ourselves),
    ("I6", "a contradiction that the provider never said", lambda f: never_said(f, 6, "paid")),
    ("I6", "a failure that the provider never said", lambda f: never_said(f, 6, "failed")),
    ("I6", "a failed payout that the provider never heard of", lambda f: f["books.jsonl"].remove(booked(f, 2))),
    ("I6", "a code that stands for two", lambda f: booked(f, 2).update(code="provider_busy")),
    ("I6", "two codes for one", lambda f: booked(f, 3).update(code="payee_unknown")),
    ("I6", "a final failure is tried again", lambda f: booked(f, 3).update(retryable=0)),
    ("I6", "another reference of the provider", lambda f: booked(f, 1).update(provider_reference="SIM-2")),
    ("I6", "unknown for ever, though the books know", left_unknown),
    (
        "I6",
        "asked when the run was over",
        lambda f: booked(f, 6).update(received_at=booked(f, 6)["received_at"] + 86_400_000),
    ),
]
"""Invariant, what is bent, and how."""
