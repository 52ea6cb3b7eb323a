"""Columns by their own names, mappings that are remembered, and numbers as they are written."""

import pytest

from tests.support.sample_files import BANK_EXPORT
from tests.unit.ingest.conftest import Ingest
from tests.unit.ingest.kept_uploads import UPLOADS, get, payouts
from tests.unit.ingest.test_upload import HEADER, THREE, faults, upload


async def test_a_bank_export_is_read_by_its_own_names__BAT_04(ingest: Ingest) -> None:
    ingest.log.fund("demo", 1_000_000, "EUR")
    answer = await upload(ingest, BANK_EXPORT.encode("utf-8-sig"), number_format="1.000,00", mapping='{"Filiale": "ignore"}')
    assert answer.status_code == 201, answer.text
    first = payouts(ingest)[0]
    assert (first.amount_minor, first.recipient["iban"], first.description) == (
        123456,
        "DE89370400440532013000",
        "Rechnung 17",
    )
    assert "filiale" not in first.recipient


async def test_a_mapping_is_remembered_per_merchant_and_can_be_forgotten__BAT_04(ingest: Ingest) -> None:
    content = "Wert;Whg;Wohin\n1.00;USD;+256772000001\n"
    chosen = '{"Wert": "amount", "Whg": "currency", "Wohin": "msisdn"}'
    assert (await upload(ingest, content)).status_code == 400
    assert (await upload(ingest, content, mapping=chosen)).status_code == 201
    assert (await upload(ingest, content.replace("1.00", "2.00"), key="v")).status_code == 201
    assert (await get(ingest, f"{UPLOADS}/mapping")).json()["mapping"] == {
        "wert": "amount",
        "whg": "currency",
        "wohin": "msisdn",
    }
    other = await upload(ingest, content.replace("1.00", "3.00"), key="w", merchant="other")
    assert other.status_code == 400
    gone = await ingest.client.delete(f"{UPLOADS}/mapping", headers={"X-Merchant-Id": "demo"})
    assert gone.status_code == 204
    assert (await upload(ingest, content.replace("1.00", "4.00"), key="x")).status_code == 400


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"mapping": "["}, "/mapping"),
        ({"mapping": '{"name": "1"}'}, "/mapping/name"),
        ({"mapping": '{"nowhere": "amount"}'}, "/mapping/nowhere"),
        ({"number_format": "1.2.3"}, "/number_format"),
        ({"on_invalid_rows": "maybe"}, "/on_invalid_rows"),
        ({"override_duplicate": "x"}, "/override_duplicate"),
    ],
    ids=str,
)
async def test_bad_choices_are_named__ERR_04(ingest: Ingest, fields: dict[str, str], pointer: str) -> None:
    answer = await upload(ingest, THREE, **fields)
    assert answer.status_code == 400
    assert pointer in [fault["pointer"] for fault in faults(answer)]


@pytest.mark.parametrize(
    ("cell", "written", "minor"),
    [
        ('"1,000.00"', "1,000.00", 100000),
        ('"1.000,00"', "1.000,00", 100000),
        ('"1 000,00"', "1 000,00", 100000),
        ("1'000.00", "1'000.00", 100000),
        ('"1,00,000.00"', "1,00,000.00", 10000000),
        ('"1,5"', "1.000,00", 150),
        ("1.5", "1.000,00", None),
        ('"1,00.00"', "1,000.00", None),
        ('"1,000.00"', "1000.00", None),
        ('"1,000"', None, None),
        ('"1.000,00"', None, None),
    ],
)
async def test_a_number_is_read_as_its_format_says_and_else_refused__BAT_05(
    ingest: Ingest, cell: str, written: str | None, minor: int | None
) -> None:
    ingest.log.fund("demo", 100_000_000)
    fields = {"number_format": written} if written else {}
    answer = await upload(ingest, HEADER + f"{cell},USD,+256772000001,Ann\n", **fields)
    if minor is None:
        assert (answer.status_code, faults(answer)[0]["code"]) == (400, "ambiguous_number"), answer.text
    else:
        assert [payout.amount_minor for payout in payouts(ingest)] == [minor], answer.text
