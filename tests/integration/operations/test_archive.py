"""`payflow archive` on running services: what clients see, what is decided on archived payouts, and what is proved of them (ADR 0014)."""

import httpx2
import psycopg
import pytest

from payflow import ledger_verify, switch
from payflow.archive import archive
from payflow.rebuild import lines, rebuild
from payflow.switch import NotSwitchedError
from runtime.ids import mint
from services.projector.months import Month, month_of
from tests.integration.operations.conftest import Services
from tests.support.ingest_stack import wait_for

pytestmark = pytest.mark.integration
HEADERS = {"X-Merchant-Id": "demo"}


def _get(services: Services, path: str) -> httpx2.Response:
    return httpx2.get(f"{services.gateway_url}/api/v1/payouts{path}", headers=HEADERS, timeout=30)


def _ended(services: Services) -> int:
    listed = _get(services, "?limit=50").json()["results"]
    return sum(payout["status"] in {"completed", "failed"} for payout in listed)


def _next_month() -> Month:
    """After all that this test makes: a running service does not care that the month is not over."""
    return month_of(mint()).next()


def _hot(services: Services) -> int:
    with psycopg.connect(services.stack.database_url, options=f"-c search_path={services.schema}") as link:
        row = link.execute("SELECT count(*) FROM payouts").fetchone()
    assert row is not None
    return int(row[0])


def test_services_go_on_with_archived_payouts_as_if_nothing_had_happened(services: Services) -> None:
    services.start_all()
    keys = [mint() for _ in range(6)]
    answers = {key: services.pay("demo", key).content for key in keys}
    wait_for("all have ended", lambda: _ended(services) == 6, 60)
    seen = _get(services, "?limit=50").json()["results"]
    histories = [_get(services, f"/{payout['id']}/events").json() for payout in seen]
    assert sum(done.moved for done in archive(services.settings, _next_month())) == 6
    assert _hot(services) == 0
    assert _get(services, "?limit=50").json()["results"] == seen
    assert [_get(services, f"/{payout['id']}").json() for payout in seen] == seen
    assert [_get(services, f"/{payout['id']}/events").json() for payout in seen] == histories
    assert {key: services.pay("demo", key).content for key in keys} == answers, "a repeat gets the first answer"
    refused = httpx2.delete(f"{services.gateway_url}/api/v1/payouts/{seen[0]['id']}", headers=HEADERS, timeout=30)
    assert (refused.status_code, refused.json()["code"]) == (409, "invalid_state_transition")
    assert services.pay("demo", mint()).status_code == 201
    wait_for("the new one has ended", lambda: _ended(services) == 7, 60)
    assert _get(services, "?limit=50").json()["results"][1:] == seen
    _is_proved(services)


def _is_proved(services: Services) -> None:
    verified = ledger_verify.verify(services.settings)
    assert (verified.differences, verified.entries > 0) == ([], True)
    verdict = rebuild(services.settings, switch=True)
    assert verdict.same, "\n".join(lines(verdict))
    assert verdict.old is not None, verdict.not_switched
    assert _hot(services) == 7, "rebuilt views have all of them in the hot tables"
    assert sum(done.moved for done in archive(services.settings, _next_month())) == 7


def test_nobody_archives_while_views_are_rebuilt_or_switched(services: Services) -> None:
    with (
        switch.alone(services.stack.database_url),
        pytest.raises(NotSwitchedError, match="another rebuild, restore or archive runs"),
    ):
        list(archive(services.settings, _next_month()))
