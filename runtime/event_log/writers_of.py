"""Which producers a partition's leader knows to have written lately (DescribeProducers, which aiokafka has not).

Owns the request's form on the wire. Must not know what it means that somebody wrote.
"""

from typing import Any, NamedTuple

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import LeaderNotAvailableError, NoError, for_code
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import CompactArray, CompactString, Int16, Int32, Int64, Schema, TaggedFields

_API = 61


class Written(NamedTuple):
    """A producer that the partition remembers: by default for a day after its last record or end of a transaction, at `last_at` (ms)."""

    producer_id: int
    last_at: int


class _Answer(Response):  # type: ignore[misc]
    API_KEY, API_VERSION = _API, 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "topics",
            CompactArray(
                ("name", CompactString("utf-8")),
                (
                    "partitions",
                    CompactArray(
                        ("partition_index", Int32),
                        ("error_code", Int16),
                        ("error_message", CompactString("utf-8")),
                        (
                            "active_producers",
                            CompactArray(
                                ("producer_id", Int64),
                                ("producer_epoch", Int32),
                                ("last_sequence", Int32),
                                ("last_timestamp", Int64),
                                ("coordinator_epoch", Int32),
                                ("current_txn_start_offset", Int64),
                                ("tags", TaggedFields),
                            ),
                        ),
                        ("tags", TaggedFields),
                    ),
                ),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class _Question(RequestStruct):  # type: ignore[misc]
    FLEXIBLE_VERSION = True
    API_KEY, API_VERSION = _API, 0
    RESPONSE_TYPE = _Answer
    SCHEMA = Schema(
        (
            "topics",
            CompactArray(
                ("name", CompactString("utf-8")),
                ("partition_indexes", CompactArray(Int32)),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class _Ask(Request[_Question]):  # type: ignore[misc]
    API_KEY = _API

    def __init__(self, place: TopicPartition) -> None:
        self._place = place

    def build(self, request_struct_class: type[_Question]) -> _Question:
        return request_struct_class([(self._place.topic, [self._place.partition], {})], {})


async def writers_of(producer: AIOKafkaProducer, place: TopicPartition) -> list[Written]:
    """Ask the leader over a started producer's connection. Raises KafkaError."""
    leader = producer.client.cluster.leader_for_partition(place)
    if leader is None or leader < 0:
        raise LeaderNotAvailableError
    answer: Any = await producer.client.send(leader, _Ask(place))
    [(_, [(_, error, _, active, _)], _)] = answer.topics
    if for_code(error) is not NoError:
        raise for_code(error)
    return [Written(one[0], one[3]) for one in active]
