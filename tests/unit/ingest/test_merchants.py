"""Merchants and saved accounts over REST: changed, closed, verified; and the key that a merchant makes mandatory (API-27, API-28, IDM-01)."""

from typing import Any

import httpx2
import pytest

from domain.access.matrix import Role
from domain.access.principal import Grant, Principal, encode
from runtime.inner_door import PRINCIPAL_HEADER
from schemas.commands import RecordDeposit, StartVerification
from schemas.words import Outcome
from tests.unit.ingest.conftest import GOOD, Ingest

ACCOUNT = "aaaaaaaa-0001-4000-8000-000000000001"
NOBODY = "aaaaaaaa-0009-4000-8000-000000000009"
PATH = f"/merchants/demo/bank-accounts/{ACCOUNT}"
SAVED = {"id": ACCOUNT, "holder": "Asha", "account_number": "50100012345678"}


async def ask(ingest: Ingest, method: str, path: str, body: object = None, **headers: str) -> httpx2.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    more = {} if body is None else {"json": body}
    return await ingest.client.request(method, f"/api/v1{path}", headers=named, **more)  # type: ignore[arg-type]


async def save(ingest: Ingest, **more: Any) -> None:
    answer = await ingest.post("/merchants/demo/bank-accounts", {**SAVED, **more})
    assert answer.status_code == 201, answer.text


async def deposit(ingest: Ingest, outcome: Outcome = Outcome.PAID) -> list[int]:
    """The provider says so of both deposits; their amounts in minor units."""
    known = ingest.log.book.bank_accounts[ACCOUNT].verification
    assert known is not None
    for number in (1, 2):
        body = RecordDeposit(
            bank_account_id=ACCOUNT, verification_id=known.id, number=number, provider="bank", outcome=outcome
        )
        ingest.log.decide_now("demo", body)  # type: ignore[arg-type]
    return [one.amount_minor for one in known.deposits]


def by(role: Role | None = None, *scopes: str, merchants: tuple[str, ...] = ("demo",)) -> dict[str, str]:
    """The header that the gateway sends: a person with a role, or a key with scopes."""
    grant = Grant(merchants=frozenset(merchants), role=role, scopes=frozenset(scopes))
    return {PRINCIPAL_HEADER: encode(Principal(kind="person" if role else "key", id="x", grants=(grant,)))}


# ---------------------------------------------------------------- merchants


async def test_a_merchant_is_changed_and_deactivated__API_27(ingest: Ingest) -> None:
    changed = await ask(ingest, "PATCH", "/merchants/demo", {"name": "Demo Ltd", "main_currency": "INR"})
    assert (changed.status_code, changed.json()["name"], changed.json()["main_currency"]) == (200, "Demo Ltd", "INR")
    ended = await ask(ingest, "PATCH", "/merchants/demo", {"active": False})
    assert ended.json()["active"] is False
    refused = await ingest.pay()
    assert (refused.status_code, refused.json()["code"]) == (400, "unknown_merchant")
    back = await ask(ingest, "PATCH", "/merchants/demo", {"active": True}, Content_Type="application/merge-patch+json")
    assert back.status_code == 200
    assert (await ingest.pay()).status_code == 201


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, ""),
        ([], ""),
        ({"name": ""}, "/name"),
        ({"name": None}, "/name"),
        ({"name": "x\0"}, "/name"),
        ({"main_currency": "usd"}, "/main_currency"),
        ({"main_currency": None}, "/main_currency"),
        ({"active": "no"}, "/active"),
        ({"active": None}, "/active"),
        ({"idempotency_key_required": 1}, "/idempotency_key_required"),
        ({"id": "other"}, "/id"),
    ],
    ids=str,
)
async def test_a_bad_change_of_a_merchant_names_its_fault__API_27(ingest: Ingest, body: object, pointer: str) -> None:
    before = len(ingest.log.commands)
    answer = await ask(ingest, "PATCH", "/merchants/demo", body)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, pointer), answer.text
    assert len(ingest.log.commands) == before


