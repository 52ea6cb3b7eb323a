"""What is wrong with a pain.001 by its grammar, and by what it says of itself (BAT-06, BAT-07).

Owns the faults of one message and their places. Must not know parsing, or which element becomes which field.
"""

from decimal import Decimal
from typing import Any

from domain.intake.faults import Fault, shown
from services.ingest.files.pain001_grammar import Order, form_fault, slots_at

SHAPES_MAX = 1000
"""Of elements whose children stand as they may: most transfers of a message are of few shapes."""


class MessageChecks:
    """Collects faults; whoever reads the message takes them out of `faults`."""

    def __init__(self) -> None:
        """Of no version yet; `learn` says which."""
        self.faults: list[Fault] = []
        self._version = ""
        self._prefix = ""
        self._good: set[tuple[str, ...]] = set()

    def learn(self, version: str, prefix: str) -> None:
        """The version of the message, and what its elements' names begin with."""
        self._version, self._prefix = version, prefix

    def compare(self, place: str, count: str, counted: int, control_sum: str, total: Decimal) -> None:
        """What the message says of the number and sum of its transfers against what there is."""
        if count.isascii() and count.isdigit() and int(count[:16]) != counted:
            self.fault(f"{place}/NbOfTxs", "declaration_mismatch", f"says {count[:16]} transfers; there are {counted}", None)
        if control_sum and form_fault("CtrlSum", control_sum) is None and Decimal(control_sum) != total:
            self.fault(
                f"{place}/CtrlSum", "declaration_mismatch", f"says {control_sum}; the amounts add up to {total}", None
            )

    def check(self, element: Any, path: str, row: int | None, *, ended: bool = True) -> None:
        """The element and what stands in it, as far as the grammar goes."""
        slots = slots_at(self._version, path)
        if slots is None:
            self._check_text(element, path.rsplit("/", 1)[-1], path, row)
            return
        shape = (path, *[child.tag for child in element])
        if shape in self._good:
            self._check_children(element, path, row)
            return
        order, prefix = Order(slots), self._prefix
        for child in element:
            child_name = child.tag.removeprefix(prefix)
            wrong = order.take(child_name) if child_name is not child.tag else f"{shown(child_name)} is foreign"
            if wrong is not None:
                self.fault(path, "schema_invalid", f"is not by the schema: {wrong}", row)
                return
            if child_name != "CdtTrfTxInf":
                self.check(child, f"{path}/{child_name}", row)
        if ended and (missing := order.end()) is not None:
            self.fault(path, "schema_invalid", f"is not by the schema: {missing}", row)
        elif ended and len(self._good) < SHAPES_MAX:
            self._good.add(shape)

    def _check_children(self, element: Any, path: str, row: int | None) -> None:
        """Those of an element whose children are the same, in the same order, as of one that was good."""
        for child in element:
            name = child.tag.removeprefix(self._prefix)
            if name != "CdtTrfTxInf":
                self.check(child, f"{path}/{name}", row)

    def _check_text(self, element: Any, name: str, path: str, row: int | None) -> None:
        wrong = form_fault(name, element.text or "")
        if wrong is not None:
            self.fault(path, "schema_invalid", wrong, row)

    def fault(self, path: str, code: str, detail: str, row: int | None) -> None:
        """Note a fault at a path below CstmrCdtTrfInitn, or below the transfer of a row."""
        pointer = f"/rows/{row - 1}/{path}" if row is not None else f"/Document/CstmrCdtTrfInitn/{path}"
        self.faults.append(Fault(pointer=pointer, code=code, detail=detail, row=row, column=path))
