"""The simulator's provisioning job with a server that has no fault."""

import re
from urllib.parse import unquote_plus

import orjson
import pytest

from local.entra import CYCLES, Company, Progress, changes, run
from local.entra.options import Options
from tests.local.entra.conftest import Provision
from tests.local.entra.strict_server import TOKEN, StrictServer


@pytest.mark.parametrize("dialect", ["default", "flag"])
async def test_every_cycle_runs_without_an_error(
    provision: Provision, strict: StrictServer, dialect: str
) -> None:
    """All cycles of a company run without an error in both dialects."""
    summary = await provision(dialect=dialect)
    assert summary.errors == []
    assert summary.ok
    for what in (
        "created",
        "managers set",
        "groups",
        "updated",
        "managers removed",
        "disabled",
        "enabled",
    ):
        assert summary.done[what] >= 1, what
    assert {"matched after conflict", "conflicts"} <= set(summary.done), (
        "a lost answer leads to a conflict"
    )
    assert summary.requests == len(strict.requests) - summary.retries


async def test_the_target_has_the_people_of_entra(
    provision: Provision, strict: StrictServer
) -> None:
    """After the initial cycle the target has each person once, with the manager's ID in the target."""
    await provision(cycles=("initial",))
    stored = {user["externalId"]: user for user in strict.resources["Users"].values()}
    people = list(Company().people(0, 40))
    assert len(strict.resources["Users"]) == 40
    for person in people:
        user = stored[person.object_id]
        assert user["name"]["familyName"] == person.surname
        extension = user["urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"]
        boss = extension.get("manager", {}).get("value")
        assert boss == (
            stored[people[person.manager].object_id]["id"] if person.manager is not None else None
        )


async def test_a_second_run_creates_no_one_twice(
    provision: Provision, strict: StrictServer
) -> None:
    """A second run matches all users, including those with a changed user name."""
    await provision()
    users = {user["id"] for user in strict.resources["Users"].values()}
    summary = await provision()
    assert summary.errors == []
    again = {user["id"] for user in strict.resources["Users"].values()}
    assert users <= again
    assert len(again) == len(users)


async def test_an_unchanged_company_causes_no_write(
    provision: Provision, strict: StrictServer
) -> None:
    """If no user differs, the job sends GET requests only."""
    await provision(cycles=("initial",))
    del strict.requests[:]
    summary = await provision(cycles=("initial",))
    assert summary.done == {"unchanged": 40}
    assert {method for method, *_ in strict.requests} == {"GET"}


async def test_a_run_on_a_half_filled_server_finishes_the_job(
    provision: Provision, strict: StrictServer
) -> None:
    """After a run that stopped halfway, the next run creates the missing users."""
    await provision(cycles=("initial",), people=17)
    summary = await provision(cycles=("initial",))
    assert summary.done["created"] == 23
    assert len(strict.resources["Users"]) == 40


async def test_requests_are_encoded_as_entras(provision: Provision, strict: StrictServer) -> None:
    """Queries have `+` for spaces, %22 and %40, there is no User-Agent (OneUptime/oneuptime#2134), and
    groups are read with excludedAttributes=members (Learn).
    """
    await provision()
    filters = [path for method, path, *_ in strict.requests if "filter=" in path]
    assert all(" " not in path and "%20" not in path for path in filters)
    assert any(
        re.search(r"/Users\?filter=userName\+eq\+%22[\w.-]+%40brightwater\.example%22$", each)
        for each in filters
    )
    assert re.search(r"/Users\?filter=userName\+eq\+%22[0-9a-f-]{36}%22$", filters[0]), (
        "Test Connection comes first"
    )
    assert "/Groups?excludedAttributes=members&filter=displayName+eq+" in filters[1]
    for method, _, body, headers in strict.requests:
        assert "user-agent" not in headers
        assert ("content-type" in headers) == bool(body) == (method in ("POST", "PATCH"))


async def test_matching_by_external_id_filters_by_object_id(
    provision: Provision, strict: StrictServer
) -> None:
    """Entra filters by the matching attribute, whichever that is (goauthentik/authentik#25837)."""
    summary = await provision(matching="externalId", cycles=("connect", "initial"))
    assert summary.errors == []
    queries = [unquote_plus(path) for _, path, *_ in strict.requests if "/Users?" in path]
    assert all("externalId eq" in query for query in queries)


async def test_each_request_has_the_flag_of_the_tenant_url(
    options: Options, strict: StrictServer
) -> None:
    """Each request has the query parameter `aadOptscim062020` of the tenant URL; a server ignores unknown
    parameters (Learn).
    """
    summary = await run(
        Options(
            base=f"{options.base}/?aadOptscim062020",
            token=TOKEN,
            people=3,
            cycles=("connect", "initial"),
            patience=0,
            pause=0,
        )
    )
    assert summary.errors == []
    assert all("?aadOptscim062020" in path for _, path, *_ in strict.requests)


async def test_members_are_sent_a_hundred_at_a_time(
    provision: Provision, strict: StrictServer
) -> None:
    """One PATCH operation adds at most 100 members."""
    await provision(cycles=("initial", "groups"), people=700, groups=1)
    added = [
        len(operation["value"])
        for method, path, body, _ in strict.requests
        if method == "PATCH" and "/Groups/" in path
        for operation in orjson.loads(body)["Operations"]
        if operation["op"] == "Add" and operation["path"] == "members"
    ]
    assert max(added) == 100


async def test_progress_is_reported_until_all_are_done(options: Options) -> None:
    """Progress is reported in each cycle until all people are done."""
    seen: list[Progress] = []
    await run(options, seen.append)
    people = [progress for progress in seen if progress.cycle == "people"]
    assert [people[0].done, people[-1].done, people[-1].total] == [0, 40, 40]


def test_each_person_has_at_most_one_kind_of_change() -> None:
    """Each person has at most one kind of change, so that it can be recognised in the target; joiners and
    lost responses have people of their own.
    """
    plan = changes.plan(Options(base="http://h", token="t", people=3000))
    chosen = [
        plan.titles,
        plan.numbers,
        plan.renamed,
        plan.moved,
        plan.without_manager,
        plan.leavers,
    ]
    flat = [index for each in chosen for index in each]
    assert len(flat) == len(set(flat))
    assert plan.joiners[0] == 3000
    assert plan.joiners[1] == plan.lost[0]


@pytest.mark.parametrize("people", [1, 2, 5])
async def test_a_tiny_company_runs_without_an_error(provision: Provision, people: int) -> None:
    """A company with fewer people than kinds of change runs without an error."""
    summary = await provision(people=people)
    assert summary.errors == []


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"base": "localhost"}, "base"),
        ({"people": 0}, "people"),
        ({"cycles": ("initial", "nap")}, "nap"),
    ],
)
def test_invalid_options_are_refused(wrong: dict[str, object], named: str) -> None:
    """Invalid options raise an error that names the option."""
    fine: dict[str, object] = {"base": "http://h", "token": "t", "cycles": CYCLES}
    with pytest.raises(ValueError, match=named):
        Options(**(fine | wrong))  # type: ignore[arg-type]
