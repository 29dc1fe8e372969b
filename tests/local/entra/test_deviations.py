"""The simulator detects each fault of a server that has exactly one."""

from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import web

from local.entra import checks
from local.entra.wire import Response
from tests.local.entra.conftest import Provision
from tests.local.entra.strict_server import ENTERPRISE, TOKEN, Fault, Reply, StrictServer

Change = Callable[[Reply], object]


def on(method: str, part: str, change: Change, *, status: int | None = None) -> Fault:
    """Return a fault that changes the responses to this method for paths that contain `part`, or only
    those with `status`.
    """

    def fault(request: web.Request, reply: Reply) -> Reply | None:
        if request.method == method and part in request.raw_path and status in (None, reply.status):
            change(reply)
        return reply

    return fault


def body(**values: Any) -> Change:
    """Return a change that sets values in the body; None removes a value."""

    def change(reply: Reply) -> None:
        reply.content = {
            name: value for name, value in {**reply.content, **values}.items() if value is not None
        }

    return change


def header(name: str, value: str) -> Change:
    """Return a change that sets one header."""
    return lambda reply: reply.headers.update({name: value})


def meta(**values: Any) -> Change:
    """Return a change that sets values in `meta`."""
    return lambda reply: body(meta={**reply.content["meta"], **values})(reply)


def becomes(status: int, content: Any = None) -> Change:
    """Return a change that replaces the response."""

    def change(reply: Reply) -> None:
        reply.status, reply.content = status, content

    return change


def error(code: int, **values: Any) -> Change:
    """Return a change that replaces the response with a SCIM error, in which `values` replace the correct
    ones.
    """
    frame = {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
        "status": str(code),
        "detail": "because",
        "scimType": "uniqueness",
    }
    return becomes(
        code, {name: value for name, value in {**frame, **values}.items() if value is not None}
    )


def resources(change: Callable[[list[Any]], list[Any]]) -> Change:
    """Return a change of the resources in a ListResponse, which adjusts the counts."""

    def changed(reply: Reply) -> None:
        found = change(reply.content["Resources"])
        body(Resources=found, totalResults=len(found), itemsPerPage=len(found))(reply)

    return changed


def both(reply: Reply) -> None:
    """List every resource twice."""
    resources(lambda found: found * 2)(reply)


def number_beautified(reply: Reply) -> None:
    """Reformat a phone number (Microsoft Learn: "Transformations of data shouldn't happen")."""
    for number in reply.content.get("phoneNumbers", ()):
        number["value"] = number["value"].replace(" ", "").replace("-", "") + "#"


def mail_doubled(reply: Reply) -> None:
    """Return two e-mail addresses for one selector (simpleidserver issue 808)."""
    reply.content["emails"] = reply.content["emails"] * 2


def manager_as_text(reply: Reply) -> None:
    """Return the manager as a bare ID, which Entra sends but can't parse."""
    extension = reply.content[ENTERPRISE]
    if "manager" in extension:
        extension = extension | {"manager": extension["manager"]["value"]}
        reply.content = reply.content | {ENTERPRISE: extension}


JSON = "application/json"
USERS, GROUPS, FILTER = "/Users", "/Groups", "/Users?filter"

