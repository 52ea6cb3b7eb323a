"""I13, merchants and saved accounts: what changes is what was asked.

An account is verified by its amounts alone, or by who vouches for it. Owns these comparisons. The deposits' way through the provider is
for I6.
"""

from typing import Any

from checker.fold.book import Book
from checker.fold.names import Json
from checker.money import minor

TRIES_MAX = 3
COMMANDS = {
    "details": ("change_bank_account", "add_bank_account"),
    "closed": ("close_bank_account",),
    "verification_started": ("start_verification",),
    "deposit_paid": ("record_deposit",),
    "deposit_failed": ("record_deposit",),
    "wrong_amounts": ("confirm_verification",),
    "verified": ("confirm_verification",),
}
"""What happened, to the commands it can come from; a new primary account makes the one before it change too."""
DETAILS = ("bank_name", "account_type", "primary", "verified")
PAYEE = ("holder", "account_number", "ifsc")
ABOUT_ACCOUNTS = frozenset({name for names in COMMANDS.values() for name in names} - {"add_bank_account", "record_deposit"})


def wrong_merchant(book: Book, merchant: str, event: Json, body: Json) -> str | None:
    """How a changed merchant differs from the one before and the command."""
    before = book.merchants.get(merchant)
    if before is None or body.get("type") != "change_merchant":
        return f"merchant_changed of {merchant} comes from {body.get('type')}"
    for name, default in (("name", None), ("main_currency", None), ("active", True), ("key_required", False)):
        wanted = body.get(name, before.get(name, default))
        if event.get(name, default) != wanted:
            return f"merchant_changed: {name} is {event.get(name, default)!r}, it should be {wanted!r}"
    return None


def wrong_account(book: Book, merchant: str, event: Json, body: Json) -> str | None:
    """How a changed account differs from what it was and the command."""
    change, before = str(event.get("change")), book.bank_accounts.get((merchant, event["bank_account_id"]))
    if before is None:
        return f"{change} of an account that is not there"
    if body.get("type") not in COMMANDS.get(change, ()):
        return f"bank_account_changed ({change}) comes from {body.get('type')}"
    if any(event.get(name) != before.get(name) for name in PAYEE):
        return "an account's payee has changed"
    if before.get("closed_at") is not None and not change.startswith("deposit_"):
        return f"{change} of a closed account"
    if event.get("verified", False) and not before.get("verified", False):
        return _wrong_verified(change, before, body)
    if change == "details" and body["type"] == "change_bank_account" and body["bank_account_id"] == event["bank_account_id"]:
        return _wrong_details(event, before, body)
    if change == "wrong_amounts":
        return _wrong_try(event, before, body)
    return None


def _wrong_details(event: Json, before: Json, body: Json) -> str | None:
    defaults = {"bank_name": None, "account_type": "current", "primary": False, "verified": False}
    for name in DETAILS:
        wanted = body.get(name, before.get(name, defaults[name]))
        if event.get(name, defaults[name]) != wanted:
            return f"an account's {name} is {event.get(name)!r}, it should be {wanted!r}"
    return None


def _wrong_verified(change: str, before: Json, body: Json) -> str | None:
    if change == "details":
        return None if body.get("verified") is True else "an account is verified, and nobody vouched for it"
    known = before.get("verification") or {}
    if known.get("status") != "waiting" or any(one.get("status") != "paid" for one in known.get("deposits") or ()):
        return "an account is verified, and its deposits are not paid"
    return None if _named(known, body) == _deposited(known) else "an account is verified by amounts that were not deposited"


def _wrong_try(event: Json, before: Json, body: Json) -> str | None:
    known, after = before.get("verification") or {}, event.get("verification") or {}
    if _named(known, body) == _deposited(known):
        return "the right amounts are taken for wrong ones"
    tries = known.get("tries", 0) + 1
    ended = after.get("status") == "failed"
    if after.get("tries", 0) != tries or ended is not (tries >= TRIES_MAX):
        return f"a wrong try is number {after.get('tries', 0)} ({after.get('status')}), it should be {tries}"
    return None


def _named(known: Json, body: Json) -> list[Any]:
    return sorted(minor(one, str(known.get("currency"))) or 0 for one in body.get("amounts") or ())


def _deposited(known: Json) -> list[Any]:
    return sorted(one["amount_minor"] for one in known.get("deposits") or ())


def refusal(book: Book, merchant: str, body: Json, code: str) -> str | None:
    """Why this code is not right for a command about an account; None if it is, or if the log alone cannot say."""
    account = book.bank_accounts.get((merchant, body.get("bank_account_id") or ""))
    if code == "not_found":
        return "the account is there" if account is not None else None
    if code not in {"limit_exceeded", "invalid_state_transition"}:
        return None
    if account is None:
        return "there is no such account"
    tries = (account.get("verification") or {}).get("tries", 0)
    if code == "limit_exceeded":
        return None if tries >= TRIES_MAX else f"{tries} wrong tries are no limit"
    if code == "invalid_state_transition":
        return _state(account, str(body.get("type")))
    return None


def _state(account: Json, kind: str) -> str | None:
    if account.get("closed_at") is not None:
        return None
    if kind == "start_verification":
        return None if account.get("verified", False) else "the account is neither verified nor closed"
    waits = (account.get("verification") or {}).get("status") == "waiting"
    return "the amounts were waited for" if kind == "confirm_verification" and waits else None


def payable(book: Book, merchant: str, account_id: str) -> bool:
    """Whether a payout may be asked for to this saved account."""
    account = book.bank_accounts.get((merchant, account_id))
    return account is not None and bool(account.get("verified", False)) and account.get("closed_at") is None
