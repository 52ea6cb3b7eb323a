"""Where drafts are kept: one table in ingest's own schema, made by its revisions.

Owns the moves of a draft: draft -> submitting -> submitted or refused, or draft -> discarded; each guarded by state and version in the
statement itself, so that two at once cannot both move it. Must not know what a draft asks for.
"""

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import msgspec
import psycopg
from msgspec import Struct
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from runtime.http_problems import ProblemError
from runtime.logging import logger

DRAFT, SUBMITTING, SUBMITTED, REFUSED, DISCARDED = "draft", "submitting", "submitted", "refused", "discarded"
POOL_SECONDS = 2.0
PAGE_BYTES = 2 * 1024 * 1024
"""Of content in one list: a hundred drafts of a whole batch each would hold up everybody while they are read and masked."""

_log = logger(__name__)
_COLUMNS = "id::text, merchant_id, idempotency_key, kind, content, status, version, created_at, updated_at"


class DraftsUnavailableError(ProblemError):
    """The drafts cannot be read or written now: a 503."""

    def __init__(self, why: str) -> None:
        """`why` is the kind of the error, for our own log only."""
        super().__init__("view_unavailable", "The drafts cannot be reached now; try again in a moment.")
        _log.warning("ingest.drafts_unavailable", error=why)


class Draft(Struct, frozen=True, kw_only=True):
    """One draft. Times in ms UTC. What it makes when it is submitted has the draft's own id."""

    id: str
    merchant_id: str
    idempotency_key: str
    kind: str
    content: dict[str, Any]
    status: str = DRAFT
    version: int = 1
    created_at: int = 0
    updated_at: int = 0


class DraftStore:
    """The table. Every method raises DraftsUnavailableError in bounded time."""

    def __init__(self, pool: "AsyncConnectionPool[Any]") -> None:
        """`pool` comes from `wiring`, with the search path set to ingest's own schema, and may write there."""
        self._pool = pool

    async def add(self, draft: Draft) -> Draft:
        """Keep a new draft; one that has the merchant's key already is given instead, whatever its content."""
        values = (draft.id, draft.merchant_id, draft.idempotency_key, draft.kind, _text(draft.content))
        made = await self._one(
            "INSERT INTO drafts (id, merchant_id, idempotency_key, kind, content, created_at, updated_at) "
            f"VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING RETURNING {_COLUMNS}",
            (*values, draft.created_at, draft.created_at),
        )
        query = f"SELECT {_COLUMNS} FROM drafts WHERE merchant_id = %s AND idempotency_key = %s"
        found = made or await self._one(query, (draft.merchant_id, draft.idempotency_key))
        assert found is not None
        return found

    async def get(self, draft_id: str) -> Draft | None:
        """One draft. `draft_id` is a UUID in canonical form."""
        return await self._one(f"SELECT {_COLUMNS} FROM drafts WHERE id = %s", (draft_id,))

    async def listed(self, merchant_id: str, before: str | None, limit: int) -> tuple[list[Draft], str | None]:
        """A merchant's drafts that are neither submitted nor discarded, newest first, behind an id; and behind which one there are more.

        So many as `limit` and PAGE_BYTES allow, and one at least.
        """
        query = (
            "SELECT id::text, octet_length(content) FROM drafts WHERE merchant_id = %s AND status IN ('draft', 'submitting') "
            "AND (%s::uuid IS NULL OR id < %s::uuid) ORDER BY drafts.id DESC LIMIT %s"
        )
        sizes = await self._rows(query, (merchant_id, before, before, limit + 1))
        named = [draft_id for draft_id, _ in sizes[: fitting([size for _, size in sizes[:limit]])]]
        found = await self._all(
            f"SELECT {_COLUMNS} FROM drafts WHERE id = ANY(%s::uuid[]) ORDER BY drafts.id DESC", (named,)
        )
        return found, named[-1] if len(named) < len(sizes) else None

    async def replace(self, draft: Draft, kind: str, content: dict[str, Any], at: int) -> Draft | None:
        """Other content for a draft that still is as it was read; None if it is not."""
        return await self._one(
            "UPDATE drafts SET kind = %s, content = %s, version = version + 1, updated_at = %s "
            f"WHERE id = %s AND version = %s AND status = 'draft' RETURNING {_COLUMNS}",
            (kind, _text(content), at, draft.id, draft.version),
        )

    async def move(self, draft: Draft, status: str, at: int) -> Draft | None:
        """Another status for a draft that still is as it was read; None if it is not."""
        return await self._one(
            "UPDATE drafts SET status = %s, version = version + 1, updated_at = %s "
            f"WHERE id = %s AND version = %s AND status = %s RETURNING {_COLUMNS}",
            (status, at, draft.id, draft.version, draft.status),
        )

    async def _one(self, query: str, values: tuple[object, ...]) -> Draft | None:
        found = await self._all(query, values)
        return found[0] if found else None

    async def _all(self, query: str, values: tuple[object, ...]) -> list[Draft]:
        return [_draft(row) for row in await self._rows(query, values)]

    async def _rows(self, query: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
        try:
            async with self._pool.connection(timeout=POOL_SECONDS) as link:
                rows: list[tuple[Any, ...]] = await (await link.execute(query, values)).fetchall()
                return rows
        except (psycopg.Error, PoolTimeout, OSError) as error:
            raise DraftsUnavailableError(type(error).__name__) from error


def fitting(sizes: Sequence[int]) -> int:
    """How many of these make a page: while they come to no more than PAGE_BYTES, and the first in any case."""
    return max(sum(total <= PAGE_BYTES for total in accumulate(sizes)), min(len(sizes), 1))


def _draft(row: tuple[Any, ...]) -> Draft:
    named = dict(zip(Draft.__struct_fields__, row, strict=True))
    return Draft(**{**named, "content": msgspec.json.decode(named["content"])})


def _text(content: dict[str, Any]) -> str:
    return msgspec.json.encode(content).decode()
