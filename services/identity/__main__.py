"""`python -m services.identity`: start identity, or refuse in one line."""

import uvicorn

from runtime import logging, starting
from runtime.settings import RefusedStartError, load, refuse
from services.identity.settings import IdentitySettings
from services.identity.wiring import check, connect

STOP_SECONDS = 8


def main() -> None:
    """Check, then serve until SIGTERM."""
    logging.set_up("identity")
    try:
        settings = load(IdentitySettings)
        logging.set_up("identity", debug=settings.debug)
        check(settings)
        starting.run("identity", lambda: serve(settings))
    except (RefusedStartError, OSError) as error:
        refuse("identity", error)


def serve(settings: IdentitySettings) -> None:
    """Serve until SIGTERM."""
    uvicorn.run(
        connect(settings),
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=STOP_SECONDS,
    )


if __name__ == "__main__":
    main()
