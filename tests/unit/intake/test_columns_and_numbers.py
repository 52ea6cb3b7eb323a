"""Columns by name, numbers by format, and the spreadsheet's escape: pure rules of files (BAT-04, BAT-05, SEC-18)."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.intake.columns import IGNORED, find_columns, fold, read_mapping
from domain.intake.numbers import FORMATS, PLAIN, is_two_ways, plain_number
from domain.intake.spreadsheet import escaped, unescaped


@given(st.text())
def test_every_text_comes_back_from_its_escape__SEC_18(cell: str) -> None:
    assert unescaped(escaped(cell)) == cell


@given(st.sampled_from("=+-@\t\r＝＋－＠"), st.text())
def test_no_escaped_cell_begins_like_a_formula__SEC_18(start: str, rest: str) -> None:
    assert escaped(start + rest) == "'" + start + rest


GROUPS = {
    "1,000.00": (",", "."),
    "1.000,00": (".", ","),
    "1 000,00": (" ", ","),
    "1 000.00": (" ", "."),
    "1'000.00": ("'", "."),
}


@given(st.sampled_from(sorted(GROUPS)), st.integers(0, 10**15), st.integers(0, 99))
def test_a_grouped_number_is_the_number_that_was_meant__BAT_05(written: str, whole: int, cents: int) -> None:
    group, point = GROUPS[written]
    text = f"{whole:,}".replace(",", group) + f"{point}{cents:02d}"
    assert plain_number(text, written) == f"{whole}.{cents:02d}"


@given(st.sampled_from([name for name in FORMATS if name != PLAIN]), st.text(max_size=40))
def test_what_is_no_number_of_a_format_is_none__BAT_05(written: str, text: str) -> None:
    plain = plain_number(text, written)
    assert plain is None or re.fullmatch(r"[0-9]+(\.[0-9]+)?", plain)


@pytest.mark.parametrize(
    "text", ["1.5", "1.00", "1,000,00", "1.0000", "", ",5", "1,", "-1,00", "1.000.00,0", "１,00", "9" * 100]
)
def test_another_way_of_writing_is_never_guessed__BAT_05(text: str) -> None:
    assert plain_number(text, "1.000,00") is None


def test_three_decimals_can_be_a_thousand__BAT_05() -> None:
    assert (is_two_ways("1.000", 3), is_two_ways("1.000", 2), is_two_ways("1.0000", 3), is_two_ways("1000", 3)) == (
        True,
        False,
        False,
        False,
    )


def test_precedence_is_chosen_then_remembered_then_usual__BAT_04() -> None:
    header = ["Betrag", "Empfänger", "Filiale", "Phone Number"]
    found = find_columns(header, {"betrag": "amount"}, {"betrag": "reference", "filiale": IGNORED})
    assert (found.names, found.own, found.places) == (
        ["amount", "name", "Phone Number"],
        ["Betrag", "Empfänger", "Phone Number"],
        [0, 1, 3],
    )


def test_a_usual_name_gives_way_to_the_field_itself_and_to_its_like__BAT_04() -> None:
    assert find_columns(["name", "payee"], {}, {}).names == ["name", "payee"]
    assert find_columns(["creditor", "payee"], {}, {}).names == ["creditor", "payee"]


def test_our_own_columns_are_left_out_of_a_file_that_comes_back__BAT_14() -> None:
    found = find_columns(["amount", "payflow_row", "payflow_status", "payflow_form"], {}, {})
    assert (found.names, found.row_at, found.form_at) == (["amount"], 1, 3)


@pytest.mark.parametrize(
    "raw", [[], "x", {"a": 1}, {"a": "Amount"}, {"a": "payflow_row"}, {f"c{n}": "amount" for n in range(41)}], ids=repr
)
def test_a_mapping_that_cannot_be_used_is_refused__BAT_04(raw: object) -> None:
    assert isinstance(read_mapping(raw), list)


def test_names_are_folded() -> None:
    assert fold("  E-Mail.Adresse (privat) ") == "e_mail_adresse_privat"


@pytest.mark.parametrize("text", ["_" * 1_000_000, "1" * 1_000_000, "1," * 500_000, "a b" * 300_000])
def test_a_megabyte_of_hostile_text_is_read_in_linear_time(text: str) -> None:
    start = time.process_time()
    fold(text)
    for written in FORMATS:
        plain_number(text, written)
    assert time.process_time() - start < 1
