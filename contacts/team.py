"""The people around a person: manager, peers and reports with their statuses, and free people who can stand in."""

import asyncio
from dataclasses import dataclass

from contacts.free_people import free_person_json
from contacts.index_scan import Found
from contacts.reporting_line import ReportingLine, found_of, read_reporting_line
from contacts.response_models import ContactTeam, StandInContact
from contacts.serializers import Statuses, card_json, presence_of
from contacts.stand_ins import StandIn, StandIns, find_beside, find_stand_ins
from directories.models import Directory
from scim.users import store
from shared.app import App
from shared.http import HttpError
from shared.messages import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """A person with the reporting line, the stand-ins, and the statuses of all of them."""

    person: Found
    line: ReportingLine
    stand_ins: StandIns
    known: Statuses


async def read_team(app: App, directory: Directory, contact_id: str) -> Team:
    """Return the people around a person.

    Round trips: one for the person, and those of `read_reporting_line` and `find_stand_ins`.

    Raises:
        HttpError: 404 if the person isn't shown.
    """
    stored = await store.get(app, directory.id, contact_id)
    if stored is None or not stored.record.active:
        raise HttpError(404, Message("contact_not_found"))
    person = found_of(directory, stored.record)
    line, beside = await asyncio.gather(
        read_reporting_line(app, directory, stored.record), find_beside(app, person)
    )
    stand_ins = await find_stand_ins(app, person, line, beside, stored.groups)
    everyone = [(one.directory, one.card) for one in (person, *line.people())]
    known = await presence_of(app, everyone)
    return Team(person=person, line=line, stand_ins=stand_ins, known=known)


def team_json(team: Team) -> ContactTeam:
    """Return the JSON of the people around a person."""
    line = team.line
    found: ContactTeam = {
        "standIns": [_stand_in_json(one) for one in team.stand_ins.people],
        "peers": [card_json(one.directory, one.card, team.known) for one in line.peers],
        "reports": [card_json(one.directory, one.card, team.known) for one in line.reports],
        "hasMore": line.has_more,
    }
    if line.manager:
        found["manager"] = card_json(line.manager.directory, line.manager.card, team.known)
    if team.stand_ins.unconfirmed:
        found["unconfirmed"] = team.stand_ins.unconfirmed
    return found


def _stand_in_json(one: StandIn) -> StandInContact:
    return {**free_person_json(one.person), "reason": one.reason}
