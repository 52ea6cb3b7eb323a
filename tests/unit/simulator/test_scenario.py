"""The simulator's outcomes: presets, rates, magic payees (SIM-02, SIM-03)."""

from collections import Counter

import pytest

from services.simulator.scenario import PRESETS, fate, preset


def test_sim_02_the_same_start_number_gives_the_same_run() -> None:
    runs = [[fate(preset("bank", seed=seed), f"r{n}", "+256772123456", 0) for n in range(300)] for seed in (7, 7, 8)]
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]


def test_sim_02_bank_pays_70_fails_20_hangs_10_of_a_hundred() -> None:
    fates = [fate(PRESETS["bank"], f"r{n}", "+256772123456", 0) for n in range(20_000)]
    shares = Counter("hang" if not f.answers else f.status for f in fates)
    assert {name: round(count / 200) for name, count in shares.items()} == {"paid": 70, "failed": 20, "hang": 10}


@pytest.mark.parametrize("changes", [{"failure_rate": 1.1}, {"failure_rate": 0.6, "hang_rate": 0.6}, {"delay_seconds": -1}])
def test_rates_out_of_range_are_refused(changes: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="rates"):
        preset("bank", **changes)


@pytest.mark.parametrize("prefix", ["+25670000", "99990000"])
def test_sim_03_magic_payees(prefix: str) -> None:
    told = {number: fate(PRESETS["perfect"], "r", f"{prefix}{number:04d}", 0) for number in range(1, 9)}
    assert (told[1].status, told[1].retryable) == ("failed", False)
    assert (told[2].status, told[2].retryable) == ("failed", True)
    assert fate(PRESETS["perfect"], "r", f"{prefix}0002", 2).status == "paid"
    assert (told[3].status, told[3].answers, told[3].pays_after) == ("in_progress", False, None)
    assert (told[4].status, told[4].answers) == ("paid", False)
    assert told[5].pays_after == 5.0
    assert told[6].recorded is False
    assert (told[7].status, told[7].retryable) == ("failed", True)
    assert (told[8].status, told[8].answers) == ("paid", True)
