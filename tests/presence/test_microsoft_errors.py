"""The meaning of each error of Microsoft, and how rarely a tenant that refuses is called."""

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any
from urllib.parse import quote

import pytest

from local.graph import login_errors
from local.graph.login_errors import Kind
from local.graph.simulator import CONTOSO
from presence.consent import flow
from presence.consent.outcomes import OUTCOMES
from presence.graph.client import Unavailable
from presence.graph.failure_reasons import BY_NUMBER, REASONS, fault_of
from presence.presence_states import GraphPresence
from tests.presence.browser import Browser, state_of
from tests.presence.world import DIRECTORY, World

CLOSED = [90002, 5000224, 5000225, 500021, 500212, 500213]
_MORE = [
    Kind(
        code=5000224,
        status=400,
        error="invalid_grant",
        text="We are sorry, this resource is not available.",
    ),
    Kind(
        code=5000225,
        status=400,
        error="interaction_required",
        text="This tenant has been blocked due to inactivity.",
    ),
    Kind(code=500021, status=400, error="invalid_grant", text="Access to tenant is denied."),
    Kind(
        code=500212,
        status=400,
        error="invalid_grant",
        text="The outbound access policy denies this.",
    ),
    Kind(
        code=500213,
        status=400,
        error="invalid_grant",
        text="The cross-tenant access policy denies this.",
    ),
    Kind(code=50076, status=400, error="invalid_grant", text="Use multifactor authentication."),
    Kind(code=999_999, status=400, error="invalid_grant", text="An error of the future."),
]


@pytest.fixture(autouse=True)
def more_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in _MORE:
        monkeypatch.setitem(login_errors.KINDS, kind.code, kind)


@pytest.mark.parametrize(
    ("error", "code", "kind"),
    [
        ("interaction_required", 5000225, "consent"),
        ("invalid_grant", 5000224, "consent"),
        ("invalid_resource", 500011, "consent"),
        ("invalid_resource", 500014, "consent"),
        ("invalid_client", 500141, "consent"),
        ("invalid_grant", 501051, "consent"),
        ("invalid_grant", 530034, "consent"),
        ("invalid_client", 7002138, "operator"),
        ("invalid_request", 50194, "operator"),
        ("invalid_scope", 70011, "operator"),
        ("invalid_request", 90024, "passing"),
        ("invalid_grant", 50196, "passing"),
        ("invalid_grant", 999_999, "consent"),
        ("something_new", 999_999, "consent"),
    ],
)
def test_an_error_says_who_can_correct_it(error: str, code: int, kind: str) -> None:
    """Only for a passing error the page states that no action is needed (Microsoft Learn,
    "reference-error-codes").
    """
    reason = REASONS[fault_of(400, error, (code,), None).reason]
    assert reason.kind == kind


def test_every_known_number_has_a_reason() -> None:
    """A number without a reason would end a sync with a KeyError."""
    assert set(BY_NUMBER.values()) <= REASONS.keys()


@pytest.mark.parametrize("code", CLOSED)
async def test_a_tenant_that_refuses_costs_one_token_request_per_ten_minutes(
    world: World, browser: Browser, code: int
) -> None:
    """For three instances together, which share the timer's messages and the agents' requests."""
    ids = await world.linked(5)
    await world.tick()
    instances = [world, await world.restarted(), await world.restarted()]
    for one in instances:
        one.runtime.credential.drop(CONTOSO)
    world.running.simulator.faults.on(f"AADSTS{code}", tenant=CONTOSO)
    requests: list[int] = []
    before = world.running.simulator.counters.calls("token", tenant=CONTOSO)
    for turn in range(2 * 120):
        instance = instances[turn % 3]
        await instance.interval()
        if turn < 60:
            for each in instances:
                await each.shown(ids)
        requests.append(
            world.running.simulator.counters.calls("token", tenant=CONTOSO)
            + world.running.simulator.counters.calls("discovery", tenant=CONTOSO)
        )
    asked = [turn for turn, count in enumerate(requests[1:], 1) if count > requests[turn - 1]]
    gaps = [later - earlier for earlier, later in pairwise(asked)]
    assert min(gaps) >= 20  # intervals of 30 s
    assert world.running.simulator.counters.calls("token", tenant=CONTOSO) - before <= 10
    found = await browser.connection()
    assert found["state"] == "lost"
    assert "othing has to be done" not in found["sentence"] + found["remedy"]