async def test_a_merchant_that_is_not_there_is_404__API_27(ingest: Ingest) -> None:
    for path in ("/merchants/nobody", "/merchants/NO!"):
        assert (await ask(ingest, "PATCH", path, {"active": False})).status_code == 404


async def test_a_repeat_of_a_change_under_its_key_gives_the_first_answer__IDM_03(ingest: Ingest) -> None:
    first = await ask(ingest, "PATCH", "/merchants/demo", {"name": "One"}, Idempotency_Key="k")
    await ask(ingest, "PATCH", "/merchants/demo", {"name": "Two"})
    again = await ask(ingest, "PATCH", "/merchants/demo", {"name": "One"}, Idempotency_Key="k")
    assert (again.content, again.headers["idempotency-replayed"]) == (first.content, "true")
    assert ingest.log.book.merchants["demo"].name == "Two"


# --------------------------------------------------------- the mandatory key


async def test_a_merchant_can_make_the_key_mandatory__IDM_01(ingest: Ingest) -> None:
    assert (await ingest.pay()).status_code == 201, "before, the server makes one"
    await ask(ingest, "PATCH", "/merchants/demo", {"idempotency_key_required": True})
    payouts = len(ingest.log.book.payouts)
    routes = (("/payouts", GOOD), ("/drafts", {"payout": GOOD}), ("/merchants/demo/bank-accounts", SAVED))
    for number, (path, body) in enumerate(routes):
        bare = await ingest.post(path, body)
        assert (bare.status_code, bare.json()["code"]) == (400, "idempotency_key_required"), path
        assert bare.json()["errors"][0]["pointer"] == "header/Idempotency-Key"
        assert (await ingest.post(path, body, Idempotency_Key=f"k{number}")).status_code == 201, path
    assert len(ingest.log.book.payouts) == payouts + 1
    assert next(iter(ingest.drafts.held.values())).idempotency_key == "k1"
    ingest.log.fund("other", 100_000)
    assert (await ingest.pay(X_Merchant_Id="other")).status_code == 201, "another merchant has not"


async def test_a_draft_under_a_key_is_submitted_where_keys_are_mandatory__IDM_01(ingest: Ingest) -> None:
    before = (await ingest.post("/drafts", {"payout": GOOD})).json()
    await ask(ingest, "PATCH", "/merchants/demo", {"idempotency_key_required": True})
    answer = await ask(ingest, "POST", f"/drafts/{before['id']}/submit")
    assert answer.status_code == 201, "its key was chosen when it was made"


async def test_without_the_view_a_draft_needs_a_key__IDM_01(ingest: Ingest) -> None:
    ingest.store.down = True
    assert (await ingest.post("/drafts", {"payout": GOOD})).json()["code"] == "view_unavailable"
    assert (await ingest.post("/drafts", {"payout": GOOD}, Idempotency_Key="k")).status_code == 201


# ----------------------------------------------------------------- accounts


async def test_an_account_is_changed_and_closed__API_28(ingest: Ingest) -> None:
    await save(ingest)
    changed = await ask(ingest, "PATCH", PATH, {"primary": True, "bank_name": "HDFC", "account_type": "savings"})
    assert changed.status_code == 200
    assert changed.json().items() >= {"primary": True, "bank_name": "HDFC", "type": "savings", "closed_at": None}.items()
    for _ in range(2):
        assert (await ask(ingest, "DELETE", PATH)).status_code == 204
    refused = await ask(ingest, "PATCH", PATH, {"primary": True})
    assert (refused.status_code, refused.json()["code"]) == (409, "invalid_state_transition")


