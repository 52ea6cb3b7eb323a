"""The fields that a change names: all of its members that are not UNSET, without the id of what it is about.

Must not know what may be changed.
"""

from typing import Any

from msgspec import UNSET, structs

from schemas.commands import ChangeBankAccount, ChangeMerchant


def given(body: ChangeMerchant | ChangeBankAccount) -> dict[str, Any]:
    """Name to value."""
    return {name: value for name, value in structs.asdict(body).items() if value is not UNSET and name != "bank_account_id"}
