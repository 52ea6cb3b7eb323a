"""Query parameters of lists, read strictly: a bad value is 400 and names the parameter (API-18, API-19).

Owns which parameters there are and the SQL conditions they mean. Values never enter SQL text; they travel as arguments.
"""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct
from starlette.datastructures import QueryParams

from domain.batch.view import LEVELS
from runtime.http_problems import ProblemError
from schemas.ids import is_merchant_id, is_uuid
from schemas.money import EXPONENTS
from schemas.times import parse_rfc3339
from schemas.words import PayoutStatus, Reason
from services.gateway.standing import with_attention, with_reasons

PAGING = frozenset({"page", "limit", "offset", "cursor"})
PAYOUT_FILTERS = frozenset(
    {
        "status",
        "currency",
        "created_after",
        "created_before",
        "min_amount",
        "max_amount",
        "merchant_id",
        "batch_id",
        "reference",
        "provider",
        "reason",
        "attention",
    }
)
LIMIT_MAX, CURSOR_LIMIT_MAX, OFFSET_MAX, PAGE_SIZE, DEFAULT_LIMIT = 100, 500, 10_000, 10, 50
WORDS_MAX = 20
"""So many values may stand in one parameter, with commas between them; the document says the same."""
PAGE_MAX = OFFSET_MAX // PAGE_SIZE


class Conditions:
    """SQL conditions with their arguments; joined by AND."""

    def __init__(self) -> None:
        """Everything matches."""
        self.parts: list[str] = []
        self.arguments: list[Any] = []

    def add(self, condition: str, *arguments: Any) -> None:
        """One more condition; `condition` is our own text, never the client's."""
        self.parts.append(condition)
        self.arguments += arguments

    @property
    def sql(self) -> str:
        """A WHERE clause, or nothing."""
        return f" WHERE {' AND '.join(self.parts)}" if self.parts else ""


class Paging(Struct, frozen=True, kw_only=True):
    """How a list is cut: by page, by offset, or by cursor (the id behind which it goes on)."""

    limit: int
    offset: int = 0
    page: int | None = None
    cursor: str | None = None
    by_cursor: bool = False


def refuse(name: str, detail: str, place: str = "query") -> ProblemError:
    """400 naming the query parameter, or the header."""
    fault = {"pointer": f"{place}/{name}", "code": "validation_error", "detail": detail}
    what = "parameter" if place == "query" else "header"
    return ProblemError("validation_error", f"The {what} {name} {detail}.", errors=[fault])


def known_only(query: Mapping[str, str], known: frozenset[str]) -> None:
    """Refuse parameters that do not exist: a misspelt filter must not look like an empty one."""
    for name in query:
        if name not in known:
            raise refuse(name[:64], "is not known here")


def read_paging(query: Mapping[str, str]) -> Paging:
    """The paging of a request (API-17): a cursor, a limit or offset, or a page of 10; 50 where a merchant is named."""
    if "cursor" in query:
        return _by_cursor(query)
    if "page" in query and ("limit" in query or "offset" in query):
        raise refuse("page", "does not go together with limit or offset")
    if "limit" in query or "offset" in query or ("merchant_id" in query and "page" not in query):
        limit = read_number(query, "limit", DEFAULT_LIMIT, 1, LIMIT_MAX)
        return Paging(limit=limit, offset=read_number(query, "offset", 0, 0, OFFSET_MAX))
    page = read_number(query, "page", 1, 1, PAGE_MAX)
    return Paging(limit=PAGE_SIZE, offset=(page - 1) * PAGE_SIZE, page=page)


def _by_cursor(query: Mapping[str, str]) -> Paging:
    if "page" in query or "offset" in query:
        raise refuse("cursor", "does not go together with page or offset")
    limit = read_number(query, "limit", DEFAULT_LIMIT, 1, CURSOR_LIMIT_MAX)
    return Paging(limit=limit, cursor=read_cursor(query), by_cursor=True)


def read_cursor(query: Mapping[str, str]) -> str | None:
    """The id behind which a list goes on; None for its start. Raises ProblemError 400 for what we never gave."""
    text = query.get("cursor")
    cursor = canonical_id(text) if text else None
    if text and cursor is None:
        raise refuse("cursor", "is not one that we gave; start again without it")
    return cursor


def canonical_id(text: str) -> str | None:
    """An id in canonical form, whatever its case; None for what no payout or batch can have."""
    lowered = text.lower()
    return lowered if is_uuid(lowered) else None


def payout_conditions(query: Mapping[str, str]) -> Conditions:
    """What the filters mean. Raises ProblemError 400."""
    found = Conditions()
    _add_words(found, query)
    _add_times(found, query)
    for name, sign in (("min_amount", ">="), ("max_amount", "<=")):
        if name in query:
            _add_amount(found, name, sign, query[name])
    if "batch_id" in query:
        found.add("p.batch_id = %s", read_id(query, "batch_id"))
    for name in ("reference", "provider"):
        if name in query:
            found.add(f"p.{name} = %s", plain(name, query[name]))
    return found


