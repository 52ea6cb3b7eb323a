"""`python -m services.processor`: start the processor, or refuse in one line."""

import asyncio
import sys

import uvloop

from runtime import garbage, logging, starting
from runtime.event_log.guard import check_topics
from runtime.settings import RefusedStartError, load, refuse
from schemas.topics import COMMANDS, DEAD_LETTERS, EVENTS
from services.processor.settings import ProcessorSettings
from services.processor.wiring import Processor, check_projection


async def check(settings: ProcessorSettings) -> None:
    """Raise RefusedStartError unless broker, topics and projection are as promised."""
    await check_topics(settings, [COMMANDS.name, EVENTS.name, DEAD_LETTERS.name])
    await check_projection(settings)


def main() -> None:
    """Check, then hand over to Faust's worker, which ends on SIGTERM."""
    uvloop.install()
    logging.set_up("processor")
    try:
        settings = load(ProcessorSettings)
        logging.set_up("processor", debug=settings.debug)
        asyncio.run(check(settings))
    except RefusedStartError as error:
        refuse("processor", error)
    asyncio.set_event_loop(asyncio.new_event_loop())  # Faust's worker runs on the thread's current loop
    sys.argv = ["processor", "worker", "--without-web", "-l", "info"]
    app = Processor(settings).app
    garbage.settle()
    starting.run("processor", app.main)


if __name__ == "__main__":
    main()
