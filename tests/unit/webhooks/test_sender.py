"""The HTTP client of webhooks against a receiver on this machine: what counts, what is refused, what is kept (WHK-02, SEC-09)."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
import trustme
from aiohttp import web

from runtime.clock import SystemClock
from services.webhooks.guard import Guard, PinnedResolver, RefusedAddressError
from services.webhooks.sender import ANSWER_BYTES_MAX, Outcome, Sender
from tests.support.receiver import Answer, receiving


class Names:
    """A name server: each ask takes the next answer; the last one stays."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers, self.asked = list(answers), 0

    async def __call__(self, host: str) -> Sequence[str]:
        self.asked += 1
        return self.answers[min(self.asked, len(self.answers)) - 1]


@asynccontextmanager
async def sending(
    names: Names | None = None,
    *,
    loopback: bool = True,
    seconds: float = 2.0,
    plain: bool = True,
    trust: ssl.SSLContext | None = None,
) -> AsyncIterator[Sender]:
    guard = Guard(loopback=loopback, lookup=names)
    sender = Sender(guard, SystemClock(), seconds=seconds, plain=plain, trust=trust)
    await sender.open()
    try:
        yield sender
    finally:
        await sender.close()


async def sent(answer: Answer | None = None, *, seconds: float = 2.0) -> Outcome:
    async with receiving(answer) as receiver, sending(seconds=seconds) as sender:
        return await sender.send(receiver.url(), b"{}", {"webhook-id": "m"})


def saying(status: int, text: str = "", **headers: str) -> Answer:
    async def answer(_request: web.Request) -> web.Response:
        return web.Response(
            status=status, text=text, headers={name.replace("_", "-"): value for name, value in headers.items()}
        )

    return answer


async def test_body_and_headers_arrive_as_they_were_signed() -> None:
    async with receiving() as receiver, sending() as sender:
        outcome = await sender.send(receiver.url(), b'{"a":1}', {"webhook-id": "m", "webhook-signature": "v1,x"})
    assert (outcome.good, outcome.code, outcome.answer, outcome.error) == (True, 200, "thanks", None)
    [(_, _, headers, body)] = receiver.got
    assert body == b'{"a":1}'
    assert (headers["webhook-id"], headers["webhook-signature"], headers["Content-Type"]) == (
        "m",
        "v1,x",
        "application/json",
    )


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_whk_02_a_redirect_fails_and_is_not_followed(status: int) -> None:
    async with receiving() as target:
        outcome = await sent(saying(status, Location=target.url()))
    assert (outcome.good, outcome.code) == (False, status)
    assert target.got == []


async def test_whk_02_an_answer_that_does_not_come_times_out() -> None:
    async def never(_request: web.Request) -> web.Response:
        await asyncio.sleep(60)
        return web.Response()

    started = time.monotonic()
    outcome = await sent(never, seconds=0.3)
    assert (outcome.code, outcome.error) == (None, "no answer within 0.3 s")
    assert time.monotonic() - started < 3


async def test_whk_02_retry_after_is_read() -> None:
    outcome = await sent(saying(503, "busy", Retry_After="7"))
    assert (outcome.good, outcome.retry_after_ms, outcome.answer) == (False, 7000, "busy")


async def test_an_endless_answer_is_kept_up_to_a_bound_and_counts() -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(status=200)
        await response.prepare(request)
        while True:
            await response.write(b"x\x00\xff" * 1000)

    outcome = await sent(endless)
    assert outcome.good
    assert outcome.answer is not None
    assert len(outcome.answer) == ANSWER_BYTES_MAX
    assert "\x00" not in outcome.answer


async def test_nobody_listens() -> None:
    async with receiving() as receiver:
        url = receiver.url()
    async with sending() as sender:
        outcome = await sender.send(url, b"{}", {})
    assert (outcome.code, outcome.error) == (None, "no connection")


@pytest.mark.parametrize(
    "url",
    [
        "http://10.0.0.1/", "http://169.254.169.254/latest/meta-data", "http://[::ffff:10.0.0.1]/", "http://0.0.0.0/", "http://127.0.0.1/",
        "http://localhost/", "http://127.1/", "http://2130706433/", "http://0x7f000001/", "http://[::1]/", "ftp://example.com/",
    ],
)  # fmt: skip
async def test_sec_09_nothing_is_sent_to_what_is_not_public(url: str) -> None:
    async with sending(loopback=False) as sender:
        outcome = await sender.send(url, b"{}", {})
        with pytest.raises(RefusedAddressError):
            await sender.check(url)
    assert outcome.code is None
    assert (outcome.error or "").startswith("refused: ")


async def test_sec_09_one_private_address_among_public_ones_refuses_the_name() -> None:
    async with sending(Names(["8.8.8.8", "10.0.0.1"]), loopback=False) as sender:
        with pytest.raises(RefusedAddressError):
            await sender.check("https://hooks.example/")


async def test_sec_09_a_name_that_is_unknown_is_refused() -> None:
    async with sending(Names([])) as sender:
        with pytest.raises(RefusedAddressError, match="cannot be resolved"):
            await sender.check("https://hooks.example/")


async def test_sec_09_a_name_is_resolved_once_per_delivery_and_pinned() -> None:
    names = Names(["127.0.0.1"])
    async with receiving() as receiver, sending(names) as sender:
        for n in range(1, 4):
            assert (await sender.send(receiver.url("hooks.example"), b"{}", {})).good
            assert names.asked == n, "once per delivery: the connection itself asks no name server"
        assert [host for host, *_ in receiver.got] == [f"hooks.example:{receiver.port}"] * 3
        assert len(receiver.connections) == 1, "kept between deliveries"


async def test_sec_09_a_name_that_is_bound_anew_is_refused_even_over_a_kept_connection() -> None:
    names = Names(["127.0.0.1"], ["192.168.0.1"])
    async with receiving() as receiver, sending(names) as sender:
        assert (await sender.send(receiver.url("hooks.example"), b"{}", {})).good
        outcome = await sender.send(receiver.url("hooks.example"), b"{}", {})
    assert outcome.code is None
    assert (outcome.error or "").startswith("refused")
    assert len(receiver.got) == 1


async def test_sec_09_a_connection_without_a_pin_is_never_made() -> None:
    guard = Guard(loopback=True)
    with pytest.raises(RefusedAddressError):
        await PinnedResolver().resolve("localhost", 80)
    with guard.pin("one.example", ("127.0.0.1",)), pytest.raises(RefusedAddressError):
        await PinnedResolver().resolve("two.example", 80)
    guard.close()


async def test_sec_09_tls_is_about_the_name_while_the_connection_is_pinned() -> None:
    authority = trustme.CA()
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("hooks.example").configure_cert(served)
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    async with receiving(trust=served) as receiver, sending(Names(["127.0.0.1"]), plain=False, trust=trust) as sender:
        good = await sender.send(receiver.url("hooks.example", "https"), b"{}", {})
        other = await sender.send(receiver.url("other.example", "https"), b"{}", {})
    assert good.good
    assert receiver.got[0][:2] == (f"hooks.example:{receiver.port}", "hooks.example")
    assert (other.code, (other.error or "")[:10]) == (None, "TLS failed"), "a certificate for another name is no good"


async def test_sec_09_plain_http_is_refused_in_production() -> None:
    async with receiving() as receiver, sending(plain=False) as sender:
        outcome = await sender.send(receiver.url(), b"{}", {})
    assert outcome.error == "refused: the address must begin with https://"
    assert receiver.got == []
