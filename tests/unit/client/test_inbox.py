"""A record written by the client is what the inbox reads: partition, key, headers (INB-01)."""

from types import SimpleNamespace
from typing import Any

import pytest

from payflow.client.inbox import TOPIC, event_headers, java_partition
from payflow.client.replies import TOPIC as REPLIES_TOPIC
from schemas import topics
from services.ingest.inbox.messages import KINDS, read_message


@pytest.mark.parametrize("merchant", ["demo", "acme", "m-1", "11111111-1111-4111-8111-111111111111", "a" * 64])
@pytest.mark.parametrize("partitions", [1, 2, 8, 64])
def test_the_partition_is_the_logs_own(merchant: str, partitions: int) -> None:
    shuffled = list(reversed(range(partitions)))
    assert java_partition(merchant.encode(), shuffled, shuffled) == topics.partition_of(merchant, partitions)


def test_topics_are_named_as_in_the_catalogue() -> None:
    assert TOPIC.format(upstream="erp") == topics.inbox("erp").name
    assert topics.REPLIES.name == REPLIES_TOPIC


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_headers_are_a_cloud_event_that_the_inbox_reads(kind: str) -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    record: Any = SimpleNamespace(headers=event_headers(kind, "/erp", "my-key", trace), value=b"{}", key=b"demo")
    message = read_message(record)
    assert (message.kind, message.key, message.trace) == (kind, "my-key", trace)
