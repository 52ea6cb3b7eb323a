"""`python -m services.processor.rails`: start rails, or refuse in one line."""

import asyncio
import sys

import uvloop

from runtime import garbage, logging, starting
from runtime.event_log.guard import check_topics
from runtime.settings import RefusedStartError, load, refuse
from schemas.topics import COMMANDS, EVENTS
from services.processor.rails.settings import RailsSettings
from services.processor.rails.wiring import RailsApp
from services.processor.wiring import check_projection


async def check(settings: RailsSettings) -> None:
    """Raise RefusedStartError unless broker, topics and projection are as promised."""
    await check_topics(settings, [COMMANDS.name, EVENTS.name])
    await check_projection(settings)


def main() -> None:
    """Check, then hand over to Faust's worker, which ends on SIGTERM."""
    uvloop.install()
    logging.set_up("rails")
    try:
        settings = load(RailsSettings)
        logging.set_up("rails", debug=settings.debug)
        asyncio.run(check(settings))
    except RefusedStartError as error:
        refuse("rails", error)
    asyncio.set_event_loop(asyncio.new_event_loop())  # Faust's worker runs on the thread's current loop
    sys.argv = ["rails", "worker", "--without-web", "-l", "info"]
    app = RailsApp(settings).app
    garbage.settle()
    starting.run("rails", app.main)


if __name__ == "__main__":
    main()
