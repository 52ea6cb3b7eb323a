"""Whatever can be decoded is decided: an exception in a decision would halt a partition, so there is none (DESIGN section 1).

Commands are made from their own type hints, with names that exist beside names that do not, and numbers from everywhere. Scene checks
after each record that money, totals, holds and moves are right.
"""

import enum
import types
from typing import Any, get_args, get_origin, get_type_hints

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import UNSET, UnsetType

from schemas import commands
from schemas.codec import CodecError, decode_command, encode
from schemas.commands import Command, CommandRecord
from schemas.ids import row_payout_id
from schemas.words import OnInsufficientFunds, Outcome
from tests.support.given import Scene, answers, form, said, start

NAMES: list[str] = ["acme", "zebra", "USD", "EUR", "XXX", "bank", "used", "k", "10.00", "1.234", "", "x", "\0", "é" * 300]
NUMBERS = [-(2**70), -1, 0, 1, 2, 3, 4, 100, 1_000, 10**9, 2**62, 2**63, 2**70, 10**300]


def prepared() -> Scene:
    """Two merchants, an account, payouts in every state, batches in every phase."""
    scene = Scene().merchant(USD=10_000, EUR=10_000).merchant("zebra", USD=10_000)
    scene.account()
    scene.verifying()
    scene.verifying(paid=1)
    scene.given(commands.CloseBankAccount(bank_account_id=scene.account()))
    scene.pending(reference="used")
    scene.pending(99_000, on_insufficient_funds=OnInsufficientFunds.WAIT)
    scene.given(scene.request(99_000))
    for outcome, retryable in (
        (Outcome.PAID, False),
        (Outcome.FAILED, True),
        (Outcome.FAILED, False),
        (Outcome.UNKNOWN, False),
    ):
        scene.given(answers(said(scene.processing(10), outcome, retryable=retryable)))
    scene.given(commands.CancelPayout(payout_id=scene.pending()))
    batch_id, rows = scene.released(form(10), form(20))
    scene.given(start(rows[0], batch_id=batch_id))
    scene.batch(form(5, reference="row"))
    scene.batch(key="k", submit=True)
    scene.given(commands.CancelBatch(batch_id=scene.batch(form(1))))
    return scene


def ids(scene: Scene) -> list[str]:
    book = scene.book
    fresh = [scene.mint() for _ in range(3)]
    rows = [row_payout_id(batch_id, 3) for batch_id in book.batches]
    known = [account.verification.id for account in book.bank_accounts.values() if account.verification is not None]
    return [*book.payouts, *book.batches, *book.bank_accounts, *known, *rows, *fresh]


def values(hint: Any, names: list[str]) -> st.SearchStrategy[Any]:
    """Values of a type hint of a command's field."""
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return st.sampled_from(list(hint))
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return structs(hint, names)
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is list:
        return st.lists(values(arguments[0], names), max_size=4)
    if origin is dict:
        return st.dictionaries(*(values(argument, names) for argument in arguments), max_size=2)
    if origin in {types.UnionType, __import__("typing").Union}:
        return st.one_of(*(values(argument, names) for argument in arguments))
    plain: dict[Any, st.SearchStrategy[Any]] = {
        str: st.sampled_from(names),
        int: st.sampled_from(NUMBERS),
        bool: st.booleans(),
        type(None): st.none(),
        UnsetType: st.just(UNSET),
    }
    return plain[hint]


def structs(kind: type[Any], names: list[str]) -> st.SearchStrategy[Any]:
    return st.builds(kind, **{name: values(hint, names) for name, hint in get_type_hints(kind).items()})


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.data())
def test_no_decodable_command_brings_the_law_to_its_knees(data: st.DataObject) -> None:
    scene = prepared()
    for _ in range(data.draw(st.integers(1, 12))):
        names = NAMES + ids(scene) * 2
        body = data.draw(structs(data.draw(st.sampled_from(get_args(Command))), names))
        record = CommandRecord(id="c", merchant_id="acme", at=0, body=body)
        try:
            decode_command(encode(record))
        except (CodecError, OverflowError):  # a number that JSON cannot carry is no command either
            continue
        merchant = data.draw(st.sampled_from(["acme", "acme", "zebra", "ghost"]))
        scene.now += data.draw(st.sampled_from([0, 1, 10_000, 40_000, 4_000_000]))
        scene.when(
            body, merchant, key=data.draw(st.sampled_from([None, "k", "used"])), content=data.draw(st.sampled_from("ab"))
        )


@pytest.mark.parametrize("kind", get_args(Command))
def test_every_kind_of_command_has_a_rule(kind: type[Any]) -> None:
    """A command without a rule would be a KeyError at night."""
    from domain.decide import RULES

    assert kind in RULES
