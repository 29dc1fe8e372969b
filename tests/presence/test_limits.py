"""Budgets of calls, national clouds, request bodies, bindings, and both storage engines."""

import math
from typing import Any, get_args

import pytest

from directories.audit import operator_actor
from local.counting_tables import CountingTables
from local.graph.simulator import CONTOSO
from presence.consent import quotas
from presence.endpoints import blueprint
from presence.graph.client import MAX_IDS_PER_CALL, Budget, Purpose
from presence.graph.clouds import CLOUDS, cloud_of
from presence.presence_states import intern
from presence.store import commits, manifest
from presence.store import snapshot as snapshots
from presence.store.codec import Delta, Entry, decode, encode
from presence.store.manifest import LinkedDirectory
from shared.settings import Settings
from shared.tables.schema.work import CONSENT_QUOTA
from tests.clock import FixedClock
from tests.presence.browser import Browser
from tests.presence.world import DIRECTORY, World, settings_for


def test_no_thirty_seconds_have_more_calls_than_graph_permits() -> None:
    """Microsoft Learn, Graph "throttling-limits": fewer than 1,500 in any 30 seconds, for sync and
    refreshes together.
    """
    clock = FixedClock()
    budget = Budget(clock)
    taken: list[float] = []
    purposes: tuple[Purpose, ...] = get_args(Purpose)
    while clock.elapsed < 120:
        for purpose in purposes:
            if not budget.charge(CONTOSO, purpose):
                taken.append(clock.elapsed)
        clock.advance(0.005)
    most = max(sum(1 for at in taken if begin <= at < begin + 30) for begin in range(90))
    assert most < 1500
    assert len(taken) > 120 * 30


def test_all_tenants_together_stay_below_the_apps_limit() -> None:
    """Graph permits an app 2,000 calls a second over all tenants and instances; one instance makes
    at most a tenth.
    """
    clock = FixedClock()
    budget = Budget(clock)
    taken = sum(1 for number in range(5000) if not budget.charge(f"tenant-{number}", "sync"))
    assert taken == 200


def test_after_the_returned_wait_a_call_is_permitted() -> None:
    """Rounding must not cause a loop of waits."""
    clock = FixedClock()
    budget = Budget(clock)
    for _ in range(5000):
        if seconds := budget.charge(CONTOSO, "sync"):
            clock.advance(seconds)
            assert budget.charge(CONTOSO, "sync") == 0


@pytest.mark.parametrize(
    ("cloud", "login", "graph", "audience"),
    [
        (
            "global",
            "login.microsoftonline.com",
            "graph.microsoft.com",
            "api://AzureADTokenExchange",
        ),
        (
            "gcchigh",
            "login.microsoftonline.us",
            "graph.microsoft.us",
            "api://AzureADTokenExchangeUSGov",
        ),
        (
            "dod",
            "login.microsoftonline.us",
            "dod-graph.microsoft.us",
            "api://AzureADTokenExchangeUSGov",
        ),
        (
            "china",
            "login.partner.microsoftonline.cn",
            "microsoftgraph.chinacloudapi.cn",
            "api://AzureADTokenExchangeChina",
        ),
    ],
)
def test_each_cloud_has_its_own_addresses(
    cloud: str, login: str, graph: str, audience: str
) -> None:
    """Source: learn.microsoft.com/graph/deployments. The scope is that of the cloud's Graph."""
    found = cloud_of(Settings.read({"CLOUD": cloud}))
    assert (found.login_url, found.graph_url) == (f"https://{login}", f"https://{graph}")
    assert (found.scope, found.exchange_audience) == (f"https://{graph}/.default", audience)
    assert found.has_presence is (cloud != "china")
    assert set(CLOUDS) == {"global", "gcchigh", "dod", "china"}


async def test_in_china_the_step_says_that_presence_does_not_exist(
    world: World, browser: Browser
) -> None:
    """The user isn't sent to a sign-in that can only fail."""
    china = World(
        world.tables, world.clock, world.running, settings_for(world.running, CLOUD="china")
    )
    there = Browser(china)
    assert "China" in (await there.connection())["impossible"]
    answer = await there.act("connect")
    assert (answer.status, "China" in answer.json["detail"]) == (409, True)


async def test_a_deployment_without_an_app_registration_says_so(
    world: World, browser: Browser
) -> None:
    """The operator hasn't registered the app yet."""
    settings = settings_for(world.running, PRESENCE_CLIENT_ID="")
    bare = Browser(World(CountingTables(world.tables), world.clock, world.running, settings))
    assert (await bare.connection())["impossible"]
    assert (await bare.act("connect")).status == 503


async def test_presence_is_for_entra_directories_only(world: World, browser: Browser) -> None:
    """Okta and others have no presence step in the wizard."""
    from directories import service
    from directories.service import NewDirectory

    await service.create(
        world.app,
        operator_actor(browser.account),
        NewDirectory("Okta", kind="other", id="directory-okta"),
    )
    assert (await browser.act("connect", "directory-okta")).status == 409


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'{"action":"explode"}', b'{"action":null}', b'"connect"']
)
async def test_a_bad_body_is_a_problem_with_the_remedy(browser: Browser, body: bytes) -> None:
    """It names the field and the fault; never a 500."""
    answer = await browser.send(
        "POST", f"/api/directories/{DIRECTORY}/presence", body, content_type="application/json"
    )
    assert answer.status == 400
    assert answer.json["detail"]


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
async def test_other_methods_are_405(browser: Browser, method: str) -> None:
    """RFC 9110 section 15.5.6: with an Allow header."""
    answer = await browser.send(method, f"/api/directories/{DIRECTORY}/presence")
    assert (answer.status, answer.headers["allow"]) == (405, "GET, POST, HEAD")


