"""Keys, people and the audit trail on a real Postgres (SEC-02, SEC-03, SEC-05, SEC-07)."""

import asyncio
import subprocess

import psycopg
import pytest
from msgspec import structs

from domain.access.keys import stored
from domain.access.matrix import Role
from domain.access.principal import Grant, Principal
from services.gateway.access.credentials import Credential
from services.gateway.access.directory import Directory
from services.gateway.store import Store
from services.identity import schema
from tests.integration.identity.conftest import Identity, of

WISH = {"name": "ERP", "scopes": ["payouts:read"], "merchants": ["demo"]}
AMA = {
    "email": "ama@example.com",
    "name": "Ama",
    "password": "a long pass phrase",
    "grants": [{"role": "operator", "merchants": ["demo"]}],
}


async def test_sec_02_a_key_is_shown_once_and_kept_as_a_hash(identity: Identity) -> None:
    made = (await identity.ask("POST", "/keys", WISH)).json()
    secret = made["key"]
    assert secret.startswith(made["shown"])
    listed = (await identity.ask("GET", "/keys")).json()
    assert [key["id"] for key in listed["results"]] == [made["id"]]
    assert secret not in str(listed)
    [row] = await identity.database.all("SELECT * FROM keys")
    assert row["hash"] == stored(secret)
    dumped = str([await identity.database.all(f"SELECT * FROM {table}") for table in ("keys", "audit")])
    assert secret not in dumped
    assert secret[len(made["shown"]) :] not in dumped


async def test_sec_02_the_gateway_knows_the_key_until_it_is_revoked(identity: Identity) -> None:
    made = (await identity.ask("POST", "/keys", {**WISH, "expires_in_days": 1})).json()
    store = Store(identity.url, "admin")
    await store.open()
    directory, credential = Directory(store, identity.clock), Credential("key", stored(made["key"]))
    known = await directory.known(credential)
    assert known is not None
    assert known.principal.grants == (Grant(scopes=frozenset({"payouts:read"}), merchants=frozenset({"demo"})),)
    assert (await directory.known(Credential("key_id", made["id"]))) == known
    assert await directory.known(Credential("key", stored("another"))) is None
    for _ in range(2):
        assert (await identity.ask("DELETE", f"/keys/{made['id']}")).status_code == 204
    identity.clock.advance(2000)
    assert await directory.known(credential) is None
    assert [entry["action"] for entry in await identity.audit()] == ["key.created", "key.revoked"], "a repeat tells nothing"
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        await store.all("UPDATE keys SET revoked_at = NULL")
    await store.close()


async def test_sec_05_nobody_hands_out_more_than_they_have(identity: Identity) -> None:
    developer = of("person", Role.DEVELOPER, "demo")
    assert (await identity.ask("POST", "/keys", WISH, by=developer)).status_code == 201
    for more in (
        {"merchants": ["other"]},
        {"merchants": ["*"]},
        {"merchants": ["demo", "other"]},
        {"scopes": ["payouts:write"]},
    ):
        refused = await identity.ask("POST", "/keys", {**WISH, **more}, by=developer)
        assert refused.status_code == 403, more
    admin = of("person", Role.ADMIN, "demo")
    for grants in ([{"role": "viewer", "merchants": ["other"]}], [{"role": "admin", "merchants": ["*"]}]):
        assert (await identity.ask("POST", "/users", {**AMA, "grants": grants}, by=admin)).status_code == 403
    machine = Principal(
        kind="key", id="k", grants=(Grant(scopes=frozenset({"keys:write", "payouts:read"}), merchants=frozenset({"demo"})),)
    )
    assert (await identity.ask("POST", "/keys", WISH, by=machine)).status_code == 201
    assert (await identity.ask("POST", "/keys", {**WISH, "scopes": ["users:write"]}, by=machine)).status_code == 403


