"""The normal form of a payout request, the same whether it came by REST, file or Kafka.

Owns the shape after validation (`domain.intake` makes it). Must not validate: a form that exists is a valid form.
"""

from msgspec import Struct


class PayoutForm(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What one payee is to get. Exactly one of `recipient` and `bank_account_id` is set (API-06).

    `amount_minor` is in minor units of `currency`. `recipient` holds `type` and the keys as sent (API-08).
    """

    amount_minor: int
    currency: str
    recipient: dict[str, str] | None = None
    bank_account_id: str | None = None
    reference: str | None = None
    description: str | None = None


class BatchDeclaration(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the uploader says the batch adds up to; a mismatch refuses all of it (BAT-07).

    `sums_minor` maps currency to minor units; None means not declared.
    """

    count: int | None = None
    sums_minor: dict[str, int] | None = None


class RefusedRows(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Rows that a request asked for and that stay out while the others are taken (`on_invalid_rows` `accept_valid`, BAT-09).

    They count towards what was declared: `sums_minor` maps currency to the amounts that could be read. `errors` has the form of a
    problem's (ERR-01) and is bounded; `fault_count` is not.
    """

    count: int
    sums_minor: dict[str, int] = {}
    fault_count: int = 0
    errors: list[dict[str, str]] = []
