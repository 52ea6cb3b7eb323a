"""Staged files in Postgres (BAT-06, BAT-08, BAT-11), and the column mappings that are remembered (BAT-04).

Owns the statements on ingest's own schema. One transaction per method, which is not spelled out around a single statement: a small
file costs mostly round trips. Nothing here touches money. A claim is taken under a lock per merchant, so that of two equal files that
come at once only one is submitted. Must not know what is in a file.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import IO, Any, NamedTuple

import msgspec
import psycopg
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from services.ingest.problems import ProblemError
from services.ingest.staging.pieces import FAULTS, FILE, packed, unpacked
from services.ingest.staging.upload_record import FileOptions, Report, Upload, UploadState

POOL_SECONDS = 5.0
PIECES_AT_ONCE = 4
COLUMNS_REMEMBERED = 1000
CHANGED = "This file was changed or submitted meanwhile by another request; look at it again."
_AWAY = "Files cannot be staged now; nothing was taken. Send the same request again, with the same key."
_COLUMNS = (
    "id::text, merchant_id, idempotency_key, state, kind, file_name, sha256, options, report, created_at, updated_at, rows_sha256, "
    "message_id, override_reason, version, content_deleted_at"
)
_NAMES = tuple(Upload.__struct_fields__)
_options = msgspec.json.Decoder(FileOptions)
_report = msgspec.json.Decoder(Report)

_SAVE = """
INSERT INTO uploads (id, merchant_id, idempotency_key, state, kind, file_name, sha256, options, report, created_at, updated_at,
    rows_sha256, message_id, override_reason, version, content_deleted_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (id) DO UPDATE SET idempotency_key = excluded.idempotency_key, state = excluded.state, kind = excluded.kind,
    file_name = excluded.file_name, sha256 = excluded.sha256, options = excluded.options, report = excluded.report,
    updated_at = excluded.updated_at, rows_sha256 = excluded.rows_sha256, message_id = excluded.message_id,
    override_reason = excluded.override_reason, version = excluded.version, content_deleted_at = excluded.content_deleted_at
WHERE uploads.version = excluded.version - 1
    AND (uploads.state = 'refused' OR (uploads.state = 'submitting' AND uploads.idempotency_key = excluded.idempotency_key))
"""
_TRIM = """
DELETE FROM column_mappings WHERE merchant_id = %(merchant)s AND column_name IN (SELECT column_name FROM column_mappings
WHERE merchant_id = %(merchant)s ORDER BY updated_at DESC, column_name OFFSET %(most)s)
"""
_LIKE = f"""
SELECT {_COLUMNS} FROM uploads WHERE merchant_id = %s AND id <> %s AND state IN ('submitting', 'accepted')
AND (sha256 = %s OR rows_sha256 = %s OR message_id = %s) ORDER BY created_at LIMIT 20
"""  # noqa: S608  own columns


class Content(NamedTuple):
    """What belongs to an upload: its bytes (None: as they are kept already) and the faults found in it."""

    file: IO[bytes] | None
    faults: IO[bytes]


class Staging:
    """Every method raises ProblemError `staging_unavailable` while the database is away."""

    def __init__(self, pool: "AsyncConnectionPool[Any]", temp_dir: str | None = None) -> None:
        """`pool` comes from `wiring`: autocommit, the search path set to ingest's own schema. Files that are read go to `temp_dir`."""
        self._pool = pool
        self._temp_dir = temp_dir

    async def upload(self, upload_id: str) -> Upload | None:
        """One upload. `upload_id` is a UUID in canonical form."""
        return await self._one(f"SELECT {_COLUMNS} FROM uploads WHERE id = %s", [upload_id])  # noqa: S608  own columns

    async def under_key(self, merchant_id: str, key: str, sha256: str) -> Upload | None:
        """The file of an earlier try under this key that is not taken yet."""
        query = f"SELECT {_COLUMNS} FROM uploads WHERE merchant_id = %s AND idempotency_key = %s AND sha256 = %s "  # noqa: S608
        return await self._one(
            query + "AND state IN ('refused', 'submitting') ORDER BY created_at LIMIT 1", [merchant_id, key, sha256]
        )

    async def save(self, upload: Upload, content: Content, corrections: Mapping[int, dict[str, str]] | None = None) -> None:
        """Keep an upload as it is now, in the place of what was kept under its id. `corrections`: all of them, or None for as before.

        Raises ProblemError `invalid_state_transition` when it was changed or submitted meanwhile: `version` is one above what was read.
        """
        async with self._transaction() as link:
            if upload.version > 1 and not await _is_there(link, upload.id):
                raise ProblemError("invalid_state_transition", CHANGED)
            if not (await link.execute(_SAVE, _values(upload))).rowcount:
                raise ProblemError("invalid_state_transition", CHANGED)
            if upload.version > 1:
                parts = [FAULTS] if content.file is None else [FILE, FAULTS]
                await link.execute("DELETE FROM upload_pieces WHERE upload_id = %s AND part = ANY(%s)", [upload.id, parts])
            if content.file is not None:
                await _put_pieces(link, upload.id, FILE, content.file)
            await _put_pieces(link, upload.id, FAULTS, content.faults)
            if corrections is not None:
                await _put_corrections(link, upload.id, corrections)

    async def like(self, upload: Upload) -> list[Upload]:
        """Earlier files of the merchant, taken or on their way, with the same bytes, the same payments or the same message id."""
        async with self._link() as link:
            return await _like(link, upload)

    async def claim(self, upload: Upload, harmless: frozenset[str], reason: str | None) -> list[Upload]:
        """Mark the upload as being submitted, unless others like it stand (`harmless`: ids that do not count); those, if they do.

        With a reason it is marked in any case, and the reason kept. Raises ProblemError as `save` does.
        """
        async with self._transaction() as link:
            await link.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 42))", [upload.merchant_id])
            found = [other for other in await _like(link, upload) if other.id not in harmless]
            if found and reason is None:
                return found
            values = [UploadState.SUBMITTING.value, reason if found else None, upload.id]
            query = "UPDATE uploads SET state = %s, override_reason = %s WHERE id = %s AND version = %s"
            if not (await link.execute(query, [*values, upload.version])).rowcount:
                raise ProblemError("invalid_state_transition", CHANGED)
            return []

    async def finish(self, upload_id: str, state: UploadState, at: int) -> None:
        """Keep what became of an upload. A repeat changes nothing."""
        async with self._link() as link:
            await link.execute("UPDATE uploads SET state = %s, updated_at = %s WHERE id = %s", [state.value, at, upload_id])

    @asynccontextmanager
    async def open(self, upload_id: str, part: str = FILE) -> AsyncIterator[IO[bytes]]:
        """A part of an upload as a temporary file, rewound."""
        with tempfile.TemporaryFile(prefix="payflow-staged-", dir=self._temp_dir) as file:
            query = "SELECT data FROM upload_pieces WHERE upload_id = %s::uuid AND part = %s::text ORDER BY number"
            async with self._transaction() as link, link.cursor(name="pieces", binary=True) as cursor:
                cursor.itersize = PIECES_AT_ONCE
                await cursor.execute(query, [upload_id, part])
                async for (piece,) in cursor:
                    await asyncio.to_thread(lambda data: file.write(unpacked(bytes(data))), piece)
            file.seek(0)
            yield file

    async def corrections(self, upload_id: str) -> dict[int, dict[str, str]]:
        """Row number to corrected cells, by field."""
        async with self._link() as link:
            rows = await link.execute("SELECT row_number, cells FROM upload_corrections WHERE upload_id = %s", [upload_id])
            return {int(row[0]): msgspec.json.decode(row[1]) for row in await rows.fetchall()}

    async def mapping(self, merchant_id: str) -> dict[str, str]:
        """Folded column name to field, as the merchant chose before."""
        query = "SELECT column_name, field FROM column_mappings WHERE merchant_id = %s ORDER BY column_name"
        async with self._link() as link:
            return dict(await (await link.execute(query, [merchant_id])).fetchall())

    async def remember(self, merchant_id: str, mapping: Mapping[str, str], at: int) -> None:
        """Keep what was chosen, in the place of earlier choices for the same columns; the COLUMNS_REMEMBERED newest of a merchant."""
        query = (
            "INSERT INTO column_mappings VALUES (%s, %s, %s, %s) ON CONFLICT (merchant_id, column_name) "
            "DO UPDATE SET field = excluded.field, updated_at = excluded.updated_at"
        )
        async with self._transaction() as link, link.cursor() as cursor:
            await cursor.executemany(query, [(merchant_id, column, field, at) for column, field in sorted(mapping.items())])
            await cursor.execute(_TRIM, {"merchant": merchant_id, "most": COLUMNS_REMEMBERED})

    async def forget(self, merchant_id: str) -> None:
        """Drop all that is remembered of a merchant's columns. A repeat changes nothing."""
        async with self._link() as link:
            await link.execute("DELETE FROM column_mappings WHERE merchant_id = %s", [merchant_id])

    async def ping(self) -> None:
        """Raises ProblemError when files cannot be staged."""
        async with self._link() as link:
            await link.execute("SELECT 1 FROM uploads LIMIT 1")

    async def _one(self, query: str, arguments: list[object]) -> Upload | None:
        async with self._link() as link:
            row = await (await link.execute(query, arguments)).fetchone()
        return _upload(row) if row is not None else None

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[Any]:
        async with self._link() as link, link.transaction():
            yield link

    @asynccontextmanager
    async def _link(self) -> AsyncIterator[Any]:
        """For a single statement."""
        try:
            async with self._pool.connection(timeout=POOL_SECONDS) as link:
                yield link
        except (psycopg.Error, PoolTimeout, OSError) as error:
            raise ProblemError("staging_unavailable", _AWAY) from error


