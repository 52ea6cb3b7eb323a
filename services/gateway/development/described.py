"""The development routes for readers: a small OpenAPI document of their own (`schemas/exported/openapi-development.json`).

Owns parameters, bodies and answers of these routes. They are not part of the API that production has. Must not read a request.
"""

from typing import Any

from services.gateway.development.modes import Mode, Numbers
from services.gateway.shapes import TEXT, TIME, UUID, WHOLE, Schema, listed, maybe, named, shape

JSON = "application/json"
_SHARE = {"type": "number", "minimum": 0, "maximum": 1}
_MODE = {"type": "string", "enum": [mode.value for mode in Mode]}
_SECONDS = {"type": "integer", "minimum": 1, "maximum": Numbers().seconds_max}
_NUMBERS: dict[str, Schema] = {
    "failure_rate": _SHARE,
    "hang_rate": _SHARE,
    "unheard_rate": _SHARE,
    "delay_seconds": {"type": "number", "minimum": 0},
    "seed": WHOLE,
    "bulk_trouble_rate": _SHARE,
}

SCHEMAS: dict[str, Schema] = {
    "Faults": shape(
        "Which faults are on in this gateway process, until when, and how many requests they met and spoilt.",
        mode=_MODE,
        since=maybe(TIME),
        ends_at=maybe(TIME),
        time=TIME,
        themes=listed(TEXT),
        touched=WHOLE,
        spoilt=WHOLE,
        modes=listed(shape("A mode.", mode=_MODE, title=TEXT, description=TEXT)),
    ),
    "FaultsRequest": {
        "type": "object",
        "required": ["mode"],
        "additionalProperties": False,
        "properties": {"mode": _MODE, "seconds": _SECONDS, "themes": listed(TEXT)},
        "example": {"mode": "intermittent", "seconds": 300},
    },
    "SimulatorPreset": shape("The preset in force.", preset=TEXT, **_NUMBERS, presets=listed(TEXT)),
    "SimulatorPresetRequest": {
        "type": "object",
        "additionalProperties": False,
        "properties": {"preset": TEXT, **_NUMBERS},
        "example": {"preset": "storm"},
    },
    "ProviderOutcome": shape(
        "How the provider's books have the attempt that runs or comes next, and what was chosen for it.",
        id=UUID,
        status=TEXT,
        reference=TEXT,
        standing=maybe({"enum": ["paid", "failed", "in_progress"]}),
        code=maybe(TEXT),
        chosen=maybe({"enum": ["paid", "failed", "hang"]}),
        outcomes=listed(TEXT),
        codes=listed(TEXT),
    ),
    "ProviderOutcomeRequest": {
        "type": "object",
        "required": ["outcome"],
        "additionalProperties": False,
        "properties": {"outcome": {"enum": ["paid", "failed", "hang"]}, "code": maybe(TEXT)},
        "example": {"outcome": "failed", "code": "payee_unknown"},
    },
    "Problem": {"type": "object", "description": "RFC 9457; as in openapi.json.", "required": ["code", "status", "detail"]},
}

_ENTRIES: dict[str, tuple[str, str | None]] = {
    "get_faults": ("Faults", None),
    "set_faults": ("Faults", "FaultsRequest"),
    "get_simulator": ("SimulatorPreset", None),
    "set_simulator": ("SimulatorPreset", "SimulatorPresetRequest"),
    "get_outcome": ("ProviderOutcome", None),
    "set_outcome": ("ProviderOutcome", "ProviderOutcomeRequest"),
}


def described(name: str) -> dict[str, Any]:
    """The keyword arguments of a route's decorator. Raises KeyError for a route without an entry."""
    gives, takes = _ENTRIES[name]
    answer = {"description": "As it stands.", "content": {JSON: {"schema": named(gives)}}}
    problem = {"description": "A problem.", "content": {"application/problem+json": {"schema": named("Problem")}}}
    body = {"requestBody": {"required": True, "content": {JSON: {"schema": named(takes)}}}} if takes else {}
    return {
        "operation_id": name,
        "tags": ["development"],
        "response_model": None,
        "responses": {200: answer, **dict.fromkeys((400, 404, 409, 413, 415, 503), problem)},
        "openapi_extra": body,
    }
