"""`python -m services.identity`: start identity, or refuse in one line."""

from runtime import logging, serving, starting
from runtime.settings import RefusedStartError, load, refuse
from services.identity.settings import IdentitySettings
from services.identity.wiring import check, connect


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
    serving.serve(connect(settings), host=settings.host, port=settings.port, **serving.INNER)


if __name__ == "__main__":
    main()
