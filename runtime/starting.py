"""Running a framework that starts a service: what is away while it starts is told in one line, as every refused start is (RUN-05).

Owns the exit codes that Faust and uvicorn leave with. A supervisor starts the service again in any case; people on call see a refused
start, not a crash. Must not know any service.
"""

from collections.abc import Callable

from aiokafka.errors import KafkaError
from psycopg import OperationalError
from psycopg_pool import PoolTimeout

from runtime.serving import NEVER_STARTED
from runtime.settings import RefusedStartError, refuse

AWAY = (KafkaError, OperationalError, PoolTimeout, TimeoutError, ConnectionError)


def run(service: str, framework: Callable[[], object]) -> None:
    """Run until it ends. A framework that ends itself, because broker or database went away as it started, becomes a refused start."""
    try:
        framework()
    except SystemExit as ended:
        if (why := _away(ended)) is not None:
            refuse(
                service,
                RefusedStartError(f"broker or database went away while it started ({why}): start them, then it again"),
            )
        raise


def _away(ended: SystemExit) -> str | None:
    """Uvicorn has told the error on the log; Faust's worker leaves it behind, and raises what comes later from itself."""
    if ended.code == NEVER_STARTED:
        return "the lines above say which"
    error = ended.__context__
    started = error is not None and error.__cause__ is error
    return type(error).__name__ if isinstance(error, AWAY) and not started else None
