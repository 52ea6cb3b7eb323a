"""A refused file or webhook never repeats what was in it: in no answer, no list of faults, no log line (SEC-08)."""

import logging
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from runtime import logging as runtime_logging
from tests.support.canaries import (
    CANARIES,
    DELIVERY_FILTERS,
    FORM_FIELDS,
    PlantedFile,
    again_bodies,
    files,
    found_in,
    webhook_bodies,
)
from tests.unit.ingest.conftest import Ingest, ingest  # noqa: F401  ingest over memory
from tests.unit.webhooks.test_routes import ID, Front, front  # noqa: F401  webhooks over memory

GOOD_FILE = b"amount,currency,account_number,name\n1.00,USD,1234567890,Plain\nnone,USD,1234567890,Plain\n"


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Iterator[Any]:
    """What is logged, at debug."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    runtime_logging.set_up("test", debug=True)
    yield lambda: "".join(capsys.readouterr())
    root.handlers[:], root.level = handlers, level


class Checked:
    """Answers that were looked at: each was given, and a refusal repeats nothing."""

    def __init__(self) -> None:
        self.leaks: list[str] = []

    def __call__(self, answer: httpx2.Response, where: object, *, always: bool = False) -> None:
        assert answer.status_code < 500, (where, answer.text)
        if found := found_in(answer.text) if always or answer.status_code >= 400 else []:
            at = answer.text.find(found[0])
            self.leaks.append(f"{where}: ...{answer.text[max(at - 200, 0) : at + 60]}")


@pytest.fixture
def check() -> Iterator[Checked]:
    """Fails at the end, with all that was found."""
    checked = Checked()
    yield checked
    assert not checked.leaks, "\n".join(checked.leaks)


async def upload(ingest: Ingest, planted: PlantedFile, key: str, **fields: str) -> httpx2.Response:  # noqa: F811
    return await ingest.client.post(
        "/api/v1/batches/upload",
        files={"file": (planted.name, planted.content)},
        data=fields,
        headers={"Idempotency-Key": key, "X-Merchant-Id": "demo"},
    )


async def test_sec_08_every_column_and_element_of_a_file(ingest: Ingest, lines: Any, check: Checked) -> None:  # noqa: F811
    refused = 0
    for number, planted in enumerate(files()):
        answer = await upload(ingest, planted, f"f{number}")
        check(answer, planted.where)
        if answer.status_code == 400 and "errors_url" in answer.json():
            refused += 1
            place = answer.json()["errors_url"].rstrip("/")
            for path in (place, f"{place}?format=csv"):
                kept = await ingest.client.get(path, headers={"X-Merchant-Id": "demo"})
                assert kept.status_code == 200
                check(kept, f"{planted.where}, kept", always=True)
    assert refused > 100, "files are refused with their faults kept"
    assert found_in(lines()) == []


@pytest.mark.parametrize("canary", CANARIES)
async def test_sec_08_what_is_said_beside_a_file_and_in_corrections(
    ingest: Ingest,  # noqa: F811
    lines: Any,
    check: Checked,
    canary: str,
) -> None:
    plain = PlantedFile("plain", "rows.csv", GOOD_FILE)
    for field in FORM_FIELDS:
        check(await upload(ingest, plain, f"b{field}", **{field: canary}), field)
    check(await upload(ingest, plain, "mapped to", mapping=f'{{"name": "{canary}"}}'), "mapping, a field")
    upload_id = (await upload(ingest, plain, "first")).json()["upload_id"]
    place = f"/uploads/{upload_id}/corrections"
    for rows in (
        [{"row": 2, "cells": {"amount": canary}}],
        [{"row": 2, "cells": {"currency": canary}}],
        [{"row": canary, "cells": {}}],
        canary,
        [canary],
    ):
        check(await ingest.post(place, {"rows": rows}, Idempotency_Key="c", X_Merchant_Id="demo"), rows)
    table = f"payflow_row,amount,name\n2,{canary},{canary}\n{canary},1.00,x\n".encode()
    headers = {"Idempotency-Key": "d", "X-Merchant-Id": "demo"}
    check(await ingest.client.post(f"/api/v1{place}", files={"file": (f"{canary}.csv", table)}, headers=headers), "by file")
    for query in ("format", "form", "offset", "limit"):
        found = await ingest.client.get(f"/api/v1/uploads/{upload_id}/errors", params={query: canary})
        check(found, query)
    assert found_in(lines()) == []


async def test_sec_08_every_field_of_webhooks(front: Front, lines: Any, check: Checked) -> None:  # noqa: F811
    for body in webhook_bodies():
        for method, path in (("POST", "/webhooks"), ("POST", "/webhooks/test"), ("PATCH", f"/webhooks/{ID}")):
            check(await front.ask(method, path, body), (path, body))
    for body in again_bodies():
        check(await front.ask("POST", "/deliveries/send-again", body), body)
    for canary in CANARIES:
        for name in DELIVERY_FILTERS:
            check(await front.ask("GET", "/deliveries?" + str(httpx2.QueryParams({name: canary}))), name)
        headers = {"X_Merchant_Id": canary}
        check(await front.ask("GET", "/webhooks", **headers), "header")
        check(
            await front.ask("POST", "/webhooks", f'{{"url": "{canary}'.encode(), content_type="application/json"), "broken"
        )
    assert found_in(lines()) == []
