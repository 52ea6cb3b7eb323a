"""Corrected rows as a client sends them: as JSON, or as a file with a column of row numbers (BAT-11).

Owns both forms. Must not know the file that is corrected beyond its columns.
"""

from collections.abc import Mapping
from itertools import islice
from typing import IO, Any

from domain.intake.columns import ROW, find_columns, fold
from domain.intake.faults import Fault
from domain.intake.spreadsheet import ESCAPED, unescaped
from schemas.ids import BATCH_ROWS_MAX
from services.ingest.files.faults import FileFaultError
from services.ingest.files.kinds import Kind, open_rows
from services.ingest.staging.upload_record import Upload

Rows = dict[int, dict[str, str]]
CORRECTED_MAX = 100_000
ROW_NAMES = frozenset({"row", ROW})


def read_rows(raw: object) -> Rows | list[Fault]:
    """`{"rows": [{"row": 17, "cells": {"amount": "1.00"}}]}`, by row; or all that is wrong with it. May be empty: then submit as it is."""
    listed = raw.get("rows") if isinstance(raw, Mapping) else None
    if not isinstance(raw, Mapping) or set(raw) != {"rows"} or not isinstance(listed, list):
        return [Fault(pointer="", detail='must be an object such as {"rows": [{"row": 17, "cells": {"amount": "1.00"}}]}')]
    rows: Rows = {}
    faults: list[Fault] = []
    for index, item in enumerate(listed):
        read = _row(item)
        if isinstance(read, str):
            faults.append(Fault(pointer=f"/rows/{index}", detail=read))
        elif read[0] in rows:
            faults.append(Fault(pointer=f"/rows/{index}", detail=f"names row {read[0]} again; name each once"))
        else:
            rows[read[0]] = read[1]
    return faults or rows


def _row(item: Any) -> tuple[int, dict[str, str]] | str:
    if not isinstance(item, Mapping) or set(item) != {"row", "cells"}:
        return "must be an object with row and cells"
    row, cells = item["row"], item["cells"]
    if isinstance(row, bool) or not isinstance(row, int) or not 1 <= row <= BATCH_ROWS_MAX:
        return f"must name a row from 1 to {BATCH_ROWS_MAX}"
    if not isinstance(cells, Mapping) or not cells or not all(isinstance(cell, str) for cell in cells.values()):
        return 'must have cells such as {"amount": "1.00"}, all of them text'
    return row, {str(field): str(cell) for field, cell in cells.items()}


def rows_of_file(kind: Kind, file: IO[bytes], upload: Upload) -> Rows | list[Fault] | None:
    """Corrected rows by number; None for a file without row numbers, which stands for all rows; or what is wrong. Run it in a thread."""
    if kind is Kind.PAIN001:
        return None
    try:
        cells = iter(open_rows(kind, file))
        header = next(cells, None)
        if header is None:
            return [Fault(pointer="/file", code="required", detail="is empty; the first row names the columns")]
        columns = find_columns(header, upload.options.mapping, upload.options.remembered)
        names = ROW_NAMES - {fold(column) for column in upload.report.columns}
        places = [at for at, name in enumerate(header) if fold(name) in names]
        if not places:
            return None
        fields = {field: at for field, at in zip(columns.names, columns.places, strict=True) if at not in places}
        rows: Rows = {}
        for line, row in enumerate(islice(cells, CORRECTED_MAX + 1), 1):
            fault = _take_row(rows, row, places[0], fields, len(header), columns.form_at, line)
            if fault is not None:
                return [fault]
    except FileFaultError as error:
        return [error.fault]
    return rows


def _take_row(
    rows: Rows, cells: list[str], row_at: int, fields: dict[str, int], width: int, form_at: int | None, line: int
) -> Fault | None:
    if len(cells) != width:
        return Fault(pointer=f"/rows/{line - 1}", code="ragged_row", detail=f"has {len(cells)} cells of {width}", row=line)
    number = cells[row_at].strip()
    if not (number.isascii() and number.isdigit() and 1 <= int(number[:9]) <= BATCH_ROWS_MAX) or int(number[:9]) in rows:
        detail = "must be the number of a row, each once"
        return Fault(pointer=f"/rows/{line - 1}/row", detail=detail, row=line, column="row")
    way_back = unescaped if form_at is not None and cells[form_at] == ESCAPED else str
    rows[int(number[:9])] = {field: way_back(cells[at]) for field, at in fields.items()}
    return None
