"""The payouts of a book: the ones in use at hand, the others packed, so that a million rows that wait take little memory.

Theory: a mapping of id to payout, and whoever uses it as one cannot tell which are packed. An id is at hand or packed, never both. What is
asked for comes to hand and stays there until HAND_MAX others are; then those that came first are packed. Rows of a new chunk are packed at
once. Must not know what a payout's state means, or when one is forgotten.
"""

from collections.abc import Collection, ItemsView, Iterable, Iterator, MutableMapping, Sequence, ValuesView
from itertools import islice, zip_longest
from typing import Any

from domain.payout.packed import is_in, pack, pack_row, state_of, unpack
from domain.payout.packed_rows import PackedRows
from domain.payout.state import Payout
from schemas.forms import PayoutForm
from schemas.ids import row_number, row_prefix
from schemas.words import PayoutStatus

HAND_MAX = 16_384
"""So many payouts lie unpacked, about a kilobyte each; more than rails and the projection are behind with at a time."""
PUT_AWAY = HAND_MAX // 4
"""So many of them are packed at once."""
CHUNK = 500


class OpenPayouts(MutableMapping[str, Payout]):
    """Id to payout. Reading unpacks, which changes nothing that can be seen; iterating does not, and may be interrupted by changes."""

    __slots__ = ("_batches", "_hand", "_singles")

    def __init__(self) -> None:
        """Empty."""
        self._hand: dict[str, Payout] = {}
        self._batches: dict[str, PackedRows] = {}
        """By the part of their ids that the rows of a batch share."""
        self._singles: dict[str, bytes] = {}

    # ------------------------------------------------------------ many at once

    def at_hand(self, payout_ids: Iterable[str]) -> dict[str, Payout]:
        """What is at hand, with those of `payout_ids` that exist. Change it or leave it before anything else of the book is read."""
        self._make_room()
        hand = self._hand
        for payout_id in payout_ids:
            if payout_id not in hand and (payout := self._take(payout_id)) is not None:
                hand[payout_id] = payout
        return hand

    def each(self, payout_ids: Collection[str]) -> Iterator[Payout]:
        """These payouts as they stand. Raises KeyError."""
        for chunk in self.chunks(payout_ids):
            yield from chunk

    def chunks(self, payout_ids: Collection[str]) -> Iterator[list[Payout]]:
        """The same, as many at a time as may be at hand together: there may be a million. Raises KeyError."""
        ids = iter(payout_ids)
        while chunk := list(islice(ids, CHUNK)):
            hand = self.at_hand(chunk)
            yield [hand[payout_id] for payout_id in chunk]

    def add_rows(self, batch_id: str, merchant_id: str, first_row: int, forms: Sequence[PayoutForm], at: int) -> list[str]:
        """Rows `first_row`... of a batch come into being, pending, at `at` (ms UTC). Returns their ids."""
        prefix, cells = row_prefix(batch_id), [pack_row(form, at) for form in forms]
        ids = [f"{prefix}{row:08x}" for row in range(first_row, first_row + len(cells))]
        for packed_elsewhere in (self._hand, self._singles):
            for payout_id in packed_elsewhere.keys() & ids:
                del packed_elsewhere[payout_id]
        if (rows := self._rows_of(batch_id, merchant_id)) is not None:
            rows.put(first_row, cells)
        else:
            for row, (payout_id, cell) in enumerate(zip(ids, cells, strict=True), first_row):
                self[payout_id] = unpack(cell, payout_id, merchant_id, batch_id, row)
        return ids

    def drop(self, payout_ids: Iterable[str], staying: Collection[PayoutStatus]) -> list[str]:
        """Those of these payouts that are here leave memory, but for those in the states `staying`: their ids are returned."""
        hand, stayed = self._hand, []
        for payout_id in payout_ids:
            payout = hand.get(payout_id)
            status = payout.status if payout is not None else self._state(payout_id)
            if status in staying:
                stayed.append(payout_id)
            elif payout is not None:
                del hand[payout_id]
            else:
                self._lift(payout_id)
        return stayed

    def rows(self, batch_id: str, first_row: int, last_row: int, status: PayoutStatus | None = None) -> Iterator[Payout]:
        """The rows of a batch that are here, all or those in one state, in order; they may be changed as they come.

        A chunk is at hand at a time; what is packed in another state is not unpacked.
        """
        for first in range(first_row, last_row + 1, CHUNK):
            ids = self._row_ids(row_prefix(batch_id), range(first, min(first + CHUNK, last_row + 1)), status)
            hand = self.at_hand(ids)
            found = [hand[payout_id] for payout_id in ids if hand[payout_id].batch_id == batch_id]
            yield from (payout for payout in found if status is None or payout.status is status)

    def _row_ids(self, prefix: str, numbers: range, status: PayoutStatus | None) -> list[str]:
        """Of these rows those that are at hand, or packed and in the state."""
        packed, hand = self._batches.get(prefix), self._hand
        cells = packed.cells[numbers.start - 1 : numbers.stop - 1] if packed is not None else []
        ids = []
        for row, cell in zip_longest(numbers, cells):
            if cell is not None and status is not None and not is_in(cell, status):
                continue
            payout_id = f"{prefix}{row:08x}"
            if cell is not None or payout_id in hand:
                ids.append(payout_id)
        return ids

    def batch_ids(self) -> set[str]:
        """The batches that payouts here are rows of."""
        named = {payout.batch_id for payout in self._hand.values() if payout.batch_id is not None}
        return named.union(rows.batch_id for rows in self._batches.values())

    def in_state(self, status: PayoutStatus | None = None) -> Iterator[Payout]:
        """All payouts, or those in one state, as they stand when it begins; nothing comes to hand."""
        batches = [(rows, rows.cells.copy()) for rows in self._batches.values()]
        singles, hand = list(self._singles.items()), list(self._hand.values())
        for rows, cells in batches:
            for row, cell in enumerate(cells, 1):
                if cell is not None and (status is None or is_in(cell, status)):
                    yield rows.unpacked(row, cell)
        for payout_id, cell in singles:
            if status is None or is_in(cell, status):
                yield unpack(cell, payout_id, "", None, None)
        yield from (payout for payout in hand if status is None or payout.status is status)

    # ------------------------------------------------------------ as a mapping

    def __getitem__(self, payout_id: str) -> Payout:
        """The payout as it stands. Raises KeyError."""
        payout = self._hand.get(payout_id)
        if payout is None:
            payout = self.at_hand((payout_id,))[payout_id]
        return payout

    def get(self, payout_id: str, default: Any = None) -> Any:
        """The payout as it stands, or `default`."""
        payout = self._hand.get(payout_id)
        return payout if payout is not None else self.at_hand((payout_id,)).get(payout_id, default)

    def __contains__(self, payout_id: object) -> bool:
        """Whether there is one."""
        return payout_id in self._hand or payout_id in self.at_hand((str(payout_id),))

    def __setitem__(self, payout_id: str, payout: Payout) -> None:
        """The payout stands like this now."""
        hand = self._hand
        if payout_id not in hand:
            self._lift(payout_id)
            self._make_room()
        hand[payout_id] = payout

    def __delitem__(self, payout_id: str) -> None:
        """It leaves memory. Raises KeyError."""
        if self._hand.pop(payout_id, None) is None and self._lift(payout_id) is None:
            raise KeyError(payout_id)

    def __len__(self) -> int:
        """How many there are."""
        return len(self._hand) + len(self._singles) + sum(rows.count for rows in self._batches.values())

    def __iter__(self) -> Iterator[str]:
        """Their ids: rows by batch and number, then those of no batch, then those at hand."""
        rows = [payout_id for rows in self._batches.values() for payout_id in rows.ids()]
        return iter([*rows, *self._singles, *self._hand])

    def values(self) -> ValuesView[Payout]:
        """The payouts, in the order of their ids."""
        return _Values(self)

    def items(self) -> ItemsView[str, Payout]:
        """Ids and payouts."""
        return _Items(self)

    # ----------------------------------------------------------------- packing

    def _take(self, payout_id: str) -> Payout | None:
        """Unpack a payout that is to be at hand; None if none is packed under this id."""
        prefix = row_prefix(payout_id)
        rows = self._batches.get(prefix)
        if rows is not None and (payout := rows.take(row_number(payout_id), payout_id)) is not None:
            self._tidy(prefix, rows)
            return payout
        cell = self._singles.pop(payout_id, None) if self._singles else None
        return unpack(cell, payout_id, "", None, None) if cell is not None else None

    def _lift(self, payout_id: str) -> bytes | None:
        """Take out the cell of a payout that is to be gone; None if none is packed under this id."""
        prefix = row_prefix(payout_id)
        rows = self._batches.get(prefix)
        if rows is not None and (cell := rows.lift(row_number(payout_id))) is not None:
            self._tidy(prefix, rows)
            return cell
        return self._singles.pop(payout_id, None)

    def _state(self, payout_id: str) -> PayoutStatus | None:
        """The state of a packed payout; None if none is packed under this id."""
        rows = self._batches.get(row_prefix(payout_id))
        cell = rows.cell(row_number(payout_id)) if rows is not None else None
        cell = cell if cell is not None else self._singles.get(payout_id)
        return state_of(cell) if cell is not None else None

    def _tidy(self, prefix: str, rows: PackedRows) -> None:
        if not rows.count:
            del self._batches[prefix]

    def _make_room(self) -> None:
        if len(self._hand) > HAND_MAX:
            for payout in list(islice(self._hand.values(), PUT_AWAY)):
                if self._put_away(payout):
                    del self._hand[payout.id]

    def _put_away(self, payout: Payout) -> bool:
        """Pack one; a row whose id does not follow from its batch, which the law never makes, stays at hand."""
        if payout.batch_id is None:
            self._singles[payout.id] = pack(payout)
            return True
        row = row_number(payout.id)
        follows = row == payout.row and row_prefix(payout.id) == row_prefix(payout.batch_id)
        rows = self._rows_of(payout.batch_id, payout.merchant_id) if follows else None
        if rows is not None:
            rows.put_away(payout, row)
        return rows is not None

    def _rows_of(self, batch_id: str, merchant_id: str) -> PackedRows | None:
        """Where the rows of a batch are packed; None if another batch has the ids that its rows would have."""
        rows = self._batches.get(row_prefix(batch_id))
        if rows is None:
            rows = self._batches[row_prefix(batch_id)] = PackedRows(batch_id, merchant_id)
        return rows if (rows.batch_id, rows.merchant_id) == (batch_id, merchant_id) else None


class _Values(ValuesView[Payout]):
    _mapping: OpenPayouts

    def __iter__(self) -> Iterator[Payout]:
        return self._mapping.in_state()


class _Items(ItemsView[str, Payout]):
    _mapping: OpenPayouts

    def __iter__(self) -> Iterator[tuple[str, Payout]]:
        return ((payout.id, payout) for payout in self._mapping.in_state())
