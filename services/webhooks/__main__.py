"""`python -m services.webhooks`: follow the log and tell the merchants, or refuse in one line."""

import asyncio

from runtime import logging, serving, starting
from runtime.settings import RefusedStartError, load, refuse
from services.webhooks.settings import WebhooksSettings


async def check(settings: WebhooksSettings) -> None:
    """Raise RefusedStartError unless settings, broker, topic and schemas are as promised."""
    from runtime.event_log.guard import check_topics
    from schemas.topics import EVENTS
    from services.webhooks.wiring import check_schemas, check_secrets

    settings.check()
    await check_topics(settings, [EVENTS.name])
    check_schemas(settings)
    check_secrets(settings)


def serve(settings: WebhooksSettings) -> None:
    """Serve until SIGTERM; requests under way are finished or given up in time."""
    from services.webhooks.app import create_app
    from services.webhooks.wiring import lifespan

    serving.serve(
        create_app(lifespan(settings), settings.inner_secret), host=settings.host, port=settings.port, **serving.INNER
    )


def main() -> None:
    """Check, then serve."""
    logging.set_up("webhooks")
    try:
        settings = load(WebhooksSettings)
        logging.set_up("webhooks", debug=settings.debug)
        asyncio.run(check(settings))
        starting.run("webhooks", lambda: serve(settings))
    except (RefusedStartError, OSError) as error:
        refuse("webhooks", error)


if __name__ == "__main__":
    main()
