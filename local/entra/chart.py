"""The organisation chart of the invented company: who works in which department, as what, and for whom.

Everything follows from a person's index, so that a company of 100,000 needs no memory and a person's manager, who has
a lower index, never changes when the company grows.
"""

from dataclasses import dataclass

SPAN = 7
"""People who report to one manager."""


@dataclass(frozen=True, slots=True)
class Department:
    """A department: its head's title, and the titles of its people from the leads down."""

    name: str
    weight: int  # people among fifty
    head: str
    leads: tuple[str, ...]
    titles: tuple[str, ...]


DEPARTMENTS = (
    Department(
        "Customer Service",
        12,
        "Chief Customer Officer",
        ("Contact Centre Manager", "Team Lead, Customer Service", "Quality Manager"),
        (
            "Customer Service Advisor",
            "Senior Customer Service Advisor",
            "Complaints Specialist",
            "Service Desk Analyst",
        ),
    ),
    Department(
        "Sales",
        10,
        "Chief Revenue Officer",
        ("Regional Sales Director", "Sales Manager", "Head of Key Accounts"),
        (
            "Account Executive",
            "Key Account Manager",
            "Sales Development Representative",
            "Pre-Sales Consultant",
        ),
    ),
    Department(
        "Engineering",
        9,
        "Chief Technology Officer",
        ("Engineering Manager", "Principal Engineer", "Head of Platform"),
        (
            "Software Engineer",
            "Senior Software Engineer",
            "Test Engineer",
            "Site Reliability Engineer",
            "Data Engineer",
        ),
    ),
    Department(
        "Operations",
        7,
        "Chief Operating Officer",
        ("Operations Manager", "Logistics Manager", "Facilities Manager"),
        ("Logistics Coordinator", "Warehouse Planner", "Facilities Technician", "Process Analyst"),
    ),
    Department(
        "Finance",
        4,
        "Chief Financial Officer",
        ("Financial Controller", "Head of Treasury", "Tax Manager"),
        ("Accountant", "Payroll Specialist", "Accounts Payable Clerk", "Financial Analyst"),
    ),
    Department(
        "Marketing",
        3,
        "Chief Marketing Officer",
        ("Head of Brand", "Campaign Manager", "Communications Manager"),
        ("Content Editor", "Graphic Designer", "Event Coordinator", "Marketing Analyst"),
    ),
    Department(
        "Human Resources",
        2,
        "Chief People Officer",
        ("HR Business Partner", "Talent Acquisition Manager", "Learning & Development Manager"),
        ("Recruiter", "HR Administrator", "Compensation Analyst"),
    ),
    Department(
        "Information Technology",
        2,
        "Chief Information Officer",
        ("IT Service Manager", "Infrastructure Manager", "Identity Architect"),
        ("Systems Administrator", "Network Engineer", "IT Support Technician"),
    ),
    Department(
        "Legal & Compliance",
        1,
        "General Counsel",
        ("Senior Legal Counsel", "Data Protection Officer", "Compliance Manager"),
        ("Legal Counsel", "Contract Manager", "Paralegal"),
    ),
)

HEADS = len(DEPARTMENTS)
# Fifty places in which every department comes round as often as it is large, spread by a step that is coprime to 50.
_ROUND = [number for number, department in enumerate(DEPARTMENTS) for _ in range(department.weight)]
_PLACES = [_ROUND[place * 17 % len(_ROUND)] for place in range(len(_ROUND))]
_PLACES_OF = [
    [place for place, number in enumerate(_PLACES) if number == each] for each in range(HEADS)
]


@dataclass(frozen=True, slots=True)
class Position:
    """A person's place in the chart; `manager` is a lower index, None for the one at the top."""

    title: str
    department: str
    manager: int | None


def position(index: int) -> Position:
    """The place of the person with this index: 0 leads the company, then come the heads, then everybody else."""
    if index == 0:
        return Position("Chief Executive Officer", "Executive Office", None)
    if index <= HEADS:
        department = DEPARTMENTS[index - 1]
        return Position(department.head, department.name, 0)
    number, ordinal = _within_department(index)
    department = DEPARTMENTS[number]
    manager = number + 1 if ordinal < SPAN else _index(number, ordinal // SPAN - 1)
    return Position(_title(department, ordinal), department.name, manager)


def _title(department: Department, ordinal: int) -> str:
    titles = department.leads if ordinal < SPAN else department.titles
    return titles[(ordinal * 5 + ordinal // 3) % len(titles)]


def _within_department(index: int) -> tuple[int, int]:
    turn, place = divmod(index - HEADS - 1, len(_PLACES))
    number = _PLACES[place]
    places = _PLACES_OF[number]
    return number, turn * len(places) + places.index(place)


def _index(number: int, ordinal: int) -> int:
    places = _PLACES_OF[number]
    turn, place = divmod(ordinal, len(places))
    return HEADS + 1 + turn * len(_PLACES) + places[place]