FAULTS: dict[str, tuple[Fault, str]] = {
    "plain JSON": (
        on("POST", USERS, header("Content-Type", JSON)),
        "Content-Type is 'application/json'",
    ),
    "plain JSON errors": (
        on("GET", "/Users/", header("Content-Type", JSON), status=404),
        "Content-Type is",
    ),
    "404 for nothing found": (on("GET", FILTER, error(404)), "status 404 instead of 200: because"),
    "no groups at all": (on("GET", GROUPS, error(404)), "status 404 instead of 200"),
    "no Resources": (on("GET", FILTER, body(Resources=None)), "Resources is not an array"),
    "a bare user": (on("GET", FILTER, becomes(200, [])), "the body is not a JSON object"),
    "text total": (
        on("GET", FILTER, body(totalResults="0")),
        "totalResults is '0', not an integer",
    ),
    "no startIndex": (on("GET", FILTER, body(startIndex=None)), "startIndex is None"),
    "startIndex 0": (on("GET", FILTER, body(startIndex=0)), "startIndex is 0 instead of 1"),
    "itemsPerPage 20": (
        on("GET", FILTER, body(itemsPerPage=20)),
        "itemsPerPage is 20 with 1 resources",
    ),
    "total of all": (
        on("GET", FILTER, body(totalResults=40)),
        "totalResults is 40 with 0 resources",
    ),
    "no list schema": (
        on("GET", FILTER, body(schemas=[])),
        "schemas is not that of a ListResponse",
    ),
    "every user twice": (on("GET", FILTER, both), "2 resources match"),
    "GUID finds somebody": (
        on("GET", GROUPS, body(Resources=[], totalResults=3)),
        "totalResults is 3 with 0 resources",
    ),
    "200 for a create": (
        on("POST", USERS, lambda reply: setattr(reply, "status", 200)),
        "status 200 instead of 201",
    ),
    "empty body for a create": (on("POST", USERS, becomes(201)), "the body is not JSON"),
    "no id": (on("POST", USERS, body(id=None)), "id is None, not a text"),
    "number as id": (on("POST", USERS, body(id=7)), "id is 7, not a text"),
    "no schemas": (on("POST", USERS, body(schemas=None)), "schemas does not name"),
    "no meta": (on("POST", USERS, body(meta=None)), "meta is missing"),
    "no Location": (
        on("POST", USERS, lambda reply: reply.headers.pop("Location")),
        "Location is ''",
    ),
    "another location": (
        on("POST", USERS, meta(location="http://other")),
        "meta.location is not the same",
    ),
    "no resource type": (on("POST", USERS, meta(resourceType=None)), "meta.resourceType is None"),
    "a date only": (on("POST", USERS, meta(created="2026-01-02")), "meta.created is '2026-01-02'"),
    "userName in capitals": (
        on("POST", USERS, body(userName="X@Y")),
        "userName came back as 'X@Y'",
    ),
    "beautified number": (
        on("POST", USERS, number_beautified),
        'phoneNumbers[type eq "work"].value came back as',
    ),
    "active as text": (on("POST", USERS, body(active="True")), "active is not a boolean"),
    "name lost": (on("POST", USERS, body(name=None)), "name.givenName came back as None"),
    "two work addresses": (on("POST", USERS, mail_doubled), "emails has 2 elements of type work"),
    "manager as text": (
        on("PATCH", USERS, manager_as_text),
        "manager is not an object with a value",
    ),
    "a conflict from nowhere": (
        on("POST", USERS, error(409)),
        "409 for a user whom the matching filter did not find",
    ),
    "no scimType": (
        on("POST", USERS, error(409, scimType=None)),
        "scimType is None instead of 'uniqueness'",
    ),
    "status as number": (on("POST", USERS, error(409, status=409)), "the error's status is 409"),
    "no detail": (on("POST", USERS, error(409, detail=None)), "the error has no detail"),
    "another error format": (
        on("POST", USERS, error(409, schemas=None)),
        "the body is not a SCIM error",
    ),
    "a server error": (on("POST", USERS, error(500)), "status 500"),
    "a gateway error": (on("POST", USERS, error(503)), "status 503 instead of 201"),
    "PATCH refused": (on("PATCH", USERS, error(400)), "status 400 instead of 200 or 204: because"),
    "PATCH not stored": (on("PATCH", USERS, body(title="old")), "title came back as 'old'"),
    "active not stored": (
        on("PATCH", USERS, body(active=True)),
        "active came back as True instead of False",
    ),
    "manager not removed": (
        on("PATCH", USERS, body(**{ENTERPRISE: {"manager": {"value": "id-1"}}})),
        "the manager is still there",
    ),
    "disabled people hidden": (
        on("GET", FILTER, resources(lambda found: [each for each in found if each["active"]])),
        "afterwards the matching filter does not find the user",
    ),
    "DELETE with 200": (on("DELETE", USERS, becomes(200, {})), "status 200 instead of 204"),
    "deleted people shown": (
        on("GET", "/Users/", becomes(200, {}), status=404),
        "status 200 instead of 404",
    ),
    "404 in HTML": (on("GET", "/Users/", becomes(404), status=404), "the body is not JSON"),
    "group without id": (on("POST", GROUPS, body(id=None)), "id is None, not a text"),
    "group renamed": (on("POST", GROUPS, body(displayName="x")), "displayName came back as 'x'"),
    "members in spite": (
        on("GET", "/Groups/", body(members=[{"value": "1"}])),
        "members are returned in spite of excludedAttributes=members",
    ),
    "members lost": (on("GET", "/Groups/", body(members=[])), "members are missing"),
    "group PATCH refused": (on("PATCH", GROUPS, error(409)), "status 409 instead of 200 or 204"),
    "no schemas endpoint": (on("GET", "/Schemas", error(404)), "status 404 instead of 200"),
    "nulls in schemas": (
        on("GET", "/Schemas", lambda reply: body(Resources=[{"id": None}])(reply)),
        "holds nulls",
    ),
    "User not in schemas": (on("GET", "/Schemas", body(Resources=[])), "/Schemas does not list"),
}


