"""Payouts that wait lie packed: nobody can tell, save by the memory they take."""

import tracemalloc
from itertools import cycle
from random import Random
from typing import Any

import pytest
from msgspec import structs

from domain.payout import open_payouts
from domain.payout.open_payouts import OpenPayouts
from domain.payout.packed import is_in, pack, pack_row, state_of, unpack
from domain.payout.state import Payout
from schemas.forms import PayoutForm
from schemas.ids import row_payout_id
from schemas.words import PayoutStatus, Reason
from tests.support.given import form

BATCH, OTHER = "019b0000-000b-7000-8000-000000000000", "019b0000-000b-7000-8000-0000ffffffff"
ELSEWHERE = "019b0000-000c-7000-8000-00000000abcd"
S = PayoutStatus


def row(number: int, batch_id: str = BATCH, at: int = 5, **more: Any) -> Payout:
    """A row as the book has it after its acceptance."""
    given = form(number, reference=f"ref-{number}")
    fields = {name: getattr(given, name) for name in PayoutForm.__struct_fields__}
    identity = {"id": row_payout_id(batch_id, number), "batch_id": batch_id, "row": number, "merchant_id": "acme"}
    return Payout(**{**fields, **identity, "created_at": at, "updated_at": at, **more})


def single(number: int, **more: Any) -> Payout:
    payout_id = f"019b0000-0000-7000-8000-{number:012x}"
    given = {"merchant_id": "acme", "amount_minor": 7, "currency": "USD", "created_at": 1, "updated_at": 2, **more}
    return Payout(id=payout_id, **given)


def some_value(name: str, kind: object) -> Any:
    """A value that a field does not have by default."""
    given = {"status": S.PROCESSING, "reason": Reason.RETRY, "recipient": {"type": "mobile_money", "msisdn": "+256é"}}
    number = sum(name.encode()) * 10_000_000
    return given.get(name, number if "int" in str(kind) else f"{name}…")


@pytest.mark.parametrize("status", list(S))
def test_whatever_a_payout_holds_comes_out_of_its_packing(status: PayoutStatus) -> None:
    payout = Payout(
        **{field.name: some_value(field.name, field.type) for field in structs.fields(Payout)} | {"status": status}
    )
    assert all(getattr(payout, field.name) != field.default for field in structs.fields(Payout) if field.name != "status")
    cell = pack(payout)
    assert unpack(cell, "", "", None, None) == payout
    assert [one for one in S if is_in(cell, one)] == [status]
    assert type(unpack(cell, "", "", None, None).status) is PayoutStatus


@pytest.mark.parametrize(
    "given", [form(9), form(9, reference="r", description="d"), form(9, recipient=None, bank_account_id=OTHER)]
)
def test_a_row_comes_out_of_its_packing_as_it_was_accepted(given: PayoutForm) -> None:
    fields = {name: getattr(given, name) for name in PayoutForm.__struct_fields__}
    identity = {"id": row_payout_id(BATCH, 3), "batch_id": BATCH, "row": 3, "merchant_id": "acme"}
    cell = pack_row(given, 77)
    assert unpack(cell, row_payout_id(BATCH, 3), "acme", BATCH, 3) == Payout(
        **fields, **identity, created_at=77, updated_at=77
    )
    assert [one for one in S if is_in(cell, one)] == [S.PENDING]
    assert state_of(cell) is S.PENDING


def same(packed: OpenPayouts, plain: dict[str, Payout]) -> None:
    """Both tell the same, however they are asked."""
    assert len(packed) == len(plain)
    assert sorted(packed) == sorted(plain)
    assert {payout.id: payout for payout in packed.values()} == plain == dict(packed.items())
    assert packed == plain
    assert packed.batch_ids() == {payout.batch_id for payout in plain.values() if payout.batch_id}
    for status in S:
        assert {p.id for p in packed.in_state(status)} == {p.id for p in plain.values() if p.status is status}


