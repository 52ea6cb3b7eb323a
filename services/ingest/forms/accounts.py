"""A saved bank account: kept, changed, verified by two deposits. Owns these forms."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from services.ingest.forms.amounts import NAMED_AMOUNT
from services.ingest.forms.fields import ACCOUNT_NUMBER, CURRENCY_CODE, IFSC, LINE, NAME, SOMETHING, Time, form


class Verification(BaseModel):
    """The newest verification of an account; the amounts of its deposits are shown nowhere."""

    status: Literal["sending", "waiting", "verified", "failed"] = Field(
        description="`waiting`: both deposits are paid, name their amounts."
    )
    currency: str
    tries_left: int = Field(ge=0, le=3)
    started_at: Time


class SavedAccount(BaseModel):
    """A saved bank account; its number is masked. A closed one takes no new payouts."""

    id: str
    holder: str
    account_number: str
    ifsc: str | None = None
    bank_name: str | None = None
    type: str
    verified: bool
    primary: bool
    closed_at: Time | None = None
    verification: Verification | None = None


def _current() -> Literal["current"]:
    """Stands for a member that is left out; nobody sees it."""
    return "current"


class BankAccountRequest(BaseModel):
    """A payee's bank account to save."""

    model_config = form(one={"holder": "Ramesh Exports", "account_number": "50100012345678", "ifsc": "HDFC0001234"})

    id: str | None = Field(
        None, description="A UUID of your own; made here if left out.", json_schema_extra={"format": "uuid"}
    )
    holder: str = Field(**NAME)
    account_number: str = Field(pattern=ACCOUNT_NUMBER)
    ifsc: str | None = Field(None, pattern=IFSC)
    bank_name: str | None = LINE
    account_type: Literal["current", "savings"] = "current"
    verified: bool = Field(default=False, description="Only an administrator vouches for an account; verify it by deposits.")
    primary: bool = Field(default=False, description="It takes the place of the primary account before it.")


class BankAccountChange(BaseModel):
    """What changes of a saved account; holder, account number and IFSC never do."""

    model_config = form(SOMETHING, primary={"primary": True}, bank={"bank_name": "HDFC Bank", "account_type": "savings"})

    bank_name: str | None = LINE
    account_type: Literal["current", "savings"] = Field(default_factory=_current)
    primary: bool = Field(default_factory=bool)
    verified: bool = Field(
        default_factory=bool, description="Only an administrator vouches for an account, or takes that back."
    )


class VerificationStart(BaseModel):
    """In which currency the deposits are sent; the merchant's main one if left out."""

    model_config = form(one={"currency": "INR"})

    currency: str | None = Field(None, pattern=CURRENCY_CODE)


class DepositAmounts(BaseModel):
    """The two amounts that came in, in any order."""

    model_config = form(one={"amounts": ["0.32", "0.45"]})

    amounts: list[Annotated[str, Field(pattern=NAMED_AMOUNT)]] = Field(min_length=2, max_length=2)
