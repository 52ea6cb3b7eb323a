"""The routes of dead letters: list, one, redrive, discard (RUN-24, CON-19).

A letter may hold any merchant's data, so only a credential of all merchants is let in, and bytes are never shown: sizes, names and types.
Owns requests and answers. Who does what, and why, is in the audit trail before it is done, and on the dead-letter topic for ever.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from fastapi import APIRouter, Request, Response

from domain.access import matrix
from domain.access.principal import ALL, OPEN, Principal, encode
from domain.intake.text import text_fault
from runtime.dead_letter_book import OPEN as STILL_OPEN
from runtime.dead_letter_book import Book, Letter
from runtime.dead_letter_desk import Outcome
from runtime.dead_letter_text import described as letter_form
from runtime.dead_letter_text import hidden
from runtime.http_problems import ProblemError
from schemas.masking import scrubbed_reason
from schemas.times import rfc3339, rfc3339_or_none
from services.gateway.access.asked import PRINCIPAL
from services.gateway.bodies import invalid, read_object
from services.gateway.described import described
from services.gateway.door import door_of, json_response
from services.gateway.filters import CURSOR_LIMIT_MAX, DEFAULT_LIMIT, known_only, read_number, refuse
from services.gateway.letters.desk import AWAY, LetterDesk

STATES = (STILL_OPEN, "all")
REASON_MIN, REASON_MAX = 4, 200
NO_STORE = {"Cache-Control": "no-store"}
T = TypeVar("T")

_BODY = {
    "type": "object",
    "required": ["reason"],
    "additionalProperties": False,
    "properties": {"reason": {"type": "string", "minLength": REASON_MIN, "maxLength": REASON_MAX}},
}
_TAKEN = {"application/json": {"schema": _BODY, "example": {"reason": "sent twice by the upstream, the second is good"}}}
_DISCARD = described("discard_dead_letter")
_DISCARD["openapi_extra"] |= {"requestBody": {"required": True, "content": _TAKEN}}

router = APIRouter(prefix="/dead-letters")


@router.get("", summary="Dead letters, oldest first", **described("list_dead_letters"))
async def list_letters(request: Request) -> Response:
    """Those that wait for a decision, or all of them; masked."""
    _check_all(request)
    query = request.query_params
    known_only(query, frozenset({"state", "limit", "cursor"}))
    state, limit = query.get("state", STILL_OPEN), read_number(query, "limit", DEFAULT_LIMIT, 1, CURSOR_LIMIT_MAX)
    if state not in STATES:
        raise refuse("state", f"must be one of {', '.join(STATES)}")
    book = await _asked(_desk(request).book)
    every = sorted(book.letters.values(), key=_order) if state == "all" else book.open_letters()
    behind = _behind(query, book)
    page = [letter for letter in every if behind is None or _order(letter) > behind][: limit + 1]
    cursor = page[limit - 1].id if len(page) > limit else None
    results = [_line(book, letter) for letter in page[:limit]]
    more = {"open": len(book.open_letters()), "damaged": book.damaged, "next_cursor": cursor}
    return json_response({"count": len(every), "results": results, **more}, headers=NO_STORE)


@router.get("/{letter_id}", summary="One dead letter", **described("get_dead_letter"))
async def get_letter(request: Request, letter_id: str) -> Response:
    """Its place, why nobody could read it, and of its bytes sizes, names and types."""
    _check_all(request)
    book = await _asked(_desk(request).whole)
    letter = book.letters.get(letter_id)
    if letter is None:
        raise _none()
    found = letter_form(book, letter, reveal=False)
    parts = {name: found[name] for name in ("key", "value", "headers", "resolution")}
    return json_response({**_line(book, letter), **parts}, headers=NO_STORE)


@router.post("/{letter_id}/redrive", summary="Put a dead letter back where it came from", **described("redrive_dead_letter"))
async def redrive_letter(request: Request, letter_id: str) -> Response:
    """Once per letter, at most three times per record; a repeat changes nothing and says so."""
    principal = _check_all(request)
    await _check_there(request, letter_id)
    await _write_down(request, principal, "dead_letter.redriven", letter_id, "redrive")
    return _done(await _asked(lambda: _desk(request).redrive(letter_id, principal.actor)))


@router.post("/{letter_id}/discard", summary="Close a dead letter for good", **_DISCARD)
async def discard_letter(request: Request, letter_id: str) -> Response:
    """Nothing is deleted; a repeat changes nothing and says so."""
    principal = _check_all(request)
    reason = (await read_object(request, frozenset({"reason"}))).get("reason")
    if not isinstance(reason, str) or text_fault("/reason", reason, longest=REASON_MAX, shortest=REASON_MIN) is not None:
        raise invalid("/reason", f"must say in {REASON_MIN} to {REASON_MAX} characters why it is closed")
    told = scrubbed_reason(reason)
    await _check_there(request, letter_id)
    await _write_down(request, principal, "dead_letter.discarded", letter_id, told)
    return _done(await _asked(lambda: _desk(request).discard(letter_id, told, principal.actor)))


def _desk(request: Request) -> LetterDesk:
    found: LetterDesk = request.app.state.letters
    return found


def _check_all(request: Request) -> Principal:
    """Who asks. Raises ProblemError 403 for a credential of some merchants only."""
    principal: Principal = request.scope.get("state", {}).get(PRINCIPAL, OPEN)
    found = matrix.find(request.method, request.scope["path"])
    assert found is not None, "the matrix has this route"
    if ALL not in principal.merchants_for(found.route):
        raise ProblemError("forbidden", "Dead letters may be any merchant's: only a credential of all merchants sees them.")
    return principal


async def _asked(ask: Callable[[], Awaitable[T]]) -> T:
    try:
        return await ask()
    except AWAY as error:
        detail = f"The log cannot be read now ({type(error).__name__}); look again before you do it again."
        raise ProblemError("log_unavailable", detail) from None


async def _check_there(request: Request, letter_id: str) -> None:
    if letter_id not in (await _asked(_desk(request).book)).letters:
        raise _none()


async def _write_down(request: Request, principal: Principal, action: str, letter_id: str, reason: str) -> None:
    identity = door_of(request).identity
    telling = {"principal": encode(principal), "action": action, "reason": reason}
    about = {"subject": f"dead_letter:{letter_id}", "merchant": ALL}
    if identity is None or (await identity.post("/internal/audit", {**telling, **about}))[0] != 204:
        raise ProblemError("identity_unavailable", "This cannot be written down now, so it is not done; try again soon.")


def _done(outcome: Outcome) -> Response:
    if outcome.refused:
        raise ProblemError("invalid_state_transition", f"The dead letter {outcome.text}.")
    return json_response({"id": outcome.letter, "changed": outcome.changed, "outcome": outcome.text}, headers=NO_STORE)


def _order(letter: Letter) -> tuple[int, str]:
    return letter.failed_at, letter.id


def _behind(query: Mapping[str, str], book: Book) -> tuple[int, str] | None:
    """Where the page begins; None for the first one. Raises ProblemError 400 for a cursor that we never gave."""
    cursor = query.get("cursor")
    if not cursor:
        return None
    if cursor not in book.letters:
        raise refuse("cursor", "is not one that we gave; start again without it")
    return _order(book.letters[cursor])


def _line(book: Book, letter: Letter) -> dict[str, Any]:
    last = book.last_word(letter.id)
    return {
        "id": letter.id,
        "topic": letter.topic,
        "partition": letter.partition,
        "offset": letter.offset,
        "state": book.state(letter.id),
        "code": letter.code,
        "reason": hidden(letter.reason),
        "failed_at": rfc3339(max(letter.failed_at, 0)),
        "redrives": book.redrives(letter.id),
        "resolved_by": last.by if last else None,
        "resolved_at": rfc3339_or_none(last.at) if last else None,
    }


def _none() -> ProblemError:
    return ProblemError("not_found", "There is no such dead letter.")
