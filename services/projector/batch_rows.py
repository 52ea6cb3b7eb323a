"""What facts about a batch as a whole write.

Must not know how its rows are paid.
"""

import msgspec

from schemas import events
from schemas.words import Reason
from services.projector.copy_text import storable
from services.projector.scene import Scene
from services.projector.steps import CancelRows, RowReason


def batch_opened(scene: Scene, event: events.BatchOpened) -> None:
    """A batch without rows."""
    declaration = event.declaration
    row: dict[str, object] = {
        "id": event.batch_id,
        "merchant_id": scene.merchant_id,
        "partition": scene.partition,
        "created_at": scene.at,
        "name": event.name,
        "reference": event.reference,
        "funding": event.funding,
        "on_row_failure": event.on_row_failure,
        "source": event.source,
        "submit": event.submit,
        "idempotency_key": event.key,
        "declaration": None if declaration is None else msgspec.json.encode(declaration).decode(),
    }
    scene.changes.new_batches.append({k: storable(v) if isinstance(v, str) else v for k, v in row.items()})
    scene.counted(event.batch_id, ())
    scene.batch_moved(event.batch_id, "open")


def batch_released(scene: Scene, event: events.BatchReleased) -> None:
    """Its money is held and it runs; its rows stay as they are, but those that wait for funds."""
    waiting = sum(run.count for run in event.waiting)
    scene.counted(event.batch_id, (), phase="released", released_at=scene.at)
    scene.waits(event.batch_id, waiting)
    for run in event.waiting:
        first = scene.skip(run.count)
        step = RowReason(cause=scene.cause, first_idx=first, run=run, before=None, after=Reason.FUNDS)
        scene.changes.steps.append(step)
    scene.batch_moved(event.batch_id, "released", row_count=event.row_count)
    scene.posted(event.postings, payouts=event.row_count - waiting, batch_id=event.batch_id)


def batch_refused(scene: Scene, event: events.BatchRefused) -> None:
    """The batch ends at its seal, and all its rows with it."""
    _cancel_rows(scene, event, event.code, event.detail)
    scene.counted(event.batch_id, event.totals, phase="refused", refusal_code=event.code, refusal_detail=event.detail)
    scene.batch_moved(event.batch_id, "refused", code=event.code, detail=event.detail)


def batch_canceled(scene: Scene, event: events.BatchCanceled) -> None:
    """The batch was dropped unsealed, and all its rows with it."""
    _cancel_rows(scene, event, None, event.reason)
    scene.counted(event.batch_id, event.totals, phase="canceled", refusal_detail=event.reason)
    scene.batch_moved(event.batch_id, "canceled", detail=event.reason)


def batch_stopped(scene: Scene, event: events.BatchStopped) -> None:
    """Its rows that were not sent are called back, and their holds with them; it is released as before."""
    _cancel_rows(scene, event, event.code, event.detail)
    scene.counted(event.batch_id, event.totals, stopped_at=scene.at)
    scene.waits(event.batch_id, -event.waiting_rows)
    scene.batch_moved(event.batch_id, "stopped", row_count=event.row_count, code=event.code, detail=event.detail)
    scene.posted(event.postings, payouts=event.row_count - event.waiting_rows, batch_id=event.batch_id)


def _cancel_rows(
    scene: Scene,
    event: events.BatchRefused | events.BatchCanceled | events.BatchStopped,
    code: str | None,
    detail: str | None,
) -> None:
    if not event.row_count:
        return
    first = scene.skip(event.row_count)
    scene.changes.steps.append(
        CancelRows(
            cause=scene.cause,
            first_idx=first,
            batch_id=event.batch_id,
            row_count=event.row_count,
            code=code,
            detail=detail,
        )
    )
