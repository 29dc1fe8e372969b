"""The invented company."""

import itertools
import re

import phonenumbers

from local.entra import Company
from local.entra.people import HEADS, NOT_NUMBERS, REPORTS, departments


def test_user_principal_names_and_object_ids_are_unique_in_a_large_company() -> None:
    """Two people with one userName would be a conflict that Entra itself can't have."""
    people = list(Company(seed=3).people(0, 20_000))
    assert len({person.user_principal_name for person in people}) == len(people)
    assert len({person.object_id for person in people}) == len(people)


def test_user_principal_names_are_what_entra_accepts() -> None:
    """Learn, "userPrincipalName": letters, digits and ' . - _ ! # ^ ~ before the @."""
    for person in Company().people(0, 2000):
        assert re.fullmatch(r"[a-z0-9.-]+@[a-z0-9.]+", person.user_principal_name)


def test_the_same_seed_gives_the_same_people_in_any_order() -> None:
    """A job is run again on a half-filled server, and then must find the same people."""
    assert Company(5).person(77) == list(Company(5).people(0, 100))[77]
    assert Company(5).person(77) != Company(6).person(77)


def test_two_companies_fit_into_one_directory() -> None:
    """Another seed is another company, with addresses of its own."""
    one, other = (
        {person.user_principal_name for person in Company(seed).people(0, 500)} for seed in (1, 2)
    )
    assert not one & other


def test_people_are_made_only_when_drawn() -> None:
    """100,000 people must not wait in memory."""
    drawn = itertools.islice(Company().people(0, 10**9), 3)
    assert [person.index for person in drawn] == [0, 1, 2]


def test_every_manager_leads_back_to_the_top_within_the_chart() -> None:
    """An organisation chart is a tree, and a manager is provisioned before the reports."""
    company = Company()
    for person in company.people(0, 1000):
        if person.manager is None:
            assert person.index == 0
        else:
            assert person.manager < person.index
            boss = company.person(person.manager)
            assert boss.index == 0 or boss.department == person.department


def test_no_manager_has_an_unbelievable_number_of_reports() -> None:
    """The head of a company is followed by its departments, every other manager by a team."""
    reports: dict[int | None, int] = {}
    for person in Company().people(0, 5000):
        reports[person.manager] = reports.get(person.manager, 0) + 1
    assert max(reports.values()) <= 2 * HEADS + REPORTS


def test_a_demo_company_has_many_cultures_scripts_and_departments() -> None:
    """250 people look like a real company."""
    people = list(Company().people(0, 250))
    assert len({person.country for person in people}) == 12
    assert set(departments()) < {person.department for person in people}
    assert any(ord(max(person.display_name)) > 0x3000 for person in people)
    assert len({person.display_name for person in people}) == 250


def test_most_numbers_are_valid_and_some_are_not() -> None:
    """Entra holds whatever was typed: most of it is a number, some is no number, some people have none."""
    numbers = [person.business_phone for person in Company().people(0, 2000)]
    given = [number for number in numbers if number]
    valid = [number for number in given if number not in NOT_NUMBERS and _valid(number)]
    assert 0.03 < 1 - len(given) / len(numbers) < 0.1
    assert 0.9 < len(valid) / len(given) < 0.99
    assert len(set(given)) < len(given), "some people share a desk"
    for kind in (r"^\+\d+$", r"^00", r"\(", "-", r"x\d|ext", "^tel:", "\u00a0"):
        assert any(re.search(kind, number) for number in given), kind


def test_a_new_surname_changes_the_user_principal_name_but_not_the_person() -> None:
    """A UPN change arrives as PATCH userName on the same id."""
    company = Company()
    before = company.person(40)
    after = company.married(before)
    assert after.object_id == before.object_id
    assert after.surname != before.surname
    assert after.user_principal_name != before.user_principal_name
    assert after.former_user_principal_name == before.user_principal_name


def _valid(number: str) -> bool:
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(number, "GB"))
    except phonenumbers.NumberParseException:
        return False
