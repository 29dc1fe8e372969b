"""The people who change between two cycles, and how.

Both depend only on the seed, so that a job can be run again with the same changes.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from random import Random

from local.entra.options import Options
from local.entra.people import HEADS, Company, Person, departments, first_title

_PER_THOUSAND = {
    "titles": 40,
    "numbers": 30,
    "renamed": 10,
    "moved": 20,
    "without_manager": 2,
    "leavers": 20,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The indexes of the people by kind of change.

    `joiners` and `lost` (new people for whom the first response is lost) are ranges of indexes after those
    of the initial people.
    """

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
        """The leavers who are enabled again."""
        return self.leavers[::2]

    @property
    def purged(self) -> list[int]:
        """The leavers who are deleted."""
        return self.leavers[1::2]


def plan(options: Options) -> Plan:
    """Return the changes for a company of the size in the options."""
    random, people = Random(f"plan {options.seed}"), options.people
    # Each person changes in one way only, so that each change can be recognised in the target.
    sizes = {what: max(1, people * share // 1000) for what, share in _PER_THOUSAND.items()}
    chosen = random.sample(range(1, people), min(sum(sizes.values()), people - 1))
    groups, start = {}, 0
    for what, size in sizes.items():
        groups[what] = chosen[start : start + size]
        start += size
    joined = people + max(1, people // 50)
    return Plan(**groups, joiners=(people, joined), lost=(joined, joined + max(1, people // 200)))


def apply(what: Plan, company: Company) -> list[Person]:
    """Return the changed people, as they are after their change."""
    return [
        *(_promoted(person) for person in _people(company, what.titles)),
        *(company.renumbered(person) for person in _people(company, what.numbers)),
        *(company.married(person) for person in _people(company, what.renamed)),
        *(_moved(person) for person in _people(company, what.moved)),
    ]


def _people(company: Company, indexes: Iterable[int]) -> Iterable[Person]:
    return (company.person(index) for index in indexes)


def _promoted(person: Person) -> Person:
    return replace(person, job_title=f"Senior {person.job_title}")


def _moved(person: Person) -> Person:
    """Return the person in the next department, with its head as manager.

    A head of department only gets another title.
    """
    if person.index <= HEADS:
        return replace(person, job_title=f"Acting {person.job_title}")
    names = departments()
    number = (names.index(person.department) + 1) % len(names)
    return replace(
        person,
        department=names[number],
        job_title=first_title(names[number]),
        manager=number + 1,
    )
