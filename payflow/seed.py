"""`payflow seed`: merchants with money, bank accounts and a few payouts, so that there is something to look at (RUN-08).

Owns what a fresh development system contains. Everything goes through the public API under fixed keys and references, so it is
safe to repeat.
"""

from dataclasses import dataclass

import typer

from payflow.public_api import ApiError, PublicApi

DEMO = "demo"
RAMESH_EXPORTS = "11111111-1111-4111-8111-111111111111"
KAVERI_FOODS = "22222222-2222-4222-8222-222222222222"
VERIFIED_ACCOUNT = "aaaaaaaa-0001-4000-8000-000000000001"
UNVERIFIED_ACCOUNT = "aaaaaaaa-0002-4000-8000-000000000002"
KAVERI_ACCOUNT = "aaaaaaaa-0003-4000-8000-000000000003"

ALREADY_THERE = 409


@dataclass(frozen=True)
class Credit:
    """Incoming money of one merchant: decimal text and currency."""

    merchant_id: str
    amount: str
    currency: str


MERCHANTS = {
    DEMO: ("Demo Merchant", "USD"),
    RAMESH_EXPORTS: ("Ramesh Exports", "INR"),
    KAVERI_FOODS: ("Kaveri Foods", "INR"),
}
INR_CREDITS = (Credit(RAMESH_EXPORTS, "10000.00", "INR"), Credit(KAVERI_FOODS, "5000.00", "INR"))
SAMPLES = (
    ("125.00", "USD", "1234567890"),
    ("80.50", "EUR", "DE89370400440532013000"),
    ("5000.00", "RUB", "40817810099910004312"),
)


def seed(api: PublicApi, currencies: list[str], demo_amount: str = "1000000") -> list[str]:
    """Make merchants, credits, bank accounts and sample payouts; returns the lines to print. A repeat changes nothing."""
    lines = [_merchant(api, merchant_id) for merchant_id in MERCHANTS]
    funds = [Credit(DEMO, demo_amount, currency) for currency in currencies]
    lines += [_credit(api, credit) for credit in (*funds, *INR_CREDITS)]
    lines += [_bank_account(api, *account) for account in _bank_accounts()]
    return lines + [_sample(api, *sample) for sample in SAMPLES if sample[1] in currencies]


def _merchant(api: PublicApi, merchant_id: str) -> str:
    name, currency = MERCHANTS[merchant_id]
    body = {"id": merchant_id, "name": name, "main_currency": currency}
    _once(api, "/merchants", body, merchant_id, f"seed-merchant-{merchant_id}")
    return f"merchant      {merchant_id}  {name}"


def _credit(api: PublicApi, credit: Credit) -> str:
    body = {"amount": credit.amount, "currency": credit.currency, "reference": f"seed-{credit.currency}"}
    path = f"/merchants/{credit.merchant_id}/credits"
    _once(api, path, body, credit.merchant_id, f"seed-credit-{credit.merchant_id}-{credit.currency}")
    return f"credit        {credit.merchant_id}  {credit.amount} {credit.currency}"


def _bank_accounts() -> list[tuple[str, dict[str, object]]]:
    def account(merchant: str, account_id: str, number: str, verified: bool) -> tuple[str, dict[str, object]]:
        body = {"id": account_id, "holder": MERCHANTS[merchant][0], "account_number": number, "ifsc": "HDFC0001234"}
        return merchant, {**body, "account_type": "current", "verified": verified, "primary": verified}

    return [
        account(RAMESH_EXPORTS, VERIFIED_ACCOUNT, "50100012345678", verified=True),
        account(RAMESH_EXPORTS, UNVERIFIED_ACCOUNT, "50100087654321", verified=False),
        account(KAVERI_FOODS, KAVERI_ACCOUNT, "50200011112222", verified=True),
    ]


def _bank_account(api: PublicApi, merchant_id: str, body: dict[str, object]) -> str:
    _once(api, f"/merchants/{merchant_id}/bank-accounts", body, merchant_id, f"seed-account-{body['id']}")
    return f"bank account  {body['id']}  of {merchant_id}{'' if body['verified'] else ', not verified'}"


def _sample(api: PublicApi, amount: str, currency: str, number: str) -> str:
    recipient = {"account_number": number, "bank_name": "Sample Bank"}
    body = {
        "amount": amount,
        "currency": currency,
        "recipient_details": recipient,
        "reference": f"seed-sample-{currency}",
    }
    payout = _once(api, "/payouts", body, DEMO, f"seed-sample-{currency}")
    return f"payout        {payout.get('id', 'already there')}  {amount} {currency}"


def _once(api: PublicApi, path: str, body: dict[str, object], merchant: str, key: str) -> dict[str, object]:
    try:
        return api.post(path, body, merchant=merchant, key=key)
    except ApiError as error:
        if error.status == ALREADY_THERE and error.problem.get("code") == "duplicate_reference":
            return {}
        raise


def command(
    url: str = typer.Option("http://127.0.0.1:8000", envvar="PAYFLOW_URL", help="The gateway's address."),
    currencies: str = typer.Option("USD,EUR,GBP,RUB,INR", envvar="PAYOUT_CURRENCIES", help="What to fund `demo` in."),
) -> None:
    """Make sample merchants, money, bank accounts and payouts; safe to repeat."""
    api = PublicApi(url)
    try:
        for line in seed(api, currencies.split(",")):
            typer.echo(line)
    finally:
        api.close()
