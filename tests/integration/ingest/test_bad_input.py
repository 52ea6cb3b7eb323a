"""Bad input over a real wire (ERR-02, ERR-04): a 4xx problem, no record on `payouts.commands`, no 5xx, no hang."""

import socket
import time
from typing import Any

import httpx2
import msgspec
import pytest

from runtime.ids import mint
from tests.support.ingest_stack import IngestStack
from tests.unit.ingest.test_bad_input import AMOUNTS, FIELDS, HEADERS, MINORS, UNREADABLE, with_amount
from tests.unit.ingest.test_upload import FILES, MULTIPART, ROWS, THREE

pytestmark = pytest.mark.integration

GOOD = with_amount("amount", '"1.00"')
JSON = {"Content-Type": "application/json"}


def bodies() -> dict[str, tuple[bytes, dict[str, Any]]]:
    """Every bad payout request of the unit tests: name to body and headers."""
    good = msgspec.json.decode(GOOD)
    found: dict[str, tuple[bytes, dict[str, Any]]] = {}
    found |= {f"amount {name}": (with_amount("amount", text), JSON) for name, text in AMOUNTS.items()}
    found |= {f"amount_minor {name}": (with_amount("amount_minor", text), JSON) for name, text in MINORS.items()}
    found |= {f"body {name}": (body, JSON) for name, body in UNREADABLE.items()}
    for name, (change, _) in FIELDS.items():
        body = {field: value for field, value in {**good, **change}.items() if value is not None}
        found[f"field {name}"] = (msgspec.json.encode(body), JSON)
    found |= {f"header {name}": (GOOD, {**JSON, **headers}) for name, (headers, _) in HEADERS.items()}
    found["gzip"] = (b"\x1f\x8b\x08" + b"\0" * 100, {**JSON, "Content-Encoding": "gzip"})
    found["content type"] = (GOOD, {"Content-Type": "text/plain"})
    found["too large"] = (b" " * (40 * 1024 * 1024), JSON)
    return found


def assert_refused(answer: httpx2.Response, name: str) -> None:
    assert 400 <= answer.status_code < 500, (name, answer.status_code, answer.text[:300])
    assert answer.headers["content-type"] == "application/problem+json", name
    problem = answer.json()
    assert problem["status"] == answer.status_code, name
    assert problem["errors"] or problem["code"] == "payload_too_large", name


def test_no_bad_payout_request_reaches_the_log__ERR_04(stack: IngestStack) -> None:
    before = stack.command_count()
    with stack.client as client:
        for name, (body, headers) in bodies().items():
            assert_refused(client.post("/api/v1/payouts", content=body, headers=headers), name)
    assert stack.command_count() == before


def test_no_bad_file_reaches_the_log__ERR_04_BAT_05(stack: IngestStack) -> None:
    before = stack.command_count()
    files = {name: content for name, (content, _) in FILES.items()}
    files |= {name: THREE + line + "\n" for name, (line, _, _) in ROWS.items()}
    with stack.client as client:
        for name, content in files.items():
            data = content.encode() if isinstance(content, str) else content
            headers = {"Idempotency-Key": mint()}
            answer = client.post("/api/v1/batches/upload", files={"file": ("f.csv", data)}, headers=headers)
            assert_refused(answer, name)
        for name, body in MULTIPART.items():
            headers = {"Idempotency-Key": mint(), "Content-Type": "multipart/form-data; boundary=B"}
            answer = client.post("/api/v1/batches/upload", content=body, headers=headers)
            assert (answer.status_code, answer.json()["status"]) == (400, 400), name
    assert stack.command_count() == before


class Wire:
    """A raw connection, for what no client library sends."""

    def __init__(self, stack: IngestStack) -> None:
        port = int(stack.stack.environ["INGEST_PORT"])
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=20)

    def send(self, *lines: str, body: bytes = b"") -> None:
        head = "\r\n".join(["POST /api/v1/payouts HTTP/1.1", "Host: x", "Content-Type: application/json", *lines])
        self._socket.sendall(head.encode("latin-1") + b"\r\n\r\n" + body)

    def trickle(self, seconds: int) -> None:
        """One byte a second, until the other side has enough of it."""
        for _ in range(seconds):
            time.sleep(1)
            try:
                self._socket.sendall(b" ")
            except OSError:
                return

    def half_close(self) -> None:
        self._socket.shutdown(socket.SHUT_WR)

    def status(self) -> int:
        """The status of the answer; 0 if the connection was closed without one."""
        with self._socket, self._socket.makefile("rb") as reader:
            line = reader.readline().split()
        return int(line[1]) if len(line) > 1 else 0


def test_a_client_that_leaves_in_the_middle_leaves_nothing_behind__ERR_04(stack: IngestStack) -> None:
    before = stack.command_count()
    wire = Wire(stack)
    wire.send(f"Content-Length: {len(GOOD) + 10}", body=GOOD)
    wire.half_close()
    assert wire.status() in (0, 400)
    assert stack.command_count() == before


def test_a_length_that_says_less_does_not_reach_the_log__ERR_04(stack: IngestStack) -> None:
    before = stack.command_count()
    wire = Wire(stack)
    wire.send("Content-Length: 5", body=GOOD)
    assert wire.status() == 400
    assert stack.command_count() == before


@pytest.mark.parametrize(
    "lines",
    [
        ["Content-Length: 10", "Transfer-Encoding: chunked"],
        ["Content-Length: 10", "Content-Length: 20"],
        ["Content-Length: -1"],
        ["Content-Length: many"],
        ["Transfer-Encoding: gzip"],
        ["Transfer-Encoding: gzip, chunked"],
        ["Transfer-Encoding: gzip", "Transfer-Encoding: chunked"],
    ],
    ids=str,
)
def test_lengths_that_contradict_each_other_are_refused__ERR_04(stack: IngestStack, lines: list[str]) -> None:
    before = stack.command_count()
    wire = Wire(stack)
    wire.send(*lines, body=b"%x\r\n%s\r\n0\r\n\r\n" % (len(GOOD), GOOD))
    assert wire.status() in (0, 400, 411, 413, 501)
    assert stack.command_count() == before


def test_a_megabyte_of_header_is_refused__ERR_04(stack: IngestStack) -> None:
    wire, before = Wire(stack), stack.command_count()
    wire.send("X-Long: " + "x" * 1_000_000, f"Content-Length: {len(GOOD)}", body=GOOD)
    assert wire.status() == 400
    assert stack.command_count() == before


def test_bodies_that_never_end_are_cut_off_in_time_and_hold_nobody_up__ERR_04(stack: IngestStack) -> None:
    """Two hundred that stop, one that says more than it sends, and one that trickles, all at once."""
    before, began = stack.command_count(), time.monotonic()
    slow = [Wire(stack) for _ in range(200)]
    for wire in slow:
        wire.send("Content-Length: 1000", body=b"{")
    lying, trickling = Wire(stack), Wire(stack)
    lying.send(f"Content-Length: {len(GOOD) + 10}", body=GOOD)
    trickling.send("Content-Length: 100")
    with stack.client as client:
        asked = time.monotonic()
        assert client.post("/api/v1/payouts", content=GOOD, headers=JSON).status_code == 201
        assert time.monotonic() - asked < 2
    trickling.trickle(12)
    assert {wire.status() for wire in [*slow, lying, trickling]} == {400}
    assert time.monotonic() - began < 20
    assert stack.command_count() == before + 1
