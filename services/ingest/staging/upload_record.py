"""What is kept of an uploaded file besides its bytes.

Owns the record, its states, and what the check found. An upload's id is the id of the batch that it becomes, so that rows keep their ids
from the first look at the file on (BAT-11). Must not know how it is stored.
"""

from enum import StrEnum
from typing import Any

from msgspec import Struct

from domain.intake.numbers import PLAIN


class UploadState(StrEnum):
    """How far a file is. Only a refused file can be corrected; only one that is being or was taken stands in the way of its like."""

    REFUSED = "refused"
    SUBMITTING = "submitting"
    ACCEPTED = "accepted"
    NOT_ACCEPTED = "not_accepted"


class FileOptions(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How the uploader wants the file read: `mapping` is what was chosen, by folded column name; `columns` what it came to.

    `raw` is the batch request beside the file.
    """

    currency: str | None = None
    mapping: dict[str, str] = {}
    remembered: dict[str, str] = {}
    number_format: str = PLAIN
    accept_valid: bool = False
    number_format_chosen: bool = False
    raw: dict[str, Any] = {}


class Report(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the check found. `equal_rows` are pairs of a row and the first one that it equals, the first EQUAL_LISTED of `equal_count`.

    `torn`: some fault is not about one row, so that the good rows cannot be taken by themselves.
    """

    row_count: int = 0
    good_count: int = 0
    fault_count: int = 0
    listed_count: int = 0
    torn: bool = False
    equal_count: int = 0
    equal_rows: list[tuple[int, int]] = []
    sums_minor: dict[str, int] = {}
    columns: list[str] = []
    fields: list[str] = []


class Upload(Struct, frozen=True, kw_only=True):
    """One uploaded file. Times in ms UTC; `version` grows with each save.

    `sha256` is of the file's bytes, `rows_sha256` of what its good rows ask for.
    """

    id: str
    merchant_id: str
    idempotency_key: str
    state: UploadState
    kind: str
    file_name: str
    sha256: str
    options: FileOptions
    report: Report
    created_at: int
    updated_at: int
    rows_sha256: str | None = None
    message_id: str | None = None
    override_reason: str | None = None
    version: int = 1
    content_deleted_at: int | None = None
    """Set once only the fingerprint is left: bytes, faults, corrections, names and options went by age."""