async def test_sec_06_keys_people_and_audit_of_other_merchants_are_not_there(identity: Identity) -> None:
    theirs = (await identity.ask("POST", "/keys", {**WISH, "merchants": ["other"]})).json()
    shared = (await identity.ask("POST", "/keys", {**WISH, "merchants": ["demo", "other"]})).json()
    bob = (
        await identity.ask(
            "POST", "/users", {**AMA, "email": "bob@x.org", "grants": [{"role": "viewer", "merchants": ["other"]}]}
        )
    ).json()
    mine = of("person", Role.ADMIN, "demo")
    assert (await identity.ask("GET", "/keys", by=mine)).json()["count"] == 0
    for key in (
        theirs,
        shared,
        {"id": "01a1fce3-eadb-73ce-b132-dc140c212c12"},
        {"id": "nonsense"},
        {"id": "%00"},
        {"id": "%27--"},
    ):
        answer = await identity.ask("DELETE", f"/keys/{key['id']}", by=mine)
        assert (answer.status_code, answer.json()["detail"]) == (404, "There is no such key.")
    assert (await identity.ask("GET", "/users", by=mine)).json()["count"] == 0
    for person in (bob["id"], "01a1fce3-eadb-73ce-b132-dc140c212c12", "x", "%00", "%27--"):
        assert (await identity.ask("PATCH", f"/users/{person}", {"active": False}, by=mine)).status_code == 404
    also = mine.grants + of("person", Role.VIEWER, "other").grants
    assert (await identity.ask("GET", "/users", by=structs.replace(mine, grants=also))).json()["count"] == 0
    answer = await identity.ask("PATCH", f"/users/{bob['id']}", {"name": "B"}, by=structs.replace(mine, grants=also))
    assert answer.status_code == 404, "who only looks on there is no administrator there"
    assert (await identity.ask("GET", "/audit", by=mine)).json()["results"] == []
    assert len((await identity.ask("GET", "/audit")).json()["results"]) == 3


async def test_people_are_made_and_changed_and_an_address_is_taken_once(identity: Identity) -> None:
    made = await identity.ask("POST", "/users", AMA)
    assert made.status_code == 201
    assert "password" not in made.json()
    again = await identity.ask("POST", "/users", {**AMA, "email": " AMA@example.com "})
    assert (again.status_code, again.json()["code"]) == (409, "already_exists")
    [row] = await identity.database.all("SELECT password_hash FROM users")
    assert row["password_hash"].startswith("$argon2id$")
    changed = await identity.ask(
        "PATCH", f"/users/{made.json()['id']}", {"name": "Ama M", "grants": [{"role": "viewer", "merchants": ["demo"]}]}
    )
    assert (changed.json()["name"], changed.json()["grants"]) == ("Ama M", [{"role": "viewer", "merchants": ["demo"]}])
    for bad in ({"active": "no"}, {"grants": []}, {"password": "x"}, {"email": "b@c.de"}, [], {"name": "\x00"}):
        assert (await identity.ask("PATCH", f"/users/{made.json()['id']}", bad)).status_code == 400, bad


async def test_sec_02_why_a_key_is_revoked_stands_in_the_audit_trail(identity: Identity) -> None:
    made = (await identity.ask("POST", "/keys", WISH)).json()
    for bad in ({"reason": "x" * 257}, {"reason": "two\nlines"}, {"reason": 1}, {"why": "lost"}, ["lost"]):
        answer = await identity.ask("DELETE", f"/keys/{made['id']}", bad)
        assert (answer.status_code, answer.json()["code"]) == (400, "validation_error"), bad
    assert (await identity.ask("GET", "/keys")).json()["results"][0]["revoked_at"] is None, "a bad reason revokes nothing"
    for reason in ("the laptop of 4915112345678 was lost", "another one, later"):
        answer = await identity.ask("DELETE", f"/keys/{made['id']}", {"reason": reason})
        assert answer.status_code == 204, answer.text
    told = [(entry["action"], entry["reason"]) for entry in await identity.audit()]
    assert told == [("key.created", None), ("key.revoked", "the laptop of [removed] was lost")], "the first one stands"
    page = (await identity.ask("GET", "/audit")).json()["results"]
    assert page[0]["reason"] == "the laptop of [removed] was lost"


async def test_sec_03_why_a_person_is_closed_stands_in_the_audit_trail_without_their_name(identity: Identity) -> None:
    person = (await identity.ask("POST", "/users", AMA)).json()
    place, why = f"/users/{person['id']}", "Ama (ama@example.com) left the company"
    for bad in ({"active": False, "reason": "x" * 257}, {"active": False, "reason": "bell\x07"}):
        assert (await identity.ask("PATCH", place, bad)).json()["errors"][0]["pointer"] == "/reason"
    assert (await identity.ask("PATCH", place, {"active": False, "reason": why})).json()["active"] is False
    assert (await identity.ask("PATCH", place, {"active": True})).json()["active"] is True
    told = [(entry["action"], entry["reason"]) for entry in await identity.audit()]
    closed = ("user.changed", "[removed] ([removed]) left the company")
    assert told == [("user.created", None), closed, ("user.changed", None)]


async def test_the_audit_trail_only_grows(identity: Identity) -> None:
    await identity.ask("POST", "/keys", WISH)
    with psycopg.connect(identity.url, autocommit=True) as connection:
        for statement in ("UPDATE admin.audit SET actor = 'nobody'", "DELETE FROM admin.audit", "TRUNCATE admin.audit"):
            with pytest.raises(psycopg.errors.RaiseException, match="never changed"):
                connection.execute(statement)
    assert len(await identity.audit()) == 1


