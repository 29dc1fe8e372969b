"""Stand-ins for a person, and the reporting line: reasons, their order, presence, round trips."""

import base64
from typing import Any

import azure.functions as func
import orjson
import pytest

from contacts import endpoints
from contacts.team import Team, read_team
from local.host.host import Host, HostOptions
from local.host.hostfile import HostFile
from shared.http import HttpError, Request
from tests.contacts.desk import Desk, desk, graph_simulator, served_simulator, world
from tests.contacts.people import ACCOUNT

__all__ = ["desk", "graph_simulator", "served_simulator", "world"]


async def _team(desk: Desk, person: str) -> Team:
    return await read_team(desk.world.app, desk.company.directory, person)


async def _stand_ins(desk: Desk, person: str) -> list[tuple[str, str]]:
    found = (await _team(desk, person)).stand_ins
    return [(one.person.found.card.name, one.reason) for one in found.people]


def _under(manager: str) -> dict[str, Any]:
    return {"value": manager}


async def test_stand_ins_are_ordered_by_reason(desk: Desk) -> None:
    """The same team, the manager, a report, a common group, the same department and office."""
    boss = await desk.hire("Boss")
    meier = await desk.hire(
        "Meier", "InACall", manager=_under(boss), department="Claims", office="Leeds"
    )
    await desk.hire("Anna Peer", manager=_under(boss))
    await desk.hire("Ben Report", manager=_under(meier))
    await desk.company.group("Claims desk", meier, await desk.hire("Carla Group"))
    await desk.hire("Dora Desk", department="Claims", office="Leeds")
    await desk.hire("Emil Elsewhere", department="Claims", office="York")
    await desk.world.tick()
    assert await _stand_ins(desk, meier) == [
        ("Anna Peer", "sameTeam"),
        ("Boss", "manager"),
        ("Ben Report", "report"),
        ("Dora Desk", "sameDepartmentAndOffice"),
    ]
    desk.set("Ben Report", "Busy")
    await desk.world.tick()
    assert await _stand_ins(desk, meier) == [
        ("Anna Peer", "sameTeam"),
        ("Boss", "manager"),
        ("Carla Group", "sameGroup"),
        ("Dora Desk", "sameDepartmentAndOffice"),
    ]


async def test_a_stand_in_with_several_reasons_is_listed_once_with_the_first(desk: Desk) -> None:
    """Here the person is in the same team, group, department and office."""
    boss = await desk.hire("Boss", "Offline")
    own: dict[str, Any] = {"manager": _under(boss), "department": "Claims", "office": "Leeds"}
    meier, anna = await desk.hire("Meier", "Busy", **own), await desk.hire("Anna", **own)
    await desk.company.group("Desk", meier, anna)
    await desk.world.tick()
    assert await _stand_ins(desk, meier) == [("Anna", "sameTeam")]


async def test_within_a_team_active_people_of_the_same_office_come_first(desk: Desk) -> None:
    """Active people of other offices come next, then people who are available but idle."""
    boss = await desk.hire("Boss", "Busy")
    meier = await desk.hire("Meier", "Away", manager=_under(boss), office="Leeds")
    await desk.hire("Anna", "AvailableIdle", manager=_under(boss), office="Leeds")
    await desk.hire("Ben", manager=_under(boss), office="York")
    await desk.hire("Carla", manager=_under(boss), office="Leeds")
    await desk.world.tick()
    names = [name for name, _ in await _stand_ins(desk, meier)]
    assert names == ["Carla", "Ben", "Anna"]


@pytest.mark.parametrize("status", ["Busy", "Away", "Offline", "DoNotDisturb", "BeRightBack", "X"])
async def test_every_stand_in_is_free(desk: Desk, status: str) -> None:
    """People who aren't free aren't listed, even if they became busy after the last sync."""
    boss = await desk.hire("Boss", status)
    meier = await desk.hire("Meier", manager=_under(boss))
    await desk.hire("Anna", manager=_under(boss))
    await desk.world.tick()
    desk.set("Anna", status)
    desk.world.clock.advance(11)
    assert await _stand_ins(desk, meier) == []


async def test_people_with_an_unconfirmed_presence_are_not_recommended(desk: Desk) -> None:
    """They are counted, so that the page can say why no one is listed."""
    boss = await desk.hire("Boss")
    meier = await desk.hire("Meier", "Busy", manager=_under(boss))
    await desk.world.tick()
    desk.world.running.simulator.tenants.clear()
    desk.world.clock.advance(16)
    found = (await _team(desk, meier)).stand_ins
    assert (found.people, found.unconfirmed) == ([], 1)