def _add_words(found: Conditions, query: Mapping[str, str]) -> None:
    if "status" in query:
        found.add("p.status = ANY(%s)", _choices("status", query["status"].lower(), {s.value for s in PayoutStatus}))
    if "currency" in query:
        found.add("p.currency = ANY(%s)", _choices("currency", query["currency"].upper(), set(EXPONENTS)))
    if "reason" in query:
        condition, arguments = with_reasons(_choices("reason", query["reason"].lower(), {r.value for r in Reason}))
        found.add(condition, *arguments)
    if "attention" in query:
        condition, arguments = with_attention(_choices("attention", query["attention"].lower(), set(LEVELS)))
        found.add(condition, *arguments)


def _add_times(found: Conditions, query: Mapping[str, str]) -> None:
    for name, sign in (("created_after", ">="), ("created_before", "<=")):
        if name in query:
            try:
                found.add(f"p.created_at {sign} %s", parse_rfc3339(query[name].replace(" ", "+")))
            except (ValueError, OverflowError):
                raise refuse(name, "must be a time in RFC 3339, such as 2026-01-31T08:00:00Z") from None


def _add_amount(found: Conditions, name: str, sign: str, text: str) -> None:
    """Compare in whole currency units: the same text means other minor units in other currencies."""
    whole, _, decimals = text.partition(".")
    if not (
        whole.isascii()
        and whole.isdigit()
        and len(whole) <= 12
        and (decimals == "" or (decimals.isascii() and decimals.isdigit()))
        and len(decimals) <= 4
    ):
        raise refuse(name, "must be a decimal number such as 100.50")
    scaled = int(whole) * 10_000 + int(decimals.ljust(4, "0"))
    groups = {e: [code for code, digits in EXPONENTS.items() if digits == e] for e in set(EXPONENTS.values())}
    parts = [f"(p.currency = ANY(%s) AND p.amount_minor * {10 ** (4 - e)} {sign} %s)" for e in groups]
    found.add(f"({' OR '.join(parts)})", *(argument for codes in groups.values() for argument in (codes, scaled)))


def read_id(query: Mapping[str, str], name: str) -> str:
    """The parameter as an id in canonical form. Raises ProblemError 400."""
    found = canonical_id(query[name])
    if found is None:
        raise refuse(name, "must be a UUID")
    return found


def read_flag(query: Mapping[str, str], name: str, *, default: bool) -> bool:
    """The parameter as true or false; `default` where it is left out. Raises ProblemError 400."""
    text = query.get(name)
    if text is not None and text not in {"true", "false"}:
        raise refuse(name, "must be true or false")
    return default if text is None else text == "true"


def plain(name: str, text: str) -> str:
    """A short text without NUL, or 400."""
    if not 0 < len(text) <= 64 or "\x00" in text:
        raise refuse(name, "must have 1 to 64 characters")
    return text


def read_merchant(query: Mapping[str, str], header: str | None) -> str | None:
    """The merchant that a list is about: the parameter or the header, which must agree."""
    named = query.get("merchant_id")
    for place, name, value in (("query", "merchant_id", named), ("header", "X-Merchant-Id", header)):
        if value is not None and not is_merchant_id(value):
            raise refuse(name, "must be a merchant id", place)
    if named is not None and header is not None and named != header:
        raise refuse("merchant_id", "differs from the header X-Merchant-Id")
    if isinstance(query, QueryParams) and len(set(query.getlist("merchant_id"))) > 1:
        raise refuse("merchant_id", "stands there twice and differs")
    return named or header


def read_words(name: str, text: str) -> list[str]:
    """Words with commas between them. Raises ProblemError 400 for more than WORDS_MAX."""
    words = [part.strip() for part in text.split(",")]
    if len(words) > WORDS_MAX:
        raise refuse(name, f"names {len(words)} values; {WORDS_MAX} are the most")
    return words


def _choices(name: str, text: str, known: set[str]) -> list[str]:
    chosen = read_words(name, text)
    if any(part not in known for part in chosen):
        some = ", ".join(sorted(known)) if len(known) <= 20 else "ISO 4217 codes"
        raise refuse(name, f"has a value that is not known; known: {some}")
    return chosen


def read_number(query: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    """A whole number within its bounds. Raises ProblemError 400."""
    text = query.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and least <= int(text) <= most):
        raise refuse(name, f"must be a number from {least} to {most}")
    return int(text)


def read_includes(query: Mapping[str, str], known: frozenset[str]) -> frozenset[str]:
    """The further members that `include` asks for. Raises ProblemError 400."""
    if "include" not in query:
        return frozenset()
    chosen = frozenset(read_words("include", query["include"]))
    if chosen - known:
        raise refuse("include", f"has a value that is not known; known: {', '.join(sorted(known))}")
    return chosen
