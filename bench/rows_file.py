"""The file that everybody is given: mobile-money rows as CSV.

Owns what a row looks like. Standard library only: the baseline reads it in its own environment.
"""

import csv
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple, TextIO

HEADER = "msisdn,amount,currency,reference,name"
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")


class Row(NamedTuple):
    """One valid row."""

    number: int
    msisdn: str
    amount_minor: int
    currency: str
    reference: str
    name: str


def payee(row: int) -> str:
    """The wallet of a row: no magic payee of the simulator."""
    return f"+25677{row:07d}"


def text(rows: int, tag: str, first: int = 0, payees: Callable[[int], str] = payee) -> bytes:
    """A file of `rows` rows whose references start with `tag`."""
    lines = [HEADER]
    lines += [f"{payees(row)},{1000 + row % 500},UGX,{tag}-{row},Payee {row}" for row in range(first, first + rows)]
    return "\n".join(lines).encode()


def read(file: TextIO) -> Iterator[Row]:
    """The rows, validated. Raises ValueError for a bad one."""
    cells = csv.reader(file, strict=True)
    next(cells)
    for number, (msisdn, amount, currency, reference, name) in enumerate(cells, start=1):
        amount_minor = int(amount)
        if not _E164.fullmatch(msisdn) or amount_minor <= 0 or currency != "UGX" or not reference or not name:
            raise ValueError(f"row {number} is not valid")
        yield Row(number, msisdn, amount_minor, currency, reference, name)


def chunks(file: TextIO, size: int) -> Iterator[list[Row]]:
    """The rows in lists of `size`; the last one may be shorter."""
    chunk: list[Row] = []
    for row in read(file):
        chunk.append(row)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
