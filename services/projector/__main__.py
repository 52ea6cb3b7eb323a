"""`python -m services.projector`: keep the views up with the log, or refuse in one line."""

import uvloop

from runtime import garbage, logging
from runtime.settings import RefusedStartError, load, refuse
from services.projector.settings import ProjectorSettings
from services.projector.wiring import serve


def main() -> None:
    """Run until SIGTERM."""
    try:
        settings = load(ProjectorSettings)
        logging.set_up("projector", debug=settings.debug)
        garbage.settle()
        uvloop.run(serve(settings))
    except RefusedStartError as error:
        refuse("projector", error)


if __name__ == "__main__":
    main()
