"""What happens in the story: money comes, payouts end well and badly, a batch is paid, a payout waits, a contradiction shows.

Owns the order of the chapters.
"""

from collections.abc import Callable

from tests.unit.checker.chapters.accounts import accounts
from tests.unit.checker.chapters.asking import money, requests
from tests.unit.checker.chapters.folder import folder
from tests.unit.checker.chapters.loose_ends import loose_ends
from tests.unit.checker.chapters.paying import singles
from tests.unit.checker.chapters.rows import batch
from tests.unit.checker.chapters.upstreams import upstream
from tests.unit.checker.story import Files, Story


def tell(more: Callable[[Story], object] = lambda story: None) -> Files:
    """The whole run as files of an evidence folder; with something `more`, before the upstream's requests."""
    story = Story()
    for chapter in (money, requests, singles, batch, accounts, loose_ends, more, upstream):
        chapter(story)
    return folder(story)
