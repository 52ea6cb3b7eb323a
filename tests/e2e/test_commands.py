"""`payflow submit`, `list`, `watch`, `explain`, `verify` on the whole stack: what they say and their exit codes (RUN-09)."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from payflow.stack import Stack
from tests.e2e.api import MERCHANT, key

PAYEE = ["--currency", "USD", "--account", "1234567890"]


@pytest.fixture
def run(stack: Stack) -> Any:
    """Runs the command against the stack, configured by the environment alone."""

    def command(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        given = {**os.environ, "PAYFLOW_URL": stack.url, "PAYFLOW_MERCHANT": MERCHANT, **env}
        ask = [sys.executable, "-m", "payflow", *arguments]
        return subprocess.run(ask, env=given, capture_output=True, text=True, timeout=90)

    return command


def submitted(run: Any, *arguments: str) -> dict[str, Any]:
    done = run("submit", *arguments, "--json")
    assert done.returncode == 0, done.stderr
    made: dict[str, Any] = json.loads(done.stdout)
    return made


def test_run_09_a_payout_is_submitted_listed_watched_explained_and_verified(run: Any) -> None:
    reference = key()
    made = submitted(run, "--amount", "10.00", *PAYEE, "--reference", reference, "--payee", "bank_name=Example Bank")
    assert made["recipient_details"]["bank_name"] == "Example Bank"
    listed = run("list", "--reference", reference, "--json")
    assert [json.loads(line)["id"] for line in listed.stdout.splitlines()] == [made["id"]]
    watched = run("watch", made["id"], "--timeout", "60")
    assert (watched.returncode, "completed" in watched.stdout) == (0, True), watched.stderr
    told = json.loads(run("explain", made["id"], "--json").stdout)
    assert (told["without_gap"], told["payout"]["status"]) == (True, "completed")
    assert made["id"] in run("explain", made["id"]).stdout
    verified = run("verify", "--payout", made["id"], "--json")
    assert verified.returncode == 0, verified.stdout
    assert all(json.loads(line)["holds"] for line in verified.stdout.splitlines())


def test_run_09_the_same_key_again_pays_nothing_twice(run: Any) -> None:
    name = key()
    first = submitted(run, "--amount", "3.00", *PAYEE, "--key", name)
    assert submitted(run, "--amount", "3.00", *PAYEE, "--key", name)["id"] == first["id"]


@pytest.mark.parametrize("suffix", [".csv", ".json"])
def test_run_09_a_file_becomes_a_batch_that_is_watched_with_progress(run: Any, tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"rows{suffix}"
    rows = [{"amount": "5", "currency": "UGX", "recipient_details": {"msisdn": f"+25677240000{row}"}} for row in range(3)]
    lines = [f"{row['recipient_details']['msisdn']},5,UGX" for row in rows]  # type: ignore[index]
    file.write_text("\n".join(["msisdn,amount,currency", *lines]) if suffix == ".csv" else json.dumps({"rows": rows}))
    made = submitted(run, str(file), "--name", "By hand")
    assert (made["row_count"], made["name"]) == (3, "By hand")
    watched = run("watch", made["id"], "--timeout", "60", "--json")
    assert watched.returncode == 0, watched.stderr
    assert json.loads(watched.stdout.splitlines()[-1])["batch"]["counts"]["completed"] == 3
    assert run("watch", made["id"], "--timeout", "60").returncode == 0
    assert run("verify", "--batch", made["id"]).returncode == 0
    assert made["id"] in run("list", "--batches").stdout


def test_run_09_a_payout_that_is_not_paid_is_exit_code_4(run: Any) -> None:
    made = submitted(run, "--amount", "500", "--currency", "UGX", "--msisdn", "+256700000001")
    assert run("watch", made["id"], "--timeout", "60").returncode == 4


def test_run_09_a_watch_that_is_given_up_is_exit_code_5(run: Any) -> None:
    made = submitted(run, "--amount", "500", "--currency", "UGX", "--msisdn", "+256700000003")
    assert run("watch", made["id"], "--timeout", "0.5").returncode == 5


def test_run_09_a_refusal_is_exit_code_1_and_names_its_faults(run: Any) -> None:
    done = run("submit", "--amount", "1.234", "--currency", "USD", "--account", "1")
    assert done.returncode == 1
    assert "/amount" in done.stderr
    assert "/recipient_details/account_number" in done.stderr
    problem = json.loads(run("submit", "--amount", "1.234", *PAYEE, "--json").stderr)
    assert (problem["code"], problem["errors"][0]["pointer"]) == ("validation_error", "/amount")
    assert run("explain", "00000000-0000-7000-8000-000000000000").returncode == 1


def test_run_09_a_wrong_command_line_is_exit_code_2_and_no_answer_3(run: Any) -> None:
    assert run("submit").returncode == 2
    assert run("submit", "--amount", "1.00", "--payee", "nonsense").returncode == 2
    away = run("submit", "--amount", "1.00", *PAYEE, "--key", "kept", PAYFLOW_URL="http://127.0.0.1:9")
    assert away.returncode == 3
    assert "kept" in away.stderr
