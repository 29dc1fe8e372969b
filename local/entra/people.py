"""The people of an invented company: the 250 of `people.csv`, and variations of them for larger companies."""

import csv
import hashlib
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

DOMAIN = "brightwater.example"
"""The domain of the company with seed 1.

Other companies have their own, so that a directory can have several.
"""
HEADS = 9
"""The number of departments: the people with the indexes 1 to 9 lead one each; 0 leads the company."""
REPORTS = 3
"""How many people of the next round of 250 report to one person of a round."""
NOT_NUMBERS = ("n/a", "see mobile", "ext 4417", "TBC", "-", "ask reception", "4417")
"""Business phones of some people that aren't telephone numbers."""
_NATIVE_ORDER = ("zh-CN", "ja-JP")  # the family name comes first


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A user as stored in Entra; the fields have Entra's names in snake_case. None: not set in Entra."""

    index: int
    object_id: str
    user_principal_name: str
    given_name: str
    surname: str
    display_name: str
    mail: str
    job_title: str
    department: str
    city: str
    country: str
    preferred_language: str
    employee_id: str
    business_phone: str | None
    mobile_phone: str | None
    manager: int | None
    former_user_principal_name: str | None = None
    account_enabled: bool = True


@dataclass(frozen=True, slots=True)
class Company:
    """The people of one company; the same seed gives the same people on every machine."""

    seed: int = 1
    subdomain: str = ""

    @property
    def domain(self) -> str:
        """The domain of the company's addresses."""
        domain = DOMAIN if self.seed == 1 else f"company{self.seed}.example"
        return f"{self.subdomain}.{domain}" if self.subdomain else domain

    def people(self, start: int, stop: int) -> Iterator[Person]:
        """Return an iterator of the people with these indexes, each created when it is needed."""
        return (self.person(index) for index in range(start, stop))

    def person(self, index: int) -> Person:
        """Return the person with this index, from 0; a manager has a lower index than the people who report to them."""
        rows = _rows()
        turn, number = divmod(index, len(rows))
        row = rows[number]
        named = rows[_colleague(number, turn)]
        middle = f" {chr(ord('A') + turn * 7 % 26)}." if turn else ""
        suffix = turn + 1 if turn else ""
        address = f"{row['address_given']}.{named['address_family']}{suffix}@{self.domain}"
        return Person(
            index=index,
            object_id=object_id(self.seed, index),
            user_principal_name=address,
            given_name=row["given_name"],
            surname=named["surname"],
            display_name=_display_name(row, named["surname"], middle),
            mail=address,
            job_title=f"Deputy {row['job_title']}"
            if turn and number <= HEADS
            else row["job_title"],
            department=row["department"],
            city=row["city"],
            country=row["country"],
            preferred_language=row["preferred_language"],
            employee_id=f"{100000 + index}",
            business_phone=_renumbered(row["business_phone"], turn, 4),
            mobile_phone=_renumbered(row["mobile_phone"], turn, 5),
            manager=_manager(row["manager"], number, turn),
        )

    def married(self, person: Person) -> Person:
        """Return the person with another surname, user principal name, display name and mail."""
        rows = _rows()
        number = person.index % len(rows)
        row, other = rows[number], rows[_colleague(number, person.index // len(rows) + 1)]
        # The index makes the address unique if several people have the same names.
        names = f"{row['address_given']}.{other['address_family']}"
        address = f"{names}.{person.index}@{self.domain}"
        return replace(
            person,
            surname=other["surname"],
            display_name=_display_name(row, other["surname"], ""),
            user_principal_name=address,
            mail=address,
            former_user_principal_name=person.user_principal_name,
        )

    def renumbered(self, person: Person) -> Person:
        """Return the person with another business phone and another mobile phone."""
        row = _rows()[person.index % len(_rows())]
        area = next(
            each["business_phone"]
            for each in _rows()
            if each["city"] == row["city"] and each["business_phone"].startswith("+")
        )
        turn = 5000 + person.index % 4000
        return replace(
            person,
            business_phone=_renumbered(row["business_phone"] or area, turn, 4),
            mobile_phone=_renumbered(row["mobile_phone"] or area, turn, 5),
        )


def departments() -> list[str]:
    """Return the names of the departments, in the order of their heads' indexes."""
    return [row["department"] for row in _rows()[1 : HEADS + 1]]


def first_title(department: str) -> str:
    """Return the job title of the department's last person in `people.csv`.

    It suits a person who moves to the department, because no one reports to that last person.
    """
    return next(row["job_title"] for row in reversed(_rows()) if row["department"] == department)


def object_id(seed: int, index: int) -> str:
    """Return a person's object ID in Entra, a GUID that is always the same for the same person."""
    digest = hashlib.sha256(f"object {seed}/{index}".encode()).digest()
    return str(uuid.UUID(bytes=digest[:16], version=4))


@cache
def _rows() -> list[dict[str, str]]:
    with (Path(__file__).parent / "people.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@cache
def _neighbours() -> dict[str, list[int]]:
    """Return the numbers of the rows in `people.csv` by city.

    Names of people in one city are in the same language, so they can be combined.
    """
    found: dict[str, list[int]] = {}
    for number, row in enumerate(_rows()):
        found.setdefault(row["city"], []).append(number)
    return found


def _colleague(number: int, turn: int) -> int:
    """Return the number of the row that gives the family name of a person who is derived from row `number`.

    `turn` is the round: in round 0 each of the 250 rows gives one person, and larger companies need
    further rounds.
    """
    numbers = _neighbours()[_rows()[number]["city"]]
    return numbers[(numbers.index(number) + turn) % len(numbers)]


def _display_name(row: dict[str, str], surname: str, middle: str) -> str:
    given = row["given_name"]
    if row["preferred_language"] in _NATIVE_ORDER and not given.isascii():
        return surname + given
    return f"{given}{middle} {surname}"


def _renumbered(number: str, turn: int, digits: int) -> str | None:
    """Return the number with its last digits changed, in the same spelling; None for ""."""
    if not number:
        return None
    if not turn or number in NOT_NUMBERS:
        return number
    positions = [at for at, character in enumerate(number) if character.isdigit()][-digits:]
    last = int("".join(number[at] for at in positions))
    letters = list(number)
    for at, digit in zip(positions, f"{(last + turn * 37) % 10**digits:0{digits}d}", strict=True):
        letters[at] = digit
    return "".join(letters)


def _manager(given: str, number: int, turn: int) -> int | None:
    """Return the manager's index; None for the head of the company.

    `given` is the number of the manager's row in `people.csv`. The manager is a person of the same
    round `turn`; only the people at the top of a later round report to a person of an earlier one.
    """
    size = len(_rows())
    if turn and (not given or int(given) <= HEADS):
        return (turn - 1) // REPORTS * size + number
    return int(given) + turn * size if given else None
