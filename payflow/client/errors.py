"""What can go wrong, as exceptions: refused by Payflow, or Payflow not reached.

Owns the members of a problem that a caller acts on. Must not know how a request travels.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from payflow.client.forms import FieldFault


class PayflowError(Exception):
    """Base of all errors of this client."""


class UnreachableError(PayflowError):
    """Nobody answered, after all tries. Whether the request was taken is not known: send it again under the same `key`."""

    def __init__(self, why: str, key: str | None = None) -> None:
        """`key` is the idempotency key that the request went out under, if it had one."""
        again = f"; send it again under the key {key}" if key else ""
        super().__init__(f"no answer ({why}){again}")
        self.key = key


class RefusedError(PayflowError):
    """Payflow refused. Act on `code` (docs/errors.md); `errors` names each faulty field."""

    def __init__(self, status: int, problem: Mapping[str, Any], key: str | None = None) -> None:
        """`problem` is the problem+json body, or what there was instead."""
        self.status = status
        self.problem = dict(problem)
        self.code = str(problem.get("code", "unreadable"))
        self.detail = str(problem.get("detail", ""))
        self.retryable = bool(problem.get("retryable", False))
        self.trace_id = problem.get("trace_id")
        self.errors: list[FieldFault] = msgspec.convert(problem.get("errors") or [], list[FieldFault])
        self.key = key
        super().__init__(f"{status} {self.code}: {self.detail}")


class FeedRefusedError(PayflowError):
    """The feed refused a subscription. Act on `code` (docs/feed.md)."""

    def __init__(self, code: str, detail: str) -> None:
        """As the feed told it."""
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
