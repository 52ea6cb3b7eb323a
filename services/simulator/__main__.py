"""`python -m services.simulator`: run the provider, or refuse in one line."""

import sys

import uvloop
from aiohttp import web

from runtime import garbage
from runtime.exposure import RefusedStartError
from services.simulator import figures
from services.simulator.app import Provider
from services.simulator.books import Books
from services.simulator.file import BooksInUseError
from services.simulator.settings import SimulatorSettings

BACKLOG = 4096
"""Connections that may wait to be taken in. A sender opens hundreds at once, and one that finds no room tries again after a second."""


def serve(app: web.Application, settings: SimulatorSettings) -> None:
    """Serve until SIGTERM. The loop is given by name: aiohttp makes one of its own otherwise."""
    garbage.settle()
    place = {"host": settings.host, "port": settings.port, "backlog": BACKLOG}
    web.run_app(app, **place, loop=uvloop.new_event_loop(), access_log=None, print=None, shutdown_timeout=1)  # type: ignore[arg-type]


def check(settings: SimulatorSettings) -> None:
    """Raise RefusedStartError where controls that ask for no credential would be open to others (SEC-01, SEC-19)."""
    if settings.is_development:
        settings.check_loopback()


def main() -> None:
    """Serve until SIGTERM; requests that hang are cut after a second."""
    try:
        settings = SimulatorSettings()
        preset = settings.preset
        check(settings)
    except RefusedStartError as error:
        sys.stderr.write(f"simulator: {error}\n")
        raise SystemExit(2) from None
    except (KeyError, ValueError) as error:
        sys.stderr.write(f"simulator: {' '.join(str(error).split())[:200]}: correct SIMULATOR_PRESET or its numbers\n")
        raise SystemExit(2) from None
    try:
        books = Books(settings.folder)
    except BooksInUseError as error:
        sys.stderr.write(f"simulator: {settings.folder}: {error}: end it, or set SIMULATOR_DIR\n")
        raise SystemExit(2) from None
    try:
        app = Provider(books, preset, keep_said=settings.keep_said, controls=settings.is_development).app()
        figures.serve(app, settings.metrics_port, settings.metrics_host)
        serve(app, settings)
    except OSError as error:
        remedy = "set SIMULATOR_PORT and SIMULATOR_METRICS_PORT to free ones"
        sys.stderr.write(
            f"simulator: cannot listen on {settings.port} and {settings.metrics_port} ({error.strerror}): {remedy}\n"
        )
        raise SystemExit(2) from None
    finally:
        books.close()


if __name__ == "__main__":
    main()
