"""The company that the simulator generates from a seed."""

import itertools
import re

import phonenumbers

from local.entra import Company
from local.entra.people import HEADS, NOT_NUMBERS, REPORTS, departments


def test_user_principal_names_and_object_ids_are_unique_in_a_large_company() -> None:
    """No two people have the same userPrincipalName or object ID, because Entra doesn't allow it."""
    people = list(Company(seed=3).people(0, 20_000))
    assert len({person.user_principal_name for person in people}) == len(people)
    assert len({person.object_id for person in people}) == len(people)


def test_user_principal_names_are_what_entra_accepts() -> None:
    """Before the @ are only letters, digits and ' . - _ ! # ^ ~ (Learn, "userPrincipalName")."""
    for person in Company().people(0, 2000):
        assert re.fullmatch(r"[a-z0-9.-]+@[a-z0-9.]+", person.user_principal_name)


def test_the_same_seed_gives_the_same_people_in_any_order() -> None:
    """A person depends on seed and index only, so a job that is run again finds the people of the first run."""
    assert Company(5).person(77) == list(Company(5).people(0, 100))[77]
    assert Company(5).person(77) != Company(6).person(77)


def test_two_seeds_give_no_common_user_name() -> None:
    """The companies of two seeds have no user name in common."""
    one, other = (
        {person.user_principal_name for person in Company(seed).people(0, 500)} for seed in (1, 2)
    )
    assert not one & other


def test_people_are_generated_one_by_one() -> None:
    """People are generated one by one, so that 100,000 aren't in memory at once."""
    drawn = itertools.islice(Company().people(0, 10**9), 3)
    assert [person.index for person in drawn] == [0, 1, 2]


def test_managers_form_a_tree_and_precede_their_reports() -> None:
    """The managers form a tree, and each precedes the reports, because Entra provisions managers first."""
    company = Company()
    for person in company.people(0, 1000):
        if person.manager is None:
            assert person.index == 0
        else:
            assert person.manager < person.index
            boss = company.person(person.manager)
            assert boss.index == 0 or boss.department == person.department


def test_no_manager_has_too_many_reports() -> None:
    """At most the heads of the departments and one team report to the same manager."""
    reports: dict[int | None, int] = {}
    for person in Company().people(0, 5000):
        reports[person.manager] = reports.get(person.manager, 0) + 1
    assert max(reports.values()) <= 2 * HEADS + REPORTS


def test_a_demo_company_has_many_cultures_scripts_and_departments() -> None:
    """250 people have names of several cultures and scripts, and work in several departments."""
    people = list(Company().people(0, 250))
    assert len({person.country for person in people}) == 12
    assert set(departments()) < {person.department for person in people}
    assert any(ord(max(person.display_name)) > 0x3000 for person in people)
    assert len({person.display_name for person in people}) == 250


def test_most_numbers_are_valid_and_some_are_not() -> None:
    """Most phone numbers are valid, some are arbitrary text, and some people have none, because Entra
    doesn't validate them.
    """
    numbers = [person.business_phone for person in Company().people(0, 2000)]
    given = [number for number in numbers if number]
    valid = [number for number in given if number not in NOT_NUMBERS and _valid(number)]
    assert 0.03 < 1 - len(given) / len(numbers) < 0.1
    assert 0.9 < len(valid) / len(given) < 0.99
    assert len(set(given)) < len(given), "some people share a desk"
    for kind in (r"^\+\d+$", r"^00", r"\(", "-", r"x\d|ext", "^tel:", "\u00a0"):
        assert any(re.search(kind, number) for number in given), kind


def test_a_new_surname_changes_the_user_principal_name_but_not_the_person() -> None:
    """A changed surname changes the userPrincipalName, which Entra sends as a PATCH of userName to the same
    ID.
    """
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
