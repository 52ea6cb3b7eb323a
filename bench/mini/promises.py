"""What the product promises and the mini pipeline does not: what can be added to it, one by one.

Owns the list, the leanest first way of keeping each, and its form on a command line. Must not keep any of them.
"""

PROMISES = {
    "provider": "the provider is somebody else's: HTTP, 500 a call, durable books (the product's simulator)",
    "attempts": "an attempt stands on the log before its call, and shows in the views",
    "history": "one line a change, beside the payout",
    "references": "the worker asks the views whether a chunk's references were used before",
    "whole": "all of a file is read and validated before its first row is on the log",
}
NONE = "-"


class Promises(frozenset[str]):
    """Some of them."""

    @classmethod
    def read(cls, text: str) -> "Promises":
        """As they were written. Raises ValueError for a name that is not in the list."""
        found = cls(text.split(",")) if text != NONE else cls()
        if unknown := found - PROMISES.keys():
            raise ValueError(f"no such promise: {', '.join(sorted(unknown))}")
        return found

    def __str__(self) -> str:
        """For a command line."""
        return ",".join(name for name in PROMISES if name in self) or NONE
