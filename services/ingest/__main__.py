"""`python -m services.ingest`: start ingest, or refuse in one line."""

import asyncio
import sys

from runtime import logging, serving, starting
from runtime.settings import RefusedStartError, load, refuse
from services.ingest.settings import IngestSettings

SWITCH_SECONDS = 0.001
"""How long a thread that reads a large file may keep the interpreter; short, so that single requests stay quick beside it."""


async def check(settings: IngestSettings) -> None:
    """Raise RefusedStartError unless broker and topics are as promised and the database has been migrated."""
    from runtime.event_log.guard import check_topics
    from schemas.topics import COMMANDS, DEAD_LETTERS, EVENTS, REPLIES, inbox
    from services.ingest.wiring import check_own_schema, check_projection

    settings.check_ages()
    inboxes = [inbox(upstream).name for upstream in settings.upstreams]
    await check_topics(settings, [COMMANDS.name, EVENTS.name, REPLIES.name, DEAD_LETTERS.name, *inboxes])
    await check_projection(settings)
    await check_own_schema(settings)


def serve(settings: IngestSettings) -> None:
    """Serve until SIGTERM; requests under way are finished or given up in time."""
    from services.ingest.app import create_app
    from services.ingest.wiring import lifespan

    sys.setswitchinterval(SWITCH_SECONDS)
    serving.serve(
        create_app(lifespan(settings), settings.inner_secret),
        host=settings.host,
        port=settings.port,
        **serving.INNER,
    )


def main() -> None:
    """Check, then serve."""
    logging.set_up("ingest")
    try:
        settings = load(IngestSettings)
        logging.set_up("ingest", debug=settings.debug)
        asyncio.run(check(settings))
        starting.run("ingest", lambda: serve(settings))
    except (RefusedStartError, OSError) as error:
        refuse("ingest", error)


if __name__ == "__main__":
    main()
