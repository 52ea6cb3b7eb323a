"""The clients' journal: what was asked, under which key, and what came back.

Owns the reading of one entry, and when two requests have the same content. Must not judge.
"""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from checker.evidence import Evidence

OPEN_MERCHANT = "demo"
WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})


@dataclass
class Entry:
    """One request of one client. Times are ms UTC."""

    line: int
    row: dict[str, Any]

    @property
    def place(self) -> str:
        """file:line."""
        return f"journal.jsonl:{self.line}"

    @property
    def began(self) -> int:
        """When it was sent."""
        return int(self.row.get("t0") or 0)

    @property
    def ended(self) -> int:
        """When it was answered or given up."""
        return int(self.row.get("t1") or self.began)

    @property
    def method(self) -> str:
        """Upper case."""
        return str(self.row.get("method") or "").upper()

    @cached_property
    def path(self) -> str:
        """Without prefix, query and last slash: `/payouts/<id>`."""
        path = str(self.row.get("path") or "").split("?")[0].rstrip("/")
        return path.removeprefix("/api/v1")

    @property
    def is_write(self) -> bool:
        """Whether it may have put a command on the log."""
        return self.method in WRITES and self.path.split("/")[1:2] in (["payouts"], ["batches"], ["merchants"])

    @property
    def creates(self) -> str | None:
        """payout, batch or credit for a request that makes one."""
        if self.method != "POST":
            return None
        parts = self.path.split("/")[1:]
        match parts:
            case ["payouts"]:
                return "payout"
            case ["batches"] | ["batches", "upload"]:
                return "batch"
            case ["merchants", _, "credits"]:
                return "credit"
        return None

    @property
    def status(self) -> int | None:
        """The HTTP status, if there was an answer."""
        return self.row.get("status")

    @property
    def result(self) -> str:
        """ok, refused or unknown, as the client took it."""
        return str(self.row.get("result"))

    @cached_property
    def headers(self) -> dict[str, str]:
        """Of the answer, lower case."""
        return {str(name).lower(): str(value) for name, value in (self.row.get("headers") or {}).items()}

    @property
    def replayed(self) -> bool:
        """Whether the answer says that it is a first answer given again."""
        return self.headers.get("idempotency-replayed") == "true"

    @cached_property
    def reply(self) -> bytes:
        """The answer's bytes."""
        return base64.b64decode(self.row.get("reply") or "")

    @cached_property
    def answer(self) -> Any:
        """The answer as JSON; None for none."""
        try:
            return json.loads(self.reply) if self.reply else None
        except ValueError:
            return None

    @cached_property
    def code(self) -> str | None:
        """The problem's code."""
        return self.answer.get("code") if isinstance(self.answer, dict) else None

    @cached_property
    def asked(self) -> Any:
        """The request's body as JSON; its text when it is none."""
        body = self.row.get("body")
        try:
            return json.loads(body) if body else None
        except ValueError:
            return body

    @cached_property
    def content(self) -> str:
        """What was asked, in one spelling: method, path and body by meaning."""
        return f"{self.method} {self.path} {json.dumps(self.asked, sort_keys=True)}"

    @cached_property
    def merchant(self) -> str:
        """Whose request it is: the header's, the path's, the content's, or the open one."""
        parts = self.path.split("/")
        if parts[1:2] == ["merchants"] and len(parts) > 2:
            return parts[2]
        named = self.asked.get("merchant_id") if isinstance(self.asked, dict) else None
        return self.row.get("merchant") or named or OPEN_MERCHANT

    @cached_property
    def key(self) -> str | None:
        """The idempotency key: the client's, or the one that the server made."""
        return self.row.get("key") or self.headers.get("idempotency-key")

    @cached_property
    def position(self) -> tuple[int, int] | None:
        """The place of the decision on the log that the answer names."""
        partition, _, offset = self.headers.get("payflow-position", "").partition(":")
        return (int(partition), int(offset)) if partition.isdigit() and offset.isdigit() else None


def entries(evidence: Evidence) -> Iterator[Entry]:
    """All requests; none when there is no journal."""
    for line, row in enumerate(evidence.rows("journal") or (), 1):
        yield Entry(line, row)
