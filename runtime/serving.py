"""Serving HTTP until SIGTERM, with an end in bounded time.

Owns how uvicorn is run. Must not know any route.
"""

import contextlib
from types import FrameType
from typing import Any

import uvicorn

from runtime import ending
from runtime.http_line import HttpLine

REQUESTS_SECONDS = 5
"""So long after SIGTERM requests under way may go on; what comes after that has the rest of `ending.ENDING_SECONDS`."""
NEVER_STARTED = 3
INNER: dict[str, Any] = {"server_header": False, "timeout_keep_alive": 75}
"""For who is asked by the gateway: it keeps connections for 30 s, and one that is closed before that meets a request half-way."""


class Server(uvicorn.Server):
    """uvicorn's server, whose end is bounded from the signal on."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """SIGTERM or SIGINT came."""
        ending.within()
        super().handle_exit(sig, frame)


def serve(app: Any, **options: Any) -> None:
    """Serve until SIGTERM, with uvicorn's `options`; `http` may be another protocol. Exits with NEVER_STARTED if the start failed."""
    server = Server(
        uvicorn.Config(
            app,
            loop="uvloop",
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=REQUESTS_SECONDS,
            **{"http": HttpLine, **options},
        )
    )
    with contextlib.suppress(KeyboardInterrupt):  # uvicorn raises the signal again once it has ended
        server.run()
    if not server.started:
        raise SystemExit(NEVER_STARTED)
