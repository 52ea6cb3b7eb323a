"""The documented forms of figures, as JSON Schemas (API-30). Must not shape an answer: `forms` and `charts` do."""

from domain.batch.view import LEVELS
from domain.figures import Word
from services.gateway.shapes import TEXT, TIME, WHOLE, YES_NO, Schema, listed, maybe, named, shape

_COUNTS = {"type": "object", "additionalProperties": WHOLE}
_FRESH = named("Freshness")
_PERCENT = {"anyOf": [{"type": "string", "pattern": r"^[0-9]{1,3}\.[0-9]{2}$"}, {"type": "null"}]}
_CARD: dict[str, Schema] = {"figure": TEXT, "count": WHOLE, "sums": listed(named("CurrencySum"))}

SCHEMAS: dict[str, Schema] = {
    "CurrencySum": shape(
        "Payouts of one currency. Read `amount`: `amount_minor` may be more than a double holds.",
        currency=TEXT,
        amount=TEXT,
        amount_minor=WHOLE,
        count=WHOLE,
    ),
    "Figure": shape("How many payouts, worth what; currencies are never added.", **_CARD, freshness=_FRESH),
    "WaitingFigure": shape("What waits, and for which reason.", **_CARD, by_reason=_COUNTS, freshness=_FRESH),
    "DayFigure": {
        "type": "object",
        "description": "What was paid since the day began in a zone.",
        "required": [*_CARD, "day", "zone", "from", "freshness"],
        "properties": {
            **_CARD,
            "day": {"type": "string", "format": "date"},
            "zone": TEXT,
            "from": TIME,
            "freshness": _FRESH,
        },
    },
    "FailureRate": {
        "type": "object",
        "description": "Failed payouts in a hundred that ended, as text; null while none has.",
        "required": ["figure", "hours", "from", "paid", "failed", "percent", "freshness"],
        "properties": {
            "figure": TEXT,
            "hours": WHOLE,
            "from": TIME,
            "paid": WHOLE,
            "failed": WHOLE,
            "percent": _PERCENT,
            "freshness": _FRESH,
        },
    },
    "Lag": shape(
        "How far the views are behind the log. `known` false: not measured yet.",
        figure=TEXT,
        records=WHOLE,
        known=YES_NO,
        max_age_ms=WHOLE,
        freshness=_FRESH,
    ),
    "Counters": shape(
        "How many there are, by level of attention and by state.",
        figure=TEXT,
        by_attention={"type": "object", "required": list(LEVELS), "properties": dict.fromkeys(LEVELS, WHOLE)},
        by_status=_COUNTS,
        freshness=_FRESH,
    ),
    "AttentionItem": shape(
        "Something that needs somebody. `name`: as its sender calls it. `since` is when it last changed; `href` is its address.",
        level={"enum": list(LEVELS)},
        kind={"enum": ["batch", "payout", "views"]},
        id=maybe(TEXT),
        name=maybe(TEXT),
        merchant_id=maybe(TEXT),
        reason=maybe(TEXT),
        since=maybe(TIME),
        href=TEXT,
    ),
    "AttentionList": shape(
        "Worst first; at most 50 of each kind.", count=WHOLE, results=listed(named("AttentionItem")), freshness=_FRESH
    ),
    "TimeToPaid": shape(
        "Within how many seconds of being asked for so many of a hundred were paid; null for none, or for more than can be told.",
        p50_seconds=maybe(WHOLE),
        p90_seconds=maybe(WHOLE),
        p99_seconds=maybe(WHOLE),
    ),
    "InsightPoint": shape(
        "One hour or day. Sums are what was paid.",
        starts_at=TIME,
        **{word.value: WHOLE for word in Word},
        percent_paid=_PERCENT,
        sums=listed(named("CurrencySum")),
        time_to_paid=named("TimeToPaid"),
    ),
    "CodeCount": shape(
        "How often payouts failed, or became unknown, by code and provider.",
        word={"enum": ["failed", "unknown"]},
        provider=TEXT,
        code=TEXT,
        count=WHOLE,
    ),
    "Insights": {
        "type": "object",
        "description": "What was counted from `from` to before `to`; steps in which nothing was are left out. `since`: the first figures.",
        "required": ["from", "to", "step", "zone", "since", "points", "time_to_paid", "codes", "providers", "freshness"],
        "properties": {
            "from": TIME,
            "to": TIME,
            "step": {"enum": ["hour", "day"]},
            "zone": TEXT,
            "since": maybe(TIME),
            "points": listed(named("InsightPoint")),
            "time_to_paid": named("TimeToPaid"),
            "codes": listed(named("CodeCount")),
            "providers": listed(TEXT),
            "freshness": _FRESH,
        },
    },
}
