"""Producers that are not Python's: librdkafka with every codec, a bomb, headers without a value (INB-01, INB-04, SEC-10)."""

from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer

from runtime.event_log.unpacking import UNPACKED_BYTES_MAX
from runtime.ids import mint
from schemas.topics import DEAD_LETTERS, REPLIES, partition_of
from tests.integration.ingest.test_inbox import PAYOUT, plain
from tests.support.ingest_stack import PARTITIONS, IngestStack, body_of, wait_for

pytestmark = pytest.mark.integration

LARGE = 1_000_000_000
MIB = 1024 * 1024
Place = tuple[int, int]


def produced(
    stack: IngestStack, values: list[bytes], codec: str = "none", headers: Any = None, key: bytes = b"demo"
) -> list[Place]:
    """All in one batch of one merchant, as librdkafka writes it, into the partition that its murmur2 chooses."""
    places: list[Place] = []
    settings = {"compression.type": codec, "linger.ms": 200, "message.max.bytes": LARGE, "batch.size": 100_000_000}
    producer = Producer({"bootstrap.servers": stack.bootstrap, "partitioner": "murmur2_random", "acks": "all", **settings})

    def told(error: Any, message: Any) -> None:
        assert error is None, error
        places.append((message.partition(), message.offset()))

    for value in values:
        producer.produce(stack.inbox, key=key, value=value, headers=headers, on_delivery=told)
    assert producer.flush(30) == 0
    return places


def replies(stack: IngestStack, places: list[Place]) -> list[dict[str, Any]]:
    def found() -> dict[Place, dict[str, Any]] | None:
        told = {(one["partition"], one["offset"]): one for one in map(body_of, stack.records(REPLIES.name))}
        return told if set(places) <= set(told) else None

    told = wait_for("a reply to each record", found)
    return [told[place] for place in places]


def asks(count: int) -> list[bytes]:
    return [
        plain("request_payout", {**PAYOUT, "amount": "0.01", "description": "x" * 500}, mint())[1] or b""
        for _ in range(count)
    ]


@pytest.mark.parametrize("codec", ["gzip", "snappy", "lz4", "zstd"])
def test_inb_01_compressed_records_are_read_whatever_the_codec(stack: IngestStack, codec: str) -> None:
    places = produced(stack, asks(20), codec)
    assert {partition for partition, _ in places} == {partition_of("demo", PARTITIONS)}
    assert [reply["result"] for reply in replies(stack, places)] == ["accepted"] * 20


def test_sec_10_a_bomb_is_refused_without_being_unpacked_and_the_partition_moves_on(stack: IngestStack) -> None:
    before = stack.command_count()
    bomb = produced(stack, [bytes(20 * UNPACKED_BYTES_MAX)], "zstd")
    after = produced(stack, asks(1), "zstd")
    refused, accepted = replies(stack, [*bomb, *after])
    assert (refused["result"], refused["code"]) == ("refused", "malformed_body")
    assert accepted["result"] == "accepted"
    assert stack.command_count() == before + 1
    letters = [{name: (value or b"").decode() for name, value in one.headers} for one in stack.records(DEAD_LETTERS.name)]
    [letter] = [
        one for one in letters if (one["topic"], int(one["partition"]), int(one["offset"])) == (stack.inbox, *bomb[0])
    ]
    assert letter["code"] == "not_unpacked"
    assert resident_mib(stack) < 400


LARGER_THAN_A_LETTER: dict[str, tuple[str, dict[str, Any]]] = {
    "what fills the topic's bound": ("none", {"value": bytes(2 * MIB - 100)}),
    "a key of megabytes": ("none", {"value": b"{", "key": b"x" * (2 * MIB - 100)}),
    "headers of megabytes": ("none", {"value": b"{", "headers": [("x", b"")] * 300_000}),
}


@pytest.mark.parametrize("case", LARGER_THAN_A_LETTER)
def test_inb_04_what_is_larger_than_a_letter_may_be_is_kept_in_part_and_the_partition_moves_on(
    stack: IngestStack, case: str
) -> None:
    codec, asked = LARGER_THAN_A_LETTER[case]
    places = produced(stack, [asked["value"]], codec, asked.get("headers"), asked.get("key", b"demo"))
    refused, accepted = replies(stack, [*places, *produced(stack, asks(1))])
    assert ((refused["result"], refused["code"]), accepted["result"]) == (("refused", "malformed_body"), "accepted")
    [kept] = [one for one in stack.records(DEAD_LETTERS.name) if (b"%d" % places[0][1]) == dict(one.headers)["offset"]]
    assert dict(kept.headers)["cut"]
    assert asked["value"].startswith(kept.value)


@pytest.mark.parametrize(
    "large", [{"value": bytes(8 * MIB)}, {"value": b"{", "key": b"x" * (5 * MIB)}], ids=["value", "key"]
)
def test_inb_04_what_unpacks_to_more_than_a_topic_takes_is_withheld_and_the_partition_moves_on(
    stack: IngestStack, large: dict[str, bytes]
) -> None:
    places = produced(stack, [large["value"]], "zstd", key=large.get("key", b"demo"))
    refused, accepted = replies(stack, [*places, *produced(stack, asks(1))])
    assert ((refused["result"], refused["code"]), accepted["result"]) == (("refused", "malformed_body"), "accepted")


def test_sec_10_many_bombs_that_each_fit_fill_no_memory(stack: IngestStack) -> None:
    """Each unpacks to less than a batch may, and a poll takes up to 200 of them."""
    before = resident_mib(stack)
    with stack.paused("ingest"):
        bombs = [place for _ in range(40) for place in produced(stack, [bytes(UNPACKED_BYTES_MAX - MIB)], "zstd")]
    assert {reply["code"] for reply in replies(stack, bombs)} == {"malformed_body"}
    assert resident_mib(stack) - before < 200


def test_inb_04_headers_without_a_value_are_as_if_not_there(stack: IngestStack) -> None:
    [reply] = replies(stack, produced(stack, asks(1), headers=[("ce_type", None), ("traceparent", None), ("x", None)]))
    assert reply["result"] == "accepted"
    [reply] = replies(stack, produced(stack, [b"{"], headers=[("ce_type", None), ("x", None)]))
    assert (reply["result"], reply["code"], reply["status"]) == ("refused", "malformed_body", 400)


def resident_mib(stack: IngestStack) -> float:
    """Memory of the ingest process."""
    pid = stack.stack.children["ingest"].process.pid
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))
