"""`payflow keys create|list|revoke`: API keys (SEC-02)."""

from typing import Annotated

import typer

from domain.access.changes import reason_fault
from domain.access.people import KeyWish, read_key_wish
from domain.access.principal import ALL
from payflow.front_door import Json, absent, say
from payflow.identity_desk import operator, run
from runtime.clock import SystemClock
from services.identity import key_ring
from services.identity.asking import refused
from services.identity.database import Database


def create(
    name: Annotated[str, typer.Option(help="What it is for.")],
    scopes: Annotated[str, typer.Option(help="By comma: payouts:read,payouts:write (docs/access-matrix.md).")],
    merchants: Annotated[str, typer.Option(help="By comma, or * for all.")],
    days: Annotated[int | None, typer.Option(help="Days until it ends; without it, never.")] = None,
    test: Annotated[bool, typer.Option("--test", help="A pk_test_ key.")] = False,
    json: Json = False,
) -> None:
    """Make a key and print it: it is shown this once. With --json its row, and the key as `secret`."""
    wish = read_key_wish(
        {"name": name, "scopes": _listed(scopes), "merchants": _listed(merchants), "live": not test, "expires_in_days": days}
    )

    async def work(database: Database) -> tuple[str, dict[str, object]]:
        if not isinstance(wish, KeyWish):
            raise refused(wish)
        secret, made = await key_ring.make(database, SystemClock(), operator(), wish)
        return secret, key_ring.shown(made)

    secret, made = run("keys create", work, json=json)
    if json:
        say({**made, "secret": secret})
    else:
        typer.echo(secret)


def list_keys(json: Json = False) -> None:
    """List keys, newest first, without their secrets. With --json one object a line."""

    async def work(database: Database) -> list[dict[str, object]]:
        return [key_ring.shown(key) for key in await key_ring.listed(database, frozenset({ALL}))]

    for key in run("keys list", work, json=json):
        if json:
            say(key)
            continue
        state = "revoked" if key["revoked_at"] else f"until {key['expires_at']}" if key["expires_at"] else "good"
        scopes, merchants = ",".join(map(str, key["scopes"])), ",".join(map(str, key["merchants"]))  # type: ignore[call-overload]
        typer.echo(f"{key['id']}  {key['shown']}...  {state}  {merchants}  {scopes}  {key['name']}")


def revoke(
    key_id: Annotated[str, typer.Argument(help="The id that `payflow keys list` shows.")],
    reason: Annotated[str | None, typer.Option(help="Why, for the audit trail.")] = None,
    json: Json = False,
) -> None:
    """End a key; requests and open feeds with it stop within 5 seconds. A repeat is no error."""

    async def work(database: Database) -> bool:
        if (fault := reason_fault(reason)) is not None:
            raise refused([fault])
        return await key_ring.revoke(database, SystemClock(), operator(), frozenset({ALL}), key_id.lower(), reason)

    if not run("keys revoke", work, json=json):
        absent("not_found", f"there is no key {key_id}", json=json)
    if json:
        say({"id": key_id.lower(), "revoked": True})
    else:
        typer.echo(f"key {key_id} is revoked")


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]
