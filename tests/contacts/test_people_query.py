"""Filters that are typed into a search: being free, company, department, office."""

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
def test_free_now_is_read_out_of_a_sentence(text: str) -> None:
    """At its beginning, with the preposition, or at its end; the other words are searched for."""
    assert PeopleQuery.typed(text) == PeopleQuery(text="Sales UK", free="now")


@pytest.mark.parametrize("text", ["Frei", "anna free", "Freeman", "free", "Uwe Frei Zürich", "now"])
def test_a_name_is_not_read_as_being_free(text: str) -> None:
    """Frei is a family name: only phrases of at least two words mean the status."""
    assert PeopleQuery.typed(text) == PeopleQuery(text=text)


def test_soon_is_another_question() -> None:
    """Those who are free, then those who soon will be."""
    assert PeopleQuery.typed("bald frei im Vertrieb") == PeopleQuery(text="Vertrieb", free="soon")


def test_company_department_office_and_group_are_written_with_a_colon() -> None:
    """In English and German, with quotation marks around several words; other words with a colon stay words."""
    text = 'anna department:"Sales UK" Standort:Berlin firma:Contoso Gruppe:Desk 10:20 note:x'
    assert PeopleQuery.typed(text) == PeopleQuery(
        text="anna 10:20 note:x",
        department="Sales UK",
        office="Berlin",
        company="Contoso",
        group_name="Desk",
    )


def test_what_is_typed_comes_before_the_filters_of_the_page() -> None:
    """Each filter that isn't typed stays as the page has it."""
    page = PeopleQuery(group="g", department="Service", free="now")
    query = PeopleQuery.typed("department:Sales anna").over(page)
    assert query == PeopleQuery(text="anna", group="g", department="Sales", free="now")
