"""Values on their way into COPY."""

import pytest

from services.projector.copy_text import NULL, line, storable, text_field, values


@pytest.mark.parametrize(
    ("value", "field"),
    [
        (None, r"\N"),
        ("", ""),
        (r"\N", r"\\N"),
        ("a\tb", r"a\tb"),
        ("a\nb\r", r"a\nb\r"),
        ("\\.", r"\\."),
        ("'\"%s{}", "'\"%s{}"),
        ("\u20ac\U0001f4b8", "\u20ac\U0001f4b8"),
        ("a\0b", "a\ufffdb"),
    ],
)
def test_a_text_is_escaped_so_that_it_stays_one_field(value: str | None, field: str) -> None:
    assert text_field(value) == field


def test_the_fields_of_a_line_are_what_they_were() -> None:
    texts = [None, "", r"\N", r"a\tb", "a\tb\n\r", "\\.", "\\\\n", "\u20ac", "'%s"]
    assert values(line(map(text_field, texts))) == texts


def test_null_and_the_text_that_looks_like_it_differ() -> None:
    assert text_field(None) == NULL != text_field(NULL)


def test_a_line_ends_once() -> None:
    assert line(["a", NULL, "c"]) == "a\t\\N\tc\n"


def test_what_postgres_cannot_store_becomes_the_same_on_every_way() -> None:
    assert storable("a\0b") == text_field("a\0b") == "a\ufffdb"
