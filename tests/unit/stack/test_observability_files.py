"""Compose, Prometheus and Grafana know every service and every metric that they name (OBS-01 to OBS-04)."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import REGISTRY

from payflow.stack import METRICS, PORTS, SERVICES
from runtime import metrics
from tests.unit.stack.test_compose_file import ROOT, compose  # noqa: F401

NOT_OURS = {"up"}
SUFFIXES = ("_bucket", "_count", "_sum", "_total")
WORD = re.compile(r"\b(?:payflow_[a-z_]+|up)\b(?=[\s{\[)]|$)")
DASHBOARDS = sorted((ROOT / "deploy/grafana/dashboards").glob("*.json"))


def known() -> dict[str, set[str]]:
    """Metric to its labels, with the names that Prometheus gives its parts."""
    assert metrics.PAYOUTS
    found: dict[str, set[str]] = {}
    for collector in set(REGISTRY._collector_to_names):
        labels = set(getattr(collector, "_labelnames", ()))
        for name in REGISTRY._collector_to_names[collector]:
            found[name] = labels
    return found


def prometheus() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text())
    return loaded


def alerts() -> list[dict[str, Any]]:
    loaded = yaml.safe_load((ROOT / "deploy/prometheus/alerts.yml").read_text())
    return [rule for group in loaded["groups"] for rule in group["rules"]]


def anchors() -> set[str]:
    """The headings of the runbook as links name them."""
    heads = re.findall(r"^##+ (.+)$", (ROOT / "docs/runbook.md").read_text(), re.MULTILINE)
    return {re.sub(r"[^a-z0-9 -]", "", head.lower()).replace(" ", "-") for head in heads}


def check(expression: str) -> None:
    """Every metric is in the catalogue, with the labels that are asked for."""
    names = set(WORD.findall(expression)) - NOT_OURS
    assert names or "up{" in expression, expression
    for name in names:
        assert name in known(), f"{name} is in no catalogue: {expression}"
        for asked in re.findall(rf"{name}\{{([^}}]*)\}}", expression):
            labels = set(re.findall(r"(\w+)\s*=", asked))
            assert labels <= known()[name], f"{name} has no {labels - known()[name]}"


def test_every_service_runs_in_compose_and_is_asked_at_its_own_port(compose: dict[str, Any]) -> None:  # noqa: F811
    for name, module in SERVICES.items():
        service = compose["services"][name]
        assert service["command"] == ["python", "-m", module]
        ports = {str(table[key]) for table in (PORTS, METRICS) for key in table if key.startswith(f"{name.upper()}_")}
        asked = re.search(r"127\.0\.0\.1:(\d+)/", service["healthcheck"]["test"][-1])
        assert asked is not None
        assert asked[1] in ports, name


def test_every_service_is_scraped_at_the_port_where_it_exports() -> None:
    [job] = prometheus()["scrape_configs"]
    scraped = {one["labels"]["service"]: one["targets"] for one in job["static_configs"]}
    measured = SERVICES.keys() - {"console"}  # it hands on files and requests; the gateway behind it counts those
    assert scraped == {name: [f"{name}:{METRICS[f'{name.upper()}_METRICS_PORT']}"] for name in measured}


def test_what_prometheus_reads_is_mounted(compose: dict[str, Any]) -> None:  # noqa: F811
    mounted = {volume.split(":")[1]: volume.split(":")[0] for volume in compose["services"]["prometheus"]["volumes"]}
    for path in (*prometheus()["rule_files"], "/etc/prometheus/prometheus.yml"):
        assert (ROOT / mounted[path]).is_file(), path


@pytest.mark.parametrize("rule", alerts(), ids=lambda rule: rule["alert"])
def test_an_alert_names_a_metric_that_exists_its_severity_and_its_page(rule: dict[str, Any]) -> None:
    check(rule["expr"])
    assert rule["labels"]["severity"] in {"page", "ticket"}
    page, _, anchor = rule["annotations"]["runbook"].partition("#")
    assert page == "docs/runbook.md"
    assert anchor in anchors()
    assert rule["annotations"]["summary"]


def test_webhooks_and_access_have_alerts() -> None:
    named = " ".join(rule["expr"] for rule in alerts())
    for metric in (
        "payflow_webhooks_disabled_total",
        "payflow_webhooks_pending",
        "payflow_audit_acts_waiting",
        "payflow_access_denied_total",
        "payflow_staged_bytes",
    ):
        assert metric in named


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
def test_a_dashboard_shows_metrics_that_exist(path: Path) -> None:
    board = json.loads(path.read_text())
    panels = board["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    for panel in panels:
        for target in panel["targets"]:
            check(target["expr"])


def test_dashboards_have_names_of_their_own_and_the_source_that_is_provisioned() -> None:
    boards = [json.loads(path.read_text()) for path in DASHBOARDS]
    assert len({board["uid"] for board in boards}) == len(boards) == 2
    source = yaml.safe_load((ROOT / "deploy/grafana/provisioning/datasources/prometheus.yaml").read_text())
    uids = {one["uid"] for one in source["datasources"]}
    assert {panel["datasource"]["uid"] for board in boards for panel in board["panels"]} <= uids
