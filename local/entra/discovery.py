"""Account Discovery: Entra pages through all users of the target and sorts them into three categories.

Source: Microsoft Learn, "Discover identities in target applications with Account Discovery" (public
preview). It names RFC 7644 section 3.4.2.4 as the only requirement. It documents neither the size
of a page nor when paging ends; here a page has `page_size` users, and paging ends when `startIndex`
is above `totalResults`.
"""

import asyncio
from typing import Any

from local.entra import changes, checks, mapping, users
from local.entra.job import Job, Skipped
from local.entra.people import Person

LOCAL = "local accounts"
UNASSIGNED = "unassigned users"
ASSIGNED = "assigned users"
_OPERATION = "discover page"
_GUESTS_AT_START = 3


async def discover(job: Job) -> None:
    """List all users while other users are added and removed.

    Record as deviations: a page that isn't valid, a user that appears twice, and a user that exists
    during the whole listing but appears on no page.
    """
    guests = _Guests(job)
    for _ in range(_GUESTS_AT_START):
        await guests.arrive()
    expected = {identifier: index for index, identifier in job.links.items()}
    expected = {one: index for one, index in expected.items() if not guests.is_guest(index)}
    try:
        found = await _walk(job, guests)
    except Skipped:
        job.record.count("skipped")
        return
    finally:
        await guests.leave()
    for identifier, index in expected.items():
        if identifier not in found:
            job.record.deviations(
                _OPERATION,
                "GET /Users",
                [f'the user "{identifier}" ({index}) is on no page of a complete walk'],
            )
    known = _known(job)
    for identifier, resource in found.items():
        if identifier not in guests.ids:
            job.record.count(_category(job, resource, known))


async def _walk(job: Job, guests: "_Guests") -> dict[str, dict[str, Any]]:
    """Return all users of the target by ID, page by page."""
    found: dict[str, dict[str, Any]] = {}
    start, total = 1, 1
    while start <= total:
        page, _ = await asyncio.gather(_page(job, start), guests.turn())
        resources, total = page["Resources"], page["totalResults"]
        if not resources:
            break
        for resource in resources:
            identifier = str(resource.get("id"))
            if identifier in found:
                reason = f'the user "{identifier}" is on two pages'
                job.record.deviations(_OPERATION, f"GET /Users?startIndex={start}", [reason])
            found[identifier] = resource
        start += len(resources)
        job.progress("discover", len(found), max(total, len(found)))
    return found


async def _page(job: Job, start: int) -> dict[str, Any]:
    """Return one page; raise Skipped if the response isn't valid."""
    query = f"startIndex={start}&count={job.options.page_size}"
    response = await job.wire.send(_OPERATION, "GET", "/Users", query)
    reasons = checks.status(response, 200)
    reasons += checks.page(response, start, job.options.page_size) if response.status == 200 else []
    job.must(_OPERATION, response, reasons)
    page: dict[str, Any] = response.content
    for resource in page["Resources"]:
        job.note(_OPERATION, response, _unmatchable(job, resource))
    return page


def _unmatchable(job: Job, resource: dict[str, Any]) -> list[str]:
    """Return the reasons why Entra can't match the user, [] if it can."""
    reasons = checks.resource_frame(resource, mapping.USER, "User")
    if not resource.get(job.options.matching):
        reasons.append(f"a user has no {job.options.matching}, the first matching attribute")
    return reasons


def _known(job: Job) -> set[str]:
    """Return the lower-case values of the matching attribute that Entra's users have."""
    plan = changes.plan(job.options)
    _, stop = plan.lost
    people = [job.person(index) for index in range(stop)]
    if job.options.matching == "externalId":
        return {person.object_id.casefold() for person in people}
    # People renamed in an earlier run have the new name in the target.
    people += [job.company.married(job.company.person(index)) for index in plan.renamed]
    return {person.user_principal_name.casefold() for person in people}


def _category(job: Job, resource: dict[str, Any], known: set[str]) -> str:
    """Return the user's category: LOCAL, ASSIGNED or UNASSIGNED.

    A user whom Entra doesn't know is LOCAL. Of the others, an inactive one is UNASSIGNED, because
    Entra disables users who leave the application's scope.
    """
    if str(resource.get(job.options.matching)).casefold() not in known:
        return LOCAL
    return ASSIGNED if resource.get("active", True) else UNASSIGNED


class _Guests:
    """Users whom another administrator adds and removes while Account Discovery pages through all users."""

    def __init__(self, job: Job) -> None:
        self._job = job
        _, self._first = changes.plan(job.options).lost
        self._next = self._first
        self._here: list[Person] = []
        self.ids: set[str] = set()

    def is_guest(self, index: int) -> bool:
        """Return whether the person with this index is a guest."""
        return index >= self._first

    async def turn(self) -> None:
        """Add a guest and remove the one added first."""
        await self.arrive()
        await self._go()

    async def arrive(self) -> None:
        """Add a guest; if that fails, record the fault and raise no exception."""
        guest = self._job.company.person(self._next)
        self._next += 1
        try:
            await users.provision(self._job, guest)
        except Skipped:
            self._job.record.count("skipped")
        else:
            self._here.append(guest)
            self.ids.add(self._job.links.get(guest.index, ""))

    async def leave(self) -> None:
        """Remove all guests."""
        while self._here:
            await self._go()

    async def _go(self) -> None:
        if not self._here:
            return
        guest = self._here.pop(0)
        if guest.index not in self._job.links:
            return
        try:
            await users.delete(self._job, guest)
        except Skipped:
            self._job.record.count("skipped")
