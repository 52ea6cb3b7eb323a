"""The documented forms are the real ones (API-30): what is read, what is answered, on every channel."""

from typing import Any

import jsonschema
import pytest
from msgspec import json
from pydantic import BaseModel, ConfigDict

from domain.intake import accounts, batch, edit, payout
from services.ingest import forms
from services.ingest.app import create_app
from services.ingest.documentation import ENTRIES
from services.ingest.inbox import published
from services.ingest.upload_fields import FIELDS
from tests.unit.ingest.conftest import Ingest
from tests.unit.ingest.test_batches import whole

DOCUMENT = create_app().openapi()


def operations() -> dict[str, dict[str, Any]]:
    return {op["operationId"]: op for item in DOCUMENT["paths"].values() for op in item.values()}


def resolve(schema: dict[str, Any]) -> dict[str, Any]:
    return {**schema, "components": DOCUMENT["components"]}


def test_every_public_route_is_documented_and_no_internal_one() -> None:
    assert set(operations()) == set(ENTRIES)


def test_every_reference_of_the_document_leads_somewhere() -> None:
    text = json.encode(DOCUMENT).decode()
    named = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert named <= set(DOCUMENT["components"]["schemas"])


@pytest.mark.parametrize(
    ("model", "read"),
    [
        (forms.PayoutRequest, payout.FIELDS),
        (forms.PayoutEdit, edit.EDITABLE | {"expected_version"}),
        (forms.BatchRequest, batch.FIELDS),
        (forms.UploadForm, FIELDS | {"file"}),
        (forms.MerchantChange, frozenset({"name", "main_currency", "active", "idempotency_key_required"})),
        (forms.BankAccountChange, frozenset(accounts.AccountChange.__struct_fields__)),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_the_documented_fields_are_those_that_are_read(model: type[BaseModel], read: frozenset[str]) -> None:
    assert set(model.model_fields) == set(read)


def strict(model: type[BaseModel]) -> type[BaseModel]:
    """The model, refusing members it does not name."""
    return type(f"Strict{model.__name__}", (model,), {"model_config": ConfigDict(extra="forbid")})


async def test_answers_have_the_documented_form(ingest: Ingest) -> None:
    account = {"holder": "Ann", "account_number": "1234567890"}
    credit = {"amount": "1.00", "currency": "INR", "reference": "r"}
    made = await ingest.pay()
    answers = [
        (forms.Payout, made),
        (forms.Batch, await ingest.post("/batches", whole(), Idempotency_Key="b")),
        (forms.OpenedMerchant, await ingest.post("/merchants", {"id": "acme", "name": "Acme"})),
        (forms.Credit, await ingest.post("/merchants/demo/credits", credit, Idempotency_Key="c")),
        (forms.SavedAccount, await ingest.post("/merchants/demo/bank-accounts", account)),
        (forms.Problem, await ingest.pay({"amount": 1})),
        (forms.OpenedMerchant, await ingest.client.patch("/api/v1/merchants/demo", json={"name": "Demo Ltd"})),
    ]
    saved = next(answer.json()["id"] for model, answer in answers if model is forms.SavedAccount)
    path = f"/merchants/demo/bank-accounts/{saved}"
    answers += [
        (forms.SavedAccount, await ingest.post(f"{path}/verification", {}, Idempotency_Key="v")),
        (forms.SavedAccount, await ingest.client.patch(f"/api/v1{path}", json={"primary": True})),
    ]
    for model, answer in answers:
        strict(model).model_validate(answer.json())


@pytest.mark.parametrize("number", range(4))
async def test_the_documented_examples_are_accepted__API_03_API_04_API_05(ingest: Ingest, number: int) -> None:
    saved = {
        "id": "aaaaaaaa-0001-4000-8000-000000000001",
        "holder": "R",
        "account_number": "50100012345678",
        "verified": True,
    }
    await ingest.post("/merchants/demo/bank-accounts", saved)
    ingest.log.fund("demo", 100_000, "EUR")
    example = forms.PayoutRequest.model_config["json_schema_extra"]["examples"][number]  # type: ignore[index, call-overload]
    answer = await ingest.pay(example, Idempotency_Key=f"k{number}", X_Merchant_Id="demo")
    assert answer.status_code == 201


def test_the_published_inbox_schema_takes_good_messages_and_refuses_others__INB_01() -> None:
    schema = published.document()
    jsonschema.Draft202012Validator.check_schema(schema)
    check = jsonschema.Draft202012Validator(schema)
    payee = {"recipient_details": {"account_number": "1234567890"}}
    good = {"type": "request_payout", "idempotency_key": "k", "data": {"amount": "1.00", "currency": "USD", **payee}}
    assert check.is_valid(good)
    for bad in (
        {**good, "type": "launch"},
        {**good, "colour": 1},
        {**good, "data": {"amount": 1, **payee}},
        {"type": "open_batch"},
    ):
        assert not check.is_valid(bad)
