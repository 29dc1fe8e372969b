"""Formatting of values on pages."""

from datetime import UTC, datetime

import pytest

from shared.messages import group_thousands
from web import filters


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Ada Lovelace", "AL"),
        ("Åke", "Å"),
        ("Jean-Luc van der Berg", "JB"),
        ("", "?"),
        ("(intern)", "?"),
        ("李 明", "李明"),
    ],
)
def test_initials_are_those_of_the_first_and_the_last_word(name: str, letters: str) -> None:
    """An avatar has one or two letters."""
    assert filters.initials(name) == letters


def test_a_person_keeps_the_colour() -> None:
    """An avatar's colour depends on the id, so it is the same on every page and day."""
    assert filters.colour("a") == filters.colour("a")
    assert {filters.colour(str(number)) for number in range(200)} == set(
        range(filters.AVATAR_COLOURS)
    )


@pytest.mark.parametrize(
    ("number", "text"),
    [("+442079460018", "+44 20 7946 0018"), ("4711", "4711"), ("+999", "+999"), ("", "")],
)
def test_numbers_are_grouped_as_people_write_them(number: str, text: str) -> None:
    """E.164 numbers are formatted with spaces; other text stays."""
    assert filters.readable_number(number) == text


def test_only_catalogue_texts_may_contain_emphasis() -> None:
    """Asterisks and backquotes of such a text become elements; everything else is escaped."""
    assert filters.rich("*A* `b` <i>") == "<b>A</b> <code>b</code> &lt;i&gt;"


def test_a_name_with_asterisks_keeps_them() -> None:
    """Text of users is never interpreted as emphasis or markup."""
    assert filters.rich("About *{name}*", name="A*b*`c`<i>") == "About <b>A*b*`c`&lt;i&gt;</b>"


@pytest.mark.parametrize(("language", "text"), [("en", "12,345"), ("de", "12.345")])
def test_thousands_are_separated(language: str, text: str) -> None:
    """As in the user's language."""
    assert group_thousands(12345, language) == text


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        ("2026-03-04T05:06:07.890Z", "2026-03-04 05:06 UTC"),
        (datetime(2026, 3, 4, 5, 6, tzinfo=UTC), "2026-03-04 05:06 UTC"),
        ("", ""),
    ],
)
def test_a_time_can_be_read_without_script(moment: str | datetime, words: str) -> None:
    """To the minute with its time zone; a script shows it in the user's time zone."""
    assert filters.plain_time(moment) == words
