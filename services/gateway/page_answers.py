"""The documented forms of acts, the table of moves and log records, as JSON Schemas (API-30). Must not shape an answer."""

from schemas.words import BatchPhase, PayoutStatus
from services.gateway.shapes import TEXT, TIME, UUID, WHOLE, YES_NO, Schema, listed, maybe, named, shape

_STATE = {"enum": [status.value for status in PayoutStatus]}

_LETTER: dict[str, Schema] = {
    "id": TEXT,
    "topic": TEXT,
    "partition": WHOLE,
    "offset": WHOLE,
    "state": {"enum": ["open", "redriving", "redriven", "discarding", "discarded"]},
    "code": TEXT,
    "reason": TEXT,
    "failed_at": TIME,
    "redrives": WHOLE,
    "resolved_by": maybe(TEXT),
    "resolved_at": maybe(TIME),
}
_BYTES = shape("How many bytes, and of JSON its names and types.", bytes=WHOLE)

SCHEMAS: dict[str, Schema] = {
    "DeadLetterLine": shape("A record that nobody could read: where it stood and why, masked.", **_LETTER),
    "DeadLetterPage": shape(
        "Oldest first. `open` wait for a decision; `damaged` records of the topic are no letters.",
        count=WHOLE,
        open=WHOLE,
        damaged=WHOLE,
        results=listed(named("DeadLetterLine")),
        next_cursor=maybe(TEXT),
    ),
    "DeadLetter": shape(
        "One letter. Its bytes are never shown.",
        **_LETTER,
        key=maybe(_BYTES),
        value=maybe(_BYTES),
        headers=listed(shape("A header.", name=TEXT, bytes=WHOLE)),
        resolution=maybe(TEXT),
    ),
    "DeadLetterOutcome": shape("What came of it; `changed` false: it was so before.", id=TEXT, changed=YES_NO, outcome=TEXT),
    "Action": shape(
        "One act and whether it is allowed now; `code` and `reason` say why not, as the act itself would. Confirm what is destructive.",
        action=TEXT,
        method=TEXT,
        href=TEXT,
        allowed=YES_NO,
        code=maybe(TEXT),
        reason=maybe(TEXT),
        destructive=YES_NO,
    ),
    "PayoutActions": shape(
        "What can be done with a payout at this version.",
        id=UUID,
        version=WHOLE,
        status=_STATE,
        actions=listed(named("Action")),
        freshness=named("Freshness"),
    ),
    "BatchActions": shape(
        "What can be done with a batch.",
        id=UUID,
        phase={"enum": [phase.value for phase in BatchPhase]},
        actions=listed(named("Action")),
        freshness=named("Freshness"),
    ),
    "LifecycleState": shape(
        "A state and where it may go.", state=_STATE, moves=listed(_STATE), is_final=YES_NO, is_under_way=YES_NO
    ),
    "Lifecycle": shape("The states of a payout.", states=listed(named("LifecycleState"))),
    "RecordPlace": {
        "type": "object",
        "description": "Where a record of the log stands; `index` counts changes inside it.",
        "required": ["topic", "partition", "offset", "href"],
        "properties": {"topic": TEXT, "partition": WHOLE, "offset": WHOLE, "index": WHOLE, "href": TEXT},
    },
    "LogRecord": shape(
        "One record as it stands, payees masked. `value` is null for what is no JSON.",
        topic=TEXT,
        partition=WHOLE,
        offset=WHOLE,
        time=TIME,
        key=maybe(TEXT),
        headers=listed(shape("A header.", name=TEXT, value=TEXT)),
        bytes=WHOLE,
        value=maybe({"type": "object"}),
    ),
}
