"""A thread of one's own, for work in steps that must not change threads: an XML parser's memory belongs to the thread that began.

Owns that thread for as long as its block lasts. Must not know the work.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")


class OneThread:
    """A context manager; steps run one after another."""

    def __init__(self) -> None:
        """No thread runs yet."""
        self._executor = ThreadPoolExecutor(1, "payflow-step")

    def __enter__(self) -> "OneThread":
        """Itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """The thread ends behind its last step."""
        self._executor.shutdown(wait=False)

    async def run(self, work: Callable[..., T], *arguments: Any) -> T:
        """What `work` gives, done in the thread."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, work, *arguments)
