"""Ways to bend the money: postings, holds, balances (I1 to I3, I19)."""

import copy

from tests.unit.checker.bends.places import Bend, append, drop, event, record, table
from tests.unit.checker.story import P2, Files, legs, paid, release


def hold_less(files: Files) -> None:
    """Money is moved that is not there: balances go below zero along the way, and come back."""
    big = record(files, "merchant_credited")
    for posting in big["value"]["events"][0]["postings"]:
        posting["amount_minor"] //= 10


def released_twice(files: Files) -> None:
    """P2's hold is released by its failure, and again by a cancel."""
    extra = copy.deepcopy(record(files, "payout_canceled"))
    extra["value"]["events"][0] |= {"payout_id": P2, "version": 4, "postings": release(700)}
    append(files, extra)


def paid_twice_on_log(files: Files) -> None:
    done = event(files, "payouts_completed")
    done["postings"] = paid(3000)


def credit_other(files: Files) -> None:
    event(files, "merchant_credited")["postings"] = legs("external", "available", 11_000, "payment_received")


BENDS: list[tuple[str, str, Bend]] = [
    ("I1", "a posting is one too large", lambda f: event(f, "payout_accepted")["postings"][0].update(amount_minor=-1499)),
    ("I1", "a leg is lost", lambda f: event(f, "payouts_completed")["postings"].pop()),
    ("I1", "an amount is a float", lambda f: event(f, "payouts_failed")["postings"][0].update(amount_minor=-700.0)),
    ("I1", "an entry of the rows differs", lambda f: table(f, "ledger_entries")[0].update(amount_minor=-1)),
    ("I2", "a balance is not its entries", lambda f: table(f, "balances")[1].update(balance_minor=7501)),
    ("I2", "an entry is missing from the rows", lambda f: table(f, "ledger_entries").pop()),
    ("I2", "an entry count is one too high", lambda f: table(f, "balances")[0].update(entry_count=99)),
    ("I2", "a version counts no change", lambda f: table(f, "payouts")[0].update(version=9)),
    ("I2", "an event is lost", lambda f: drop(f, "payouts_failed")),
    ("I3", "more is held than is there", hold_less),
    ("I3", "a hold is paid out twice", paid_twice_on_log),
    ("I19", "a hold is released twice", released_twice),
    ("I19", "a failure releases too little", lambda f: event(f, "payouts_failed").update(postings=release(699))),
    ("I19", "a failure releases nothing", lambda f: event(f, "payouts_failed").update(postings=[])),
    ("I19", "a hold is paid twice", paid_twice_on_log),
    ("I19", "a credit posts more than came", credit_other),
]
"""Invariant, what is bent, and how."""
