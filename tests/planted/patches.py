"""The planted bugs as files: number, name, what the guide calls them, which level should catch them, what they touch.

Owns the form of a patch's header and the choice of those to run. Must not apply one.
"""

import re
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
COUNT = 24
_NAME = re.compile(r"(\d\d)-([a-z0-9-]+)\.patch")
_HEAD = re.compile(r"Planted bug (\d\d) of (\d+): (.+)\nLevel: (simulation|faults)\n\n(.+?)\n\ndiff --git ", re.DOTALL)
_FILE = re.compile(r"^\+\+\+ b/(\S+)$", re.MULTILINE)


class Planted(NamedTuple):
    """One bug. `level` is the first one that should catch it; `files` are the product's files that it changes."""

    number: int
    name: str
    guide: str
    level: str
    files: list[str]
    path: Path

    def __str__(self) -> str:
        """As it is named in reports."""
        return f"{self.number:02d} {self.name}"

    @property
    def modules(self) -> list[str]:
        """The changed files as module names."""
        return [file.removesuffix(".py").replace("/", ".") for file in self.files if file.endswith(".py")]


def read_all(folder: Path = HERE) -> list[Planted]:
    """All 24, by number. Raises ValueError for one that is missing, twice there or without a proper header."""
    found = [_read(path) for path in sorted(folder.glob("*.patch"))]
    if [bug.number for bug in found] != list(range(1, COUNT + 1)):
        raise ValueError(f"there must be patches 01 to {COUNT}, there are {[bug.number for bug in found]}")
    return found


def _read(path: Path) -> Planted:
    named, head = _NAME.fullmatch(path.name), _HEAD.match(text := path.read_text())
    if named is None or head is None or named[1] != head[1] or int(head[2]) != COUNT:
        raise ValueError(
            f"{path.name}: the name must be NN-name.patch, and the header must say number, name, level and what it does"
        )
    return Planted(int(named[1]), named[2], head[3], head[4], _FILE.findall(text), path)


def chosen(bugs: list[Planted], only: str | None, rotate: str | None) -> list[Planted]:
    """Those of `only` ("3,17"), or every n-th from the k-th on for `rotate` ("k/n"); all without either."""
    if only is not None:
        numbers = {int(number) for number in only.split(",")}
        return [bug for bug in bugs if bug.number in numbers]
    if rotate is not None:
        turn, turns = map(int, rotate.split("/"))
        return [bug for bug in bugs if bug.number % turns == turn % turns]
    return bugs
