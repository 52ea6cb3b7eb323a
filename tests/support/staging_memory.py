"""Staged files in memory, for ingest without a database: the promises of services.ingest.staging.store."""

import io
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import IO

from msgspec import structs

from services.ingest.problems import ProblemError
from services.ingest.staging.pieces import FAULTS, FILE
from services.ingest.staging.store import CHANGED, Content
from services.ingest.staging.upload_record import Upload, UploadState


class MemoryStaging:
    """`down` makes every call fail."""

    def __init__(self) -> None:
        self.uploads: dict[str, Upload] = {}
        self.parts: dict[tuple[str, str], bytes] = {}
        self.corrected: dict[str, dict[int, dict[str, str]]] = {}
        self.mappings: dict[str, dict[str, str]] = {}
        self.down = False

    def _check(self) -> None:
        if self.down:
            raise ProblemError("staging_unavailable", "the test took staging away")

    async def upload(self, upload_id: str) -> Upload | None:
        self._check()
        return self.uploads.get(upload_id)

    async def under_key(self, merchant_id: str, key: str, sha256: str) -> Upload | None:
        self._check()
        wanted = (merchant_id, key, sha256)
        found = [u for u in self.uploads.values() if (u.merchant_id, u.idempotency_key, u.sha256) == wanted]
        return next((u for u in found if u.state in {UploadState.REFUSED, UploadState.SUBMITTING}), None)

    async def save(self, upload: Upload, content: Content, corrections: Mapping[int, dict[str, str]] | None = None) -> None:
        self._check()
        known = self.uploads.get(upload.id)
        if known and not _may_follow(known, upload):
            raise ProblemError("invalid_state_transition", CHANGED)
        self.uploads[upload.id] = structs.replace(upload, created_at=known.created_at if known else upload.created_at)
        for part, file in ((FILE, content.file), (FAULTS, content.faults)):
            if file is not None:
                file.seek(0)
                self.parts[upload.id, part] = file.read()
        if corrections is not None:
            self.corrected[upload.id] = dict(corrections)

    async def like(self, upload: Upload) -> list[Upload]:
        self._check()
        return [other for other in self.uploads.values() if _alike(upload, other)]

    async def claim(self, upload: Upload, harmless: frozenset[str], reason: str | None) -> list[Upload]:
        found = [other for other in await self.like(upload) if other.id not in harmless]
        if found and reason is None:
            return found
        if self.uploads[upload.id].version != upload.version:
            raise ProblemError("invalid_state_transition", CHANGED)
        kept = reason if found else None
        self.uploads[upload.id] = structs.replace(
            self.uploads[upload.id], state=UploadState.SUBMITTING, override_reason=kept
        )
        return []

    async def finish(self, upload_id: str, state: UploadState, at: int) -> None:
        self.uploads[upload_id] = structs.replace(self.uploads[upload_id], state=state, updated_at=at)

    @asynccontextmanager
    async def open(self, upload_id: str, part: str = FILE) -> AsyncIterator[IO[bytes]]:
        self._check()
        yield io.BytesIO(self.parts.get((upload_id, part), b""))

    async def corrections(self, upload_id: str) -> dict[int, dict[str, str]]:
        self._check()
        return self.corrected.get(upload_id, {})

    async def mapping(self, merchant_id: str) -> dict[str, str]:
        self._check()
        return dict(sorted(self.mappings.get(merchant_id, {}).items()))

    async def remember(self, merchant_id: str, mapping: Mapping[str, str], _at: int) -> None:
        self._check()
        self.mappings.setdefault(merchant_id, {}).update(mapping)

    async def forget(self, merchant_id: str) -> None:
        self._check()
        self.mappings.pop(merchant_id, None)

    async def ping(self) -> None:
        self._check()


def _may_follow(known: Upload, upload: Upload) -> bool:
    same_key = known.state is UploadState.SUBMITTING and known.idempotency_key == upload.idempotency_key
    return known.version == upload.version - 1 and (known.state is UploadState.REFUSED or same_key)


def _alike(upload: Upload, other: Upload) -> bool:
    if other.id == upload.id or other.merchant_id != upload.merchant_id:
        return False
    if other.state not in {UploadState.SUBMITTING, UploadState.ACCEPTED}:
        return False
    return (
        other.sha256 == upload.sha256
        or (upload.rows_sha256 is not None and other.rows_sha256 == upload.rows_sha256)
        or (upload.message_id is not None and other.message_id == upload.message_id)
    )