async def _like(link: Any, upload: Upload) -> list[Upload]:
    values = [upload.merchant_id, upload.id, upload.sha256, upload.rows_sha256, upload.message_id]
    return [_upload(row) for row in await (await link.execute(_LIKE, values)).fetchall()]


async def _is_there(link: Any, upload_id: str) -> bool:
    """Whether what was read is not deleted by age meanwhile; it is not until the transaction ends."""
    found = await link.execute("SELECT 1 FROM uploads WHERE id = %s FOR UPDATE", [upload_id])
    return await found.fetchone() is not None


async def _put_pieces(link: Any, upload_id: str, part: str, file: IO[bytes]) -> None:
    pieces, number = packed(file), 0
    while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
        await link.execute("INSERT INTO upload_pieces VALUES (%s, %s, %s, %b)", [upload_id, part, number, piece])
        number += 1


async def _put_corrections(link: Any, upload_id: str, corrections: Mapping[int, dict[str, str]]) -> None:
    await link.execute("DELETE FROM upload_corrections WHERE upload_id = %s", [upload_id])
    async with link.cursor() as cursor:
        rows = [(upload_id, row, msgspec.json.encode(cells).decode()) for row, cells in corrections.items()]
        await cursor.executemany("INSERT INTO upload_corrections VALUES (%s, %s, %s)", rows)


def _values(upload: Upload) -> list[object]:
    texts = {
        "state": upload.state.value,
        "options": msgspec.json.encode(upload.options).decode(),
        "report": msgspec.json.encode(upload.report).decode(),
    }
    return [texts.get(name, getattr(upload, name)) for name in _NAMES]


def _upload(row: tuple[Any, ...]) -> Upload:
    values = dict(zip(_NAMES, row, strict=True))
    values["options"] = _options.decode(values["options"])
    values["report"] = _report.decode(values["report"])
    return Upload(**{**values, "state": UploadState(values["state"])})