@pytest.mark.parametrize("case", ["unverified", "closed", "unknown"])
async def test_an_account_that_cannot_be_paid_to_is_400__API_28(ingest: Ingest, case: str) -> None:
    if case != "unknown":
        await save(ingest, verified=case == "closed")
    if case == "closed":
        await ask(ingest, "DELETE", PATH)
    body = {"amount_paise": 500, "bank_account_id": ACCOUNT}
    answer = await ingest.post("/payouts", body, Idempotency_Key="k", X_Merchant_Id="demo")
    assert (answer.status_code, answer.json()["code"]) == (400, "bank_account_unusable")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, ""),
        ({"account_number": "50100099999999"}, "/account_number"),
        ({"holder": "Else"}, "/holder"),
        ({"ifsc": "HDFC0001234"}, "/ifsc"),
        ({"primary": "yes"}, "/primary"),
        ({"verified": None}, "/verified"),
        ({"account_type": "gold"}, "/account_type"),
        ({"account_type": []}, "/account_type"),
        ({"bank_name": 7}, "/bank_name"),
        ({"closed_at": None}, "/closed_at"),
    ],
    ids=str,
)
async def test_a_bad_change_of_an_account_names_its_fault__API_28(ingest: Ingest, body: object, pointer: str) -> None:
    await save(ingest)
    before = len(ingest.log.commands)
    answer = await ask(ingest, "PATCH", PATH, body)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, pointer), answer.text
    assert len(ingest.log.commands) == before


@pytest.mark.parametrize("account", [NOBODY, "7", "NO!"])
@pytest.mark.parametrize(
    ("method", "more", "body"),
    [
        ("PATCH", "", {"primary": True}),
        ("DELETE", "", None),
        ("POST", "/verification", {}),
        ("POST", "/verification/confirm", {"amounts": ["0.01", "0.02"]}),
    ],
)
async def test_an_account_that_is_not_there_or_anothers_is_404__API_28(
    ingest: Ingest, method: str, more: str, body: object, account: str
) -> None:
    ingest.log.fund("other", 1)
    await ingest.post("/merchants/other/bank-accounts", {**SAVED, "id": NOBODY})
    answer = await ask(ingest, method, f"/merchants/demo/bank-accounts/{account}{more}", body, Idempotency_Key="k")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


WHO = {
    "open mode": ({}, True),
    "an administrator": (by(Role.ADMIN), True),
    "a key that may change merchants": (by(None, "merchants:write", "bank-accounts:write"), True),
    "an operator": (by(Role.OPERATOR), False),
    "a key for accounts": (by(None, "bank-accounts:write"), False),
    "an administrator of another merchant": (by(Role.ADMIN, merchants=("other",)), False),
}


@pytest.mark.parametrize("who", WHO)
async def test_only_an_administrator_vouches_for_an_account__API_28(ingest: Ingest, who: str) -> None:
    headers, may = WHO[who]
    saved = await ask(ingest, "POST", "/merchants/demo/bank-accounts", {**SAVED, "verified": True}, **headers)
    assert (saved.status_code, saved.json().get("code")) == ((201, None) if may else (403, "forbidden"))
    plain = await ask(ingest, "POST", "/merchants/demo/bank-accounts", {**SAVED, "id": NOBODY}, **headers)
    assert plain.status_code == 201
    path = f"/merchants/demo/bank-accounts/{NOBODY}"
    for value in (True, False):
        assert (await ask(ingest, "PATCH", path, {"verified": value}, **headers)).status_code == (200 if may else 403)


# ------------------------------------------------------------- verification


