"""Ways to bend a story with one more decision in it: refusals of what is good (I13).

Owns telling the story with something more.
"""

import json
from collections.abc import Callable
from typing import Any

from tests.unit.checker.bends.places import Bend
from tests.unit.checker.chapters import tell
from tests.unit.checker.chapters.asking import ask_for
from tests.unit.checker.story import BATCH, P1, P4, Files, Story, form

NEW = P1[:-1] + "c"
PENDING_CANCEL = {"type": "cancel_payout", "payout_id": P4}
REQUEST = {"type": "request_payout", "payout_id": NEW, "form": form(1)}
SMALL_CREDIT = {"type": "credit_merchant", "credit_id": NEW, "amount_minor": 1, "currency": "UGX", "reference": "in-2"}
SEALED_CANCEL = {"type": "cancel_batch", "batch_id": BATCH}
MORE_ROWS = {"type": "add_rows", "batch_id": BATCH[:-1] + "1", "first_row": 1, "rows": [form(1)]}
GUARDED = {**PENDING_CANCEL, "expected_version": 1}
MATCHED = {**PENDING_CANCEL, "match_version": [7, 1]}


def retold(files: Files, more: Callable[[Story], object]) -> None:
    """The same story with something more, before the upstream's requests."""
    files.clear()
    files.update(tell(more))


def refused(code: str, body: dict[str, Any], status: int = 409, **answer: Any) -> Callable[[Files], None]:
    """One more command, and it is refused so."""
    said_so = {"type": "command_refused", "code": code, "detail": "x"}

    def more(story: Story) -> None:
        told = {"status": status, "body": json.dumps({"code": code, **answer})}
        story.decide(body, said_so, outcome="refused", answer=told)

    return lambda files: retold(files, more)


def edit_refused(amount: int, available: int) -> Callable[[Files], None]:
    """An edit of a payout that has a hold of 40 is refused for funds."""
    body = {"type": "edit_payout", "payout_id": P1[:-1] + "9", "amount_minor": amount}
    problem = {"code": "insufficient_funds", "available_minor": available, "currency": "UGX"}

    def more(story: Story) -> None:
        ask_for(story, body["payout_id"], 40, "k9", reason="funds")
        story.events[-1]["value"]["events"][0].pop("reason")
        told = {"status": 402, "body": json.dumps(problem)}
        refusal = {"type": "command_refused", "code": "insufficient_funds", "detail": "x"}
        story.decide(body, refusal, outcome="refused", answer=told)

    return lambda files: retold(files, more)


def reference_unused(files: Files) -> None:
    """A request is refused for a reference that nobody has."""
    body = {"type": "request_payout", "payout_id": NEW, "form": form(1, "r-new")}
    refused("duplicate_reference", body, payout_id=None)(files)


BENDS: list[tuple[str, str, Bend]] = [
    ("I13", "a pending payout cannot be canceled", refused("invalid_state_transition", PENDING_CANCEL)),
    ("I13", "an edit that costs nothing is not covered", edit_refused(41, 7500)),
    ("I13", "an edit of who waits is not covered", refused("insufficient_funds", {**PENDING_CANCEL, "type": "edit_payout"})),
    ("I13", "a limit that nobody knows", refused("limit_exceeded", REQUEST, 422)),
    ("I13", "a small credit is too much", refused("limit_exceeded", SMALL_CREDIT, 422)),
    ("I13", "a batch that is not there is sealed", refused("batch_sealed", MORE_ROWS)),
    ("I13", "a guard that holds is refused", refused("version_conflict", GUARDED)),
    ("I13", "one of several tags holds and is refused", refused("precondition_failed", MATCHED, 412)),
    ("I13", "a reference that nobody has is taken", reference_unused),
    ("I13", "no reference is taken", refused("duplicate_reference", REQUEST)),
]
"""Invariant, what is bent, and how."""
