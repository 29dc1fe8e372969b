"""Stand-ins: free people close to a person, who can take a phone call instead, closest first, each with the reason.

The reasons in order: same team (reports to the same manager), the manager, a report, a common group, same department
and office. A person is offered only if Microsoft confirmed within the last 15 seconds that they are available.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

from contacts import listing
from contacts.availability import confirmed_ready
from contacts.free_people import FreePerson
from contacts.index_scan import Found
from contacts.people_query import PeopleQuery
from contacts.reporting_line import ReportingLine
from contacts.search import find
from directories.models import Directory
from presence.service import readiness_of
from scim.users.contact_cards import Card
from shared.app import App
from shared.concurrency import each
from shared.words import search_key

Reason = Literal["sameTeam", "manager", "report", "sameGroup", "sameDepartmentAndOffice"]
REASONS: tuple[Reason, ...] = get_args(Reason)
MAX_STAND_INS = 5
_MIN_FREE = 3  # free people of the reporting line; then no group is read
_MAX_CONFIRMED = 60  # of the reporting line, for whom Microsoft is asked at once
_MAX_BESIDE = 10
_MAX_GROUPS = 5
_MAX_GROUP = 100  # members; a larger group, such as "All staff", says little
_MAX_MEMBERS = 24  # of the groups that are read


@dataclass(frozen=True, slots=True)
class StandIn:
    """A free person, and why this person is offered."""

    person: FreePerson
    reason: Reason


@dataclass(frozen=True, slots=True)
class StandIns:
    """Stand-ins, best first.

    `unconfirmed` counts people who may be free, but for whom Microsoft didn't confirm a status in time.
    """

    people: list[StandIn] = field(default_factory=list)
    unconfirmed: int = 0


@dataclass(frozen=True, slots=True)
class _Candidate:
    found: Found
    reason: Reason


async def find_stand_ins(
    app: App, person: Found, line: ReportingLine, beside: Sequence[Found], group_ids: Sequence[str]
) -> StandIns:
    """Return at most five people who can take a phone call for `person` now.

    One request to Microsoft confirms the statuses of the person and of the whole reporting line, because people may
    have become free since the last sync.

    Round trips: one for presence; if the reporting line has fewer than three free people, one for each of five groups
    and one for each of at most 24 of their members.

    Args:
        app: The App.
        person: Who can't take the call.
        line: The person's reporting line.
        beside: People of the same department and office (`find_beside`).
        group_ids: The person's groups.
    """
    directory = person.directory
    ready = await readiness_of(app, directory.id)
    if ready.linked is None:
        return StandIns()
    near = [
        *(_Candidate(one, "sameTeam") for one in line.peers),
        *([_Candidate(line.manager, "manager")] if line.manager else []),
        *(_Candidate(one, "report") for one in line.reports),
    ]
    free = sum(ready.of(one.found.card.external_id) == "free" for one in near)
    # Of a large team those who were free at the last sync are confirmed.
    near.sort(key=lambda one: ready.of(one.found.card.external_id) != "free")
    further = [_Candidate(one, "sameDepartmentAndOffice") for one in beside]
    if free < _MIN_FREE:
        known = {person.card.id, *(one.found.card.id for one in near)}
        members = await _group_members(app, directory, group_ids, known)
        further += [_Candidate(one, "sameGroup") for one in members]
    return await _confirmed(app, person, [*near[:_MAX_CONFIRMED], *further])


async def _confirmed(app: App, person: Found, candidates: Sequence[_Candidate]) -> StandIns:
    """Return the first candidates whom Microsoft confirms as free, each with the best reason."""
    once = dict[str, _Candidate]()
    for one in sorted(candidates, key=lambda one: REASONS.index(one.reason)):
        if one.found.card.id != person.card.id:
            once.setdefault(one.found.card.id, one)
    ordered = sorted(once.values(), key=lambda one: _rank(one, person.card))
    confirmed = await confirmed_ready(app, [person, *(one.found for one in ordered)])
    people = [
        StandIn(one, once[one.found.card.id].reason)
        for one in confirmed.people
        if one.readiness == "free" and one.found.card.id in once
    ]
    people.sort(key=lambda one: (REASONS.index(one.reason), one.person.is_idle))
    return StandIns(people[:MAX_STAND_INS], confirmed.unconfirmed)


def _rank(one: _Candidate, person: Card) -> tuple[int, bool, bool, str]:
    """Return the sort key: reason, same office, same department, name."""
    card = one.found.card
    return (
        REASONS.index(one.reason),
        _differs(card.place, person.place),
        _differs(card.department, person.department),
        search_key(card.name),
    )


def _differs(one: str, other: str) -> bool:
    return search_key(one) != search_key(other)


async def _group_members(
    app: App, directory: Directory, group_ids: Sequence[str], known: set[str]
) -> list[Found]:
    """Return the members of small groups, smallest group first."""
    groups = await each(
        group_ids[:_MAX_GROUPS],
        lambda group_id: listing.small_group(app, directory, group_id, _MAX_GROUP),
    )
    members = dict.fromkeys(one for own in sorted(filter(None, groups), key=len) for one in own)
    wanted = [one for one in members if one not in known][:_MAX_MEMBERS]
    people = await each(wanted, lambda one: listing.read_person(app, directory, one))
    return [one for one in people if one is not None]


async def find_beside(app: App, person: Found) -> list[Found]:
    """Return people of the same department and office who were free at the last sync. At most five round trips."""
    card = person.card
    if not card.department or not card.place:
        return []
    query = PeopleQuery(department=card.department, office=card.place, free="now")
    page = await find(app, [person.directory], query, _MAX_BESIDE)
    return [
        one
        for one in page.found
        if not _differs(one.card.department, card.department)
        and not _differs(one.card.place, card.place)
    ]
