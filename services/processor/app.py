"""The Faust app: how the processor joins its group, fetches and stops.

Owns Faust's settings. Faust is only the runner: its acks, positions, producer and tables stay out of the path of money (ADR 0007).
"""

import logging
import sys
from typing import Any

import faust

from runtime.event_log.connection import METADATA_MS
from schemas.topics import Topic

SWITCH_SECONDS = 0.0002
"""How long the thread that decides may keep the interpreter from the one that fetches; short, so that a single command beside a file's
chunks, or one that comes alone while the other thread writes its next fetch, is handed over soon."""


class App(faust.App):
    """Leaves nothing on disk: it has no tables, and a folder of a process that is killed is nobody's to remove."""

    async def on_first_start(self) -> None:
        """Faust would make the folders for tables here."""


def build(name: str, bootstrap: str) -> faust.App:
    """An app of this consumer group. A session ends 6 s after the last heartbeat: then another worker takes over."""
    sys.setswitchinterval(SWITCH_SECONDS)
    return App(
        name,
        broker=f"kafka://{bootstrap}",
        store="memory://",
        broker_session_timeout=6.0,
        broker_heartbeat_interval=1.0,
        broker_rebalance_timeout=10.0,
        broker_request_timeout=15.0,
        broker_max_poll_records=500,
        broker_check_crcs=False,
        stream_buffer_maxsize=4096,
        stream_recovery_delay=0.0,
        stream_wait_empty=False,
        consumer_auto_offset_reset="earliest",
        consumer_max_fetch_size=4 * 1024 * 1024,
        topic_disable_leader=True,
        topic_allow_declare=False,
        web_enabled=False,
        web_tables_enabled=False,
        table_cleanup_interval=3600,
        consumer_metadata_max_age_ms=METADATA_MS,
        worker_redirect_stdouts=False,
        logging_config={"version": 1, "incremental": True},
        loghandlers=list(logging.getLogger().handlers),  # our own JSON lines stay
        agent_supervisor="mode.CrashingSupervisor",
    )


def raw_topic(app: faust.App, topic: Topic) -> Any:
    """A topic as bytes: decoding happens in our own guarded code, and Faust's ack is never used."""
    return app.topic(topic.name, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw", acks=False)
