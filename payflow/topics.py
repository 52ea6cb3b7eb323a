"""`payflow topics apply`: make the topics that the catalogue names (RUN-07).

Owns the difference between catalogue and broker. Never deletes, never changes a partition count: key to partition must not move.
"""

import asyncio
from collections.abc import Sequence
from typing import Annotated

import typer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError

from payflow.front_door import Json, misused, say
from runtime.settings import RefusedStartError, ServiceSettings, load
from schemas.topics import CATALOGUE, Topic, inbox


class TopicSettings(ServiceSettings):
    """What making topics needs; INBOX_UPSTREAMS names the upstreams that get an inbox."""

    inbox_upstreams: str = ""

    @property
    def wanted(self) -> list[Topic]:
        """The catalogue and one inbox per upstream."""
        names = [part.split(":")[0].strip() for part in self.inbox_upstreams.split(",") if part.strip()]
        return [*CATALOGUE, *(inbox(name) for name in names)]


def apply(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be made.")] = False, json: Json = False
) -> None:
    """Make missing topics; refuse a changed partition count. Safe to repeat. With --json one object a line."""
    try:
        settings = load(TopicSettings)
        done = asyncio.run(apply_topics(settings, dry_run=dry_run))
    except (RefusedStartError, KafkaError) as error:
        misused("topics", str(error), json=json)
    for act, topic in done:
        if json:
            say({"topic": topic, "act": act})
        else:
            typer.echo(f"{act:<10} {topic}")


async def apply_topics(settings: TopicSettings, *, dry_run: bool = False) -> list[tuple[str, str]]:
    """Make what is missing; returns what was done, and to which topic. Raises RefusedStartError for a changed partition count."""
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka_bootstrap_servers, request_timeout_ms=10_000)
    try:
        await admin.start()
        there = {topic["topic"]: len(topic["partitions"]) for topic in await admin.describe_topics()}
        _refuse_changed(settings, there)
        missing = [topic for topic in settings.wanted if topic.name not in there]
        if missing and not dry_run:
            await _create(admin, settings, missing)
    except (KafkaError, OSError) as error:
        remedy = "start it (`payflow dev`) or set KAFKA_BOOTSTRAP_SERVERS"
        raise RefusedStartError(
            f"no Kafka broker answers at {settings.kafka_bootstrap_servers} ({error}): {remedy}"
        ) from error
    finally:
        await admin.close()
    verb = "would make" if dry_run else "made"
    return [(verb if topic in missing else "unchanged", topic.name) for topic in settings.wanted]


def _refuse_changed(settings: TopicSettings, there: dict[str, int]) -> None:
    for topic in settings.wanted:
        count = there.get(topic.name, settings.kafka_partitions)
        if count != settings.kafka_partitions:
            raise RefusedStartError(
                f"{topic.name} has {count} partitions, KAFKA_PARTITIONS says {settings.kafka_partitions}; the count never "
                f"changes: set KAFKA_PARTITIONS={count}"
            )


async def _create(admin: AIOKafkaAdminClient, settings: TopicSettings, topics: Sequence[Topic]) -> None:
    new = [
        NewTopic(
            name=topic.name,
            num_partitions=settings.kafka_partitions,
            replication_factor=settings.kafka_replication_factor,
            topic_configs={
                "cleanup.policy": "delete",
                "retention.ms": str(topic.retention_ms),
                "max.message.bytes": str(topic.max_message_bytes),
            },
        )
        for topic in topics
    ]
    response = await admin.create_topics(new)
    for name, code, message in (tuple(row)[:3] for row in response.topic_errors):
        if code not in {0, 36}:  # 36: it exists; somebody else made it meanwhile
            raise RefusedStartError(f"topic {name} was not made: {message or code}")
