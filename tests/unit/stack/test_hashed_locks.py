"""The locks hold every library that pyproject.toml names, each with hashes, and no address (ADR 0011)."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[3]
EXTRAS = {"requirements.lock": ("local", "dev"), "requirements.runtime.lock": ()}
"""What each lock has beside the libraries that the services need."""
ADDRESS = re.compile(r"://|^--(?:extra-)?index-url|^--find-links|^--trusted-host", re.MULTILINE)


def wanted(lock: str) -> list[Requirement]:
    project: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = [*project["dependencies"], *(line for extra in EXTRAS[lock] for line in project["optional-dependencies"][extra])]
    return [Requirement(line) for line in lines]


def locked(text: str) -> dict[str, tuple[str, int]]:
    """Name to version and number of hashes."""
    found = {}
    for entry in re.split(r"\n(?=[A-Za-z0-9])", text):
        if named := re.match(r"([A-Za-z0-9_.-]+)(?:\[[^\]]*\])?==([^\s;]+)", entry):
            found[canonicalize_name(named[1])] = (named[2], entry.count("--hash=sha256:"))
    return found


@pytest.mark.parametrize("lock", EXTRAS)
def test_a_lock_holds_every_library_in_the_range_that_the_project_names(lock: str) -> None:
    known = locked((ROOT / lock).read_text())
    outside = [
        str(library)
        for library in wanted(lock)
        if (name := canonicalize_name(library.name)) not in known or known[name][0] not in library.specifier
    ]
    assert outside == [], "resolve again: make lock"


@pytest.mark.parametrize("lock", EXTRAS)
def test_everything_locked_has_hashes_and_nothing_has_an_address(lock: str) -> None:
    text = (ROOT / lock).read_text()
    known = locked(text)
    assert len(known) > 50
    assert [name for name, (_, hashes) in known.items() if not hashes] == []
    assert ADDRESS.findall(text) == []


def test_what_the_image_has_is_what_is_tested() -> None:
    whole, image = (locked((ROOT / lock).read_text()) for lock in EXTRAS)
    assert {name: version for name, (version, _) in image.items() if whole.get(name, ("",))[0] != version} == {}
