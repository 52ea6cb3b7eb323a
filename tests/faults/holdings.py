"""Which partitions a worker holds, and whether a peer took them over: from metrics, from the workers' own logs, from the group.

Owns the reading. Must not break anything.
"""

import json
import re
import urllib.request
from collections.abc import Iterator
from typing import Any

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from tests.faults.cluster import METRICS, PARTITIONS, UPSTREAM, Cluster
from tests.faults.workers import Worker

GAUGES = {"processor": "payflow_writer_open", "rails": "payflow_rail_open"}
OPENED = {"processor": "writer.opened", "rails": "rails.opened", "projector": "projection.assigned"}
"""Role -> the word of a worker that has begun to work on a partition."""
INBOX_GROUP = f"ingest-inbox-{UPSTREAM}"
EVERY = frozenset(range(PARTITIONS))
ASK_SECONDS = 3.0

Marks = dict[str, int]


def held(cluster: Cluster, worker: Worker) -> set[int]:
    """The partitions that a worker works on now. One of two members of the inbox group counts as a holder of all: which is which is not told."""
    if worker.role == "ingest":
        return set(EVERY) if len(_inbox_members(cluster)) > 1 else set()
    if worker.role == "projector":
        lists = [set(line["partitions"]) for line in _lines(worker, worker.log_from, OPENED["projector"])]
        return lists[-1] if lists else set()
    return _gauges(worker)


def marks(cluster: Cluster, role: str) -> Marks:
    """Where the logs of a role's workers end now."""
    return {worker.name: worker.log_size for worker in cluster.workers.values() if worker.role == role}


def taken(cluster: Cluster, frozen: Worker, since: Marks, lost: set[int]) -> set[int]:
    """What peers have begun to work on since `since`, of the partitions that the frozen worker held."""
    if frozen.role == "ingest":
        members = _inbox_members(cluster)
        return set(members[0]) & lost if len(members) == 1 and members[0] == EVERY else set()
    peers = [w for w in cluster.workers.values() if w.role == frozen.role and w is not frozen]
    lines = [line for peer in peers for line in _lines(peer, since.get(peer.name, 0), OPENED[frozen.role])]
    return {number for line in lines for number in _numbers(line)} & lost


def _numbers(line: dict[str, Any]) -> list[int]:
    return line["partitions"] if "partitions" in line else [line["partition"]]


def _lines(worker: Worker, start: int, word: str) -> Iterator[dict[str, Any]]:
    for text in worker.said_since(start).splitlines():
        if f'"{word}"' in text:
            try:
                yield json.loads(text)
            except ValueError:
                continue  # half a line


def _gauges(worker: Worker) -> set[int]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{worker.env[METRICS[worker.role]]}/metrics", timeout=1) as answer:
            text = answer.read().decode()
    except OSError:
        return set()
    return {int(number) for number in re.findall(rf'^{GAUGES[worker.role]}{{partition="(\d+)"}} 1\.0$', text, re.MULTILINE)}


def _inbox_members(cluster: Cluster) -> list[set[int]]:
    """The partitions of each member of the inbox group that has any; empty while nobody knows."""
    admin = AdminClient({"bootstrap.servers": cluster.kafka.bootstrap, "log_level": 0})
    try:
        asked = admin.describe_consumer_groups([INBOX_GROUP], request_timeout=ASK_SECONDS)
        members = asked[INBOX_GROUP].result(ASK_SECONDS).members
    except (KafkaException, TimeoutError):
        return []
    found = [{place.partition for place in member.assignment.topic_partitions} for member in members]
    return [partitions for partitions in found if partitions]
