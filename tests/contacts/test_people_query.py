"""Filters typed into the search field: free people, company, department, office, group."""

import pytest

from contacts.people_query import PeopleQuery


@pytest.mark.parametrize(
    "text",
    [
        "free now in Sales UK",
        "Free right now in Sales UK",
        "who is free in Sales UK",
        "Who's free now in the Sales UK?".rstrip("?"),
        "Sales UK free now",
        "wer ist frei in Sales UK",
        "jetzt verfügbar im Sales UK",
    ],
)
def test_free_now_is_recognised_in_a_sentence(text: str) -> None:
    """The phrase is at the beginning, with a preposition, or at the end; the other words are the
    search text.
    """
    assert PeopleQuery.typed(text) == PeopleQuery(text="Sales UK", free="now")


@pytest.mark.parametrize("text", ["Frei", "anna free", "Freeman", "free", "Uwe Frei Zürich", "now"])
def test_a_name_is_not_mistaken_for_the_filter_of_free_people(text: str) -> None:
    """Frei is a family name: only phrases of at least two words are the filter."""
    assert PeopleQuery.typed(text) == PeopleQuery(text=text)


def test_free_soon_is_a_filter_of_its_own() -> None:
    """It returns free people, then those who will soon be free."""
    assert PeopleQuery.typed("bald frei im Vertrieb") == PeopleQuery(text="Vertrieb", free="soon")


def test_company_department_office_and_group_are_written_with_a_colon() -> None:
    """In English and German, with quotation marks around several words; other words with a colon
    are search text.
    """
    text = 'anna department:"Sales UK" Standort:Berlin firma:Contoso Gruppe:Desk 10:20 note:x'
    assert PeopleQuery.typed(text) == PeopleQuery(
        text="anna 10:20 note:x",
        department="Sales UK",
        office="Berlin",
        company="Contoso",
        group_name="Desk",
    )


def test_typed_filters_take_precedence_over_those_of_the_page() -> None:
    """A filter that isn't typed keeps the page's value."""
    page = PeopleQuery(group="g", department="Service", free="now")
    query = PeopleQuery.typed("department:Sales anna").over(page)
    assert query == PeopleQuery(text="anna", group="g", department="Sales", free="now")
