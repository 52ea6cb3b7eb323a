"""The revisions of ingest's own schema (staged files, corrections, column mappings, drafts).

What stands here touches no money: it is no view of the log, and a rebuild of the views leaves it alone. Must not know how they are run.
"""

from pathlib import Path

from runtime.revisions import Revisions

REVISIONS = Revisions(Path(__file__).parent / "migrations")
