"""A file that cannot be read on.

Owns the exception that every kind of file raises. Must not know the kinds.
"""

from domain.intake.faults import Fault


class FileFaultError(Exception):
    """The file cannot be read on; `fault` says from where on and why."""

    def __init__(self, fault: Fault) -> None:
        """Keeps the fault."""
        super().__init__(fault.detail)
        self.fault = fault


def unreadable(detail: str, row: int | None = None) -> FileFaultError:
    """The fault of a file as a whole, or from one row on."""
    if row is None:
        return FileFaultError(Fault(pointer="/file", code="unreadable_file", detail=detail))
    return FileFaultError(Fault(pointer=f"/rows/{max(row - 1, 0)}", code="unreadable_row", detail=detail, row=row))
