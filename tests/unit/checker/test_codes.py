"""The checker's own list of what clients may be told is the published one: it imports nothing of the product, so a test holds them together."""

import re
from collections import defaultdict
from pathlib import Path

from checker.invariants.client_errors import CODES

PAGE = Path(__file__).parents[3] / "docs" / "errors.md"


def test_the_checker_knows_the_published_codes_and_no_others() -> None:
    published: dict[int, set[str]] = defaultdict(set)
    for code, status in re.findall(r"^\| `([a-z_]+)` \| (\d+)", PAGE.read_text(), re.MULTILINE):
        published[int(status)].add(code)
    assert {status: set(codes.split()) for status, codes in CODES.items()} == published
