"""From a cost per row to machines: a plan grows with the work, and names what is full first."""

from bench.scaling import FILL, HOT_DAYS, LOG_DAYS, PEAK_SHARE, REPLICAS, lines, plan

COST = {
    "cpu_us_per_row": {"processor": 50.0, "gateway": 1.0, "postgres": 40.0, "simulator": 500.0, "all": 591.0},
    "kept_bytes_per_row": {"kafka": 1000.0, "postgres": 2000.0},
}


def test_the_peak_hour_decides_and_the_provider_is_not_ours() -> None:
    found = plan(COST, 14_400_000)
    assert found.per_second == 14_400_000 * PEAK_SHARE / 3600 == 1000
    assert {part.name: round(part.cores, 6) for part in found.parts} == {
        "processor": 0.05,
        "gateway": 0.001,
        "postgres": 0.04,
    }
    assert [part.processes for part in found.parts] == [1, 1, 1]


def test_a_python_process_has_one_core_and_a_server_has_many() -> None:
    processor, gateway, postgres = plan(COST, 1_440_000_000).parts
    assert (processor.cores, processor.processes) == (5.0, 5 / FILL)
    assert (gateway.processes, postgres.processes) == (1, 1)


def test_what_is_busiest_in_one_place_is_full_first() -> None:
    assert plan(COST, 14_400_000).first_full.name == "processor"
    assert plan(COST, 1_440_000_000).first_full.name == "postgres"


def test_bytes_are_those_that_are_kept() -> None:
    found = plan(COST, 1_000_000)
    assert found.log_bytes == 1_000_000 * LOG_DAYS * 1000 * REPLICAS
    assert found.database_bytes == 1_000_000 * HOT_DAYS * 2000


def test_the_table_has_a_column_for_each_volume() -> None:
    table = list(lines([plan(COST, 1_000_000), plan(COST, 10_000_000)]))
    assert {row.count("|") for row in table} == {4}
    assert "| processor: busy cores (processes) | 0.00 (1) | 0.03 (1) |" in table
