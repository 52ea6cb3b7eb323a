"""Rows that stand in the views as they were accepted go into the book in runs, and come out of it as one by one."""

import re
from random import Random
from typing import Any

import orjson
import pytest
from msgspec import structs

from domain.payout.open_payouts import OpenPayouts
from domain.payout.state import Payout
from schemas.forms import PayoutForm
from schemas.ids import row_payout_id
from schemas.words import PayoutStatus, Reason
from services.processor import rows
from services.processor.accepted_rows import Columns, lay
from tests.support.given import form

BATCH, NEXT = "019b0000-000b-7000-8000-000000000000", "019b0000-000c-7000-8000-0000ffffffff"
TWIN = "019b0000-000b-7000-8000-000000000001"
"""Its rows would have the ids of BATCH's."""
SAID_BY_THE_RUN = {"id", "merchant_id", "batch_id", "row", "created_at", "updated_at", *PayoutForm.__struct_fields__}


def row(number: int, batch_id: str = BATCH, at: int = 5, **more: Any) -> Payout:
    given = form(number, reference=f"ref-{number}")
    said = {name: getattr(given, name) for name in PayoutForm.__struct_fields__}
    own = {"id": row_payout_id(batch_id, number), "batch_id": batch_id, "row": number, "merchant_id": "acme"}
    return Payout(**{**said, **own, "created_at": at, "updated_at": at, **more})


def columns(payout: Payout) -> Columns:
    """As Postgres answers."""
    fields = structs.asdict(payout)
    fields["recipient"] = orjson.dumps(payout.recipient).decode() if payout.recipient is not None else None
    fields["status"], fields["reason"] = str(payout.status), payout.reason and str(payout.reason)
    return tuple(fields.values())


def loaded(payouts: list[Payout], page: int) -> tuple[OpenPayouts, int]:
    """The book's payouts, and how many of them were none of a run."""
    book, singly, ordered = OpenPayouts(), 0, [columns(payout) for payout in sorted(payouts, key=lambda one: one.id)]
    for first in range(0, len(ordered), page):
        for left in lay(book, ordered[first : first + page]):
            payout = rows.payout_of(dict(zip(rows.PAYOUT_NAMES, left, strict=True)))
            book[payout.id], singly = payout, singly + 1
    return book, singly


def test_the_columns_that_are_read_are_a_payouts_fields_in_their_order() -> None:
    names = [re.sub("::text$", "", name.strip()) for name in rows.PAYOUT_COLUMNS.split(",")]
    assert tuple(names) == rows.PAYOUT_NAMES
    assert [name.replace("row_number", "row") for name in names] == list(Payout.__struct_fields__)


@pytest.mark.parametrize("page", [1, 7, 1000])
def test_accepted_rows_need_no_look_at_each(page: int) -> None:
    given = [row(number) for number in range(1, 40)] + [row(number, NEXT, 6) for number in (3, 4, 9)]
    book, singly = loaded(given, page)
    assert (dict(book), singly) == ({one.id: one for one in given}, 0)


@pytest.mark.parametrize("name", sorted(set(Payout.__struct_fields__) - SAID_BY_THE_RUN))
def test_a_row_that_holds_anything_else_is_looked_at(name: str) -> None:
    other = {"status": PayoutStatus.PROCESSING, "reason": Reason.RETRY}
    kind = next(field.type for field in structs.fields(Payout) if field.name == name)
    moved = row(2, **{name: other.get(name, 8 if "int" in str(kind) else "other")})
    book, singly = loaded([row(1), moved, row(3)], 1000)
    assert (book[moved.id], singly, len(book)) == (moved, 1, 3)


def test_a_row_that_was_changed_later_or_has_an_id_of_its_own_is_looked_at() -> None:
    odd = [
        row(2, updated_at=9),
        row(3, id="019b0000-000d-7000-8000-000000000003"),
        structs.replace(row(4), batch_id=None, row=None),
        structs.replace(row(5), row=None),
    ]
    book, singly = loaded([row(1), *odd], 1000)
    assert (dict(book), singly) == ({one.id: one for one in [row(1), *odd]}, 4)


def test_of_two_batches_whose_rows_would_share_ids_both_are_there() -> None:
    given = [row(1), row(2), row(3, TWIN), row(4, TWIN, merchant_id="other")]
    assert dict(loaded(given, 1000)[0]) == {one.id: one for one in given}


@pytest.mark.parametrize("seed", range(30))
def test_any_mixture_comes_out_as_it_stands(seed: int) -> None:
    chance = Random(seed)
    moved: list[dict[str, Any]] = [{}, {}, {"version": 2}, {"status": PayoutStatus.PROCESSING, "due_at": 7}]
    moved += [{"at": 6}, {"reference": None}, {"recipient": None, "bank_account_id": "019b"}, {"description": "d"}]
    given = [row(number, batch, **chance.choice(moved)) for batch in (BATCH, NEXT) for number in range(1, 60)]
    given = [one for one in given if chance.random() < 0.9]
    assert dict(loaded(given, chance.choice([1, 5, 64, 1000]))[0]) == {one.id: one for one in given}