async def test_an_account_is_verified_by_two_deposits__API_28(ingest: Ingest) -> None:
    await save(ingest)
    begun = await ask(ingest, "POST", f"{PATH}/verification", {"currency": "INR"}, Idempotency_Key="v")
    assert begun.status_code == 200, begun.text
    shown = begun.json()["verification"]
    assert (shown["status"], shown["currency"], shown["tries_left"]) == ("sending", "INR", 3)
    assert set(shown) == {"status", "currency", "tries_left", "started_at"}, "the amounts are shown nowhere"
    first, second = await deposit(ingest)
    assert 1 <= min(first, second) <= max(first, second) <= 99
    wrong = first % 99 + 1
    tried = await ask(
        ingest,
        "POST",
        f"{PATH}/verification/confirm",
        {"amounts": [f"0.{wrong:02}", f"0.{second:02}"]},
        Idempotency_Key="c1",
    )
    assert (tried.status_code, tried.json()["code"], tried.json()["tries_left"]) == (422, "verification_amounts_wrong", 2)
    done = await ask(
        ingest,
        "POST",
        f"{PATH}/verification/confirm",
        {"amounts": [f"0.{second:02}", f"0.{first:02}"]},
        Idempotency_Key="c2",
    )
    assert (done.status_code, done.json()["verified"]) == (200, True)
    body = {"amount_paise": 500, "bank_account_id": ACCOUNT}
    assert (await ingest.post("/payouts", body, Idempotency_Key="p", X_Merchant_Id="demo")).status_code == 201


async def test_a_verification_without_a_body_is_in_the_main_currency__API_28(ingest: Ingest) -> None:
    await save(ingest)
    begun = await ask(ingest, "POST", f"{PATH}/verification", Idempotency_Key="v")
    assert begun.json()["verification"]["currency"] == "USD"
    again = await ask(ingest, "POST", f"{PATH}/verification", Idempotency_Key="w")
    assert (again.status_code, again.json()) == (200, begun.json()), "one at a time"


async def test_the_amounts_of_deposits_are_drawn_anew_each_time__API_28(ingest: Ingest) -> None:
    drawn = set()
    for number in range(12):
        account = ACCOUNT[:-2] + f"{number:02}"
        await save(ingest, id=account)
        await ask(ingest, "POST", f"/merchants/demo/bank-accounts/{account}/verification", Idempotency_Key=f"v{number}")
        body = ingest.log.commands[-1].body
        assert isinstance(body, StartVerification)
        drawn.add(tuple(body.amounts_minor))
    assert len(drawn) > 6


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/amounts"),
        ({"amounts": "0.32"}, "/amounts"),
        ({"amounts": ["0.32"]}, "/amounts"),
        ({"amounts": ["0.32", 0.45]}, "/amounts/1"),
        ({"amounts": ["0.32", 45]}, "/amounts/1"),
        ({"amounts": ["0.32", None]}, "/amounts/1"),
        ({"amounts": ["0.32", "1e-1"]}, "/amounts/1"),
        ({"amounts": ["0.32", "0.45"], "x": 1}, "/x"),
    ],
    ids=str,
)
async def test_what_are_no_amounts_is_a_400_and_no_try__API_28(ingest: Ingest, body: object, pointer: str) -> None:
    await save(ingest)
    await ask(ingest, "POST", f"{PATH}/verification", Idempotency_Key="v")
    await deposit(ingest)
    answer = await ask(ingest, "POST", f"{PATH}/verification/confirm", body, Idempotency_Key="c")
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, pointer), answer.text
    assert ingest.log.book.bank_accounts[ACCOUNT].verification.tries == 0  # type: ignore[union-attr]


@pytest.mark.parametrize("more", ["", "/confirm"])
async def test_a_verification_and_a_try_need_a_key__IDM_01(ingest: Ingest, more: str) -> None:
    await save(ingest)
    answer = await ask(ingest, "POST", f"{PATH}/verification{more}", {"amounts": ["0.01", "0.02"]} if more else {})
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_required")


async def test_a_lost_answer_costs_no_second_try__IDM_03(ingest: Ingest) -> None:
    await save(ingest)
    await ask(ingest, "POST", f"{PATH}/verification", Idempotency_Key="v")
    await deposit(ingest)
    tried = [
        await ask(ingest, "POST", f"{PATH}/verification/confirm", {"amounts": ["5.00", "6.00"]}, Idempotency_Key="c")
        for _ in range(3)
    ]
    assert {(one.status_code, one.content) for one in tried} == {(422, tried[0].content)}
    assert tried[0].json()["tries_left"] == 2
    assert tried[2].headers["idempotency-replayed"] == "true"
