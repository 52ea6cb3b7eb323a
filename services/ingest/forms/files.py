"""Uploaded files: sent, kept, corrected, and how their columns are read (API-30). Owns these forms. Must not know how a file is read."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from services.ingest.forms.batches import FundingWord, RowFailureWord


class UploadForm(BaseModel):
    """CSV or XLSX with a header row (`amount`, `currency`, `msisdn` or `account_number`, and so on; more columns are kept), or pain.001.

    All of it is checked before any row is taken. What is refused is kept: correct single rows at `corrections_url`.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"file": "msisdn,amount,currency\n+256772123456,10.00,USD\n+256772123457,20.00,USD\n", "name": "November"}
            ]
        }
    )

    file: str = Field(json_schema_extra={"format": "binary"})
    name: str | None = None
    reference: str | None = None
    funding: FundingWord = "all_or_nothing"
    on_row_failure: RowFailureWord = "continue"
    currency: str | None = Field(None, description="The currency of rows that name none.")
    row_count: int | None = Field(None, description="Declared number of rows.")
    total: str | None = Field(None, description="Declared sum in `currency`.")
    declared: str | None = Field(None, description="The declaration as JSON, for several currencies.")
    mapping: str | None = Field(
        None,
        description='JSON, the file\'s columns to fields: `{"Betrag": "amount", "Filiale": "ignore"}`. It is remembered.',
    )
    number_format: Literal["1000.00", "1,000.00", "1.000,00", "1 000,00", "1 000.00", "1'000.00", "1,00,000.00"] = "1000.00"
    on_invalid_rows: Literal["reject_all", "accept_valid"] = "reject_all"
    override_duplicate: str | None = Field(None, description="Why a file is sent whose like was taken before.")
    merchant_id: str | None = None


class EqualRow(BaseModel):
    """A row and the first row of the same file that asks for the same."""

    row: int
    equals: int


class Upload(BaseModel):
    """One uploaded file and what was found in it. `batch_id` is set once it is submitted; it is the upload's own id."""

    id: str
    merchant_id: str
    state: Literal["refused", "submitting", "accepted", "not_accepted"]
    kind: Literal["csv", "xlsx", "pain.001"]
    file_name: str
    sha256: str
    message_id: str | None = None
    batch_id: str | None = None
    batch_url: str | None = None
    row_count: int
    good_count: int
    fault_count: int
    corrected_count: int
    equal_count: int
    equal_rows: list[EqualRow]
    columns: dict[str, str] = Field(description="The file's own column names to the fields they are read as.")
    number_format: str
    on_invalid_rows: Literal["reject_all", "accept_valid"]
    override_reason: str | None = None
    idempotency_key: str
    created_at: str
    updated_at: str
    content_deleted_at: str | None = Field(
        None, description="When all but the fingerprint was deleted by age; then its files are 410 `file_not_kept`."
    )
    upload_id: str
    errors_url: str
    refused_rows_url: str
    corrections_url: str


class UploadErrors(BaseModel):
    """A page of faults."""

    count: int
    next: str | None = None
    results: list[dict[str, Any]]


class CorrectedRow(BaseModel):
    """New cells of one row, by field."""

    row: int = Field(ge=1, le=1_000_000)
    cells: dict[str, str]


class Corrections(BaseModel):
    """Rows to put right; an empty list submits the file as it is.

    Or send a file (multipart): with a column `row` only those rows change, without one it stands for the whole file.
    """

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"rows": [{"row": 17, "cells": {"amount": "1.00"}}]}]}
    )

    rows: list[CorrectedRow]


class CorrectionFile(BaseModel):
    """A file with a column `row`: only those rows change. Without one it stands for the whole file."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"file": "row,amount\n17,1.00\n", "on_invalid_rows": "reject_all"}]}
    )

    file: str = Field(json_schema_extra={"format": "binary"})
    on_invalid_rows: Literal["reject_all", "accept_valid"] = "reject_all"
    override_duplicate: str | None = Field(None, description="Why a file is sent whose like was taken before.")


class ColumnMapping(BaseModel):
    """Folded column names to fields, or to `ignore`."""

    mapping: dict[str, str]