async def test_a_passing_error_that_lasts_is_reported_to_the_operator(
    world: World, browser: Browser
) -> None:
    """After an hour the operator must investigate."""
    await world.linked(5)
    await world.tick()
    world.running.simulator.faults.on("graph.503")
    for _ in range(30):
        await world.interval()
    assert (await browser.connection())["reason"] == "unavailable"
    for _ in range(100):
        await world.interval()
    found = await browser.connection()
    assert found["reason"] == "unavailable_long"
    assert "othing has to be done" not in found["remedy"]


@pytest.mark.parametrize(
    ("error", "description", "outcome"),
    [
        ("temporarily_unavailable", "AADSTS90033: A transient error has occurred.", "unavailable"),
        ("server_error", "", "unavailable"),
        (
            "invalid_client",
            "AADSTS650051: name is already present for the tenant",
            "cleanup_pending",
        ),
        ("access_denied", "AADSTS90095: Admin consent is required", "needs_approval"),
        ("access_denied", "AADSTS90094: Admin consent is required", "needs_approval"),
        ("access_denied", "the user canceled", "declined"),
        ("interaction_required", "AADSTS50020: User account does not exist", "wrong_account"),
        ("interaction_required", "AADSTS50076: use multifactor authentication", "interrupted"),
        ("login_required", "", "interrupted"),
        ("access_denied", "AADSTS50105: not assigned to a role", "not_assigned"),
        ("access_denied", "AADSTS530032: blocked", "blocked"),
        ("invalid_request", "AADSTS50011: The redirect URI does not match", "misconfigured"),
        ("invalid_resource", "AADSTS650052: has not subscribed", "graph_missing"),
        ("interaction_required", "AADSTS5000225: blocked due to inactivity", "tenant_blocked"),
        ("access_denied", "AADSTS40008: an issue with the federated provider", "account_refused"),
        ("invalid_grant", "AADSTS80014: the Authentication Agent timed out", "unavailable"),
        ("access_denied", "AADSTS50129: Workplace join is required", "blocked"),
        ("something_new", "AADSTS999999: of the future", "failed"),
        ("access_denied", "AADSTS999999: of the future", "failed"),
        ("permission_denied", "The admin canceled the request", "declined"),
        ("Access_Denied", "", "declined"),
        ("access_denied", "AADSTS900941: Admin consent is required due to risk", "needs_approval"),
        ("invalid_request", "AADSTS500113: No reply address is registered", "misconfigured"),
    ],
)
async def test_each_error_in_a_redirect_has_its_outcome(
    browser: Browser, error: str, description: str, outcome: str
) -> None:
    """Errors of the authorization endpoint and of admin consent (RFC 6749 section 4.1.2.1)."""
    state = state_of(await browser.start())
    back = await browser.send(
        "GET",
        f"/sign-in/callback?error={error}&error_description={quote(description)}&state={state}",
    )
    assert back.outcome == outcome
    assert OUTCOMES[outcome].sentence
    assert flow._outcome_of(error, description) == outcome


async def test_the_number_may_be_in_the_address_of_microsofts_page(browser: Browser) -> None:
    """The description can be missing; `error_uri` has the number, too (reference-error-codes)."""
    state = state_of(await browser.start())
    address = quote("https://login.microsoftonline.com/error?code=90094")
    sent = f"error=access_denied&error_uri={address}&state={state}"
    assert (await browser.send("GET", f"/sign-in/callback?{sent}")).outcome == "needs_approval"


@pytest.mark.parametrize(
    "codes",
    [None, [], "700016", ["700016"], {"code": 700016}, [None], [True]],
    ids=repr,
)
async def test_a_number_outside_error_codes_is_read(
    world: World, browser: Browser, monkeypatch: pytest.MonkeyPatch, codes: object
) -> None:
    """Without its number, a company that deleted the application looks like one with a passing fault, or ours."""
    await world.linked(5)
    await world.tick()
    full = login_errors.LoginError.body

    def body(error: login_errors.LoginError, now: datetime, correlation_id: str = "") -> Any:
        sent = {**full(error, now, correlation_id), "error": "invalid_grant", "error_codes": codes}
        return {name: value for name, value in sent.items() if value is not None}

    monkeypatch.setattr(login_errors.LoginError, "body", body)
    world.runtime.credential.drop(CONTOSO)
    world.running.simulator.faults.on("AADSTS700016", tenant=CONTOSO)
    for _ in range(60):
        await world.interval()
    assert (await browser.connection())["reason"] == "deleted"


