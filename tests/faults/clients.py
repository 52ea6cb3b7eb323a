"""The clients: they ask, repeat, contradict themselves, edit and cancel, and write down every word (F27, F28).

Owns requests and the taxonomy of their ends: ok (2xx), refused (4xx), unknown (5xx, time-out, cut line). Anything else is written as
unclassified and fails the run. Must not know what is being broken.
"""

import asyncio
import base64
import json
import random
import uuid
from typing import Any

import httpx2

from tests.faults.journal import Lines, now_ms

TIMEOUT_SECONDS = 9.0
TRIES_MAX = 25
PAUSE_SECONDS = 0.7
MAGIC_SHARE = 0.3
MAGIC = (1, 1, 2, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16)
UNKNOWN_FROM = 500

Body = dict[str, Any]


class Client:
    """One client of one merchant at a time."""

    def __init__(self, name: str, url: str, journal: Lines, rng: random.Random) -> None:
        """`journal` is shared by all."""
        self.name, self._journal, self._rng = name, journal, rng
        self._http = httpx2.AsyncClient(base_url=url, timeout=TIMEOUT_SECONDS)
        self._n = 0

    async def close(self) -> None:
        """Let go of connections."""
        await self._http.aclose()

    async def ask(
        self,
        method: str,
        path: str,
        *,
        merchant: str | None = None,
        key: str | None = None,
        body: object = None,
        file: str | None = None,
        phase: str = "load",
        headers: dict[str, str] | None = None,
    ) -> httpx2.Response | None:
        """One request, written down; None when nobody knows what became of it."""
        self._n += 1
        named = {"X-Merchant-Id": merchant, "Idempotency-Key": key}
        sent = {name: value for name, value in named.items() if value is not None} | (headers or {})
        t0 = now_ms()
        line: Body = {"t0": t0, "client": self.name, "n": self._n, "method": method, "path": path, "merchant": merchant}
        line |= {"key": key, "body": file if body is None else json.dumps(body), "phase": phase, "status": None}
        line |= {"headers": {}, "reply": None, "error": None, "result": "unclassified"}
        answer: httpx2.Response | None = None
        try:
            content = {"files": {"file": ("rows.csv", (file or "").encode(), "text/csv")}} if file is not None else {}
            if body is not None:
                content = {"json": body}
            answer = await self._http.request(method, "/api/v1" + path, headers=sent, **content)  # type: ignore[arg-type]
            line |= {"status": answer.status_code, "headers": {k.lower(): v for k, v in answer.headers.items()}}
            line |= {"reply": base64.b64encode(answer.content).decode(), "result": _result(answer.status_code)}
        except (httpx2.TransportError, TimeoutError) as error:
            line |= {"result": "unknown", "error": type(error).__name__}
        finally:
            self._journal.add(**line, t1=now_ms())
        return answer if line["result"] in {"ok", "refused"} else None

    async def insist(self, method: str, path: str, **asked: Any) -> httpx2.Response | None:
        """The same request again until somebody answers; None after TRIES_MAX."""
        for _ in range(TRIES_MAX):
            answer = await self.ask(method, path, **asked)
            in_flight = answer is not None and answer.status_code == 409 and "in_flight" in answer.text
            if answer is not None and not in_flight:
                return answer
            await asyncio.sleep(PAUSE_SECONDS * (0.5 + self._rng.random()))
        return None


def _result(status: int) -> str:
    if 200 <= status < 300:
        return "ok"
    if 400 <= status < UNKNOWN_FROM:
        return "refused"
    return "unknown" if UNKNOWN_FROM <= status < 600 else "unclassified"


class Merchant:
    """A merchant of the run and its keys."""

    def __init__(self, merchant_id: str, currency: str, *, poor: bool) -> None:
        """A poor one runs out of money now and then (F39)."""
        self.id, self.currency, self.poor = merchant_id, currency, poor


def merchants(count: int) -> list[Merchant]:
    """The merchants of a run; every third is poor."""
    currencies = ("UGX", "USD", "KWD")
    return [Merchant(f"m-fault-{n}", currencies[n % 3], poor=n % 3 == 2) for n in range(count)]


async def found(client: Client, every: list[Merchant]) -> None:
    """Make merchants and give them money."""
    for merchant in every:
        body = {"id": merchant.id, "name": merchant.id, "main_currency": merchant.currency}
        await client.insist("POST", "/merchants/", merchant=merchant.id, key=f"found-{merchant.id}", body=body)
        await credit(client, merchant, "2000" if merchant.poor else "100000000", f"first-{merchant.id}")


async def credit(client: Client, merchant: Merchant, amount: str, reference: str) -> None:
    """Money comes in."""
    body = {"amount": amount, "currency": merchant.currency, "reference": reference}
    await client.insist("POST", f"/merchants/{merchant.id}/credits/", merchant=merchant.id, key=reference, body=body)