async def test_audit_is_read_page_by_page(identity: Identity) -> None:
    for _ in range(5):
        await identity.ask("POST", "/keys", WISH)
    seen, cursor = [], ""
    while True:
        page = (await identity.ask("GET", f"/audit?limit=2&cursor={cursor}")).json()
        seen += [entry["id"] for entry in page["results"]]
        if page["next_cursor"] is None:
            break
        cursor = page["next_cursor"]
    assert seen == sorted(seen, key=int, reverse=True)
    assert len(seen) == 5
    for query in ("limit=0", "limit=201", "limit=x", "cursor=-1", "cursor=9e9", "other=1", "cursor=99999999999999999999"):
        assert (await identity.ask("GET", f"/audit?{query}")).status_code == 400


async def test_a_change_whose_audit_row_cannot_be_written_does_not_happen(identity: Identity) -> None:
    with psycopg.connect(identity.url, autocommit=True) as connection:
        connection.execute("ALTER TABLE admin.audit ADD CONSTRAINT full_up CHECK (false) NOT VALID")
    with pytest.raises(psycopg.errors.CheckViolation):
        await identity.ask("POST", "/keys", WISH)
    assert (await identity.ask("GET", "/keys")).json()["count"] == 0


async def test_sec_07_a_reveal_is_told_without_long_numbers(identity: Identity) -> None:
    from domain.access.principal import encode

    by = of("person", Role.OPERATOR, "demo")
    told = {"principal": encode(by), "action": "recipient.revealed", "subject": "payout:x", "merchant": "demo"}
    url = "/internal/audit"
    answer = await identity.client.post(
        url, json={**told, "reason": "about 1234567890123456"}, headers={"payflow-inner-secret": identity.secret}
    )
    assert answer.status_code == 204
    [entry] = await identity.audit()
    assert (entry["actor"], entry["merchants"], entry["reason"]) == ("person:operator-demo", ["demo"], "about [removed]")
    for bad in ({}, {**told, "reason": 5}, {**told, "principal": "x", "reason": "y"}):
        answer = await identity.client.post(url, json=bad, headers={"payflow-inner-secret": identity.secret})
        assert answer.status_code == 400


async def test_inb_02_what_an_upstream_tried_is_told_as_refused(identity: Identity) -> None:
    from domain.access.principal import encode

    told = {"principal": encode(Principal(kind="inbox", id="erp")), "action": "inbox.foreign_merchant"}
    told |= {"subject": "payouts.inbox.erp/3/17", "reason": "The record's key names another merchant.", "outcome": "refused"}
    for merchant in ("beta", ""):
        answer = await identity.client.post(
            "/internal/audit", json={**told, "merchant": merchant}, headers={"payflow-inner-secret": identity.secret}
        )
        assert answer.status_code == 204
    first, second = await identity.audit()
    assert (first["actor"], first["outcome"], first["merchants"]) == ("inbox:erp", "refused", ["beta"])
    assert second["merchants"] == [], "what is no merchant's is of the whole house"
    listed = (await identity.ask("GET", "/audit", by=of("person", Role.ADMIN, "beta"))).json()["results"]
    assert [row["subject"] for row in listed] == ["payouts.inbox.erp/3/17"], "the merchant it was tried on sees it"
    bad = {**told, "merchant": "beta", "outcome": "perhaps"}
    answer = await identity.client.post("/internal/audit", json=bad, headers={"payflow-inner-secret": identity.secret})
    assert answer.status_code == 400


async def test_sec_01_the_inner_door_keeps_everybody_else_out(identity: Identity) -> None:
    for headers in ({}, {"payflow-inner-secret": "wrong"}, {"payflow-inner-secret": ""}):
        for path in ("/api/v1/keys", "/internal/audit", "/api/v1/sessions", "/nothing"):
            assert (await identity.client.get(path, headers=headers)).status_code == 401
    assert (await identity.client.get("/livez")).status_code == 200
    assert (await identity.ask("GET", "/keys", by=None)).status_code == 401


