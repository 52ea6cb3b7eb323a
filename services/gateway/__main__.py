"""`python -m services.gateway`: open the front door, or refuse in one line."""

import asyncio

from runtime import logging, serving, starting
from runtime.event_log.guard import check_topics
from runtime.settings import RefusedStartError, load, refuse
from schemas.topics import COMMANDS, EVENTS
from services.gateway.front_line import FrontProtocol
from services.gateway.live.line import SERVED
from services.gateway.settings import GatewaySettings
from services.gateway.store import Store
from services.gateway.wiring import connect


async def check(settings: GatewaySettings) -> None:
    """Raise RefusedStartError unless broker, topics and views are as promised."""
    await check_topics(settings, [COMMANDS.name, EVENTS.name])
    store = Store(settings.database_url, settings.projection_schema)
    try:
        await store.open()
        found = await store.one("SELECT to_regclass('projection_offsets') AS there")
        admin = await store.one("SELECT to_regclass(%s) AS there", [f'"{settings.admin_schema}".keys'])
    except Exception as error:
        remedy = "start it (`payflow dev`) or set DATABASE_URL"
        raise RefusedStartError(f"no Postgres answers ({type(error).__name__}): {remedy}") from error
    finally:
        await store.close()
    if found is None or found["there"] is None:
        raise RefusedStartError(f"the schema {settings.projection_schema} is not migrated: run `payflow migrate`")
    if not settings.is_open and (admin is None or admin["there"] is None):
        raise RefusedStartError(f"the schema {settings.admin_schema} is not migrated: run `payflow migrate`")


def main() -> None:
    """Check, then serve until SIGTERM."""
    logging.set_up("gateway")
    try:
        settings = load(GatewaySettings)
        logging.set_up("gateway", debug=settings.debug)
        asyncio.run(check(settings))
    except RefusedStartError as error:
        refuse("gateway", error)
    starting.run("gateway", lambda: serve(settings))


def serve(settings: GatewaySettings) -> None:
    """Serve until SIGTERM."""
    serving.serve(connect(settings), host=settings.host, port=settings.port, http=FrontProtocol, **SERVED)


if __name__ == "__main__":
    main()
