"""`payflow submit`: one payout from its parts, or a file: CSV, XLSX or pain.001 as an upload, JSON as a payout or a batch (RUN-09).

Owns how arguments become a request. What is right or wrong is for the API to say, so that every way in gives the same codes.
"""

import json as plain_json
from pathlib import Path
from typing import Annotated, Any

import typer

from payflow.client import Batch, Payflow, Payout
from payflow.front_door import DEFAULT_URL, USAGE, ApiKey, Json, MerchantId, Url, answering, say

KINDS = {
    ".csv": "text/csv",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".xml": "application/xml",
}
Text = Annotated[str | None, typer.Option()]


def command(
    file: Annotated[
        Path | None, typer.Argument(exists=True, dir_okay=False, help="A .csv, .xlsx, .xml or .json file.")
    ] = None,
    amount: Annotated[str | None, typer.Option(help='Decimal text, such as "100.50".')] = None,
    currency: Text = None,
    account: Annotated[str | None, typer.Option(help="The payee's account number.")] = None,
    iban: Text = None,
    msisdn: Annotated[str | None, typer.Option(help="The payee's mobile number, such as +256772123456.")] = None,
    bank_account_id: Annotated[str | None, typer.Option(help="A saved bank account.")] = None,
    payee: Annotated[list[str] | None, typer.Option(help="More about the payee, as name=value; may be repeated.")] = None,
    reference: Text = None,
    description: Text = None,
    wait_for_funds: Annotated[bool, typer.Option(help="Wait for money instead of being refused.")] = False,
    name: Annotated[str | None, typer.Option(help="A name for the batch of a file.")] = None,
    funding: Annotated[str | None, typer.Option(help="all_or_nothing, or as_available: rows not covered wait.")] = None,
    on_row_failure: Annotated[
        str | None, typer.Option(help="continue, or stop: a failed row cancels those that were not sent.")
    ] = None,
    key: Annotated[str | None, typer.Option(help="The idempotency key; made here if left out.")] = None,
    url: Url = DEFAULT_URL,
    api_key: ApiKey = None,
    merchant: MerchantId = None,
    json: Json = False,
) -> None:
    """Submit one payout, or a file as a batch. The same --key again gives the first answer again and pays nothing twice."""
    if (file is None) == (amount is None):
        typer.echo("submit: name a file, or give --amount with --currency and a payee", err=True)
        raise typer.Exit(USAGE)
    with answering(url, api_key, merchant, json=json) as api:
        if file is not None:
            options = {"name": name, "reference": reference, "funding": funding, "on_row_failure": on_row_failure}
            made = _file(api, file, key, options, currency)
        else:
            details = {"account_number": account, "iban": iban, "msisdn": msisdn, **_named(payee or [])}
            made = api.request_payout(
                _given(
                    amount=amount,
                    currency=currency,
                    recipient_details=_given(**details) or None,
                    bank_account_id=bank_account_id,
                    reference=reference,
                    description=description,
                    on_insufficient_funds="wait" if wait_for_funds else None,
                ),
                key=key,
            )
        _tell(made, json=json)


def _file(api: Payflow, file: Path, key: str | None, options: dict[str, str | None], currency: str | None) -> Payout | Batch:
    """Submit a file by its kind: JSON with `rows` (or a list of rows) is a batch, other JSON one payout. What the file says counts."""
    suffix = file.suffix.lower()
    if suffix == ".json":
        content = _read_json(file)
        rows = content if isinstance(content, list) else content.get("rows") if isinstance(content, dict) else None
        if rows is None:
            return api.request_payout(content, key=key)
        said = {name: value for name, value in content.items() if name != "rows"} if isinstance(content, dict) else {}
        return api.create_batch(rows, key=key, **(_given(**options) | said))
    if suffix not in KINDS:
        typer.echo(f"submit: {file.name}: the file must be one of .json {' '.join(KINDS)}", err=True)
        raise typer.Exit(USAGE)
    with file.open("rb") as content_of:
        return api.upload_batch(content_of, file.name, kind=KINDS[suffix], key=key, **_given(**options, currency=currency))


def _read_json(file: Path) -> Any:
    try:
        return plain_json.loads(file.read_text(encoding="utf-8"), parse_float=str)
    except ValueError as error:
        typer.echo(f"submit: {file.name} is not JSON in UTF-8: {error}", err=True)
        raise typer.Exit(USAGE) from None


def _named(pairs: list[str]) -> dict[str, str]:
    """`bank_name=Example Bank` as a member of the recipient."""
    if wrong := [pair for pair in pairs if "=" not in pair]:
        typer.echo(f"submit: --payee {wrong[0]!r}: write it as name=value", err=True)
        raise typer.Exit(USAGE)
    return dict(pair.split("=", 1) for pair in pairs)


def _given(**members: Any) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


def _tell(made: Payout | Batch, *, json: bool) -> None:
    if json:
        say(made)
    elif isinstance(made, Batch):
        typer.echo(f"batch {made.id}: {made.row_count} rows, {made.phase}; follow it with: payflow watch {made.id}")
    else:
        why = f" ({made.reason})" if made.reason else ""
        typer.echo(
            f"payout {made.id}: {made.amount} {made.currency}, {made.status}{why}; follow it with: payflow watch {made.id}"
        )