async def test_a_ticket_is_good_once_and_for_a_minute(identity: Identity) -> None:
    by = Principal(kind="key", id="01a1fce3-eadb-73ce-b132-dc140c212c12")

    async def redeem(ticket: str) -> int:
        headers = {"payflow-inner-secret": identity.secret}
        return (await identity.client.post("/internal/tickets/redeem", json={"ticket": ticket}, headers=headers)).status_code

    made = (await identity.ask("POST", "/feed/tickets", by=by, X_Merchant_Id="demo")).json()
    assert made["merchant_id"] == "demo"
    assert sorted(await asyncio.gather(*(redeem(made["ticket"]) for _ in range(5)))) == [200, 404, 404, 404, 404]
    late = (await identity.ask("POST", "/feed/tickets", by=by)).json()["ticket"]
    identity.clock.advance(59_000)
    assert await redeem((await identity.ask("POST", "/feed/tickets", by=by)).json()["ticket"]) == 200
    identity.clock.advance(1_001)
    assert await redeem(late) == 404


async def test_the_schema_is_brought_up_to_date_as_often_as_one_likes(identity: Identity) -> None:
    await identity.ask("POST", "/keys", WISH)
    assert schema.REVISIONS.upgrade(identity.url, "admin") == "0002"
    assert (await identity.ask("GET", "/keys")).json()["count"] == 1


def test_the_command_line_makes_the_first_key_and_person(identity: Identity) -> None:
    import os
    import sys

    env = {**os.environ, "DATABASE_URL": identity.url, "ADMIN_SCHEMA": "admin"}

    def run(*arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "payflow", *arguments], env=env, input=given, capture_output=True, text=True
        )

    made = run(
        "keys", "create", "--name", "ERP", "--scopes", "payouts:read,payouts:write", "--merchants", "demo", "--days", "30"
    )
    assert made.stdout.startswith("pk_live_"), made.stderr
    listed = run("keys", "list").stdout
    assert made.stdout[:14] in listed
    assert made.stdout.strip() not in listed
    key_id = listed.split()[0]
    long = run("keys", "revoke", key_id, "--reason", "x" * 257)
    assert (long.returncode, "/reason" in long.stderr) == (2, True)
    assert run("keys", "revoke", key_id, "--reason", "the supplier changed").returncode == 0
    with psycopg.connect(identity.url) as connection:
        told = connection.execute("SELECT reason FROM admin.audit WHERE action = 'key.revoked'").fetchall()
    assert told == [("the supplier changed",)]
    assert "revoked" in run("keys", "list").stdout
    assert run("keys", "revoke", "nothing").returncode == 1
    bad = run("keys", "create", "--name", "x", "--scopes", "everything", "--merchants", "demo")
    assert (bad.returncode, "/scopes" in bad.stderr) == (2, True)
    person = run(
        "users",
        "create",
        "--email",
        "a@b.cd",
        "--name",
        "A",
        "--role",
        "admin",
        "--password-stdin",
        given="a long pass phrase\n",
    )
    assert person.returncode == 0, person.stderr
    assert "a@b.cd  active  admin of *" in run("users", "list").stdout
    first = run("create-user", "--email", "first@b.cd", "--password-stdin", given="a long pass phrase\n")
    assert first.returncode == 0, first.stderr
    assert "first@b.cd  active  admin of *" in run("users", "list").stdout
    short = run("users", "create", "--email", "c@b.cd", "--name", "A", "--password-stdin", given="short\n")
    assert (short.returncode, "/password" in short.stderr) == (2, True)


async def test_aud_01_an_act_that_is_told_twice_stands_in_the_trail_once(identity: Identity) -> None:
    act = {
        "id": "019b0000-0000-7000-8000-000000000001",
        "at": 1_767_225_600_000,
        "actor": "key:k1",
        "action": "webhook.changed",
        "subject": "webhook:w1",
        "merchant_id": "demo",
        "detail": {"fields": ["types"]},
    }
    other = {**act, "id": "019b0000-0000-7000-8000-000000000002", "action": "webhook.deleted"}
    inner = {"payflow-inner-secret": identity.secret}
    for acts in ([act], [act, other], [act, other]):
        answer = await identity.client.post("/internal/acts", json={"acts": acts}, headers=inner)
        assert answer.status_code == 204, answer.text
    told = [(entry["actor"], entry["action"], entry["merchants"], entry["at"]) for entry in await identity.audit()]
    assert told == [("key:k1", action, ["demo"], act["at"]) for action in ("webhook.changed", "webhook.deleted")]
    for bad in ({}, {"acts": [{**act, "actor": "x"}]}, {"acts": act}):
        assert (await identity.client.post("/internal/acts", json=bad, headers=inner)).status_code == 400
    assert (await identity.client.post("/internal/acts", json={"acts": [act]})).status_code == 401
    mine = (await identity.ask("GET", "/audit", by=of("person", Role.ADMIN, "demo"))).json()["results"]
    assert [entry["detail"] for entry in mine] == [{"fields": ["types"]}] * 2, "its administrator sees it"