@pytest.mark.parametrize("seed", range(30))
def test_nobody_can_tell_it_from_a_dictionary(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Any asking and changing in any order; how many are at hand changes from seed to seed."""
    rng = Random(seed)
    monkeypatch.setattr(open_payouts, "HAND_MAX", rng.choice((0, 1, 5, 50)))
    packed, plain = OpenPayouts(), dict[str, Payout]()
    known = [row(number, batch) for number in range(1, 9) for batch in (BATCH, ELSEWHERE)]
    known += [single(number) for number in range(6)] + [row(1, OTHER, id=row_payout_id(OTHER, 9))]
    added = dict.fromkeys((BATCH, ELSEWHERE), 0)
    for _ in range(120):
        one = rng.choice(known)
        match rng.randrange(9):
            case 0:
                changed = structs.replace(one, version=rng.randrange(1, 4), status=rng.choice(list(S)))
                packed[one.id] = plain[one.id] = changed
            case 1:
                assert packed.pop(one.id, None) == plain.pop(one.id, None)
            case 2:
                assert (packed.get(one.id), one.id in packed) == (plain.get(one.id), one.id in plain)
            case 3:
                ids = [payout.id for payout in rng.sample(known, 5)]
                hand = packed.at_hand(ids)
                assert [hand.get(i) for i in ids] == [plain.get(i) for i in ids]
            case 4:
                ids = [payout_id for payout_id in plain if rng.random() < 0.5]
                assert list(packed.each(ids)) == [plain[i] for i in ids]
            case 5:
                batch_id = rng.choice(list(added))
                forms, first = (
                    [form(n, reference=f"ref-{n}") for n in range(added[batch_id] + 1, added[batch_id] + 4)],
                    added[batch_id] + 1,
                )
                ids = packed.add_rows(batch_id, "acme", first, forms, 5)
                plain.update(zip(ids, [row(n, batch_id) for n in range(first, first + 3)], strict=True))
                added[batch_id] += 3
            case 6:
                same(packed, plain)
            case 7:
                with pytest.raises(KeyError):
                    packed["nobody"]
            case 8:
                ids, states = [payout.id for payout in rng.sample(known, 5)], set(rng.sample(list(S), 4))
                stayed = [i for i in ids if i in plain and plain[i].status in states]
                assert packed.drop([*ids, "nobody"], states) == stayed
                plain = {i: payout for i, payout in plain.items() if i in stayed or i not in ids}
    same(packed, plain)


@pytest.mark.parametrize(
    "digits", ["+0000001", "-0000001", "0_000001", " 0000001", "0000001 ", "0000000A", "x0000001", "٠0000001"]
)
def test_only_the_very_id_of_a_row_finds_it(digits: str) -> None:
    """An id that a client spells in its own way names nothing, as in a dictionary."""
    packed = OpenPayouts()
    packed.add_rows(BATCH, "acme", 1, [form(1)] * 12, 5)
    assert BATCH[:-8] + digits not in packed
    assert packed.get(BATCH[:-8] + digits) is None
    assert packed.get(digits) is None


def test_rows_of_a_batch_that_has_anothers_ids_are_not_taken_for_its() -> None:
    """Batch ids that share 96 bits cannot both have rows; the last ones stand, as before, and say whose they are."""
    packed = OpenPayouts()
    packed.add_rows(BATCH, "acme", 1, [form(1), form(2)], 5)
    packed.add_rows(OTHER, "other", 1, [form(3)], 6)
    packed.at_hand([single(number).id for number in range(9)])
    assert [(payout.batch_id, payout.merchant_id, payout.amount_minor) for payout in packed.each(packed)] == [
        (BATCH, "acme", 2), (OTHER, "other", 3)
    ]  # fmt: skip


def test_what_is_asked_for_while_all_are_gone_through_is_neither_lost_nor_told_twice() -> None:
    packed = OpenPayouts()
    ids = packed.add_rows(BATCH, "acme", 1, [form(number) for number in range(1, 10)], 5)
    seen = []
    for payout, asked in zip(packed.values(), cycle(reversed(ids)), strict=False):
        seen.append((payout.id, packed[asked].amount_minor > 0))
    assert [payout_id for payout_id, _ in seen] == ids


def test_a_row_that_waits_takes_a_tenth_of_a_kilobyte_and_gives_it_back() -> None:
    """20,000 rows with payee, name and reference; measured, with the list they stand in: below 200 bytes, where 900 were."""
    packed, rows, chunk = OpenPayouts(), 20_000, 500
    payee = {"type": "mobile_money", "msisdn": "+256770000001", "name": "Payee number 1"}
    forms = [
        PayoutForm(amount_minor=1000, currency="UGX", recipient=payee, reference=f"bench-{n:07d}") for n in range(chunk)
    ]
    tracemalloc.start()
    try:
        for first in range(1, rows + 1, chunk):
            packed.add_rows(BATCH, "acme", first, forms, 1_790_000_000_000)
        assert tracemalloc.get_traced_memory()[0] < 200 * rows
        for number in range(1, rows + 1):
            del packed[row_payout_id(BATCH, number)]
        assert tracemalloc.get_traced_memory()[0] < 50_000
    finally:
        tracemalloc.stop()


def test_the_rows_in_one_state_are_found_and_the_others_stay_packed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who looks for the few rows of a big batch that are still pending pays for those, not for all."""
    monkeypatch.setattr(open_payouts, "HAND_MAX", 40)
    monkeypatch.setattr(open_payouts, "PUT_AWAY", 10)
    states = dict(zip(range(1, 1201), cycle([S.COMPLETED] * 30 + [S.PENDING, S.PROCESSING]), strict=False))
    payouts = OpenPayouts()
    for number, status in states.items():
        payouts[row_payout_id(BATCH, number)] = row(number, status=status)
    del payouts[row_payout_id(BATCH, 63)]
    payouts[row_payout_id(ELSEWHERE, 5)] = row(5, ELSEWHERE)
    seen: list[str] = []
    monkeypatch.setattr(open_payouts.PackedRows, "take", _noted(open_payouts.PackedRows.take, seen))
    pending = [found.row for found in payouts.rows(BATCH, 2, 1200, S.PENDING)]
    assert pending == [number for number, status in states.items() if status is S.PENDING and number != 63]
    assert len(seen) < 100
    assert len(list(payouts.rows(BATCH, 1, 1200))) == 1199


def _noted(take: Any, seen: list[str]) -> Any:
    def noted(rows: Any, number: int, payout_id: str) -> Any:
        seen.append(payout_id)
        return take(rows, number, payout_id)

    return noted
