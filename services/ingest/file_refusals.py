"""What is told of an uploaded file: why it is refused, where it is kept, what the answer's own body does not say (BAT-06 to BAT-09).

Owns the problems and their members. Must not know how a file was read or where it is kept.
"""

from typing import Any

from domain.intake.faults import Fault, as_errors
from schemas.forms import BatchDeclaration
from schemas.money import format_amount
from services.ingest.problems import ProblemError
from services.ingest.staging.upload_record import Upload

UPLOADS = "/api/v1/uploads"
_EMPTY = Fault(pointer="/rows", code="required", detail="the file has a header and no rows")
_OVERRIDE = "If it is meant, send override_duplicate with the reason."


def flags(upload: Upload) -> dict[str, str]:
    """What the answer's body, which is the log's, does not say: rows that are equal or were left out, and where to read on."""
    report = upload.report
    named = {"Payflow-Equal-Rows": report.equal_count, "Payflow-Refused-Rows": report.row_count - report.good_count}
    told = {name: str(count) for name, count in named.items() if count}
    return {**told, "Link": f'<{UPLOADS}/{upload.id}/>; rel="describedby"'}


def refuse_rows(upload: Upload, first: list[Fault]) -> None:
    """Raises ProblemError `invalid_rows` with all faults (`first` are those that are listed), or for a file without good rows."""
    report = upload.report
    if not report.row_count and not report.fault_count:
        raise ProblemError("invalid_rows", "The file has a header and no rows.", errors=as_errors([_EMPTY]))
    if not report.fault_count or (upload.options.accept_valid and report.good_count and not report.torn):
        return
    listed = f"; the first {len(first)} are listed, the rest at errors_url" if report.fault_count > len(first) else ""
    found = f"{_counted(report.fault_count, 'fault')} found in {_counted(report.row_count, 'row', '')}"
    detail = f"{found}{listed}. Nothing was taken."
    raise ProblemError(
        "invalid_rows",
        detail,
        errors=as_errors(first),
        fault_count=report.fault_count,
        row_count=report.row_count,
        **links(upload),
    )


def refuse_total(upload: Upload, declared: BatchDeclaration | None) -> None:
    """Raises ProblemError `declaration_mismatch` with both values when the file is not what it was declared to be (BAT-07)."""
    report = upload.report
    if declared is None:
        return
    sums_differ = declared.sums_minor is not None and declared.sums_minor != report.sums_minor
    if declared.count in {None, report.row_count} and not sums_differ:
        return
    said, found = _spoken(declared.count, declared.sums_minor), _spoken(report.row_count, report.sums_minor)
    detail = f"Declared were {_words(said)}; the file has {_words(found)}. Nothing was taken."
    errors = [{"pointer": "/declared", "code": "declaration_mismatch", "detail": detail}]
    raise ProblemError("declaration_mismatch", detail, errors=errors, declared=said, counted=found, **links(upload))


def links(upload: Upload) -> dict[str, Any]:
    """Where a kept file is found, and what can be done with it."""
    place = f"{UPLOADS}/{upload.id}"
    return {
        "upload_id": upload.id,
        "errors_url": f"{place}/errors/",
        "refused_rows_url": f"{place}/refused-rows/",
        "corrections_url": f"{place}/corrections/",
    }


def duplicate(upload: Upload, earlier: Upload) -> ProblemError:
    """409 with a link to the batch that the earlier file became."""
    same = "message id" if upload.message_id is not None and upload.message_id == earlier.message_id else "content"
    batch = f"/api/v1/batches/{earlier.id}/"
    detail = f"A file with the same {same} was taken before, as batch {earlier.id}. Nothing was taken. {_OVERRIDE}"
    errors = [{"pointer": "/file", "code": "duplicate_file", "detail": detail}]
    headers = {"Link": f'<{batch}>; rel="duplicate"'}
    more = {"batch_id": earlier.id, "batch_url": batch, "same": same, **links(upload)}
    return ProblemError("duplicate_file", detail, errors=errors, headers=headers, **more)


def _counted(count: int, name: str, verb: str = " was") -> str:
    if count == 1:
        return f"1 {name}{verb}"
    return f"{count} {name}s{verb.replace('was', 'were')}"


def _spoken(count: int | None, sums_minor: dict[str, int] | None) -> dict[str, Any]:
    sums = {currency: format_amount(total, currency) for currency, total in sorted((sums_minor or {}).items())}
    return {"row_count": count, "sums": sums if sums_minor is not None else None}


def _words(said: dict[str, Any]) -> str:
    words = [f"{said['row_count']} rows"] if said["row_count"] is not None else []
    return ", ".join([*words, *(f"{amount} {currency}" for currency, amount in (said["sums"] or {}).items())])
