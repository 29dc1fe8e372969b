"""A job against a server that does everything right."""

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
    """A whole life of a company in both dialects."""
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


async def test_the_target_holds_the_people_as_they_are_in_entra(
    provision: Provision, strict: StrictServer
) -> None:
    """After the initial cycle: each once, with the manager's id in the target."""
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
    """All are matched, also those who have another user name since."""
    await provision()
    users = {user["id"] for user in strict.resources["Users"].values()}
    summary = await provision()
    assert summary.errors == []
    again = {user["id"] for user in strict.resources["Users"].values()}
    assert users <= again
    assert len(again) == len(users)


async def test_an_unchanged_company_is_only_read(
    provision: Provision, strict: StrictServer
) -> None:
    """Nothing differs, so nothing is sent."""
    await provision(cycles=("initial",))
    del strict.requests[:]
    summary = await provision(cycles=("initial",))
    assert summary.done == {"unchanged": 40}
    assert {method for method, *_ in strict.requests} == {"GET"}


async def test_a_run_on_a_half_filled_server_finishes_the_job(
    provision: Provision, strict: StrictServer
) -> None:
    """A run was stopped in the middle."""
    await provision(cycles=("initial",), people=17)
    summary = await provision(cycles=("initial",))
    assert summary.done["created"] == 23
    assert len(strict.resources["Users"]) == 40


async def test_requests_look_like_entras_on_the_wire(
    provision: Provision, strict: StrictServer
) -> None:
    """OneUptime/oneuptime#2134: `+` for spaces, %22 and %40, no User-Agent; Learn: excludedAttributes=members."""
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
    """goauthentik/authentik#25837: Entra filters by whatever attribute is the matching one."""
    summary = await provision(matching="externalId", cycles=("connect", "initial"))
    assert summary.errors == []
    queries = [unquote_plus(path) for _, path, *_ in strict.requests if "/Users?" in path]
    assert all("externalId eq" in query for query in queries)


async def test_the_flag_in_the_tenant_url_rides_along(
    options: Options, strict: StrictServer
) -> None:
    """Learn: `aadOptscim062020` is added to the tenant URL; a server ignores unknown query parameters."""
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
    """Several members go in one operation."""
    await provision(cycles=("initial", "groups"), people=700, groups=1)
    added = [
        len(operation["value"])
        for method, path, body, _ in strict.requests
        if method == "PATCH" and "/Groups/" in path
        for operation in orjson.loads(body)["Operations"]
        if operation["op"] == "Add" and operation["path"] == "members"
    ]
    assert max(added) == 100


async def test_progress_is_reported_up_to_the_last_one(options: Options) -> None:
    """The person at the terminal sees it."""
    seen: list[Progress] = []
    await run(options, seen.append)
    people = [progress for progress in seen if progress.cycle == "people"]
    assert [people[0].done, people[-1].done, people[-1].total] == [0, 40, 40]


def test_no_one_changes_in_two_ways() -> None:
    """Each change can be recognised in the target; joiners and lost answers are beyond the company."""
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
async def test_a_tiny_company_runs_too(provision: Provision, people: int) -> None:
    """There aren't enough people for every kind of change."""
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
def test_options_that_cannot_be_run_are_refused(wrong: dict[str, object], named: str) -> None:
    """The sentence names the field."""
    fine: dict[str, object] = {"base": "http://h", "token": "t", "cycles": CYCLES}
    with pytest.raises(ValueError, match=named):
        Options(**(fine | wrong))  # type: ignore[arg-type]