@pytest.mark.parametrize("name", FAULTS)
async def test_a_server_with_one_fault_is_detected(
    provision: Provision, strict: StrictServer, name: str
) -> None:
    """For each fault, the summary has an error with the request and the reason."""
    strict.fault, reason = FAULTS[name]
    summary = await provision(people=12)
    found = [each for each in summary.errors if reason in each.reason]
    assert found, [each.reason for each in summary.errors]
    assert all(each.request.split()[0] in ("GET", "POST", "PATCH", "DELETE") for each in found)
    assert not summary.ok


PAGE = "startIndex="
PAGE_FAULTS: dict[str, tuple[Fault, str]] = {
    "startIndex not honoured": (on("GET", PAGE, body(startIndex=1)), "startIndex is 1 instead of"),
    "itemsPerPage of another page": (on("GET", PAGE, body(itemsPerPage=9)), "itemsPerPage is 9"),
    "an empty page in between": (
        on("GET", "startIndex=6", body(Resources=[], itemsPerPage=0)),
        "no resources from 6",
    ),
    "a user left out": (
        on("GET", "startIndex=6", lambda reply: reply.content["Resources"][0].update(id="other")),
        "is on no page of a complete walk",
    ),
    "a user twice": (
        on("GET", PAGE, lambda reply: reply.content["Resources"].__setitem__(1, reply.content["Resources"][0])),
        "is on two pages",
    ),
    "no matching attribute": (
        on("GET", PAGE, lambda reply: reply.content["Resources"][0].pop("userName")),
        "a user has no userName",
    ),
    "listing refused": (on("GET", PAGE, error(403)), "status 403 instead of 200"),
}  # fmt: skip


@pytest.mark.parametrize("name", PAGE_FAULTS)
async def test_a_server_that_pages_wrongly_is_detected(
    provision: Provision, strict: StrictServer, name: str
) -> None:
    """Account Discovery reports incomplete or repeated pages by startIndex (RFC 7644 section 3.4.2.4)."""
    strict.fault, reason = PAGE_FAULTS[name]
    summary = await provision(people=12, cycles=("initial", "discover"), page_size=5)
    assert any(reason in each.reason for each in summary.errors), summary.errors


async def test_a_server_that_removes_all_members_is_detected(
    provision: Provision, strict: StrictServer
) -> None:
    """A server that follows RFC 7644 section 3.5.2.2 literally, and so empties the group, is detected."""

    def fault(request: web.Request, reply: Reply) -> Reply:
        if (
            request.method == "PATCH"
            and GROUPS in request.path
            and b'"Remove"' in strict.requests[-1][2]
        ):
            for each in strict.resources["Groups"].values():
                each["members"] = []
        return reply

    strict.fault = fault
    summary = await provision()
    assert any("members are missing" in each.reason for each in summary.errors)


async def test_a_filter_that_matches_others_is_detected(
    provision: Provision, strict: StrictServer
) -> None:
    """A server that applies startIndex to a filter, or ignores its attribute, is detected (rstudio issue
    14992).
    """
    await provision(people=3, cycles=("initial",))
    first = next(iter(strict.resources["Users"].values()))
    strict.fault = on("GET", FILTER, resources(lambda _: [first]))
    summary = await provision(people=3)
    reasons = [each.reason for each in summary.errors]
    assert "a filter for a random GUID found something" in reasons
    assert "a resource with another userName was returned" in reasons


async def test_a_409_that_matching_cannot_resolve_is_detected(
    provision: Provision, strict: StrictServer
) -> None:
    """A 409 is an error if the matching filter doesn't find the user, because Entra would retry for 28
    days.
    """

    def fault(request: web.Request, reply: Reply) -> Reply:
        if request.method == "POST":
            strict.resources["Users"].clear()
            error(409)(reply)
        return reply

    strict.fault = fault
    summary = await provision(people=3, cycles=("initial",))
    assert any("it can never be provisioned" in each.reason for each in summary.errors)


async def test_users_that_are_found_after_a_delete_are_detected(
    provision: Provision, strict: StrictServer
) -> None:
    """A server that returns a user after DELETE is detected (Microsoft Learn, "Develop a SCIM endpoint")."""
    ghosts: dict[str, Any] = {}

    def fault(request: web.Request, reply: Reply) -> Reply:
        if (
            request.method == "POST"
            and isinstance(reply.content, dict)
            and "userName" in reply.content
        ):
            ghosts[reply.content["userName"]] = reply.content
        name = request.query.get("filter", "").partition('"')[2].rstrip('"')
        if name in ghosts and not reply.content["Resources"]:
            resources(lambda _: [ghosts[name]])(reply)
        return reply

    strict.fault = fault
    summary = await provision()
    assert any("still finds the user" in each.reason for each in summary.errors)