class Load:
    """What the clients do until enough payouts were asked for."""

    def __init__(self, every: list[Merchant], rng: random.Random, wanted: int) -> None:
        """`wanted` payouts in all."""
        self._merchants, self._rng, self.wanted = every, rng, wanted
        self.asked = 0
        self.keys: list[tuple[Merchant, str, Body]] = []
        self.pause_seconds = 0.8
        acts = ((self._single, 60), (self._twice, 10), (self._conflict, 4), (self._edit, 8), (self._cancel, 8), (self._batch, 5),
                (self._upload, 1), (self._credit, 4), (self._read, 6))  # fmt: skip
        self._acts = [act for act, weight in acts for _ in range(weight)]

    async def act(self, client: Client) -> None:
        """Ask for one thing; past what is wanted only small things, and slowly, so that payouts go on to come into every state."""
        enough = self.asked >= self.wanted
        act = self._rng.choice((self._single, self._single, self._cancel) if enough else self._acts)
        await act(client, self._rng.choice(self._merchants))
        await asyncio.sleep(self._rng.random() * self.pause_seconds * (3 if enough else 1))

    def payout(self, merchant: Merchant) -> Body:
        """A payout to somebody, now and then to a magic payee."""
        number = f"+2567720{self._rng.randrange(100_000):05d}"
        if self._rng.random() < MAGIC_SHARE:
            number = f"+25670000{self._rng.choice(MAGIC):04d}"
        body = {
            "amount": str(self._rng.randint(1, 90)),
            "currency": merchant.currency,
            "recipient_details": {"msisdn": number},
        }
        if self._rng.random() < 0.3:
            body["reference"] = f"ref-{uuid.UUID(int=self._rng.getrandbits(128))}"
        return body

    def key(self) -> str:
        """A new idempotency key."""
        return str(uuid.UUID(int=self._rng.getrandbits(128)))

    async def _ask(self, client: Client, merchant: Merchant) -> tuple[str, Body, httpx2.Response | None]:
        key, body = self.key(), self.payout(merchant)
        self.asked += 1
        self.keys.append((merchant, key, body))
        return key, body, await client.insist("POST", "/payouts/", merchant=merchant.id, key=key, body=body)

    async def _single(self, client: Client, merchant: Merchant) -> None:
        await self._ask(client, merchant)

    async def _twice(self, client: Client, merchant: Merchant) -> None:
        key, body = self.key(), self.payout(merchant)
        self.asked += 1
        self.keys.append((merchant, key, body))
        same = [client.insist("POST", "/payouts/", merchant=merchant.id, key=key, body=body) for _ in range(3)]
        await asyncio.gather(*same)

    async def _conflict(self, client: Client, merchant: Merchant) -> None:
        key, body, answer = await self._ask(client, merchant)
        if answer is not None:
            other = {**body, "amount": str(int(body["amount"]) + 1)}
            await client.insist("POST", "/payouts/", merchant=merchant.id, key=key, body=other)

    async def _edit(self, client: Client, merchant: Merchant) -> None:
        _, _, answer = await self._ask(client, merchant)
        if answer is not None and answer.status_code == 201:
            path, body = f"/payouts/{answer.json()['id']}/", {"amount": str(self._rng.randint(1, 90))}
            await client.insist("PATCH", path, merchant=merchant.id, key=self.key(), body=body)

    async def _cancel(self, client: Client, merchant: Merchant) -> None:
        _, _, answer = await self._ask(client, merchant)
        if answer is not None and answer.status_code == 201:
            await client.insist("DELETE", f"/payouts/{answer.json()['id']}/", merchant=merchant.id)

    async def _batch(self, client: Client, merchant: Merchant) -> None:
        rows = [self.payout(merchant) for _ in range(self._rng.randint(5, 60))]
        self.asked += len(rows)
        await client.insist(
            "POST", "/batches/", merchant=merchant.id, key=self.key(), body={"rows": rows, **self._options()}
        )

    def _options(self) -> dict[str, str]:
        """BAT-10: every other batch takes what money there is, and every fourth stops at a failed row."""
        funding = {"funding": "as_available"} if self._rng.random() < 0.5 else {}
        return {**funding, **({"on_row_failure": "stop"} if self._rng.random() < 0.25 else {})}

    async def _upload(self, client: Client, merchant: Merchant) -> None:
        rows = [self.payout(merchant) for _ in range(self._rng.choice((20, 60, 600)))]
        self.asked += len(rows)
        lines = [f"{row['recipient_details']['msisdn']},{row['amount']},{row['currency']}" for row in rows]
        file = "\n".join(["msisdn,amount,currency", *lines])
        await client.insist("POST", "/batches/upload/", merchant=merchant.id, key=self.key(), file=file)

    async def _credit(self, client: Client, merchant: Merchant) -> None:
        amount = str(self._rng.randint(100, 900)) if merchant.poor else "5000"
        await credit(client, merchant, amount, f"credit-{self.key()}")

    async def _read(self, client: Client, merchant: Merchant) -> None:
        await client.ask("GET", "/balance/", merchant=merchant.id, phase="read")
        await client.ask("GET", "/payouts/?limit=20", merchant=merchant.id, phase="read")


async def resend(client: Client, load: Load, most: int, rng: random.Random) -> None:
    """Every key again (at most `most`), after everything: the same bytes must come (I10)."""
    for merchant, key, body in rng.sample(load.keys, min(most, len(load.keys))):
        await client.insist("POST", "/payouts/", merchant=merchant.id, key=key, body=body, phase="resend")
