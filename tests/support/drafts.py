"""Drafts in memory, with the same moves as the table's."""

from typing import Any

import msgspec
from msgspec import structs

from services.ingest.drafts.store import DRAFT, SUBMITTING, Draft, DraftsUnavailableError, fitting


class MemoryDrafts:
    """What the routes ask of services.ingest.drafts.store.DraftStore."""

    def __init__(self) -> None:
        self.held: dict[str, Draft] = {}
        self.down = False

    async def add(self, draft: Draft) -> Draft:
        self._check()
        same = (draft.merchant_id, draft.idempotency_key)
        known = next((one for one in self.held.values() if (one.merchant_id, one.idempotency_key) == same), None)
        if known is None:
            known = self.held[draft.id] = structs.replace(draft, updated_at=draft.created_at)
        return known

    async def get(self, draft_id: str) -> Draft | None:
        self._check()
        return self.held.get(draft_id)

    async def listed(self, merchant_id: str, before: str | None, limit: int) -> tuple[list[Draft], str | None]:
        self._check()
        mine = [one for one in self.held.values() if one.merchant_id == merchant_id and one.status in {DRAFT, SUBMITTING}]
        found = [one for one in sorted(mine, key=lambda one: one.id, reverse=True) if before is None or one.id < before]
        count = fitting([len(msgspec.json.encode(one.content)) for one in found[:limit]])
        return found[:count], found[count - 1].id if count < len(found) else None

    async def replace(self, draft: Draft, kind: str, content: dict[str, Any], at: int) -> Draft | None:
        if draft.status != DRAFT:
            return None
        return self._put(draft, kind=kind, content=content, at=at)

    async def move(self, draft: Draft, status: str, at: int) -> Draft | None:
        return self._put(draft, status=status, at=at)

    def _put(self, draft: Draft, *, at: int, **changes: Any) -> Draft | None:
        self._check()
        if self.held[draft.id] != draft:
            return None
        self.held[draft.id] = structs.replace(draft, version=draft.version + 1, updated_at=at, **changes)
        return self.held[draft.id]

    def _check(self) -> None:
        if self.down:
            raise DraftsUnavailableError("test")
