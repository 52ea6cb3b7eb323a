"""An uploaded file, taken off the wire into a temporary file in constant memory, with the fields that came with it.

Owns multipart/form-data and raw bodies, their limits, and the hash of the file's bytes. Must not know what is in the file: what
is a CSV and what is a fault in it is told elsewhere. The temporary file has no name, so nothing stays behind after a crash.
"""

import hashlib
import tempfile
from collections.abc import Mapping
from typing import IO, Any

from fastapi import Request
from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header

from runtime.http_content import check_content, media_type
from services.ingest.bodies import UPLOAD_BYTES_MAX, stream
from services.ingest.problems import ProblemError

MULTIPART = "multipart/form-data"
RAW_TYPES = (
    "text/csv",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/xml",
    "text/xml",
)
FILE_FIELD = "file"
FIELDS_MAX = 20
FIELD_BYTES_MAX = 4096
FORM_BYTES = 1024 * 1024
"""A form's body may be so much larger than its file: other fields, headers of its parts, boundaries."""
NAME_CHARS_MAX = 255
_HEADER_BYTES_MAX = 8192


class ReceivedFile:
    """The file's bytes (`file`, rewound when received), their SHA-256, its name and type as the client said, and the fields."""

    def __init__(self, temp_dir: str | None, fields: Mapping[str, str] | None = None) -> None:
        """An empty file; `fields` are known already for a raw body (its query)."""
        self.file: IO[bytes] = tempfile.TemporaryFile(prefix="payflow-upload-", dir=temp_dir)  # noqa: SIM115  see close()
        self.fields: dict[str, str] = dict(fields or {})
        self.file_name = ""
        self.content_type = ""
        self.size = 0
        """Of all that came; past UPLOAD_BYTES_MAX nothing more is kept, and `check_size` refuses it."""
        self._digest = hashlib.sha256()

    @property
    def sha256(self) -> str:
        """Hex digest of the file's bytes."""
        return self._digest.hexdigest()

    def write(self, piece: bytes) -> None:
        """Add bytes at the end."""
        self.size += len(piece)
        if self.size <= UPLOAD_BYTES_MAX:
            self.file.write(piece)
            self._digest.update(piece)

    def check_size(self) -> None:
        """Raises ProblemError 413 when there was more than a file may have."""
        if self.size > UPLOAD_BYTES_MAX:
            raise ProblemError("payload_too_large", f"A file may have at most {UPLOAD_BYTES_MAX:,} bytes.")

    def close(self) -> None:
        """Give the space back. A repeat changes nothing."""
        self.file.close()


async def receive(request: Request, temp_dir: str | None = None) -> ReceivedFile:
    """Take the whole body in; `temp_dir` is where the temporary file goes.

    The caller closes what it gets. Raises ProblemError 400, 413 or 415.
    """
    check_content(request, (MULTIPART, *RAW_TYPES))
    if media_type(request) != MULTIPART:
        return await _receive_raw(request, ReceivedFile(temp_dir, _query_fields(request)))
    return await _receive_form(request, ReceivedFile(temp_dir))


async def _receive_raw(request: Request, received: ReceivedFile) -> ReceivedFile:
    received.content_type = media_type(request)
    try:
        async for piece in stream(request, UPLOAD_BYTES_MAX):
            received.write(piece)
    except BaseException:
        received.close()
        raise
    received.file.seek(0)
    return received


def _query_fields(request: Request) -> dict[str, str]:
    names = [name for name, _ in request.query_params.multi_items()]
    if len(names) != len(set(names)):
        raise malformed("A query parameter was given twice.")
    return dict(request.query_params)


async def _receive_form(request: Request, received: ReceivedFile) -> ReceivedFile:
    form = _Form(received)
    try:
        parser = MultipartParser(_boundary(request), form.callbacks())
        async for piece in stream(request, UPLOAD_BYTES_MAX + FORM_BYTES):
            parser.write(piece)
        form.check_complete()
        received.check_size()
    except MultipartParseError:
        received.close()
        raise malformed("The multipart body cannot be read.") from None
    except BaseException:
        received.close()
        raise
    received.file.seek(0)
    return received


