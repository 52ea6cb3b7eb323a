"""`payflow create-user`, `payflow users create|list`: people who may sign in (SEC-03); how the first administrator is made (RUN-09)."""

import sys
from typing import Annotated

import typer

from domain.access.people import Person, read_person
from domain.access.principal import ALL
from payflow.front_door import Json, say
from payflow.identity_desk import operator, run
from runtime.clock import SystemClock
from services.identity import persons
from services.identity.asking import refused
from services.identity.database import Database
from services.identity.passwords import Passwords


def create(
    email: Annotated[str, typer.Option(help="The address to sign in with.")],
    name: Annotated[str, typer.Option(help="How the person is called.")],
    role: Annotated[str, typer.Option(help="viewer, operator, approver, developer or admin.")] = "viewer",
    merchants: Annotated[str, typer.Option(help="By comma, or * for all.")] = "*",
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help="Read the password from standard input.")] = False,
    no_password: Annotated[bool, typer.Option("--no-password", help="Sign-in by OpenID Connect only.")] = False,
    json: Json = False,
) -> None:
    """Make a person; the password is asked for, never an argument that others could see."""
    password = None if no_password else _password(stdin=password_stdin)
    listed = [part.strip() for part in merchants.split(",") if part.strip()]
    grants = [{"role": role, "merchants": listed}]
    person = read_person({"email": email, "name": name, "grants": grants, "password": password})

    async def work(database: Database) -> dict[str, object]:
        if not isinstance(person, Person):
            raise refused(person)
        hashed = await Passwords().hashed(person.password) if person.password else None
        return persons.shown(await persons.make(database, SystemClock(), operator(), person, hashed))

    made = run("users create", work, json=json)
    if json:
        say(made)
    else:
        typer.echo(made["id"])


def create_admin(
    email: Annotated[str, typer.Option(help="The address to sign in with.")],
    name: Annotated[str, typer.Option(help="How the person is called; without it, as the address is.")] = "",
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help="Read the password from standard input.")] = False,
    no_password: Annotated[bool, typer.Option("--no-password", help="Sign-in by OpenID Connect only.")] = False,
    json: Json = False,
) -> None:
    """Make an administrator of all merchants; `users create` makes people with other roles."""
    create(email, name or email, "admin", "*", password_stdin, no_password, json)


def list_users(json: Json = False) -> None:
    """List people with their roles. With --json one object a line."""

    async def work(database: Database) -> list[dict[str, object]]:
        return [persons.shown(person) for person in await persons.listed(database, frozenset({ALL}))]

    for person in run("users list", work, json=json):
        if json:
            say(person)
            continue
        grants = "; ".join(f"{g['role']} of {','.join(g['merchants'])}" for g in person["grants"])  # type: ignore[attr-defined]
        typer.echo(f"{person['id']}  {person['email']}  {'active' if person['active'] else 'closed'}  {grants}")


def _password(*, stdin: bool) -> str:
    if stdin:
        return sys.stdin.readline().rstrip("\r\n")
    return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
