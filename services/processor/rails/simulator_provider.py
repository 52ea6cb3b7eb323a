"""The rail to the provider simulator, over HTTP.

Owns the wire form and what each answer means. A cut line, a 5xx, an unreadable body, an unknown code, or an echo that differs from what was
sent is unknown, never failed (RAI-04). Must not decide what follows.
"""

from typing import Any

import aiohttp
import orjson

from domain.book import BankAccount
from domain.payout.state import Payout
from runtime import failpoints
from schemas.money import format_amount
from schemas.words import Outcome
from services.processor.rails.failure_codes import CODES
from services.processor.rails.provider import Verdict, not_sent, unknown

CONNECT_SECONDS = 5.0
TOTAL_SECONDS = 30.0
REPLY_BYTES_MAX = 1024 * 1024
OK, BAD_REQUEST, NOT_FOUND, CONFLICT, TOO_MANY = 200, 400, 404, 409, 429


class SimulatorProvider:
    """A pooled client; made inside a running loop."""

    name = "simulator"

    def __init__(self, base_url: str, connections: int) -> None:
        """At most `connections` requests at once."""
        self._base_url = base_url.rstrip("/")
        limits = aiohttp.TCPConnector(limit=connections, keepalive_timeout=60)
        timeout = aiohttp.ClientTimeout(total=TOTAL_SECONDS, sock_connect=CONNECT_SECONDS)
        plain = {"Accept-Encoding": "identity"}
        self._session = aiohttp.ClientSession(connector=limits, timeout=timeout, auto_decompress=False, headers=plain)

    async def send(self, payout: Payout, reference: str, account: BankAccount | None) -> Verdict:
        """POST /transfers; a reference the provider holds with other content is asked after, never sent anew."""
        body = {
            "reference": reference,
            "amount": format_amount(payout.amount_minor, payout.currency),
            "currency": payout.currency,
            "payee": _payee(payout, account),
            "description": payout.description,
        }
        status, answer = await self._call("POST", "/transfers", orjson.dumps(body))
        if status == CONFLICT:
            return await self._known_otherwise(payout, reference)
        return _verdict(status, answer, payout, reference)

    async def _known_otherwise(self, payout: Payout, reference: str) -> Verdict:
        verdict = await self.inquire(payout, reference)
        usable = verdict.found and verdict.sent
        return verdict if usable else unknown("conflict", "The provider holds this reference and does not show it.")

    async def inquire(self, payout: Payout, reference: str) -> Verdict:
        """GET /transfers/{reference}."""
        status, answer = await self._call("GET", f"/transfers/{reference}", None)
        if status == NOT_FOUND:
            return Verdict(outcome=Outcome.UNKNOWN, code="not_found", reason="The provider does not know it.", found=False)
        if status == BAD_REQUEST:  # it refuses the question; that says nothing about the payment
            return unknown("inquiry_refused", "The provider refused the question.")
        return _verdict(status, answer, payout, reference)

    async def close(self) -> None:
        """Close the pool."""
        await self._session.close()

    async def _call(self, method: str, path: str, body: bytes | None) -> tuple[int, Any]:
        """Status and JSON; a status of 0 is a request that never left, -1 one without a usable answer."""
        headers = {"Content-Type": "application/json"} if body is not None else None
        try:
            async with self._session.request(
                method, self._base_url + path, data=body, headers=headers, allow_redirects=False
            ) as response:
                await failpoints.reach("rails.sent")
                raw = await _read(response)
                return (response.status, orjson.loads(raw)) if raw is not None else (-1, "the answer is too long")
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            return 0, type(error).__name__
        except (TimeoutError, aiohttp.ClientError, orjson.JSONDecodeError, OSError) as error:
            return -1, type(error).__name__


async def _read(response: aiohttp.ClientResponse) -> bytes | None:
    """The whole body, in however many pieces it comes; None for one that is too long."""
    raw = bytearray()
    async for piece in response.content.iter_chunked(64 * 1024):
        raw += piece
        if len(raw) > REPLY_BYTES_MAX:
            return None
    return bytes(raw)


def _payee(payout: Payout, account: BankAccount | None) -> dict[str, str]:
    if account is None:
        return payout.recipient or {}
    details = {"type": "bank_account", "account_number": account.account_number, "holder": account.holder}
    return {**details, "ifsc": account.ifsc} if account.ifsc else details


def _verdict(status: int, answer: Any, payout: Payout, reference: str) -> Verdict:
    if status in {0, TOO_MANY}:
        return not_sent(str(answer) if status == 0 else "The provider asked to slow down.")
    if status == BAD_REQUEST and isinstance(answer, dict):
        return _failure(answer.get("code"))
    if status != OK or not isinstance(answer, dict):
        return unknown("no_usable_answer", f"The provider gave no usable answer ({status}).")
    expected = (reference, format_amount(payout.amount_minor, payout.currency), payout.currency)
    if (answer.get("reference"), answer.get("amount"), answer.get("currency")) != expected:
        return unknown("echo_differs", "The provider's answer names another reference, amount or currency.")
    return _standing(answer)


def _standing(answer: dict[str, Any]) -> Verdict:
    provider_reference = answer.get("provider_reference")
    kept = provider_reference if isinstance(provider_reference, str) else None
    match answer.get("status"):
        case "paid":
            return Verdict(outcome=Outcome.PAID, provider_reference=kept)
        case "in_progress":
            return Verdict(outcome=Outcome.IN_PROGRESS, provider_reference=kept)
        case "failed":
            return _failure(answer.get("code"))
        case other:
            return unknown("unknown_status", f"The provider's status {str(other)[:40]!r} is not known.")


def _failure(code: object) -> Verdict:
    failure = CODES.get(code) if isinstance(code, str) else None
    if failure is None:
        return unknown("unknown_code", f"The provider's code {str(code)[:40]!r} is not known.")
    return Verdict(outcome=Outcome.FAILED, retryable=failure.retryable, code=failure.code, reason=failure.reason)