async def test_a_refused_token_puts_the_job_into_quarantine(provision: Provision) -> None:
    """Invalid credentials stop the job at the first response, and no error contains the token (Learn,
    "Quarantine status").
    """
    summary = await provision(token="a-wrong-token")
    assert summary.quarantined is not None
    assert "401" in summary.quarantined
    assert summary.requests == 1
    assert not summary.ok


async def test_an_unreachable_server_puts_the_job_into_quarantine(
    provision: Provision, strict: StrictServer
) -> None:
    """If no connection succeeds, the job stops in quarantine."""
    strict.fault = lambda _, __: None
    summary = await provision()
    assert summary.quarantined is not None
    assert "no answer" in summary.quarantined


async def test_a_job_that_mostly_fails_ends_in_quarantine(
    provision: Provision, strict: StrictServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From 5,000 failures on, a job of which more than 40 percent fails is quarantined (Learn, "Quarantine
    status").
    """
    monkeypatch.setattr("local.entra.job._EVALUATED_FROM", 20)
    strict.fault = on("GET", FILTER, error(400))
    summary = await provision(people=100)
    assert summary.quarantined is not None
    assert "requests failed" in summary.quarantined


async def test_a_429_or_503_is_retried(provision: Provision, strict: StrictServer) -> None:
    """A 429 or 503 is no error if the retry succeeds."""
    turns: dict[str, int] = {}

    def fault(request: web.Request, reply: Reply) -> Reply:
        turns[request.method] = turns.get(request.method, 0) + 1
        if turns[request.method] % 5 == 0:
            error(429 if turns[request.method] % 2 else 503)(reply)
        return reply

    strict.fault = lambda request, reply: (
        fault(request, reply) if request.method == "GET" else reply
    )
    summary = await provision(patience=30)
    assert summary.errors == []
    assert summary.retries > 5
    assert summary.statuses["429"] + summary.statuses["503"] == summary.retries - 1, (
        "and one answer was lost"
    )
    figures = sum(operation.count for operation in summary.operations.values())
    assert figures == summary.requests - summary.statuses["429"] - summary.statuses["503"]


async def test_interrupted_connections_lose_no_user(
    provision: Provision, strict: StrictServer
) -> None:
    """If the response to a POST is lost, the repeated POST gets a 409, and the matching filter finds the
    user (Learn, "Troubleshoot").
    """
    turns = iter(range(10**6))

    def fault(request: web.Request, reply: Reply) -> Reply | None:
        return None if request.method == "POST" and next(turns) % 4 == 0 else reply

    strict.fault = fault
    summary = await provision(patience=30, cycles=("initial",))
    assert summary.errors == []
    assert summary.done["matched after conflict"] >= 5
    assert len(strict.resources["Users"]) == 40


async def test_the_token_is_removed_from_every_reason(
    provision: Provision, strict: StrictServer
) -> None:
    """A server's error may quote the request, so the token is replaced in every reason."""
    strict.fault = on("POST", USERS, error(400, detail=f"what is {TOKEN}?"))
    summary = await provision(people=3)
    assert summary.errors
    assert TOKEN not in repr(summary)
    assert TOKEN not in str(summary.as_json())


async def test_the_same_fault_is_listed_once_and_counted(
    provision: Provision, strict: StrictServer
) -> None:
    """Equal faults are listed once with their number."""
    strict.fault = on("POST", USERS, header("Content-Type", JSON))
    summary = await provision(cycles=("initial",))
    assert [each.count for each in summary.errors] == [40]
    assert summary.error_count == 40


async def test_faults_that_differ_only_in_values_are_one_kind(
    provision: Provision, strict: StrictServer
) -> None:
    """Faults that differ only in a value, such as a user's name, are counted together; those of different
    attributes aren't.
    """

    def fault(request: web.Request, reply: Reply) -> Reply:
        if request.method == "POST":
            numbers = [
                {**each, "value": f"{each['value']}#"}
                for each in reply.content.get("phoneNumbers", ())
            ]
            body(userName=reply.content["userName"].upper(), phoneNumbers=numbers)(reply)
        return reply

    strict.fault = fault
    summary = await provision(cycles=("initial",))
    kinds = sorted(each.reason.partition(" came back")[0] for each in summary.errors)
    assert kinds == [
        'phoneNumbers[type eq "mobile"].value',
        'phoneNumbers[type eq "work"].value',
        "userName",
    ]


def test_a_body_after_204_is_detected() -> None:
    """A 204 with content is an error (RFC 9110 section 15.3.5)."""
    answer = Response(
        request="DELETE /Users/1", status=204, headers={}, body=b"{}", content={}, repeated=False
    )
    assert checks.status(answer, 204) == ["a 204 has a body"]
