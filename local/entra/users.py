"""Provision one user in the target, as Entra does."""

from collections.abc import Iterable
from typing import Any

from local.entra import checks, mapping
from local.entra.job import Job, Skipped
from local.entra.mapping import MANAGER, Flat
from local.entra.people import Person
from local.entra.wire import Response, equals

Resource = dict[str, Any]


async def provision(
    job: Job, person: Person, *, known_as: Iterable[str] = (), lose_answer: bool = False
) -> None:
    """Find the user by the matching attribute, then create it or update the differences.

    `known_as` is passed to `match`, and `lose_answer` to `create`.
    """
    found = await match(job, person, known_as)
    if found is None:
        await create(job, person, lose_answer=lose_answer)
    else:
        await update(job, person, found)


async def match(job: Job, person: Person, known_as: Iterable[str] = ()) -> Resource | None:
    """Return the user that the matching filter finds, even if disabled; None if it finds none.

    `known_as` are former user names to try as well. Entra itself doesn't need them, because it
    remembers the target's ID of each user it created.
    """
    by_name = job.options.matching == "userName"
    values = [person.user_principal_name, *known_as] if by_name else [person.object_id]
    for value in values:
        response = await job.wire.send(
            "filter user", "GET", "/Users", equals(job.options.matching, value)
        )
        job.must(
            "filter user", response, checks.match(response, "User", job.options.matching, value)
        )
        if response.content["Resources"]:
            resource: Resource = response.content["Resources"][0]
            link(job, person, resource)
            return resource
    return None


def link(job: Job, person: Person, resource: Resource) -> None:
    """Store in the job the person's ID in the target, and the manager that the target has stored.

    Raise Skipped if the resource has no ID.
    """
    identifier = resource.get("id")
    if not isinstance(identifier, str) or not identifier:
        raise Skipped
    job.links[person.index] = identifier
    manager = mapping.flatten(resource).get(MANAGER)
    if isinstance(manager, str) and manager:
        job.managers[person.index] = manager


async def create(
    job: Job, person: Person, *, with_manager: bool = False, lose_answer: bool = False
) -> None:
    """POST the user.

    After a 409, the person is put into escrow, to be matched again later, because Entra doesn't
    turn a conflict into an update. `lose_answer` is passed to `Wire.send`.
    """
    sent = mapping.target_attributes(person)
    if with_manager:
        sent = job.wanted(person, sent)
    body = mapping.post_body(sent)
    response = await job.wire.send(
        "create user", "POST", "/Users", body=body, lose_answer=lose_answer
    )
    if response.status == 409:
        reasons = checks.status(response, 409)
        if not response.repeated:
            reasons.append("409 for a user whom the matching filter did not find")
        job.note("create user", response, reasons)
        job.record.count("conflicts")
        job.escrow.append(person)
        return
    reasons = checks.status(response, 201)
    reasons += checks.user(response, sent, created=True) if response.status == 201 else []
    job.note("create user", response, reasons)
    if response.status != 201 or not isinstance(response.content, dict):
        raise Skipped
    link(job, person, response.content)
    job.record.count("created")


async def update(job: Job, person: Person, stored: Resource, *, delta: bool = False) -> None:
    """PATCH the differences from the stored user; send nothing if there are none.

    In a `delta` cycle Entra sends "Replace" for telephone numbers even if none is stored
    (better-auth/better-auth#10682).
    """
    flat = mapping.flatten(stored)
    changes = mapping.difference(mapping.target_attributes(person), flat)
    if not changes:
        job.record.count("unchanged")
        return
    if delta:
        flat |= {name: "" for name in changes if name.startswith("phoneNumbers")}
    await patch(job, person, changes, flat)
    job.record.count("updated")


async def patch(job: Job, person: Person, changes: Flat, stored: Flat) -> None:
    """Send a PATCH with the changes and check that all of them were stored unchanged."""
    body = mapping.patch_body(changes, stored, job.options.dialect)
    await _patched(job, person, "patch user", body, changes)


async def remove_manager(job: Job, person: Person) -> None:
    """PATCH the user so that it has no manager, and check that."""
    manager = job.managers.pop(person.index, "")
    body = mapping.manager_removal(manager, job.options.dialect)
    response = await _patched(job, person, "remove manager", body, {})
    if mapping.flatten(response.content).get(MANAGER):
        job.note("remove manager", response, ["the manager is still there"])
    job.record.count("managers removed")


async def set_manager(job: Job, person: Person) -> None:
    """PATCH the manager's ID, unless the target has it already or the manager isn't provisioned."""
    manager = job.links.get(person.manager) if person.manager is not None else None
    if not manager or person.index not in job.links or job.managers.get(person.index) == manager:
        return
    stored = {MANAGER: ""} if person.index in job.managers else {}
    body = mapping.patch_body({MANAGER: manager}, stored, job.options.dialect)
    await _patched(job, person, "set manager", body, {MANAGER: manager})
    job.managers[person.index] = manager
    job.record.count("managers set")


async def set_active(job: Job, person: Person, active: bool) -> None:
    """Disable or enable the user; the matching filter must find it afterwards in either state."""
    operation = "enable user" if active else "disable user"
    body = mapping.patch_body({"active": active}, {"active": not active}, job.options.dialect)
    await _patched(job, person, operation, body, {"active": active})
    found = await match(job, person)
    if found is None or found.get("active") is not active:
        reason = (
            "the matching filter does not find the user"
            if found is None
            else f"active is {found.get('active')!r}"
        )
        job.record.deviations(
            operation, f"PATCH /Users/{job.links[person.index]}", [f"afterwards {reason}"]
        )
    job.record.count("enabled" if active else "disabled")


async def delete(job: Job, person: Person) -> None:
    """DELETE the user; afterwards neither its ID nor the matching filter may find it."""
    path = f"/Users/{job.links.pop(person.index)}"
    response = await job.wire.send("delete user", "DELETE", path)
    # If the first response was lost, the repeated DELETE gets 404.
    job.must(
        "delete user",
        response,
        checks.status(response, *((204, 404) if response.repeated else (204,))),
    )
    gone = await job.wire.send("get deleted user", "GET", path)
    job.note("get deleted user", gone, checks.status(gone, 404))
    if await match(job, person) is not None:
        job.record.deviations(
            "delete user", response.request, ["afterwards the matching filter still finds the user"]
        )
    job.managers.pop(person.index, None)
    job.record.count("deleted")


async def get(job: Job, person: Person) -> Resource | None:
    """Return the user by its cached ID; None if it is gone, after which Entra matches again."""
    response = await job.wire.send("get user", "GET", f"/Users/{job.links[person.index]}")
    if response.status == 404:
        job.note("get user", response, checks.status(response, 404))
        return None
    job.must("get user", response, checks.status(response, 200) + checks.user(response, {}))
    resource: Resource = response.content
    return resource


async def _patched(job: Job, person: Person, operation: str, body: Any, changes: Flat) -> Response:
    """Send a PATCH and check its response: 200 with the user, or 204; raise Skipped for any other.

    After a 204, GET the user. In both cases check that the user has the changes, and return the
    response that contains the user.
    """
    path = f"/Users/{job.links[person.index]}"
    response = await job.wire.send(operation, "PATCH", path, body=body)
    job.must(operation, response, checks.status(response, 200, 204))
    if response.status == 204:
        response = await job.wire.send("get user", "GET", path)
        job.must("get user", response, checks.status(response, 200))
    job.must(operation, response, checks.user(response, changes))
    return response