async def test_functions_and_bindings(world: World) -> None:
    """Azure gets these names, the schedule from the setting, the queue and its poison queue."""
    import azure.functions as func

    functions = func.FunctionApp()
    functions.register_functions(blueprint(world.app))
    found: dict[str, Any] = {
        str(f.get_function_name()): f.get_trigger() for f in functions.get_functions()
    }
    assert set(found) == {
        "presence_timer",
        "presence_sync",
        "presence_poison",
        "presence_connection",
        "presence_health",
    }
    assert found["presence_timer"].schedule == "*/30 * * * * *"
    assert found["presence_sync"].queue_name == "presence-sync"
    assert found["presence_poison"].queue_name == "presence-sync-poison"


def test_a_delta_is_decoded_as_it_was_encoded() -> None:
    """Every form of an entry, and the people who left."""
    entries = {
        "a": Entry(intern("Busy", "InACall", False), 1, 1),
        "b": Entry(intern("Away", "Away", True), 2, 6),
        "c": Entry(intern("Away", "Away", True), 3, 1, as_of=4),
        "d": Entry(intern("", "", False), 5, 1, as_of=-1, retry_at=6, tries=7),
    }
    assert decode(encode(Delta(entries, ("x", "y")))) == Delta(entries, ("x", "y"))


def test_the_largest_delta_fits_a_row() -> None:
    """Limits of the table service: 5,000 people in the longest form need less than 1 MiB of
    UTF-16.
    """
    longest = Entry(
        intern("a" * 40, "b" * 40, True), 10**13, 2**10, 10**13, retry_at=10**13, tries=99
    )
    ids = [f"{number:08x}-0000-4000-8000-000000000000" for number in range(commits.MAX_DELTA)]
    assert 2 * len(encode(Delta(dict.fromkeys(ids, longest)))) < 1024 * 1024 - 4096
    assert MAX_IDS_PER_CALL == 650


async def test_both_engines_store_the_same(any_tables: CountingTables) -> None:
    """Deltas, pages of several rows, and deletion of superseded rows, on SQLite and on Azurite."""
    tenant = "tenant-of-both-engines"
    await any_tables.transact(
        "presence", tenant, [manifest.first_head([LinkedDirectory(id=DIRECTORY)])]
    )
    snapshot = await snapshots.load(any_tables, tenant)
    assert snapshot is not None
    everybody = {
        f"{n:08x}-0000-4000-8000-000000000000": Entry(intern("Busy", "Busy", False), n)
        for n in range(6000)
    }
    await commits.commit(any_tables, tenant, snapshot, snapshot.head, Delta(everybody))
    one = next(iter(everybody))
    for turn in range(commits.MAX_DELTAS + 5):
        entry = Entry(intern("Away", "Away", False), turn)
        await commits.commit(any_tables, tenant, snapshot, snapshot.head, Delta({one: entry}))
        everybody[one] = entry
    assert await commits.tidy(any_tables, tenant, snapshot)
    again = await snapshots.load(any_tables, tenant)
    assert again is not None
    assert again.entries == everybody
    assert len(await any_tables.query("presence", tenant, "", "\ufffd")) < 25
    await commits.remove(any_tables, tenant, snapshot.tag)
    assert await any_tables.query("presence", tenant, "", "\ufffd") == []
    assert await snapshots.load(any_tables, tenant) is None


async def test_a_users_consent_attempts_are_counted_over_all_instances(
    world: World, browser: Browser
) -> None:
    """MAX_CONSENT_ATTEMPTS in ten minutes; the error names the limit, the time and the setting."""
    settings = settings_for(world.running, MAX_CONSENT_ATTEMPTS="4")
    several = [Browser(World(world.tables, world.clock, world.running, settings)) for _ in range(2)]
    for number in range(4):
        assert (await several[number % 2].act("connect")).status == 200
        world.clock.advance(60)
    for one in several:
        refused = await one.act("connect")
        assert (refused.status, refused.json["code"]) == (429, "consents_most")
        assert "The limit is 4 consents" in refused.json["detail"]
        assert int(refused.headers["retry-after"]) == 600 - 4 * 60
    world.clock.advance(600 - 4 * 60)
    assert (await several[0].act("connect")).status == 200


async def test_unused_quotas_are_deleted(world: World, browser: Browser) -> None:
    """Maintenance deletes those of users without an attempt in the last ten minutes."""
    await browser.act("connect")
    await quotas.sweep(world.app, math.inf)
    assert len(await world.tables.query("work", "consent", *CONSENT_QUOTA.all())) == 1
    world.clock.advance(601)
    await quotas.sweep(world.app, math.inf)
    assert await world.tables.query("work", "consent", *CONSENT_QUOTA.all()) == []