@pytest.mark.parametrize(("code", "outcome"), [(54005, "expired"), (50076, "interrupted")])
async def test_a_code_that_is_not_exchanged_has_its_outcome(
    world: World, browser: Browser, code: int, outcome: str
) -> None:
    """The token endpoint refuses the administrator's code: used before, or one more step is required."""
    start = await browser.start()
    world.running.simulator.faults.on(f"AADSTS{code}")
    back = await browser.send("GET", f"/sign-in/callback?code=x&state={state_of(start)}")
    assert back.outcome == outcome


@pytest.mark.parametrize("mode", ["missing", "presence-unknown", "chunk-400", "chunk-404"])
async def test_a_tenant_that_knows_no_one_is_reported_and_called_rarely(
    world: World, browser: Browser, mode: str
) -> None:
    """The directory has another company's people (IntuneManagement issue 278)."""
    ids = [f"deadbeef-0000-4000-8000-{number:012d}" for number in range(40)]
    world.tenant().unknown_ids = mode  # type: ignore[assignment]
    world.tenant().anyone = False
    await world.provision(ids)
    await browser.connected()
    connected = (await browser.act("check")).json
    assert connected["reason"] == "wrong_company"  # at connect time
    assert "contoso.example" in connected["sentence"]
    assert "0 of 40" in connected["sentence"]
    before = world.calls()
    for _ in range(120):
        await world.interval()
    found = await browser.connection()
    assert (found["state"], found["reason"]) == ("troubled", "wrong_company")
    assert world.calls() - before < 250  # in an hour


async def test_a_corrected_mapping_ends_the_report_of_a_wrong_company(
    world: World, browser: Browser
) -> None:
    """After the administrator corrects the mapping of externalId, the new ids are polled at
    once.
    """
    world.tenant().anyone = False
    wrong = [f"deadbeef-0000-4000-8000-{number:012d}" for number in range(30)]
    await world.provision(wrong)
    await world.link()
    await world.tick()
    assert (await browser.connection())["reason"] == "wrong_company"
    for one in world.people(30):
        await world.arrive(one)
    await world.tick()
    assert (await browser.connection())["state"] == "active"


async def test_an_unparsable_object_id_costs_one_person(world: World) -> None:
    """Of 7,800 people, one has a record that can't be parsed; only that status is missing
    (pydantic-core issue 1363).
    """
    ids = await world.linked(7800)
    poison = ids[17]
    asked = world.runtime.graph.presences

    async def poisoned(token: str, some: Sequence[str]) -> dict[str, GraphPresence]:
        found = await asked(token, some)
        if poison in some:
            raise Unavailable("garbage")
        return found

    world.runtime.graph.presences = poisoned  # type: ignore[method-assign,assignment]
    assert await world.tick() == "synced"
    chunks = 7800 // 650
    assert world.calls() <= chunks + 2 + 2 * 10 + 1  # a repetition, and two calls per halving
    before = world.calls()
    assert await world.tick() == "synced"
    assert world.calls() - before <= chunks
    head = await world.head()
    assert head["counts"]["quarantined"] == 1  # type: ignore[index]
    assert (await world.status(poison)).stale
    assert not (await world.status(ids[18])).stale


async def test_external_ids_that_are_no_object_ids_are_counted_at_once(world: World) -> None:
    """If the mapping sends user names, the next sync counts them, without the daily reading of all
    people.
    """
    ids = await world.linked(3)
    await world.tick()
    await world.arrive("anna@contoso.example")
    await world.tick()
    assert (await world.head())["directories"][0]["not_ids"] == 1  # type: ignore[index]
    await world.leave("anna@contoso.example")
    await world.tick()
    assert (await world.head())["directories"][0]["not_ids"] == 0  # type: ignore[index]
    assert len(await world.shown(ids)) == 3


async def test_a_second_directory_keeps_its_own_count(world: World) -> None:
    """Reading all people of one directory doesn't reset the count of another."""
    await world.linked(3)
    await world.provision(["bob@contoso.example"], "directory-two")
    await world.link("directory-two")
    await world.tick()
    await world.arrive("anna@contoso.example", DIRECTORY)
    await world.tick()
    counts = (await world.head())["counts"]
    assert counts["not_ids"] == 2  # type: ignore[index]
