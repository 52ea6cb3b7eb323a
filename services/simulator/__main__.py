"""`python -m services.simulator`: run the provider, or refuse in one line."""

import asyncio
import sys

import uvloop
from aiohttp import web

from services.simulator.app import Provider
from services.simulator.books import Books
from services.simulator.settings import SimulatorSettings


def main() -> None:
    """Serve until SIGTERM; requests that hang are cut after a second."""
    asyncio.set_event_loop(uvloop.new_event_loop())
    try:
        settings = SimulatorSettings()
        preset = settings.preset
    except (KeyError, ValueError) as error:
        sys.stderr.write(f"simulator: {' '.join(str(error).split())[:200]}: correct SIMULATOR_PRESET or its numbers\n")
        raise SystemExit(2) from None
    books = Books(settings.folder)
    try:
        app = Provider(books, preset, keep_said=settings.keep_said).app()
        web.run_app(app, host=settings.host, port=settings.port, access_log=None, print=None, shutdown_timeout=1)
    except OSError as error:
        sys.stderr.write(f"simulator: cannot listen on port {settings.port} ({error.strerror}): set SIMULATOR_PORT\n")
        raise SystemExit(2) from None
    finally:
        books.close()


if __name__ == "__main__":
    main()
