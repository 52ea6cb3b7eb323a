"""Settings, clock, log lines, health (OBS-05, OBS-07, RUN-03 to RUN-05)."""

import json
import logging as standard
from typing import Any

import pytest

from runtime import health, logging
from runtime.clock import ManualClock
from runtime.settings import RefusedStartError, ServiceSettings, leftovers, load


def test_run_03_the_database_by_url_or_by_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    for name, value in {"DB_NAME": "n", "DB_USER": "u", "DB_PASSWORD": "p@ss/word", "DB_HOST": "h", "DB_PORT": "1"}.items():
        monkeypatch.setenv(name, value)
    assert load(ServiceSettings).database_url == "postgresql://u:p%40ss%2Fword@h:1/n"
    monkeypatch.setenv("DATABASE_URL", "postgresql://elsewhere/x")
    assert load(ServiceSettings).database_url == "postgresql://elsewhere/x"


@pytest.mark.parametrize(
    ("name", "value"), [("KAFKA_PARTITIONS", "many"), ("PAYFLOW_PROFILE", "staging"), ("PROJECTION_SCHEMA", "x; drop")]
)
def test_run_04_a_bad_setting_is_one_line_that_names_it(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(RefusedStartError, match=name) as refused:
        load(ServiceSettings)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("value", ["True", "TRUE", "1", "yes"])
def test_run_04_debug_in_any_case(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("DEBUG", value)
    assert load(ServiceSettings).debug is True


def test_run_05_leftovers_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://x")
    monkeypatch.setenv("CELERY_BROKER_URL", "x")
    assert {"REDIS_URL", "CELERY_BROKER_URL"} <= set(leftovers())


def test_obs_05_one_json_line_without_personal_data(capsys: pytest.CaptureFixture[str]) -> None:
    handlers, level = standard.root.handlers[:], standard.root.level
    try:
        logging.set_up("tests")
        logging.logger("t").info(
            "payout.accepted", payout_id="p", msisdn="+256772123456", recipient_details={"account_number": "1"}, text="a\nb"
        )
        standard.getLogger("other").warning("plain %s", "words")
        lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    finally:
        standard.root.handlers[:] = handlers
        standard.root.setLevel(level)
    assert [line["event"] for line in lines] == ["payout.accepted", "plain words"]
    assert {"time", "level", "service"} <= set(lines[0])
    assert "256772" not in json.dumps(lines)
    assert lines[0]["text"] == "a\nb"


def test_a_chatty_library_is_limited() -> None:
    clock = ManualClock()
    limit = logging.RateLimit(clock)
    record = standard.LogRecord("aiokafka", standard.ERROR, "", 0, "x", None, None)
    passed = sum(limit.filter(record) for _ in range(1000))
    clock.advance(60_000)
    assert passed == logging.LINES_PER_WINDOW
    assert limit.filter(record)


def test_a_clock_is_moved_on_never_back() -> None:
    clock = ManualClock(1000)
    clock.advance(5)
    assert (clock.now_ms(), clock.monotonic()) == (1005, 1.005)
    with pytest.raises(ValueError, match="never back"):
        clock.advance(-1)


async def test_obs_07_readiness_names_what_is_wrong() -> None:
    async def well() -> str | None:
        return None

    async def ill() -> str | None:
        return "too far behind"

    async def broken() -> str | None:
        raise ConnectionError

    found = await health.run({"a": well, "b": ill, "c": broken})
    payload: dict[str, Any] = found.payload(verbose=False)
    assert not found.ready
    assert payload["checks"] == {"a": "ok", "b": "too far behind", "c": "ConnectionError"}
    assert (await health.run({"a": well})).payload(verbose=False) == {"status": "ok"}
