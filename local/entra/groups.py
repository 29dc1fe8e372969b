"""Provision groups in the target as Entra does.

Entra creates a group without members and then adds and changes its members. It reads groups without
their members.
"""

from dataclasses import dataclass
from typing import Any

from local.entra import checks, mapping
from local.entra.job import Job
from local.entra.people import departments, object_id
from local.entra.wire import Response, equals

MEMBERS_AT_ONCE = 100
_WITHOUT_MEMBERS = "excludedAttributes=members"
_COMPARED = 1000  # members; larger groups are not compared


@dataclass(frozen=True, slots=True)
class Team:
    """A security group in Entra; `members` are indexes of people."""

    display_name: str
    external_id: str
    members: list[int]


def teams(job: Job) -> list[Team]:
    """Return one group per department, then further groups, as many as the options request."""
    names = departments()
    people = range(job.options.people)
    made = []
    for number in range(job.options.groups):
        if number < len(names):
            name = f"SG-{names[number]}"
            members = [
                person.index
                for person in job.company.people(0, job.options.people)
                if person.department == names[number]
            ]
        else:
            name = f"SG-Project {number - len(names) + 1}"
            members = list(people[number % 7 :: 7 + number])
        made.append(Team(name, object_id(job.options.seed, -1 - number), members))
    return made


async def provision(job: Job, team: Team) -> None:
    """Find or create the group, add its members, and send the changes that Entra makes to groups."""
    group_id = await _match(job, team) or await _create(job, team)
    members = [job.links[index] for index in team.members if index in job.links]
    for start in range(0, len(members), MEMBERS_AT_ONCE):
        await _members(job, group_id, "add", members[start : start + MEMBERS_AT_ONCE])
    if members:
        await _members(job, group_id, "add", members[:1])  # adding a member twice must succeed
        await _members(job, group_id, "remove", members[:1])
        await _compare(job, group_id, set(members[1:]), set(members[:1]))
        await _members(job, group_id, "add", members[:1])
    await _change(job, group_id, {"displayName": f"{team.display_name} (new)"})
    await _change(job, group_id, {"displayName": team.display_name, "externalId": team.external_id})
    await _read(job, group_id, team)
    await _compare(job, group_id, set(members), set())
    job.record.count("groups")


async def _match(job: Job, team: Team) -> str | None:
    query = f"{_WITHOUT_MEMBERS}&{equals('displayName', team.display_name)}"
    response = await job.wire.send("filter group", "GET", "/Groups", query)
    job.must(
        "filter group", response, checks.match(response, "Group", "displayName", team.display_name)
    )
    resources = response.content["Resources"]
    if not resources:
        return None
    job.note("filter group", response, _no_members(resources[0]))
    return str(resources[0]["id"])


async def _create(job: Job, team: Team) -> str:
    body = mapping.group_body(team.display_name, team.external_id)
    response = await job.wire.send("create group", "POST", "/Groups", body=body)
    if response.status == 409 and response.repeated and (found := await _match(job, team)):
        return found
    sent = {"displayName": team.display_name, "externalId": team.external_id}
    job.must("create group", response, checks.status(response, 201))
    job.must("create group", response, checks.group(response, sent, created=True))
    return str(response.content["id"])


async def _members(job: Job, group_id: str, op: str, members: list[str]) -> None:
    body = mapping.members_patch(op, members, job.options.dialect)
    response = await job.wire.send(f"{op} members", "PATCH", f"/Groups/{group_id}", body=body)
    job.must(f"{op} members", response, checks.status(response, 200, 204))


async def _change(job: Job, group_id: str, changes: mapping.Flat) -> None:
    body = mapping.group_patch(changes, job.options.dialect)
    response = await job.wire.send("patch group", "PATCH", f"/Groups/{group_id}", body=body)
    job.must("patch group", response, checks.status(response, 200, 204))


async def _read(job: Job, group_id: str, team: Team) -> None:
    response = await job.wire.send("get group", "GET", f"/Groups/{group_id}", _WITHOUT_MEMBERS)
    sent = {"displayName": team.display_name, "externalId": team.external_id}
    job.must("get group", response, checks.status(response, 200) + checks.group(response, sent))
    job.note("get group", response, _no_members(response.content))


async def _compare(job: Job, group_id: str, present: set[str], absent: set[str]) -> None:
    """Check that the group has the members `present` and none of `absent`; Entra itself doesn't check this."""
    if len(present) > _COMPARED:
        return
    response = await job.wire.send("get group with members", "GET", f"/Groups/{group_id}")
    job.must(
        "get group with members",
        response,
        checks.status(response, 200) + checks.group(response, {}),
    )
    found = _member_ids(response)
    reasons = []
    if missing := len(present - found):
        reasons.append(f"{missing} of {len(present)} members are missing")
    if absent & found:
        reasons.append("a removed member is still there")
    job.note("get group with members", response, reasons)


def _member_ids(response: Response) -> set[str]:
    members = response.content.get("members")
    return {str(each.get("value")) for each in members or [] if isinstance(each, dict)}


def _no_members(resource: dict[str, Any]) -> list[str]:
    return (
        ["members are returned in spite of excludedAttributes=members"]
        if resource.get("members")
        else []
    )
