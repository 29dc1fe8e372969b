"""Who changes between two cycles, and how: chosen by the seed alone, so that a job can be run again."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from random import Random

from local.entra import chart, offices
from local.entra.names import CULTURES
from local.entra.options import Options
from local.entra.people import Company, Person

_PER_THOUSAND = {
    "titles": 40,
    "numbers": 30,
    "renamed": 10,
    "moved": 20,
    "without_manager": 2,
    "leavers": 20,
}


@dataclass(frozen=True, slots=True)
class Plan:
    """Indexes of people by what happens to them; joiners and lost answers are ranges beyond the first people."""

    titles: list[int]
    numbers: list[int]
    renamed: list[int]
    moved: list[int]
    without_manager: list[int]
    leavers: list[int]
    joiners: tuple[int, int]
    lost: tuple[int, int]

    @property
    def returners(self) -> list[int]:
        """Leavers who come back."""
        return self.leavers[::2]

    @property
    def purged(self) -> list[int]:
        """Leavers who don't."""
        return self.leavers[1::2]


def plan(options: Options) -> Plan:
    """What happens to a company of this size."""
    random, people = Random(f"plan {options.seed}"), options.people
    # Nobody changes in two ways, so that each change can be recognised in the target.
    sizes = {what: max(1, people * share // 1000) for what, share in _PER_THOUSAND.items()}
    chosen = random.sample(range(1, people), min(sum(sizes.values()), people - 1))
    groups, start = {}, 0
    for what, size in sizes.items():
        groups[what] = chosen[start : start + size]
        start += size
    joined = people + max(1, people // 50)
    return Plan(**groups, joiners=(people, joined), lost=(joined, joined + max(1, people // 200)))


def apply(what: Plan, company: Company) -> list[Person]:
    """The people after their change."""
    return [
        *(_promoted(person) for person in _people(company, what.titles)),
        *(_renumbered(person, company.seed) for person in _people(company, what.numbers)),
        *(company.married(person) for person in _people(company, what.renamed)),
        *(_moved(person) for person in _people(company, what.moved)),
    ]


def _people(company: Company, indexes: Iterable[int]) -> Iterable[Person]:
    return (company.person(index) for index in indexes)


def _promoted(person: Person) -> Person:
    return replace(person, job_title=f"Senior {person.job_title}")


def _renumbered(person: Person, seed: int) -> Person:
    """A new desk and a new mobile; people without any get their first."""
    random = Random(f"number {seed}/{person.index}")
    office = next(each.office for each in CULTURES if each.office.city == person.city)
    return replace(
        person,
        business_phone=offices.direct_line(office, 5000 + person.index % 4000, random),
        mobile_phone=offices.mobile_number(office, random),
    )


def _moved(person: Person) -> Person:
    """Another department, with its head as manager; its heads and the top stay."""
    if person.index <= chart.HEADS:
        return replace(person, job_title=f"Acting {person.job_title}")
    names = [department.name for department in chart.DEPARTMENTS]
    number = (names.index(person.department) + 1) % len(names)
    department = chart.DEPARTMENTS[number]
    return replace(
        person, department=department.name, job_title=department.titles[0], manager=number + 1
    )