def _boundary(request: Request) -> bytes:
    _, parameters = parse_options_header(request.headers.get("content-type", ""))
    boundary = bytes(parameters.get(b"boundary", b""))
    if not 1 <= len(boundary) <= 70:
        raise malformed("The Content-Type names no usable boundary.")
    return boundary


class _Form:
    """The parts of one multipart body: one file, the rest small text fields, each name once."""

    def __init__(self, received: ReceivedFile) -> None:
        self._received = received
        self._headers: dict[str, bytes] = {}
        self._name = b""
        self._value = b""
        self._field = ""
        self._text = bytearray()
        self._files = 0
        self._complete = False

    def callbacks(self) -> Any:
        """What the parser calls."""
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._header_name,
            "on_header_value": self._header_value,
            "on_header_end": self._header_end,
            "on_headers_finished": self._part_known,
            "on_part_data": self._data,
            "on_part_end": self._end,
            "on_end": self._finish,
        }

    def check_complete(self) -> None:
        """Raises ProblemError when the body ended early or has no file."""
        if not self._complete:
            raise malformed("The multipart body ends before its last boundary.")
        if not self._files:
            raise field_fault(FILE_FIELD, "required", "Send the file as the form field `file`.")

    def _begin(self) -> None:
        self._headers = {}
        self._text = bytearray()

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._name = _bounded(self._name + data[start:end])

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value = _bounded(self._value + data[start:end])

    def _header_end(self) -> None:
        self._headers[self._name.decode("latin-1").lower()] = self._value
        self._name = self._value = b""

    def _part_known(self) -> None:
        _, parameters = parse_options_header(self._headers.get("content-disposition", b""))
        self._field = bytes(parameters.get(b"name", b"")).decode("utf-8", "replace")
        if self._field == FILE_FIELD:
            self._begin_file(bytes(parameters.get(b"filename", b"")))
        elif not self._field or self._field in self._received.fields:
            raise field_fault(self._field, "duplicate", "Each form field needs a name and may be given once.")
        elif len(self._received.fields) >= FIELDS_MAX:
            raise malformed(f"A form may have at most {FIELDS_MAX} fields.")

    def _begin_file(self, name: bytes) -> None:
        self._files += 1
        if self._files > 1:
            raise field_fault(FILE_FIELD, "duplicate", "Send one file at a time.")
        self._received.file_name = plain_name(name.decode("utf-8", "replace"))
        content_type, _ = parse_options_header(self._headers.get("content-type", b""))
        self._received.content_type = bytes(content_type).decode("latin-1").lower()

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._field == FILE_FIELD:
            self._received.write(data[start:end])
            return
        self._text += data[start:end]
        if len(self._text) > FIELD_BYTES_MAX:
            raise field_fault(self._field, "too_long", f"A form field may have at most {FIELD_BYTES_MAX} bytes.")

    def _end(self) -> None:
        if self._field == FILE_FIELD:
            return
        try:
            self._received.fields[self._field] = self._text.decode("utf-8")
        except UnicodeDecodeError:
            raise field_fault(self._field, "not_utf8", "A form field must be UTF-8.") from None

    def _finish(self) -> None:
        self._complete = True


def plain_name(name: str) -> str:
    """A file's name as a client gave it, without a path and without what cannot be seen: line ends, marks that turn text around."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(filter(str.isprintable, last))[:NAME_CHARS_MAX]


def _bounded(header: bytes) -> bytes:
    if len(header) > _HEADER_BYTES_MAX:
        raise malformed("A part's header is too long.")
    return header


def malformed(detail: str) -> ProblemError:
    """400: the body cannot be read."""
    return ProblemError("malformed_body", detail)


def field_fault(field: str, code: str, detail: str) -> ProblemError:
    """400: one form field is at fault."""
    return ProblemError("validation_error", detail, errors=[{"pointer": f"/{field}", "code": code, "detail": detail}])
