"""Check that a SCIM server really carries out each kind of request that `bench.provisioning` compares.

An error, or a response without the wanted people, costs less than the work. So the figures of a
server count only for the operations that this check accepts.
"""

from collections import defaultdict
from dataclasses import KW_ONLY, dataclass, field
from typing import Any

import aiohttp
import orjson

from local.entra import Options, mapping
from local.entra.measure import PAGE, patch_of
from local.entra.people import Company, Person
from local.entra.wire import CONTENT_TYPE, equals

_PEOPLE = PAGE + 3  # more than a page
_PATCHED, _DELETED, _CHECKED = 0, 1, 2  # indexes of people for these checks


@dataclass(slots=True, kw_only=True)
class Verdict:
    """The result of a check of one server.

    Attributes:
        faults: why its responses are wrong, by operation.
        sent: the number of attributes that the first person has in the POST.
        kept: the number of these that a GET returns unchanged.
        is_authenticated: whether requests with another token or none are refused with 401.
        is_unique: whether a second person with a userName is refused with 409.
        connections: the number of connections for all requests, sent one after the other.
    """

    faults: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    kept: int = 0
    sent: int = 0
    is_authenticated: bool = False
    is_unique: bool = False
    connections: int = 0

    def __str__(self) -> str:
        """Return a line for the table's footnotes."""
        return (
            f"keeps {self.kept} of {self.sent} attributes,"
            f" {'checks' if self.is_authenticated else 'does not check'} the token,"
            f" {'refuses' if self.is_unique else 'accepts'} a second person of a userName,"
            f" {self.connections} connections"
        )


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    content: dict[str, Any]

    @property
    def found(self) -> list[dict[str, Any]]:
        """The resources of a ListResponse; RFC 7644 section 3.4.2 allows leaving an empty list out."""
        resources: list[dict[str, Any]] = self.content.get("Resources") or []
        return resources


@dataclass(slots=True)
class _Check:
    """The state of a check: the server, the people that it has, and what was found so far."""

    options: Options
    session: aiohttp.ClientSession
    _: KW_ONLY
    verdict: Verdict = field(default_factory=Verdict)
    people: list[Person] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)

    async def send(
        self, method: str, path: str, body: object = None, authorization: str | None = None
    ) -> _Answer:
        """Send one request, with the options' token unless `authorization` is given ("" for none)."""
        headers = {"Accept": "application/scim+json"}
        if authorization is None:
            authorization = f"Bearer {self.options.token}"
        if authorization:
            headers["Authorization"] = authorization
        if body is not None:
            headers["Content-Type"] = CONTENT_TYPE
        data = orjson.dumps(body) if body is not None else None
        url = self.options.base + path
        async with self.session.request(method, url, data=data, headers=headers) as response:
            raw = await response.read()
        try:
            content = orjson.loads(raw)
        except orjson.JSONDecodeError:
            content = {}
        return _Answer(response.status, content if isinstance(content, dict) else {})

    def expect(self, operation: str, holds: bool, reason: str) -> None:
        """Note the reason as a fault of the operation unless `holds`."""
        if not holds:
            self.verdict.faults[operation].append(reason)


async def check(options: Options) -> Verdict:
    """Send each kind of request to the server, which has no people before and after it, and judge the answers.

    If the people can't be created, only POST is judged.
    """
    connections = 0

    async def count(*_: object) -> None:
        nonlocal connections
        connections += 1

    trace = aiohttp.TraceConfig()
    trace.on_connection_create_end.append(count)
    connector = aiohttp.TCPConnector(limit=1)
    async with aiohttp.ClientSession(connector=connector, trace_configs=[trace]) as session:
        this = _Check(options, session)
        await _create(this)
        if len(this.ids) == _PEOPLE:
            for step in (_get, _filter, _page, _patch, _delete, _refuse):
                await step(this)
        for identifier in this.ids:
            await this.send("DELETE", f"/Users/{identifier}")
    this.verdict.connections = connections
    return this.verdict


async def _create(this: _Check) -> None:
    for person in Company(1, subdomain="checked").people(0, _PEOPLE):
        body = mapping.post_body(mapping.target_attributes(person))
        answer = await this.send("POST", "/Users", body)
        identifier = answer.content.get("id")
        right = answer.status == 201 and answer.content.get("userName") == body["userName"]
        this.expect("POST", right, f"{answer.status} without the person")
        if isinstance(identifier, str):
            this.people.append(person)
            this.ids.append(identifier)
    this.expect("POST", len(set(this.ids)) == _PEOPLE, "the ids of the people are not distinct")


