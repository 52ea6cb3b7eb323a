"""Which tests share a worker, and in which order they are given out.

Owns the grounds: folders whose tests stand on one running product. They stay together, so that it is started once and ended as soon as they
are done; it would take processor time from all others until the end. All other tests stay together by file. Must not know any test.
"""

from xdist.scheduler import LoadScopeScheduling

GROUNDS = ("tests/e2e/access", "tests/e2e", "tests/integration/ingest")
ORDER = (*GROUNDS, "tests/integration", "tests/contract", "tests/unit")
"""Long ones first, so that no worker is left alone with one at the end."""


def ground(nodeid: str) -> str:
    """What a test must share its worker with: a folder, or its file."""
    file = nodeid.partition("::")[0]
    return next((folder for folder in GROUNDS if file.startswith(f"{folder}/")), file)


def place(nodeid: str) -> int:
    """Where a test stands in the order."""
    return next((number for number, folder in enumerate(ORDER) if nodeid.startswith(f"{folder}/")), len(ORDER))


class Spread(LoadScopeScheduling):  # type: ignore[misc,unused-ignore]
    """Gives out grounds and files as they were collected."""

    def _split_scope(self, nodeid: str) -> str:
        return ground(nodeid)
