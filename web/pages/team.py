"""The people around a person, below the card: stand-ins and the reporting line."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from contacts import account_directories
from contacts.index_scan import Found
from contacts.stand_ins import Reason
from contacts.team import Team, read_team
from presence.presence_states import Readiness
from presence.service import Status
from shared.http import Response
from web.page_request import PageRequest
from web.pages.contact_rows import (
    PresenceView,
    Reach,
    is_object_id,
    key_of,
    presence_view,
    reach_of,
    split_key,
)
from web.render import page
from web.text_families import REASON

_MAX_SHOWN = 12  # people of a list that are shown


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberView:
    """A person of a team.

    `note` is the reason for a stand-in, else the title; `reach` has the links to call and write to
    the person.
    """

    key: str
    id: str
    name: str
    note: str
    object_id: str
    presence: PresenceView | None
    reach: Reach


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamView:
    """The people around a person, in the order of the card.

    `wanted` is True if the person isn't free, so that the card offers stand-ins; `unconfirmed`
    counts the possible stand-ins without a confirmed presence. `hidden_peers` and
    `hidden_reports` count the people who are not shown.
    """

    key: str
    wanted: bool
    stand_ins: list[MemberView]
    unconfirmed: int
    manager: MemberView | None
    peers: list[MemberView]
    reports: list[MemberView]
    hidden_peers: int
    hidden_reports: int


async def show(visit: PageRequest) -> Response:
    """Show the people around a person, for htmx; otherwise redirect to the page with the card open."""
    key = visit.query.get("id", "")
    if not visit.is_partial:
        return visit.go(f"/contacts?{urlencode({'person': key, 'team': '1'})}")
    return page(visit, "team.html", team=await team_of(visit, key))


async def team_of(visit: PageRequest, key: str) -> TeamView:
    """Return the people around a person of this account.

    Raises:
        HttpError: 404 if the account has no such person.
    """
    directory_id, person_id = split_key(key)
    directory = await account_directories.one_directory(visit.app, visit.reader, directory_id)
    team = await read_team(visit.app, directory, person_id)
    return _view(visit, key, team)


def _view(visit: PageRequest, key: str, team: Team) -> TeamView:
    def members(people: Sequence[Found]) -> list[MemberView]:
        shown = sorted(people[: 4 * _MAX_SHOWN], key=lambda one: _order(_status(team, one)))
        return [
            _member(visit, one, _status(team, one), one.card.title) for one in shown[:_MAX_SHOWN]
        ]

    own = _status(team, team.person)
    line = team.line
    return TeamView(
        key=key,
        wanted=own is not None and own.readiness != "free",
        stand_ins=[
            _member(visit, one.person.found, one.person.status, _reason(visit, one.reason))
            for one in team.stand_ins.people
        ],
        unconfirmed=team.stand_ins.unconfirmed,
        manager=_member(visit, line.manager, _status(team, line.manager), line.manager.card.title)
        if line.manager
        else None,
        peers=members(line.peers),
        reports=members(line.reports),
        hidden_peers=max(0, len(line.peers) - _MAX_SHOWN),
        hidden_reports=max(0, len(line.reports) - _MAX_SHOWN),
    )


_ORDER: dict[Readiness, int] = {"free": 0, "soon": 1, "no": 2}


def _order(status: Status | None) -> int:
    """Return the rank of a person by presence, 0 for a free one.

    People of equal rank keep their order by name.
    """
    return _ORDER[status.readiness] if status else _ORDER["no"]


def _status(team: Team, one: Found) -> Status | None:
    return team.known.get((one.directory.id, one.card.external_id))


def _reason(visit: PageRequest, reason: Reason) -> str:
    return visit.t(REASON.code(reason))


def _member(visit: PageRequest, one: Found, status: Status | None, note: str) -> MemberView:
    card, key = one.card, key_of(one.directory.id, one.card.id)
    return MemberView(
        key=key,
        id=card.id,
        name=card.name,
        note=note,
        object_id=card.external_id if is_object_id(card.external_id) else "",
        presence=presence_view(visit, key, status) if status else None,
        reach=reach_of(one.directory, card),
    )