async def _get(this: _Check) -> None:
    answer = await this.send("GET", f"/Users/{this.ids[_CHECKED]}")
    sent, got = mapping.target_attributes(this.people[_CHECKED]), mapping.flatten(answer.content)
    this.verdict.sent = len(sent)
    this.verdict.kept = sum(got.get(name) == value for name, value in sent.items())
    right = answer.status == 200 and answer.content.get("id") == this.ids[_CHECKED]
    this.expect("GET by id", right, f"{answer.status} without the person")
    this.expect("GET by id", got.get("userName") == sent["userName"], "another userName")


async def _filter(this: _Check) -> None:
    name = this.people[_CHECKED].user_principal_name
    answer = await this.send("GET", f"/Users?{equals('userName', name)}")
    found = [each.get("id") for each in answer.found]
    right = answer.status == 200 and found == [this.ids[_CHECKED]]
    this.expect("filter hit", right, f"{answer.status} with {len(found)} people, not the one")
    total = answer.content.get("totalResults")
    this.expect("filter hit", total == 1, f"totalResults is {total!r}")
    answer = await this.send("GET", f"/Users?{equals('userName', f'nobody.{name}')}")
    right = answer.status == 200 and not answer.found
    this.expect("filter miss", right, f"{answer.status} with {len(answer.found)} people")
    total = answer.content.get("totalResults")
    this.expect("filter miss", total == 0, f"totalResults is {total!r}")


async def _page(this: _Check) -> None:
    operation, seen = f"page of {PAGE}", list[Any]()
    for start, wanted in ((1, PAGE), (PAGE + 1, _PEOPLE - PAGE)):
        answer = await this.send("GET", f"/Users?startIndex={start}&count={PAGE}")
        found, total = [each.get("id") for each in answer.found], answer.content.get("totalResults")
        seen += found
        reason = f"{answer.status} with {len(found)} people from {start} instead of {wanted}"
        this.expect(operation, answer.status == 200 and len(found) == wanted, reason)
        this.expect(operation, total == _PEOPLE, f"totalResults is {total!r}")
    this.expect(operation, set(seen) == set(this.ids), "two pages do not have everyone once")


async def _patch(this: _Check) -> None:
    """Every attribute that the server kept from the POST must have its new value afterwards."""
    person, path = this.people[_PATCHED], f"/Users/{this.ids[_PATCHED]}"
    before = mapping.flatten((await this.send("GET", path)).content)
    body = patch_of(person, this.options)
    answer = await this.send("PATCH", path, body)
    this.expect("PATCH", answer.status in (200, 204), f"status {answer.status}")
    after = mapping.flatten((await this.send("GET", path)).content)
    changed = {each["path"]: each["value"] for each in body["Operations"]}
    for name, value in changed.items():
        if name in before:
            reason = f"{name} is {after.get(name)!r} instead of {value!r}"
            this.expect("PATCH", after.get(name) == value, reason)


async def _delete(this: _Check) -> None:
    path = f"/Users/{this.ids[_DELETED]}"
    answer = await this.send("DELETE", path)
    this.expect("DELETE", answer.status == 204, f"status {answer.status}")
    answer = await this.send("GET", path)
    this.expect("DELETE", answer.status == 404, f"{answer.status} for a deleted person")
    name = this.people[_DELETED].user_principal_name
    answer = await this.send("GET", f"/Users?{equals('userName', name)}")
    this.expect("DELETE", not answer.found, "a filter finds a deleted person")
    del this.ids[_DELETED], this.people[_DELETED]


async def _refuse(this: _Check) -> None:
    """Look at what is part of the work of some servers only: the token, and that a userName is unique."""
    path = f"/Users/{this.ids[_PATCHED]}"
    statuses = [
        (await this.send("GET", path, authorization=each)).status for each in ("", "Bearer other")
    ]
    this.verdict.is_authenticated = statuses == [401, 401]
    body = mapping.post_body(mapping.target_attributes(this.people[-1]))
    answer = await this.send("POST", "/Users", body)
    this.verdict.is_unique = answer.status == 409
    if answer.status == 201:
        this.ids.append(str(answer.content.get("id")))
