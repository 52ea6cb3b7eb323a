"""Reading one request: its headers, its content, whose it is; with all faults collected before it is refused (ERR-04).

Owns the parts that all routes share, and the rule of whose a request is (SEC-04): the header X-Merchant-Id; without it a payee written
out is the merchant `demo`'s, while a saved account names no merchant by itself. Must not know what is asked.
"""

import asyncio
from collections.abc import Iterator
from typing import TypeVar

from fastapi import Request

from domain.access.principal import decode
from domain.intake.content import JsonFault, content_hash, parse_json
from domain.intake.faults import Fault
from domain.intake.headers import preference, read_key, read_match, read_merchant, read_wait
from runtime.http_content import JSON_TYPES
from runtime.http_problems import asked_path
from runtime.http_trace import traceparent
from runtime.ids import mint
from runtime.inner_door import PRINCIPAL_HEADER
from schemas.ids import is_merchant_id
from services.ingest.bodies import has_body, read_json_bytes
from services.ingest.edge import Edge, edge_of
from services.ingest.envelope import Envelope
from services.ingest.granted import grant
from services.ingest.problems import ProblemError, problem_of

OPEN_MERCHANT = "demo"
OPEN_ACTOR = "api"
WAIT_SECONDS = 5.0
HEADER_BYTES_MAX = 32 * 1024
THREAD_BYTES = 64 * 1024
"""A body from here on is read in a thread, so that a large one does not hold up the small ones."""

T = TypeVar("T")

_SINGLE = ("idempotency-key", "x-merchant-id", "prefer", "if-match", "content-type", "content-encoding", "content-length")


class Ask:
    """One request as far as it is read. `faults` are those of its headers; those of its content are told with them."""

    def __init__(self, request: Request) -> None:
        """Reads the headers. Raises ProblemError for more of them than any client needs."""
        if sum(len(name) + len(value) for name, value in request.headers.raw) > HEADER_BYTES_MAX:
            raise problem_of([Fault(pointer="header", detail=f"must have at most {HEADER_BYTES_MAX} bytes in all")])
        self.request = request
        self.edge: Edge = edge_of(request)
        self.faults: list[Fault] = [*_twice(request)]
        headers = request.headers
        self.wait_seconds = self._read(read_wait(headers.get("prefer"), WAIT_SECONDS)) or 0.0
        if preference(headers.get("prefer"), "wait") is not None and not self.faults:
            grant(request, self.wait_seconds)
        self.match_version = self._read(read_match(headers.get("if-match")))
        self.key = self._read(read_key(headers["idempotency-key"])) if "idempotency-key" in headers else None
        self.merchant_id = self._read(read_merchant(headers["x-merchant-id"])) if "x-merchant-id" in headers else None
        self._has_key = "idempotency-key" in headers
        self._has_merchant = "x-merchant-id" in headers

    async def content(self, types: tuple[str, ...] = JSON_TYPES, *, optional: bool = False) -> object:
        """The parsed JSON body; None for none where it is optional. Raises ProblemError 400, 413, 415."""
        if optional and not has_body(self.request):
            return None
        body = await read_json_bytes(self.request, types)
        try:
            return await asyncio.to_thread(parse_json, body) if len(body) > THREAD_BYTES else parse_json(body)
        except JsonFault as fault:
            errors = [{"pointer": "", "code": "malformed_body", "detail": str(fault)}]
            raise ProblemError("malformed_body", f"{str(fault)[:1].upper()}{str(fault)[1:]}.", errors=errors) from None

    def require_key(self, why: str) -> None:
        """Note a fault if the client gave no key (IDM-01)."""
        if not self._has_key:
            detail = f"is required {why}; a UUID v4 is a good choice"
            self.faults.append(Fault(pointer="header/Idempotency-Key", code="idempotency_key_required", detail=detail))

    def owner(self, named: object = None, *, saved_account: bool = False, required: bool = False) -> str:
        """Whose request it is; empty after noting a fault. `named` is what the content says, and must agree with the header."""
        if isinstance(named, str) and is_merchant_id(named):
            if self.merchant_id is not None and named != self.merchant_id:
                self.faults.append(Fault(pointer="/merchant_id", detail="differs from the header X-Merchant-Id"))
            return self.merchant_id or named
        if self._has_merchant:
            return self.merchant_id or ""
        if saved_account or required:
            detail = "is required: it says whose money this is"
            self.faults.append(Fault(pointer="header/X-Merchant-Id", code="merchant_required", detail=detail))
            return ""
        return OPEN_MERCHANT

    def envelope(
        self, merchant_id: str, operation: str, content: object, *, make_key: bool = False, key: str | None = None
    ) -> Envelope:
        """The envelope of this request's commands. `make_key`: mint a key if none was given. The key's faults are noted already.

        `key` is one that was chosen before, whatever this request says.
        """
        makes = key is None and make_key and not self._has_key
        key = mint() if makes else key or self.key
        return Envelope(
            merchant_id=merchant_id,
            clock=self.edge.clock,
            actor=actor_of(self.request.headers.get(PRINCIPAL_HEADER)),
            key=key,
            content_hash=content_hash(operation, content) if key is not None else None,
            trace=traceparent(self.request.headers.get("traceparent")),
            instance=asked_path(self.request),
            key_is_new=makes,
        )

    def problem(self, read: object = None, code: str | None = None) -> ProblemError:
        """All faults so far, with those of `read` if it is a list of faults; `code` names the problem, else the faults do."""
        return problem_of([*self.faults, *(read if isinstance(read, list) else [])], code)

    def _read(self, value: T | Fault) -> T | None:
        if isinstance(value, Fault):
            self.faults.append(value)
            return None
        return value


def actor_of(principal: str | None) -> str:
    """Who is written on the command: the key or person that the gateway has checked, `api` in open mode and where there is no gateway."""
    try:
        by = decode(principal) if principal else None
    except ValueError:
        return OPEN_ACTOR
    return OPEN_ACTOR if by is None or by.kind == "open" else by.actor


def _twice(request: Request) -> Iterator[Fault]:
    """A header that says two things says nothing."""
    for name in _SINGLE:
        if len(request.headers.getlist(name)) > 1:
            yield Fault(pointer=f"header/{name.title()}", detail="was sent twice; send it once")
