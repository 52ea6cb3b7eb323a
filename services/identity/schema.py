"""The revisions of the schema `admin`: keys, people, audit. Must not know how they are run."""

from pathlib import Path

from runtime.revisions import Revisions

REVISIONS = Revisions(Path(__file__).parent / "migrations")
