"""Ways to bend what the log and the provider say of merchants that change and of saved accounts that are verified.

Owns these bends, the invariants that must see them, and what a right run may have besides.
"""

from typing import Any

from tests.unit.checker.bends.places import Bend, booked, command, event, said, table
from tests.unit.checker.bends.refusals import refused
from tests.unit.checker.story import ACCOUNT, P1, Files, form

STARTED, FIRST_PAID, SECOND_PAID, WRONG, VERIFIED, PRIMARY, CLOSED = range(7)
"""What happens to the account, in order."""
KIND = "bank_account_changed"
NEW = P1[:-1] + "a"


def changed(files: Files, number: int) -> dict[str, Any]:
    return event(files, KIND, number)


def never_sent(files: Files) -> None:
    """The provider has never heard of a deposit that is paid on the log."""
    files["books.jsonl"] = [row for row in files["books.jsonl"] if row not in [booked(files, 91), *said(files, 91)]]


def sent_too_early(files: Files) -> None:
    booked(files, 91)["received_at"] -= 60_000


def failed_there(files: Files) -> None:
    for row in (booked(files, 91), *said(files, 91)):
        row.update(status="failed", code="payee_unknown")


def one_reference_for_two(files: Files) -> None:
    changed(files, STARTED)["verification"]["deposits"][1]["reference"] = booked(files, 91)["reference"]


def verified_by_other_amounts(files: Files) -> None:
    command(files, "confirm_verification", 1)["amounts"] = ["7", "33"]


def verified_before_paid(files: Files) -> None:
    for number in (SECOND_PAID, WRONG):
        known = changed(files, number)["verification"]
        known["status"] = "sending"
        known["deposits"][1].pop("status", None)


def tries_not_counted(files: Files) -> None:
    changed(files, WRONG)["verification"].pop("tries")


def right_called_wrong(files: Files) -> None:
    command(files, "confirm_verification")["amounts"] = ["32", "7"]


BENDS: list[tuple[str, str, Bend]] = [
    ("I6", "a deposit that was never sent is paid", never_sent),
    ("I6", "a deposit is sent before it is on the log", sent_too_early),
    ("I6", "a deposit that failed is paid", failed_there),
    ("I6", "two deposits share a reference", one_reference_for_two),
    ("I6", "a deposit of another amount is sent", lambda f: booked(f, 92).update(amount="8")),
    ("I6", "a deposit goes to somebody else", lambda f: booked(f, 92).update(payee="50100012345679")),
    ("I6", "a deposit has another provider's reference", lambda f: booked(f, 92).update(provider_reference="ELSE")),
    ("I7", "a deposit is on no statement", never_sent),
    ("I8", "a view has a merchant active that is not", lambda f: table(f, "merchants")[0].update(active=False)),
    ("I8", "a view forgets that keys are wanted", lambda f: table(f, "merchants")[0].update(key_required=False)),
    ("I8", "a view has an account open that is closed", lambda f: table(f, "bank_accounts")[0].update(closed_at=None)),
    ("I8", "a view has another verification", lambda f: table(f, "bank_accounts")[0].update(verification="{}")),
    ("I13", "a merchant gets a name that nobody asked for", lambda f: event(f, "merchant_changed").update(name="Other")),
    ("I13", "a merchant is deactivated by itself", lambda f: event(f, "merchant_changed").update(active=False)),
    ("I13", "an account's payee changes", lambda f: changed(f, PRIMARY).update(account_number="50100099999999")),
    ("I13", "an account is verified by other amounts", verified_by_other_amounts),
    ("I13", "an account is verified before its deposits are paid", verified_before_paid),
    ("I13", "an account is verified by nobody", lambda f: changed(f, STARTED).update(verified=True)),
    ("I13", "a wrong try does not count", tries_not_counted),
    ("I13", "the right amounts are called wrong", right_called_wrong),
    ("I13", "a start of a good account is refused", refused("invalid_state_transition", {
        "type": "confirm_verification", "bank_account_id": ACCOUNT[:-1] + "9", "amounts": []
    })),
    ("I13", "a limit of tries that is none", refused(
        "limit_exceeded", {"type": "start_verification", "bank_account_id": ACCOUNT}, 422
    )),
    ("I13", "an account that is there is not found", refused(
        "not_found", {"type": "close_bank_account", "bank_account_id": ACCOUNT}, 404
    )),
    ("I13", "a merchant that is there is not found", refused("not_found", {"type": "change_merchant", "name": "x"}, 404)),
    ("I19", "a deposit costs the merchant", lambda f: changed(f, FIRST_PAID)["postings"][0].update(account="available")),
    ("I19", "a deposit is booked twice", lambda f: changed(f, VERIFIED).update(postings=changed(f, FIRST_PAID)["postings"])),
]  # fmt: skip
"""Invariant, what is bent, and how."""

HONEST = [
    refused("bank_account_unusable", {"type": "request_payout", "payout_id": NEW, "form": {
        "amount_minor": 1, "currency": "UGX", "bank_account_id": ACCOUNT
    }}, 400),
    refused("invalid_state_transition", {"type": "start_verification", "bank_account_id": ACCOUNT}),
    refused("idempotency_conflict", {"type": "close_bank_account", "bank_account_id": P1}),
    refused("not_found", {"type": "close_bank_account", "bank_account_id": P1}, 404),
    refused("idempotency_key_required", {"type": "request_payout", "payout_id": NEW, "form": form(1)}, 400),
]  # fmt: skip
"""What a right run may have besides."""
