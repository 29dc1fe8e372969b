"""The cycles of a provisioning job, such as initial and incremental; each handles all people concerned."""

from collections.abc import Awaitable, Callable
from random import Random
from uuid import UUID

from local.entra import changes, checks, groups, users
from local.entra.discovery import discover
from local.entra.job import Job
from local.entra.people import Person
from local.entra.wire import Response, equals

_CONNECT_PATIENCE = 5.0  # seconds; short, because an administrator waits for the test


async def connect(job: Job) -> None:
    """Test the connection: query users and groups for a random GUID, then read the schemas."""
    guid = str(UUID(int=Random(job.options.seed).getrandbits(128), version=4))
    job.wire.patience = min(_CONNECT_PATIENCE, job.options.patience)
    response = await job.wire.send(
        "test connection", "GET", "/Users", equals(job.options.matching, guid)
    )
    job.note("test connection", response, _nothing(response, "User"))
    query = f"excludedAttributes=members&{equals('displayName', guid)}"
    response = await job.wire.send("test connection", "GET", "/Groups", query)
    job.note("test connection", response, _nothing(response, "Group"))
    response = await job.wire.send("read schemas", "GET", "/Schemas")
    job.note("read schemas", response, checks.status(response, 200) + checks.schemas(response))
    job.wire.patience = job.options.patience


async def initial(job: Job) -> None:
    """Provision all people in scope: match each, then create or update.

    People for whom the POST got a 409 are provisioned again afterwards, and managers are set
    last.
    """
    people = job.options.people
    renamed = set(changes.plan(job.options).renamed)

    async def provision(person: Person) -> None:
        other = [job.company.married(person).user_principal_name] if person.index in renamed else []
        await users.provision(job, person, known_as=other)

    await job.each("people", job.company.people(0, people), people, provision)
    await escrow(job)
    await job.each(
        "managers",
        job.company.people(0, people),
        people,
        lambda person: users.set_manager(job, person),
    )


async def escrow(job: Job) -> None:
    """Provision again the people for whom a POST got a 409.

    The matching filter must find them now; differences are updated.
    """
    waiting, job.escrow = job.escrow, []

    async def again(person: Person) -> None:
        found = await users.match(job, person)
        if found is None:
            reason = (
                "409, but the matching filter does not find the user: it can never be provisioned"
            )
            job.record.deviations("create user", "POST /Users", [reason])
            return
        await users.update(job, person, found)
        job.record.count("matched after conflict")

    if waiting:
        await job.each("conflicts", waiting, len(waiting), again)


async def incremental(job: Job) -> None:
    """Send the changes made in Entra since the last cycle.

    These are titles, numbers, surnames, departments with managers, and new people.
    """
    plan = changes.plan(job.options)
    changed = changes.apply(plan, job.company)
    job.changed |= {person.index: person for person in changed}

    async def change(person: Person) -> None:
        if person.index not in job.links:
            await users.provision(job, person)
            return
        stored = await users.get(job, person)
        if stored is None:
            await users.provision(job, person)
            return
        await users.update(job, person, stored, delta=True)
        await users.set_manager(job, person)

    await job.each("changes", changed, len(changed), change)
    await _joiners(job, plan)
    leaders = [job.person(index) for index in plan.without_manager if index in job.managers]
    await job.each(
        "managers removed", leaders, len(leaders), lambda person: users.remove_manager(job, person)
    )


async def lost_answer(job: Job) -> None:
    """Provision people for whom the server processes the POST, but the response is lost.

    The repeated POST gets 409, and the matching filter then finds the user.
    """
    start, stop = changes.plan(job.options).lost
    await job.each(
        "lost answers",
        job.company.people(start, stop),
        stop - start,
        lambda person: users.provision(job, person, lose_answer=True),
    )
    await escrow(job)


async def disable(job: Job) -> None:
    """Disable the people who leave: soft delete by `active`."""
    await _linked(
        job,
        "disable",
        changes.plan(job.options).leavers,
        lambda person: users.set_active(job, person, False),
    )


async def enable(job: Job) -> None:
    """Enable half of the disabled people again."""
    returners = changes.plan(job.options).returners
    await _linked(job, "enable", returners, lambda person: users.set_active(job, person, True))


async def delete(job: Job) -> None:
    """Delete the half of the disabled people who stay disabled, as Entra does after thirty days.

    Also delete the people for whom the first responses were lost.
    """
    plan = changes.plan(job.options)
    gone = [*plan.purged, *range(*plan.lost)]
    await _linked(job, "delete", gone, lambda person: users.delete(job, person))


async def fill_groups(job: Job) -> None:
    """Provision every group and its members."""
    teams = groups.teams(job)
    await job.each("groups", teams, len(teams), lambda team: groups.provision(job, team))


CYCLES: dict[str, Callable[[Job], Awaitable[None]]] = {
    "connect": connect,
    "initial": initial,
    "groups": fill_groups,
    "incremental": incremental,
    "lost-answer": lost_answer,
    "disable": disable,
    "enable": enable,
    "discover": discover,
    "delete": delete,
}


async def _joiners(job: Job, plan: changes.Plan) -> None:
    async def join(person: Person) -> None:
        found = await users.match(job, person)
        if found is None:
            await users.create(job, person, with_manager=True)
        else:
            await users.update(job, person, found)

    start, stop = plan.joiners
    await job.each("joiners", job.company.people(start, stop), stop - start, join)
    await escrow(job)


async def _linked(
    job: Job, cycle: str, indexes: list[int], work: Callable[[Person], Awaitable[None]]
) -> None:
    """Do the work for people who have a known ID in the target, or whom the matching filter finds.

    The filter is used because the job knows no IDs if earlier cycles were run by another process.
    """

    async def found(person: Person) -> None:
        if person.index in job.links or await users.match(job, person) is not None:
            await work(person)

    people = [job.person(index) for index in indexes]
    await job.each(cycle, people, len(people), found)


def _nothing(response: Response, kind: str) -> list[str]:
    reasons = checks.status(response, 200)
    reasons += checks.listing(response, kind) if response.status == 200 else []
    if not reasons and response.content["Resources"]:
        reasons.append("a filter for a random GUID found something")
    return reasons
