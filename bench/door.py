"""A process of a contender that waits for work: one line in, one line out.

Owns starting it (its own start-up is no part of what is measured), asking and ending it. Must not know the work.
"""

import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench.ground import ROOT
from deploy.local import processes

READY = "ready"


class Door:
    """One such process. It has said `ready` when this is made."""

    def __init__(self, name: str, module: str, *arguments: str, env: Mapping[str, str], python: str, log: Path) -> None:
        """`module` is run with `python -m`; what it says on stderr goes to `log`."""
        log.parent.mkdir(parents=True, exist_ok=True)
        self.name, self._log = name, log
        with log.open("ab") as errors:
            self.process = subprocess.Popen(
                [python, "-m", module, *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=dict(env),
                cwd=ROOT,
                text=True,
                preexec_fn=processes._die_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509, SLF001
            )
        self.answer(READY)

    def tell(self, line: str) -> None:
        """Give it something to do."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()

    def answer(self, wanted: str | None = None) -> str:
        """Wait for its line. Ends the run when it died or said something else than `wanted`."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline().strip()
        if not line or wanted not in {None, line}:
            raise SystemExit(f"{self.name} said {line!r}: {_last_lines(self._log)}")
        return line

    def check(self) -> None:
        """End the run if it has died."""
        if self.process.poll() is not None:
            raise SystemExit(f"{self.name} died: {_last_lines(self._log)}")

    def stop(self) -> None:
        """End it; a repeat is no error."""
        self.process.terminate()
        try:
            self.process.communicate(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()


@contextmanager
def doors(
    wanted: Mapping[str, Sequence[str]], *, env: Mapping[str, str], folder: Path, python: str = sys.executable
) -> Iterator[dict[str, Door]]:
    """Several of them (name to module and arguments), one after another; all are ended."""
    opened: dict[str, Door] = {}
    try:
        for name, (module, *arguments) in wanted.items():
            opened[name] = Door(name, module, *arguments, env=env, python=python, log=folder / f"{name}.log")
        yield opened
    finally:
        for door in reversed(opened.values()):
            door.stop()


def check_all(opened: Mapping[str, Door]) -> None:
    """End the run if one of them has died."""
    for door in opened.values():
        door.check()


def _last_lines(log: Path) -> str:
    return " | ".join(log.read_text(errors="replace").strip().splitlines()[-5:]) or "nothing on stderr"
