"""Requests that no client would send on purpose: what is good by the API's own document, changed until it hurts (ERR-04, RELIABILITY section 5).

Owns how a request is made worse; the same seed makes the same requests. Must not know what should be answered.
"""

import json
import random
import uuid
from collections.abc import Iterator, Mapping, Sequence, Set
from typing import Any, NamedTuple
from urllib.parse import quote

FRAGMENTS = (
    "0", "-1", "-0", "1.5", "1e3", "1E400", "NaN", "Infinity", "true", "false", "null", "[]", "{}", "[null]", '{"a":1,"a":2}',
    "9007199254740993", "9223372036854775807", "9223372036854775808", "9" * 5000, '"' + "9" * 5000 + '"', "[" * 40 + "]" * 40,
    '"0"', '"-1"', '"1_000"', '" 7 "', '"+5"', '"1e3"', '"NaN"', '"1,000.00"', '"01.00"', '"."', '""', '" "', '"100.00"',
    '"\\u0661\\u0662\\u0663"', '"\\uff11"', '"\\u0000"', '"a\\u001bb"', '"\\ud800"', '"\\udfff\\ud800"', '"\\u202eabc"', '"\\u200b"',
    '"e\\u0301"', '"\\u00e9"', '"\\ufffe"', '"' + "x" * 1025 + '"', '"' + "y" * 70_000 + '"', '"usd"', '"XXX"', '"ZZZ"', '"JPY"',
    '"DE89370400440532013001"', '"+25677212345"', '"0772123456"', '"demo"', '"nobody"', '"../../etc/passwd"', '"%00"', '"\'; DROP TABLE x; --"',
    '"=1+1"', '"<script>alert(1)</script>"', '"0000-00-00T00:00:00Z"', '"9999-12-31T23:59:59Z"', '"1969-12-31T23:59:59Z"', '"2026-02-30"',
    '"aaaaaaaa-0001-4000-8000-000000000001"', '"AAAAAAAA-0001-4000-8000-00000000000g"', "[{}]", '[["a"]]', '{"":""}', '{"\\u0000":1}',
)  # fmt: skip
TEXTS = (
    "", "x", "0", "-1", "1e3", "999999999999999999999", "01", " 7", "١٢٣", "true", "null", "NaN", "%00", "\x00", "\x1b[31m", "a\nb", "../..",
    "..%2f..", "'--", '"', "[]", "{}", "*", ",", ",,,", "a,b", "é", "e\u0301", "\u202e", "\ud7ff", "x" * 300, "y" * 4000, "demo", "NO!",
    "9999-12-31T23:59:59Z", "10000-01-01T00:00:00Z", "2026-02-30T00:00:00Z", "1-1-1", "wait=0", "wait=31", "wait=-1", "respond-async",
    '"1"', 'W/"1"', '"99999999999999999999"', "0:0", "99:1", "0:99999999999999999999999", "-1:0", "application/xml", "text/csv", "gzip",
)  # fmt: skip
HEADERS = ("Idempotency-Key", "X-Merchant-Id", "Prefer", "If-Match", "If-None-Match", "Payflow-Position", "Payflow-Reason", "Content-Type",
           "Content-Encoding", "Accept", "traceparent", "Origin", "X-CSRF-Token", "Range", "X-HTTP-Method-Override", "X-Forwarded-For")  # fmt: skip
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
CSV = b"account_number,amount,currency\n1234567890,1.00,USD\n+256772123456,2.00,USD\n"
BOUNDARY = "payflow-fuzz"
LEFT_OUT = {"sign-in", "health"}
"""Tags of what spends a second of processor time by design (passwords; tested with the identity service), and of what takes no input."""
HEAD = b"POST /api/v1/payouts/ HTTP/1.1\r\nHost: localhost\r\n"
RAW = (
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"BREW / HTTP/1.1\r\nHost: localhost\r\n\r\n", b"\r\n\r\n\r\n", b"\x00" * 100,
    b"GET /api/v1/payouts/ HTTP/1.1\r\n\r\n", b"GET /api/v1/payouts/ HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    b"GET http://evil.example/api/v1/payouts/ HTTP/1.1\r\nHost: evil.example\r\n\r\n",
    HEAD + b"Content-Type: application/json\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    HEAD + b"Content-Type: application/json\r\nTransfer-Encoding: gzip, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    HEAD + b"Content-Type: application/json\r\nContent-Length: -1\r\n\r\n{}",
    HEAD + b"Content-Type: application/json\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    HEAD + b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n{}\r\n0\r\n\r\n",
    HEAD + b"Content-Type: application/json\r\nContent-Length: 99999999999999999999\r\n\r\n{}",
    HEAD + b"Content-Type: application/json\r\nContent-Length: 1\r\n\r\n{}",
    HEAD + b"Idempotency-Key: a\x00b\r\nContent-Length: 2\r\n\r\n{}", HEAD + b"Bad Header: x\r\nContent-Length: 2\r\n\r\n{}",
    HEAD + b"X: " + b"y" * 20_000 + b"\r\nContent-Length: 2\r\n\r\n{}", HEAD + b"".join(b"h%d: 1\r\n" % n for n in range(2_000)) + b"\r\n",
    b"GET /api/v1/payouts/" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", HEAD + b"Expect: nothing\r\nContent-Length: 2\r\n\r\n{}",
)  # fmt: skip
"""Bytes that are hardly HTTP; each begins a connection of its own."""


