"""`payflow rebuild --switch` while everything runs, and a rebuild that dies (RUN-25)."""

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
import psycopg
import pytest

from payflow import ledger_verify, switch
from payflow.rebuild import Verdict, lines, rebuild
from runtime.ids import mint
from tests.integration import own_log
from tests.integration.operations.conftest import Services
from tests.support.ingest_stack import wait_for

pytestmark = pytest.mark.integration
SWITCHES = 3
READS = 5
"""202 says that the views are behind: while the projector waits for the switch."""


class Traffic:
    """Payouts asked for one after the other through the front door, and each read back at once."""

    def __init__(self, services: Services, merchant_id: str) -> None:
        self.services, self.merchant_id = services, merchant_id
        self.made: dict[str, bytes] = {}
        self.trouble: list[str] = []
        self._stop = threading.Event()

    @contextmanager
    def running(self, threads: int = 3) -> Iterator["Traffic"]:
        running = [threading.Thread(target=self._run) for _ in range(threads)]
        for thread in running:
            thread.start()
        try:
            yield self
        finally:
            self._stop.set()
            for thread in running:
                thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            key = mint()
            try:
                answer = self.services.pay(self.merchant_id, key, url=self.services.gateway_url)
                self._read_back(answer)
                self.made[key] = answer.content
            except (AssertionError, httpx2.HTTPError) as error:
                self.trouble.append(repr(error)[:500])

    def _read_back(self, answer: httpx2.Response) -> None:
        assert answer.status_code == 201, answer.text
        position = answer.headers["payflow-position"]
        url = f"{self.services.gateway_url}/api/v1/payouts/{answer.json()['id']}"
        for _ in range(READS):
            read = httpx2.get(url, headers={"Payflow-After": position, "X-Merchant-Id": self.merchant_id}, timeout=30)
            if read.status_code != 202:
                break
        assert read.status_code == 200, read.text


def test_switches_during_traffic_lose_and_double_nothing_and_no_service_notices(services: Services) -> None:
    services.start_all()
    merchant_id = services.merchant("100000.00")
    with Traffic(services, merchant_id).running() as traffic:
        wait_for("some traffic", lambda: len(traffic.made) > 20)
        for number in range(1, SWITCHES + 1):
            verdict = rebuild(services.settings, switch=True)
            assert verdict.same, "\n".join(lines(verdict))
            assert verdict.old == f"{services.schema}_old_{number}", verdict.not_switched
            before = len(traffic.made)
            wait_for("traffic after the switch", lambda before=before: len(traffic.made) > before + 20)
    assert not traffic.trouble
    _all_is_there_once(services, traffic)
    assert all(child.process.poll() is None for child in services.stack.children.values()), "no service has ended"
    assert "projection.halted" not in services.log_text("projector")
    assert "writer.halted" not in services.log_text("processor")


def _all_is_there_once(services: Services, traffic: Traffic) -> None:
    last = services.pay(traffic.merchant_id, mint())
    verdict = wait_for("the views have all", lambda: _verified(services, last.json()["id"]), 30)
    assert verdict.differences == []
    again = rebuild(services.settings)
    assert again.same, "\n".join(lines(again))
    with psycopg.connect(services.stack.database_url, options=f"-c search_path={services.schema}") as link:
        row = link.execute("SELECT count(*) FROM payouts WHERE merchant_id = %s", [traffic.merchant_id]).fetchone()
    assert row == (len(traffic.made) + 1,)
    key, first = next(iter(traffic.made.items()))
    assert services.pay(traffic.merchant_id, key).content == first, "an answer from before the switch is given again"


def _verified(services: Services, payout_id: str) -> ledger_verify.Verdict | None:
    with psycopg.connect(services.stack.database_url, options=f"-c search_path={services.schema}") as link:
        there = link.execute("SELECT 1 FROM payouts WHERE id = %s", [payout_id]).fetchone()
    return ledger_verify.verify(services.settings) if there else None


def _command(services: Services, *more: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """The command as an operator runs it, on the test's log."""
    env = {**os.environ, **services.stack.environ, **environ}
    code = f"import sys; from tests.integration import own_log; own_log._take_names({services.log.suffix!r}); "
    code += "sys.argv[0] = 'payflow'; from payflow.cli import main; main()"
    command = [sys.executable, "-c", code, *more]
    return subprocess.run(command, env=env, cwd=own_log.ROOT, capture_output=True, text=True, timeout=120)


def _schemas(services: Services) -> list[str]:
    with psycopg.connect(services.stack.database_url) as link:
        rows = link.execute("SELECT nspname FROM pg_namespace WHERE starts_with(nspname, %s)", [services.schema]).fetchall()
    return sorted(row[0] for row in rows)


def test_a_rebuild_that_dies_leaves_the_live_views_and_the_next_one_starts_anew(services: Services) -> None:
    for _ in range(5):
        services.pay("demo", mint())
    died = _command(services, "rebuild", "--switch", PAYFLOW_FAILPOINTS="rebuild.mid:1:kill")
    assert died.returncode == -9, died.stderr
    assert _schemas(services) == [services.schema, f"{services.schema}_rebuild"], "it died in the middle"
    assert services.pay("demo", mint()).status_code == 201
    done = _command(services, "rebuild", "--switch")
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"\b1\d tables, 0 different", done.stdout), done.stdout
    assert _schemas(services) == [services.schema, f"{services.schema}_old_1"]
    assert services.pay("demo", mint()).status_code == 201
    assert _command(services, "rebuild", "--drop-old").stdout.endswith("1 old schemas dropped\n")
    assert _schemas(services) == [services.schema]


def test_views_that_differ_are_switched_only_when_that_is_said(services: Services) -> None:
    made = services.pay("demo", mint()).json()["id"]
    wait_for("it is projected", lambda: _verified(services, made))
    with psycopg.connect(services.stack.database_url, options=f"-c search_path={services.schema}") as link:
        assert link.execute("UPDATE payouts SET updated_at = updated_at + 1").rowcount == 1
    refused = _command(services, "rebuild", "--switch")
    assert (refused.returncode, "NOT switched" in refused.stdout) == (1, True)
    mended = _command(services, "rebuild", "--switch", "--even-if-different")
    assert (mended.returncode, "switched: the rebuilt views are live" in mended.stdout) == (0, True)
    assert rebuild(services.settings).same


def test_only_one_rebuild_runs_and_a_name_that_is_too_long_is_refused(services: Services) -> None:
    with switch.alone(services.stack.database_url), pytest.raises(switch.NotSwitchedError, match="another rebuild"):
        rebuild(services.settings)
    with pytest.raises(switch.NotSwitchedError, match="longer than 63"):
        switch.beside("x" * 60, "_rebuild")


def test_a_switch_waits_for_old_transactions_and_gives_up_without_harm(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader that saw the old views must not go on in the new ones."""
    monkeypatch.setattr(switch, "OLDER_SECONDS", 1.0)
    services.pay("demo", mint())
    with psycopg.connect(services.stack.database_url, options=f"-c search_path={services.schema}") as reader:
        reader.execute("SELECT 1 FROM merchants")
        verdict: Verdict = rebuild(services.settings, switch=True)
    assert verdict.old is None
    assert "goes on for too long" in str(verdict.not_switched)
    assert _schemas(services) == [services.schema]
    assert services.pay("demo", mint()).status_code == 201
