"""What becomes of a file once it is read: checked, kept, and refused whole or submitted (BAT-06 to BAT-09, BAT-11).

Owns the order: nothing is submitted before all rows are checked and the file is kept, and of files that ask for the same payments only one
is, unless the uploader gives a reason. Must not know kinds of files.
"""

import asyncio
from collections.abc import Iterable
from typing import IO, NamedTuple

from fastapi import Response
from msgspec import structs

from domain.intake.batch import BatchRequest
from schemas.times import rfc3339
from schemas.words import BatchPhase
from services.ingest.answers import About
from services.ingest.asking import Ask
from services.ingest.batch_run import BatchOrder, BatchRun
from services.ingest.batches import answer, counted, open_command
from services.ingest.chunks import read_chunks
from services.ingest.envelope import Envelope
from services.ingest.file_refusals import duplicate, flags, refuse_rows, refuse_total
from services.ingest.files.checked import Checked, check_file
from services.ingest.files.reading import Reading
from services.ingest.known_rows import KnownRows, OwnBatch
from services.ingest.problems import ProblemError
from services.ingest.staging.store import Content
from services.ingest.staging.upload_record import Upload, UploadState
from services.ingest.store import ViewUnavailableError
from services.ingest.submitting import is_refusal


class KeptAs(NamedTuple):
    """Under which id and name a file is kept. `version` is one above what was read of it."""

    id: str
    file_name: str
    sha256: str
    version: int


_DEAD = frozenset({BatchPhase.REFUSED.value, BatchPhase.CANCELED.value})


class FileSubmission:
    """One request's file on its way."""

    def __init__(self, ask: Ask, envelope: Envelope, about: About, wanted: BatchRequest, reason: str | None) -> None:
        """`reason`: why an equal earlier file does not matter."""
        self._ask = ask
        self._edge = ask.edge
        self._envelope = envelope
        self._about = about
        self._wanted = wanted
        self._reason = reason

    async def check(self, checked: Checked, file: IO[bytes], reading: Reading, kept: KeptAs) -> Upload:
        """Check every row, by the file itself and then by what the views know; the upload as it is to be kept: not taken so far."""
        day = rfc3339(self._edge.clock.now_ms())[: len("2026-01-31")]
        own = OwnBatch(self._envelope.merchant_id, kept.id, str(self._envelope.key))
        known = KnownRows(self._edge.store, self._edge.submitter.waiting, own)
        async with known.asked(checked.names, checked.book_known) as asking:
            await asyncio.to_thread(check_file, checked, file, reading, day)
            upload = self._record(checked, kept)
            knows = checked.names.are_any and not await self._is_repeat(upload) and await asking.told()
        if not knows:
            return upload
        checked.start_over()
        await asyncio.to_thread(check_file, checked, file, reading, day)
        return self._record(checked, kept)

    async def _is_repeat(self, upload: Upload) -> bool:
        """Whether the like of the file was taken. The views know all of its rows then: that is told instead."""
        return self._reason is None and bool(await self._living(await self._edge.staging.like(upload)))

    def _record(self, checked: Checked, kept: KeptAs) -> Upload:
        now = self._edge.clock.now_ms()
        return Upload(
            id=kept.id,
            merchant_id=self._envelope.merchant_id,
            idempotency_key=str(self._envelope.key),
            state=UploadState.REFUSED,
            kind=checked.kind.value,
            file_name=kept.file_name[:256].replace("\0", ""),
            sha256=kept.sha256,
            options=checked.options,
            report=checked.report,
            created_at=now,
            updated_at=now,
            rows_sha256=checked.digest,
            message_id=checked.message_id,
            version=kept.version,
        )

    async def settle(
        self, upload: Upload, checked: Checked, file: IO[bytes] | None, corrections: dict[int, dict[str, str]] | None = None
    ) -> Response:
        """Keep the file, then refuse it (ProblemError with all that is wrong) or submit it.

        `file` and `corrections`: None if they are kept already.
        """
        first = await self._edge.running(self._envelope, self._about, self._ask.wait_seconds)
        if first is not None:
            return first
        await self._edge.staging.save(upload, Content(file, checked.book.file), corrections)
        refuse_rows(upload, checked.book.first)
        refuse_total(upload, self._wanted.declaration)
        return await self._claimed(upload) or await self._submit(upload, checked)

    async def _claimed(self, upload: Upload) -> Response | None:
        """Take the right to submit this file; the answer of an equal request if there is one. Raises ProblemError `duplicate_file`."""
        found = await self._others(upload)
        if not found:
            return None
        if any(other.idempotency_key == self._envelope.key for other in found):
            first = await self._edge.known(self._envelope, self._about, self._ask.wait_seconds)
            if first is not None:
                return first
            raise ProblemError(
                "idempotency_in_flight", "An equal request with this key is being submitted; ask again in a moment."
            )
        raise duplicate(upload, found[0])

    async def _others(self, upload: Upload) -> list[Upload]:
        """Take the right to submit this file, unless others like it stand: those. Most files have none, and are asked about once."""
        staging = self._edge.staging
        like = await staging.claim(upload, frozenset(), None) if self._reason is None else await staging.like(upload)
        if not like and self._reason is None:
            return []
        living = {other.id for other in await self._living(like)}
        return await staging.claim(upload, frozenset({other.id for other in like} - living), self._reason)

    async def _living(self, uploads: Iterable[Upload]) -> list[Upload]:
        return [upload for upload in uploads if not await self._is_dead(upload)]

    async def _is_dead(self, other: Upload) -> bool:
        """Whether nothing of an earlier file's batch can be paid any more."""
        try:
            return await self._edge.store.batch_phase(other.id) in _DEAD
        except ViewUnavailableError:
            return False

    async def _submit(self, upload: Upload, checked: Checked) -> Response:
        report, wanted = upload.report, self._wanted
        if report.good_count != report.row_count:  # what was declared is checked already, against the whole file
            wanted = structs.replace(wanted, declaration=None)
        if upload.options.mapping:
            await self._edge.staging.remember(upload.merchant_id, upload.options.mapping, upload.updated_at)
        command = open_command(wanted, upload.id, source=upload.kind, submit=True)
        declaration = counted(wanted.declaration, report.good_count)
        order = BatchOrder(self._envelope, command, declaration, is_new=upload.version == 1)
        run = BatchRun(order, self._edge.submitter, self._edge.in_flight)
        decided = await run.run(read_chunks(checked.spool), self._ask.wait_seconds)
        if decided is not None:
            state = UploadState.NOT_ACCEPTED if is_refusal(decided) else UploadState.ACCEPTED
            await self._edge.staging.finish(upload.id, state, self._edge.clock.now_ms())
        response = answer(run, decided, self._about)
        response.headers.update(flags(upload))
        return response
