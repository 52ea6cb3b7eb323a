"""The commands' `--json`: answers and errors alike; filters that are not lost; nothing holds that nobody looked at (RUN-09)."""

import json
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
import typer
from typer.testing import CliRunner, Result

from payflow import explain, front_door, keys, ledger, ledger_verify, listing, topics, users, verify
from payflow.client import Payflow

GONE = {"code": "not_found", "detail": "There is no such payout.", "title": "Not found", "status": 404}
Handler = Callable[[httpx2.Request], httpx2.Response]


def run(command: Callable[..., Any], *arguments: str) -> Result:
    app = typer.Typer()
    app.command()(command)
    return CliRunner().invoke(app, list(arguments))


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Callable[[Handler], None]:
    """Lets the commands speak with a handler instead of a gateway."""

    def serve(handler: Handler) -> None:
        def connected(url: str, **who: Any) -> Payflow:
            return Payflow(url, transport=httpx2.MockTransport(handler), **who)

        monkeypatch.setattr(front_door, "Payflow", connected)

    return serve


def test_explain_tells_an_error_as_a_problem(served: Any) -> None:
    served(lambda _: httpx2.Response(404, json=GONE))
    done = run(explain.command, "x", "--json")
    assert (done.exit_code, done.stdout, json.loads(done.stderr)["code"]) == (1, "", "not_found")


@pytest.mark.parametrize(
    ("given", "named"),
    [(("--status", "failed"), "--status"), (("--batch", "b"), "--batch"), (("--min-amount", "1"), "--min-amount")],
)
def test_a_filter_that_batches_do_not_have_is_refused_and_not_passed_over(
    served: Any, given: tuple[str, str], named: str
) -> None:
    served(lambda _: pytest.fail("nothing is asked"))
    done = run(listing.command, "--batches", *given)
    assert (done.exit_code, f"filtered by {named}:" in done.stderr) == (2, True), done.stderr
    problem = json.loads(run(listing.command, "--batches", *given, "--reference", "x", "--json").stderr)
    assert (problem["code"], named in problem["detail"], "--reference" in problem["detail"]) == ("refused", True, True)


def test_the_filter_that_batches_have_is_passed_on(served: Any) -> None:
    asked: list[httpx2.URL] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(request.url)
        return httpx2.Response(200, json={"results": [], "count": 0, "next": None, "previous": None})

    served(answer)
    assert run(listing.command, "--batches", "--attention", "needs_you", "--json").exit_code == 0
    assert asked[0].params["attention"] == "needs_you"


def _moving(request: httpx2.Request) -> httpx2.Response:
    """A balance that is another one at each look."""
    _moving.looks += 1  # type: ignore[attr-defined]
    amount = _moving.looks  # type: ignore[attr-defined]
    if "ledger" in request.url.path:
        return httpx2.Response(200, json={"results": []})
    money = {"currency": "USD", "available_minor": amount, "held_minor": 0, "total_minor": amount}
    words = {"available": "1.00", "held": "0.00", "total": "1.00"}
    return httpx2.Response(200, json={"merchant_id": "demo", "balances": [{**money, **words}]})


def test_a_ledger_that_was_not_added_up_does_not_hold(served: Any) -> None:
    _moving.looks = 0  # type: ignore[attr-defined]
    served(_moving)
    done = run(verify.command, "--merchant", "demo", "--json")
    told = {finding["check"]: finding["holds"] for finding in map(json.loads, done.stdout.splitlines())}
    assert told["demo USD: entries not added up"] is None, done.output
    assert done.exit_code == front_door.UNFINISHED
    assert "--  demo USD: entries not added up" in run(verify.command, "--merchant", "demo").stdout


@pytest.mark.parametrize(
    ("held", "code"), [([True, True], 0), ([True, None], 5), ([None, False], 1), ([False, True], 1), ([], 0)]
)
def test_what_verify_says_by_its_exit_code(held: list[bool | None], code: int) -> None:
    assert verify._code(held) == code


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        (keys.create, ("--name", "n", "--scopes", "payouts:read", "--merchants", "demo")),
        (keys.list_keys, ()),
        (keys.revoke, ("x",)),
        (users.create, ("--email", "a@example.com", "--name", "A", "--no-password")),
        (users.create_admin, ("--email", "a@example.com", "--no-password")),
        (users.list_users, ()),
        (topics.apply, ()),
        (ledger.command, ()),
        (ledger_verify.command, ()),
    ],
)
def test_commands_on_the_stores_tell_a_refusal_as_a_problem(
    monkeypatch: pytest.MonkeyPatch, command: Callable[..., Any], arguments: tuple[str, ...]
) -> None:
    monkeypatch.setenv("PAYFLOW_PROFILE", "production")
    done = run(command, *arguments, "--json")
    assert (done.exit_code, done.stdout) == (2, ""), done.output
    problem = json.loads(done.stderr)
    assert (problem["code"], "SECRET_KEY is not set" in problem["detail"]) == ("refused", True)
    assert "SECRET_KEY is not set" in run(command, *arguments).stderr


def test_keys_and_people_are_told_as_json(monkeypatch: pytest.MonkeyPatch) -> None:
    row = {"id": "k1", "shown": "pk_live_ab", "name": "n"}
    monkeypatch.setattr(keys, "run", lambda *_, **__: ("pk_live_secret", row))
    made = run(keys.create, "--name", "n", "--scopes", "payouts:read", "--merchants", "*", "--json")
    assert json.loads(made.stdout) == {**row, "secret": "pk_live_secret"}
    for command, module in ((keys.list_keys, keys), (users.list_users, users)):
        monkeypatch.setattr(module, "run", lambda *_, **__: [row, row])
        assert [json.loads(line) for line in run(command, "--json").stdout.splitlines()] == [row, row]
    monkeypatch.setattr(keys, "run", lambda *_, **__: False)
    gone = run(keys.revoke, "x", "--json")
    assert (gone.exit_code, json.loads(gone.stderr)["code"]) == (1, "not_found")
    monkeypatch.setattr(users, "run", lambda *_, **__: {"id": "u1", "email": "a@example.com"})
    assert json.loads(run(users.create_admin, "--email", "a@example.com", "--no-password", "--json").stdout)["id"] == "u1"


def test_topics_and_the_ledger_are_told_as_json(monkeypatch: pytest.MonkeyPatch) -> None:
    async def applied(*_: object, **__: object) -> list[tuple[str, str]]:
        return [("made", "payouts.commands"), ("unchanged", "payouts.events")]

    monkeypatch.setattr(topics, "apply_topics", applied)
    lines = run(topics.apply, "--json").stdout.splitlines()
    assert [json.loads(line)["act"] for line in lines] == ["made", "unchanged"]
    monkeypatch.setattr(ledger, "check_schema", lambda _: None)
    monkeypatch.setattr(ledger, "check", lambda *_: [ledger.Finding("no entry is zero", 5, 1, "leg 0")])
    done = run(ledger.command, "--json")
    assert (done.exit_code, json.loads(done.stdout)["wrong"]) == (1, 1)
    verdict = ledger_verify.Verdict(accounts=2, offsets={0: 7}, differences=["account"])
    monkeypatch.setattr(ledger_verify, "check_schema", lambda _: None)
    monkeypatch.setattr(ledger_verify, "verify", lambda _: verdict)
    done = run(ledger_verify.command, "--json")
    assert (done.exit_code, json.loads(done.stdout)["offsets"]) == (1, {"0": 7})
