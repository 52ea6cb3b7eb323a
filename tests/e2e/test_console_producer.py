"""A producer that is not Python, Kafka's own console producer, gets its payouts paid (INB-01 to INB-03)."""

import asyncio
import json
import subprocess

import httpx2

from deploy.local.kafka_files import find_java, find_tools_classpath
from payflow.client import Replies, Reply
from payflow.stack import Stack
from tests.e2e.api import MERCHANT, key, settled, wallet

UPSTREAM = "erp"
SEPARATORS = {"key.separator": "|", "headers.delimiter": "|", "headers.separator": ",", "headers.key.separator": "="}


def produce(bootstrap: str, lines: list[str]) -> None:
    """Lines `header=value,...|key|value` through the console producer of the Kafka distribution."""
    properties = {"parse.key": "true", "parse.headers": "true", **SEPARATORS}
    named = [part for name, value in properties.items() for part in ("--property", f"{name}={value}")]
    base = [
        find_java(),
        "-Xmx128m",
        "-XX:+UseSerialGC",
        "-cp",
        find_tools_classpath(),
        "org.apache.kafka.tools.ConsoleProducer",
    ]
    ask = [*base, "--bootstrap-server", bootstrap, "--topic", f"payouts.inbox.{UPSTREAM}", *named]
    done = subprocess.run(ask, input="\n".join(lines) + "\n", capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


async def _answered(bootstrap: str, lines: list[str], keys: set[str]) -> dict[str, Reply]:
    found: dict[str, Reply] = {}
    async with asyncio.timeout(60), Replies(bootstrap, UPSTREAM, group=f"test-{key()}") as replies:
        await asyncio.to_thread(produce, bootstrap, lines)
        async for reply in replies:
            if reply.idempotency_key in keys:
                found[str(reply.idempotency_key)] = reply
                if set(found) == keys:
                    return found
    return found


def test_inb_01_the_console_producer_gets_its_payouts_paid(stack: Stack, http: httpx2.Client) -> None:
    plain, binary, foreign = key(), key(), key()
    body = wallet("+256772000777", "1500")
    ask = json.dumps({"type": "request_payout", "idempotency_key": plain, "data": body})
    cloud_event = f"ce_specversion=1.0,ce_id={binary},ce_type=payflow.request_payout.v1,ce_source=/erp"
    lines = [
        f"content-type=application/json|{MERCHANT}|{ask}",
        f"{cloud_event}|{MERCHANT}|{json.dumps(body)}",
        f"content-type=application/json|somebody-else|{ask.replace(plain, foreign)}",
    ]
    found = asyncio.run(_answered(stack.bootstrap, lines, {plain, binary, foreign}))
    assert [found[one].result for one in (plain, binary, foreign)] == ["accepted", "accepted", "refused"]
    assert found[foreign].code == "forbidden"
    for one in (plain, binary):
        payout = settled(http, str(found[one].subject), "completed")
        assert (payout["amount_minor"], payout["idempotency_key"]) == (1500, one)