async def test_a_group_of_more_than_100_people_is_no_reason(desk: Desk) -> None:
    """Such a group doesn't show who can take a call."""
    meier = await desk.hire("Meier", "Busy")
    everyone = [await desk.hire(f"Person {number}") for number in range(101)]
    await desk.company.group("All staff", meier, *everyone)
    await desk.world.tick()
    assert await _stand_ins(desk, meier) == []


@pytest.mark.parametrize("by", ["id", "userName", "externalId"])
async def test_the_reporting_line_is_found_by_any_identifier_of_a_manager(
    desk: Desk, by: str
) -> None:
    """RFC 7643 section 4.3: the id; other clients send a user name or their own id."""
    boss = await desk.hire("Boss", mail="boss@contoso.example")
    value = {"id": boss, "userName": "Boss@contoso.example", "externalId": desk.object_ids["Boss"]}
    anna = await desk.hire("Anna", manager=_under(value[by]))
    await desk.hire("Ben", manager=_under(boss))
    await desk.world.tick()
    line = (await _team(desk, anna)).line
    assert line.manager is not None
    assert line.manager.card.name == "Boss"
    assert [one.card.name for one in line.peers] == ["Ben"]
    reports = (await _team(desk, boss)).line.reports
    assert [one.card.name for one in reports] == ["Anna", "Ben"]


async def test_peers_are_found_before_their_manager_is_provisioned(desk: Desk) -> None:
    """Entra provisions in any order; people with the same manager value are peers."""
    anna = await desk.hire("Anna", manager=_under("boss@contoso.example"))
    await desk.hire("Ben", manager=_under("BOSS@contoso.example"))
    await desk.world.tick()
    assert [one.card.name for one in (await _team(desk, anna)).line.peers] == ["Ben"]


async def test_a_person_who_is_their_own_manager_has_no_reporting_line(desk: Desk) -> None:
    """Some companies provision a chief executive so."""
    name = "chief@contoso.example"
    chief = await desk.hire("Chief", mail=name, manager=_under(name))
    await desk.world.tick()
    line = (await _team(desk, chief)).line
    assert (line.manager, line.peers, line.reports) == (None, [], [])


async def test_a_team_costs_a_bounded_number_of_round_trips(desk: Desk) -> None:
    """Person, manager, reports by three identifiers of each, tenant link, presence and colleagues,
    however many there are.
    """
    boss = await desk.hire("Boss")
    own = {"manager": _under(boss), "department": "Claims", "office": "Leeds"}
    meier = await desk.hire("Meier", "Busy", **own)
    for number in range(150):
        await desk.hire(f"Peer {number:03}", "Available" if number % 40 == 0 else "Busy", **own)
    await desk.world.tick()
    desk.world.clock.advance(2)
    with desk.world.tables.measured() as calls:
        team = await _team(desk, meier)
    assert len(team.line.peers) == 150
    assert len(calls) <= 12


async def test_the_api_returns_reasons_and_presence(desk: Desk) -> None:
    """As the page shows them; a person of another account's directory isn't found."""
    boss = await desk.hire("Boss")
    meier = await desk.hire("Meier", "Busy", manager=_under(boss))
    await desk.world.tick()
    functions = func.FunctionApp()
    functions.register_functions(endpoints.blueprint(desk.world.app))
    host = Host(
        functions,
        environment={},
        host_file=HostFile(route_prefix=""),
        options=HostOptions(platform_sign_in=False),
    )
    address = f"https://app.example/api/directories/{desk.company.id}/contacts/{{}}/team"

    async def ask(person: str, account: str = ACCOUNT) -> tuple[int, Any]:
        claims = [{"typ": "tid", "val": account}, {"typ": "roles", "val": "Directory.Reader"}]
        principal = base64.b64encode(orjson.dumps({"claims": claims})).decode()
        headers = {"x-ms-client-principal": principal}
        answer = await host.call(Request("GET", address.format(person), headers, b""))
        return answer.status, orjson.loads(answer.body)

    status, found = await ask(meier)
    (stand_in,) = found["standIns"]
    assert (status, stand_in["displayName"], stand_in["reason"]) == (200, "Boss", "manager")
    assert stand_in["presence"]["shown"] == "available"
    assert (found["manager"]["id"], found["peers"], found["reports"]) == (boss, [], [])
    assert (await ask("nobody"))[0] == 404
    assert (await ask(meier, "33333333-3333-3333-3333-333333333333"))[0] == 404
    with pytest.raises(HttpError):
        await _team(desk, "nobody")
    await host.stop()
