"""Tests on one running product share a worker, and long ones are given out first."""

from pathlib import Path

from tests.support import spread

ROOT = Path(__file__).parents[3]


def test_tests_on_one_running_product_share_a_worker() -> None:
    assert (
        spread.ground("tests/e2e/test_fuzz.py::test_a")
        == spread.ground("tests/e2e/test_files.py::test_b[x/y]")
        == "tests/e2e"
    )
    assert spread.ground("tests/e2e/access/test_doors.py::test_c") == "tests/e2e/access", "a product of its own"
    assert spread.ground("tests/unit/domain/test_law.py::test_d") == "tests/unit/domain/test_law.py"


def test_what_stands_on_a_running_product_comes_before_the_rest() -> None:
    names = (
        "unit/domain/test_law.py",
        "contract/test_openapi.py",
        "integration/log/test_x.py",
        "e2e/test_fuzz.py",
        "e2e/access/test_y.py",
    )
    given = sorted((f"tests/{name}::test" for name in names), key=spread.place)
    assert given == [f"tests/{name}::test" for name in reversed(names)]


def test_all_folders_that_are_named_are_there() -> None:
    assert all((ROOT / folder).is_dir() for folder in spread.ORDER)
