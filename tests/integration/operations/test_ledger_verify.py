"""`payflow ledger verify` against a running stack (LED-10)."""

import threading

import psycopg
import pytest

from payflow.ledger_verify import Verdict, verify
from runtime.ids import mint
from tests.integration.operations.conftest import Services
from tests.integration.operations.test_dead_letters import payflow
from tests.support.ingest_stack import wait_for

pytestmark = pytest.mark.integration

PLANTED = {
    "a balance that is off by one": (
        "UPDATE balances SET balance_minor = balance_minor + 1 WHERE merchant_id = 'demo' AND account = 'held'",
        "account demo USD held: the log says",
    ),
    "an account that is gone": ("DELETE FROM balances WHERE account = 'held'", "; the views say nothing"),
    "an account that nobody opened": (
        "INSERT INTO balances SELECT 'ghost', currency, account, 0, 0, partition, 0 FROM balances LIMIT 1",
        "the log says nothing",
    ),
    "an entry that is gone": (
        'DELETE FROM ledger_entries WHERE "offset" = (SELECT max("offset") FROM ledger_entries)',
        "entries, the views",
    ),
    "an entry that was changed and sums up again": (
        'UPDATE ledger_entries SET amount_minor = amount_minor * 2 WHERE "offset" = (SELECT max("offset") FROM ledger_entries)',
        "the ledger rows of the views are not those of the log",
    ),
    "a position that is off": (
        "UPDATE projection_offsets SET next_source = next_source + 1 WHERE next_source > 0",
        "source offsets below",
    ),
}


def _execute(services: Services, statement: str) -> None:
    with psycopg.connect(services.stack.database_url, options=f"-c search_path={services.schema}") as link:
        assert link.execute(statement).rowcount > 0  # type: ignore[arg-type]


def test_it_agrees_while_payouts_come_in(services: Services) -> None:
    stop, answers = threading.Event(), list[int]()

    def pay() -> None:
        while not stop.is_set():
            answers.append(services.pay("demo", mint()).status_code)

    threads = [threading.Thread(target=pay) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        wait_for("some payouts", lambda: len(answers) > 5, 30)
        verdicts: list[Verdict] = [verify(services.settings) for _ in range(4)]
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert [verdict.differences for verdict in verdicts] == [[]] * 4
    assert verdicts[-1].records > verdicts[0].records > 0, "it looked at a moving log"
    assert verdicts[-1].accounts >= 4


def test_each_planted_error_is_found_and_told(services: Services) -> None:
    for _ in range(3):
        services.pay("demo", mint())
    wait_for("all is projected", lambda: verify(services.settings).records == services.command_count(), 30)
    services.end("projector", "processor", "ingest")
    good = payflow(services, "ledger", "verify")
    assert (good.returncode, "0 differences" in good.stdout, "accounts compared" in good.stdout) == (0, True, True)
    tables = ("balances", "ledger_entries", "projection_offsets")
    for table in tables:
        _execute(services, f"CREATE TABLE kept_{table} AS SELECT * FROM {table}")
    for what, (statement, told) in PLANTED.items():
        _execute(services, statement)
        differences = verify(services.settings).differences
        assert differences, what
        assert told in " ".join(differences), what
        for table in tables:
            with psycopg.connect(services.stack.database_url, options=f"-c search_path={services.schema}") as link:
                link.execute(f"DELETE FROM {table}")  # type: ignore[arg-type]
                link.execute(f"INSERT INTO {table} SELECT * FROM kept_{table}")  # type: ignore[arg-type]
    _execute(services, "UPDATE balances SET balance_minor = balance_minor + 1 WHERE account = 'held'")
    bad = payflow(services, "ledger", "verify")
    assert (bad.returncode, "first difference: account demo USD held" in bad.stdout) == (1, True), bad.stdout
