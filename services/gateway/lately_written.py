"""Where each merchant's last answered write stands on the log (read your writes).

Owns what is kept, and how little. Must not wait, or know the views.
"""

from collections import OrderedDict

MERCHANTS_MAX = 10_000
"""Past it the one who wrote longest ago is forgotten: the views have long passed that."""

Place = tuple[int, int]
"""A partition and an offset."""


class LatelyWritten:
    """One place per merchant: a merchant is on one partition, so its furthest is behind all its others."""

    def __init__(self) -> None:
        """Nobody wrote."""
        self._merchants: OrderedDict[str, Place] = OrderedDict()
        self._unnamed: dict[int, int] = {}
        self._everybody: dict[int, int] = {}

    def note(self, merchant_id: str | None, place: Place) -> None:
        """A write of this merchant (None: the request did not name it) was answered with this place; older ones change nothing."""
        self._everybody[place[0]] = max(place[1], self._everybody.get(place[0], 0))
        if merchant_id is None:
            self._unnamed[place[0]] = max(place[1], self._unnamed.get(place[0], 0))
            return
        self._merchants[merchant_id] = max(place, self._merchants.pop(merchant_id, place))
        if len(self._merchants) > MERCHANTS_MAX:
            self._merchants.popitem(last=False)

    def places(self, merchant_id: str | None) -> list[Place]:
        """What the views have to have passed to show all that this merchant (None: anybody) was told to have written."""
        if merchant_id is None:
            return list(self._everybody.items())
        own = self._merchants.get(merchant_id)
        return [*([own] if own else []), *self._unnamed.items()]
