"""`python -m services.console`: serve the built console and the API beside it, or refuse in one line."""

import sys

import uvloop
from aiohttp import web
from pydantic import ValidationError

from runtime.exposure import RefusedStartError
from services.console.app import build
from services.console.files import Files
from services.console.relay import Relay
from services.console.settings import ConsoleSettings

REFUSED = 2


def main() -> None:
    """Serve until SIGTERM. A console that is not built yet is said at its address, and served once it is there."""
    try:
        settings = ConsoleSettings()
        settings.check_open_mode()
    except RefusedStartError as error:
        _refuse(str(error))
    except ValidationError as error:
        fault = error.errors()[0]
        _refuse(f"{fault['loc'][0]} is not usable: {fault['msg']}. Correct it or unset it.")
    app = build(Files(settings.dist), Relay(settings.gateway_url), settings.hosts)
    place = {"host": settings.host, "port": settings.port}
    loop = uvloop.new_event_loop()
    try:
        web.run_app(app, **place, loop=loop, access_log=None, print=None, shutdown_timeout=2)  # type: ignore[arg-type]
    except OSError as error:
        _refuse(f"cannot listen on port {settings.port} ({error.strerror}): set CONSOLE_PORT")


def _refuse(why: str) -> None:
    sys.stderr.write(f"console: {why}\n")
    raise SystemExit(REFUSED)


if __name__ == "__main__":
    main()
