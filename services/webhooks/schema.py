"""The revisions of the schema of webhooks.

Unlike the views it is not a function of the log alone: it holds endpoints and secrets, which people made. Must not know how they are run.
"""

from pathlib import Path

from runtime.revisions import Revisions

REVISIONS = Revisions(Path(__file__).parent / "migrations")
