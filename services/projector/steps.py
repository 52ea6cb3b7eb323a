"""What a transaction does to `payouts`, in order.

Most changes are folded per payout (`PayoutRows`). Four kinds need what only the row itself knows (its reason, its due time, which
rows there are), so they are told as one guarded statement each, and what was folded before them is written before them. Owns these
values and their order; must not know SQL.
"""

from collections.abc import Iterator

from msgspec import Struct

from schemas.events import RowRun
from services.projector.copy_text import text_field
from services.projector.moves import Move, fold


class Cause(Struct, frozen=True, kw_only=True):
    """The event record that a change came with, as `payout_changes` names it. `at` in ms UTC."""

    partition: int
    offset: int
    merchant_id: str
    at: int
    actor: str
    command_id: str


class NewPayout(Struct, frozen=True, gc=False):
    """A payout that is born: its fixed columns as COPY text, and its state."""

    head: str
    state: Move


class PayoutRows:
    """Folded changes: payouts that are born, and moves of payouts that were there before. At most one of both per payout.

    `references` are the latest provider's references of either. Rows of one event share a state, also folded, and what is made of it.
    """

    __slots__ = ("_folded", "born", "moves", "references")

    def __init__(self) -> None:
        """Nothing yet."""
        self.born: dict[str, NewPayout] = {}
        self.moves: dict[str, Move] = {}
        self.references: dict[str, str] = {}
        self._folded: tuple[Move, Move, Move] | None = None

    def add(self, payout_id: str, payout: NewPayout) -> None:
        """A payout is born."""
        self.born[payout_id] = payout

    def move(self, payout_id: str, move: Move, reference: str | None = None) -> None:
        """A payout changes; no reference means: as before. Raises DriftError if its versions do not follow each other."""
        if reference:
            self.references[payout_id] = reference
        new = self.born.get(payout_id)
        if new is not None:
            self.born[payout_id] = NewPayout(new.head, self._fold(new.state, move))
            return
        earlier = self.moves.get(payout_id)
        self.moves[payout_id] = move if earlier is None else self._fold(earlier, move)

    def _fold(self, earlier: Move, later: Move) -> Move:
        known = self._folded
        if known is None or known[0] is not earlier or known[1] is not later:
            known = self._folded = (earlier, later, fold(earlier, later))
        return known[2]

    def born_lines(self) -> Iterator[str]:
        """Payouts that are born, as COPY lines."""
        states = _StateText()
        for payout_id, new in self.born.items():
            yield f"{new.head}\t{states.of(new.state)}\t{text_field(self.references.get(payout_id))}\n"

    def move_lines(self) -> Iterator[str]:
        """Moves as COPY lines."""
        states = _StateText()
        for payout_id, move in self.moves.items():
            reference = text_field(self.references.get(payout_id))
            yield f"{payout_id}\t{move.expects}\t{states.of(move)}\t{reference}\n"

    def __bool__(self) -> bool:
        return bool(self.born or self.moves)


class _StateText:
    """The COPY text of states; rows of one event share theirs."""

    def __init__(self) -> None:
        self._last: Move | None = None
        self._text = ""

    def of(self, state: Move) -> str:
        if state is not self._last:
            self._last, self._text = state, state.fields()
        return self._text


class Edit(Struct, frozen=True, kw_only=True):
    """A pending payout has a new form and `version`; its reason and due time stay, and the change's row names them."""

    cause: Cause
    idx: int
    payout_id: str
    version: int
    amount_minor: int
    currency: str
    recipient: str | None
    bank_account_id: str | None
    description: str | None


class Funded(Struct, frozen=True):
    """One payout got its hold. The names are those of the statement's columns."""

    idx: int
    payout_id: str
    version: int
    reason: str | None


class Fund(Struct, frozen=True, kw_only=True):
    """Payouts that waited for funds wait no more; the due time stays only where they now wait for it."""

    cause: Cause
    payouts: list[Funded]


class RowReason(Struct, frozen=True, kw_only=True):
    """The pending rows of a run whose reason is `before` have the reason `after`, each at its next version.

    The first of them has change `first_idx`, the others follow in order.
    """

    cause: Cause
    first_idx: int
    run: RowRun
    before: str | None
    after: str | None


class CancelRows(Struct, frozen=True, kw_only=True):
    """The rows of a batch that are pending, `row_count` of them, are canceled; the first has change `first_idx`, the others follow."""

    cause: Cause
    first_idx: int
    batch_id: str
    row_count: int
    code: str | None
    detail: str | None


Step = PayoutRows | Edit | Fund | RowReason | CancelRows
