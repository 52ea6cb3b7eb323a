"""The packed rows of one batch, by row number.

Owns what they share: their batch and merchant, and that a row's id follows from its number. Must not know the rows that are at hand.
"""

from collections.abc import Iterator, Sequence

from domain.payout.packed import pack, pack_row, unpack
from domain.payout.state import Payout
from schemas.ids import row_payout_id


class PackedRows:
    """`cells` are the rows from 1 on, None for one that is not packed here; `count` are those that are."""

    __slots__ = ("batch_id", "cells", "count", "merchant_id")

    def __init__(self, batch_id: str, merchant_id: str) -> None:
        """No row yet."""
        self.batch_id, self.merchant_id = batch_id, merchant_id
        self.cells: list[bytes | None] = []
        self.count = 0

    def put(self, first_row: int, cells: Sequence[bytes]) -> None:
        """Lay down rows `first_row`..."""
        if first_row == len(self.cells) + 1:
            self.cells.extend(cells)
            self.count += len(cells)
        else:
            for row, cell in enumerate(cells, first_row):
                self._lay(row, cell)

    def put_away(self, payout: Payout, row: int) -> None:
        """Pack a row that was at hand; in the short form if it would come out of that the same."""
        if payout.version == 1 and self.unpacked(row, short := pack_row(payout, payout.created_at)) == payout:
            self._lay(row, short)
        else:
            self._lay(row, pack(payout))

    def take(self, row: int, payout_id: str) -> Payout | None:
        """Unpack a row, which is here no more; None if it is not here. `payout_id` is its id."""
        cell = self.lift(row)
        return unpack(cell, payout_id, self.merchant_id, self.batch_id, row) if cell is not None else None

    def cell(self, row: int) -> bytes | None:
        """A row as it lies here; None if it does not."""
        return self.cells[row - 1] if 0 < row <= len(self.cells) else None

    def lift(self, row: int) -> bytes | None:
        """Take out the cell of a row; None if it is not here."""
        if not 0 < row <= len(self.cells) or (cell := self.cells[row - 1]) is None:
            return None
        self.cells[row - 1] = None
        self.count -= 1
        return cell

    def unpacked(self, row: int, cell: bytes) -> Payout:
        """The payout of a cell of this batch."""
        return unpack(cell, row_payout_id(self.batch_id, row), self.merchant_id, self.batch_id, row)

    def ids(self) -> Iterator[str]:
        """The ids of the rows that are here, in order."""
        return (row_payout_id(self.batch_id, row) for row, cell in enumerate(self.cells, 1) if cell is not None)

    def _lay(self, row: int, cell: bytes) -> None:
        if row > len(self.cells):
            self.cells.extend([None] * (row - len(self.cells)))
        self.count += self.cells[row - 1] is None
        self.cells[row - 1] = cell
