"""What a decision may know: the merchants, payouts, batches and keys of one partition.

Owns the shape of that memory. The shell fills it (checkpoint, tail, look-ups) and drops what has ended; the law reads it and
`domain.evolve` changes it. Must not know where it comes from.
"""

from msgspec import Struct

from domain.payout.open_payouts import OpenPayouts
from schemas.accounts import Verification
from schemas.events import Answer
from schemas.forms import BatchDeclaration, RefusedRows
from schemas.words import BatchPhase, Funding, OnRowFailure


class Merchant(Struct, frozen=True, kw_only=True):
    """A merchant as the law needs it. `key_required`: it makes nothing without an idempotency key of its own (IDM-01)."""

    id: str
    name: str
    main_currency: str = "USD"
    active: bool = True
    key_required: bool = False


class BankAccount(Struct, frozen=True, kw_only=True):
    """A saved payee account of a merchant. `closed_at` in ms UTC; a closed one stays, since payouts of before go on to it."""

    id: str
    merchant_id: str
    holder: str
    account_number: str
    ifsc: str | None = None
    bank_name: str | None = None
    account_type: str = "current"
    verified: bool = False
    primary: bool = False
    closed_at: int | None = None
    verification: Verification | None = None


class Batch(Struct, frozen=True, kw_only=True):
    """A batch as the law needs it. `counts` and `sums_minor` map currency to number and sum of its rows while it is open.

    `released_at` and `stopped_at` in ms UTC: when its rows became free to be paid, and when those not sent yet were called back.
    `version` counts the changes of the batch itself, its opening the first; what becomes of its rows is none (BAT-13).
    `refused_rows` were sent for it in chunks and stayed out (BAT-09).
    """

    id: str
    merchant_id: str
    created_at: int
    phase: BatchPhase = BatchPhase.OPEN
    name: str | None = None
    reference: str | None = None
    funding: Funding = Funding.ALL_OR_NOTHING
    on_row_failure: OnRowFailure = OnRowFailure.CONTINUE
    declaration: BatchDeclaration | None = None
    source: str = "api"
    submit: bool = False
    idempotency_key: str | None = None
    row_count: int = 0
    sums_minor: dict[str, int] = {}
    counts: dict[str, int] = {}
    released_at: int | None = None
    stopped_at: int | None = None
    version: int = 1
    refused_rows: RefusedRows | None = None


class KeyRecord(Struct, frozen=True, kw_only=True):
    """What is known of an idempotency key. No `answer` means that the first request is not decided yet."""

    content_hash: str
    expires_at: int
    answer: Answer | None = None
    subject: str | None = None


class Waiter(Struct, frozen=True, kw_only=True, gc=False):
    """A place in a queue for funds: a payout's, or that of all rows of a batch that wait in the queue's currency.

    `since` in ms UTC. `rows` says how many rows wait, none before `first_row` and none after `last_row`; it is 0 for a payout.
    """

    since: int
    id: str
    rows: int = 0
    first_row: int = 0
    last_row: int = 0


class Book:
    """The memory of one partition. Dictionaries, changed in place by `domain.evolve.evolve` only; payouts that wait lie packed in theirs.

    `balances` maps (merchant, currency, account) to minor units. `keys` maps (merchant, key). `references` maps (merchant,
    reference) of payouts to payout id, `credits` the same for credits. `primaries` maps a merchant to its primary account.
    `waiting` maps (merchant, currency) to the queue of those who wait for funds, first in first out (`domain.payout.queues`).
    """

    __slots__ = (
        "balances",
        "bank_accounts",
        "batches",
        "credits",
        "keys",
        "merchants",
        "payouts",
        "primaries",
        "references",
        "waiting",
    )

    def __init__(self) -> None:
        """An empty book."""
        self.merchants: dict[str, Merchant] = {}
        self.bank_accounts: dict[str, BankAccount] = {}
        self.primaries: dict[str, str] = {}
        self.balances: dict[tuple[str, str, str], int] = {}
        self.payouts = OpenPayouts()
        self.batches: dict[str, Batch] = {}
        self.keys: dict[tuple[str, str], KeyRecord] = {}
        self.references: dict[tuple[str, str], str] = {}
        self.credits: dict[tuple[str, str], str] = {}
        self.waiting: dict[tuple[str, str], list[Waiter]] = {}

    def keep_account(self, account: BankAccount) -> None:
        """Put a saved account into the book as it is now."""
        self.bank_accounts[account.id] = account
        if account.primary:
            self.primaries[account.merchant_id] = account.id
        elif self.primaries.get(account.merchant_id) == account.id:
            del self.primaries[account.merchant_id]

    def balance(self, merchant_id: str, currency: str, account: str) -> int:
        """Minor units on an account; 0 for one that has no entry yet."""
        return self.balances.get((merchant_id, currency, account), 0)
