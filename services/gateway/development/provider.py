"""The provider simulator's controls, as the development routes use them (CON-05, CON-18).

Owns that client and what its answers become here. Must not know routes.
"""

from typing import Any

import aiohttp
import orjson

from runtime.http_problems import ProblemError

SECONDS = 5.0


class Provider:
    """A pooled client; opened inside a running loop. Every call raises ProblemError 503 when the simulator is away."""

    def __init__(self, url: str) -> None:
        """Not open yet."""
        self._url = url.rstrip("/")
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        """Make the pool."""
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=SECONDS))

    async def close(self) -> None:
        """Close the pool."""
        if self._session is not None:
            await self._session.close()

    async def preset(self) -> dict[str, Any]:
        """The preset in force, its numbers, and which presets there are."""
        return _preset(await self._ask("GET", "/control/preset"))

    async def choose_preset(self, body: dict[str, Any]) -> dict[str, Any]:
        """Choose one, or change its numbers. Raises ProblemError 400."""
        return _preset(await self._ask("PUT", "/control/preset", body))

    async def standing(self, reference: str) -> dict[str, Any]:
        """How a transfer stands and what was chosen for it."""
        return await self._ask("GET", f"/control/transfers/{reference}")

    async def choose(self, reference: str, body: dict[str, Any]) -> dict[str, Any]:
        """Choose how a transfer ends. Raises ProblemError 400, and 409 for one that has ended."""
        return await self._ask("PUT", f"/control/transfers/{reference}", body)

    async def _ask(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        assert self._session is not None
        data = None if body is None else orjson.dumps(body)
        try:
            async with self._session.request(method, f"{self._url}{path}", data=data) as answer:
                read = orjson.loads(await answer.read())
                status = answer.status
        except (aiohttp.ClientError, TimeoutError, OSError, orjson.JSONDecodeError) as error:
            detail = f"The provider simulator does not answer ({type(error).__name__}); start it, or set SIMULATOR_URL."
            raise ProblemError("simulator_unavailable", detail) from None
        return _told(status, read)


def _told(status: int, read: dict[str, Any]) -> dict[str, Any]:
    if status == 409:
        raise ProblemError("invalid_state_transition", f"The provider does not take its word back: {read['message']}.")
    if status >= 400:
        raise ProblemError("validation_error", f"The simulator refuses this: {str(read.get('message'))[:200]}.")
    return read


def _preset(read: dict[str, Any]) -> dict[str, Any]:
    return {"preset": read.pop("name"), **read}