class Operation(NamedTuple):
    """One line of the document: what to ask, its parameters by place, and bodies by media type."""

    method: str
    path: str
    queries: tuple[str, ...]
    bodies: Mapping[str, Sequence[Any]]


class Asked(NamedTuple):
    """One request."""

    method: str
    target: str
    headers: Sequence[tuple[str, str]]
    body: bytes | None


def operations(document: Mapping[str, Any], left_out: Set[str]) -> list[Operation]:
    """What can be asked, by the document, but for these tags and names."""
    found = []
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if (LEFT_OUT | left_out) & {*operation["tags"], operation["operationId"]}:
                continue
            queries = tuple(one["name"] for one in operation.get("parameters", []) if one["in"] == "query")
            content = operation.get("requestBody", {}).get("content", {})
            found.append(Operation(method.upper(), path, queries, {name: _examples(kind) for name, kind in content.items()}))
    return found


def _examples(kind: Mapping[str, Any]) -> list[Any]:
    given = [one["value"] for one in kind.get("examples", {}).values()]
    return given or [kind.get("example", {})]


class Fuzz:
    """Makes requests. `things` names what is there to be asked for: parameter -> ids."""

    def __init__(self, seed: int, asked: Sequence[Operation], things: Mapping[str, Sequence[str]], merchant: str) -> None:
        self._random, self._operations = random.Random(seed), asked
        self._things, self._merchant = things, merchant

    def __iter__(self) -> Iterator[Asked]:
        """Without end."""
        while True:
            yield self._one()

    def _one(self) -> Asked:
        operation = self._random.choice(self._operations)
        method = operation.method if self._often() else self._random.choice(METHODS)
        headers = {"X-Merchant-Id": self._merchant, "Idempotency-Key": str(uuid.UUID(int=self._random.getrandbits(128)))}
        body, kind = self._body(operation)
        headers |= {"Content-Type": kind} if kind is not None else {}
        for _ in range(self._random.choice((0, 0, 0, 1, 1, 2))):
            headers[self._random.choice(HEADERS)] = self._header_text()
        sent = [(name, text) for name, text in headers.items() if self._random.random() > 0.03]
        if sent and self._random.random() < 0.02:
            sent.append(self._random.choice(sent))
        return Asked(method, self._path(operation.path) + self._query(operation), sent, body)

    def _often(self) -> bool:
        return self._random.random() < 0.95

    def _path(self, path: str) -> str:
        steps = []
        for step in path.split("/"):
            if step.startswith("{"):
                known = self._things.get(step[1:-1], ())
                step = self._random.choice(known) if known and self._random.random() < 0.7 else self._text()  # noqa: PLW2901
            steps.append(quote(step, safe="%"))
        return "/".join(steps)

    def _query(self, operation: Operation) -> str:
        names = self._random.sample(operation.queries, min(len(operation.queries), self._random.choice((0, 0, 1, 1, 2, 3))))
        if self._random.random() < 0.03:
            names.append(self._text()[:50])
        pairs = [f"{quote(name)}={quote(self._text())}" for name in names]
        return "?" + "&".join(pairs) if pairs else ""

    def _body(self, operation: Operation) -> tuple[bytes | None, str | None]:
        if not operation.bodies:
            return (None, None) if self._often() else (self._bytes(b"{}"), "application/json")
        kind = self._random.choice(sorted(operation.bodies))
        if kind.startswith("multipart/"):
            return self._file(), f"multipart/form-data; boundary={BOUNDARY}"
        good = self._random.choice(operation.bodies[kind])
        text = self._worse(good).encode("utf-8", "surrogatepass")
        return (self._bytes(text) if self._random.random() < 0.25 else text), kind

    def _worse(self, good: Any) -> str:
        """The example with one to three of its values replaced, left out or added."""
        value = json.loads(json.dumps(good))
        holes: dict[str, str] = {}
        for number in range(self._random.choice((0, 1, 1, 1, 2, 3))):
            mark = f"@@{number}@@"
            holes[f'"{mark}"'] = self._random.choice(FRAGMENTS)
            value = self._put(value, mark)
        text = json.dumps(value)
        for mark, fragment in holes.items():
            text = text.replace(mark, fragment)
        return text

    def _put(self, value: Any, mark: str) -> Any:
        if isinstance(value, dict) and (value or self._often()):
            name = self._random.choice([*value, "colour", "status", "id", ""])
            if name in value and self._random.random() < 0.1:
                del value[name]
            else:
                value[name] = self._put(value.get(name), mark)
            return value
        if isinstance(value, list) and value and self._often():
            at = self._random.randrange(len(value))
            value[at] = self._put(value[at], mark)
            return value
        return mark

    def _file(self) -> bytes:
        rows = self._bytes(CSV) if self._random.random() < 0.7 else CSV
        name = quote(self._text()[:80])
        fields = {name: "x"} if self._random.random() < 0.1 else {}
        fields |= (
            {self._random.choice(("mapping", "declared", "on_invalid_rows", "delimiter")): self._text()}
            if not self._often()
            else {}
        )
        parts = [
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{text}\r\n' for key, text in fields.items()
        ]
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{name}.csv"\r\n\r\n'
        whole = "".join(parts).encode("utf-8", "surrogatepass") + head.encode() + rows + f"\r\n--{BOUNDARY}--\r\n".encode()
        return whole if self._often() else self._bytes(whole)

    def _bytes(self, good: bytes) -> bytes:
        """Cut, doubled, flipped, or with something in between."""
        at, until = sorted((self._random.randrange(len(good) + 1), self._random.randrange(len(good) + 1)))
        match self._random.randrange(6):
            case 0:
                return good[:at]
            case 1:
                return good[:at] + good[until:]
            case 2:
                return good[:until] + good[at:]
            case 3:
                return good[:at] + self._random.randbytes(self._random.choice((1, 2, 8, 64))) + good[at:]
            case 4:
                return good[:at] + self._random.choice(FRAGMENTS).encode() + good[until:]
        return bytes(byte ^ (self._random.randrange(256) if self._random.random() < 0.02 else 0) for byte in good)

    def _text(self) -> str:
        return self._random.choice(TEXTS)

    def _header_text(self) -> str:
        """What a client's library still lets through: bytes as Latin-1, no line ends; those stand in RAW."""
        text = "".join(letter for letter in self._text() if letter >= " " and letter != "\x7f")
        return text.encode("utf-8").decode("latin-1")
