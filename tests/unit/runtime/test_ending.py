"""An end in bounded time: a process that would wait for ever after SIGTERM is ended with its own code; one that ends by itself is left alone."""

import subprocess
import sys
import textwrap

from runtime import ending


def _run(body: str) -> tuple[int, str]:
    code = (
        "import asyncio, signal, time\nfrom runtime import ending, logging\nlogging.set_up('processor')\n"
        + textwrap.dedent(body)
    )
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    return child.returncode, child.stdout + child.stderr


def test_a_process_that_waits_for_ever_is_ended() -> None:
    code, said = _run("ending.within(0.2)\ntime.sleep(50)")
    assert code == ending.EXIT_CODE
    assert "service.ended_late" in said


def test_a_process_that_ends_by_itself_is_left_alone() -> None:
    assert _run("ending.within(30)") == (0, "")


def test_a_server_whose_app_never_stops_ends_after_the_signal() -> None:
    code, said = _run(
        """
        import contextlib, os, threading
        from runtime import serving
        ending.within.__defaults__ = (0.5, *ending.within.__defaults__[1:])

        @contextlib.asynccontextmanager
        async def lifespan(app):
            threading.Timer(1, os.kill, (os.getpid(), signal.SIGTERM)).start()
            yield
            await asyncio.Event().wait()

        from fastapi import FastAPI
        serving.serve(FastAPI(lifespan=lifespan), host="127.0.0.1", port=0)
        """
    )
    assert (code, "service.ended_late" in said) == (ending.EXIT_CODE, True)
