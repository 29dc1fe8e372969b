"""The simulated presence of Graph, over real HTTP
(learn.microsoft.com/graph/api/cloudcommunications-getpresencesbyuserid).
"""

import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest

from local.graph.people import UnknownIds
from local.graph.simulator import CONTOSO, FABRIKAM, Simulator
from local.graph.wire import MIX, STATES, Style
from tests.clock import FixedClock
from tests.local.graph.calls import PRESENCES, ask, bearer, call
from tests.local.graph.fixtures import RunningSimulator

STRANGER = "deadbeef-0000-4000-8000-000000000000"


@pytest.fixture
def ids(graph_simulator: RunningSimulator) -> list[str]:
    """Return the object IDs of the 200 people of Contoso."""
    return graph_simulator.simulator.tenants[CONTOSO].object_ids()


async def test_a_presence_has_the_documented_properties(
    graph_simulator: RunningSimulator, ids: list[str]
) -> None:
    """The object has the properties of the presence resource of v1.0."""
    status, body, _ = await ask(graph_simulator, ids[:1], bearer(graph_simulator, CONTOSO))
    assert status == 200
    one = body["value"][0]
    assert one["id"] == ids[0]
    assert (one["availability"], one["activity"]) in STATES
    assert sorted(one["outOfOfficeSettings"]) == ["isOutOfOffice", "message"]
    assert isinstance(one["sequenceNumber"], str)


@pytest.mark.parametrize(("count", "status"), [(0, 400), (1, 200), (650, 200), (651, 400)])
async def test_a_call_has_at_most_650_ids(
    graph_simulator: RunningSimulator, count: int, status: int
) -> None:
    """A call with more than 650 IDs, or none, gets 400."""
    graph_simulator.simulator.tenants[CONTOSO].crowd = 700
    ids = graph_simulator.simulator.tenants[CONTOSO].object_ids(0, count)
    answered, body, _ = await ask(graph_simulator, ids, bearer(graph_simulator, CONTOSO))
    assert answered == status
    assert len(body.get("value", [])) == (count if status == 200 else 0)


@pytest.mark.parametrize("body", [b"", b"[]", b'{"id": []}', b'{"ids": "x"}', b'{"ids": [1]}'])
async def test_a_body_that_is_no_list_of_ids_is_400(
    graph_simulator: RunningSimulator, body: bytes
) -> None:
    """An invalid body gets an error of Graph's form, and not a 500."""
    token = bearer(graph_simulator, CONTOSO)
    status, answer, _ = await call(graph_simulator.url + PRESENCES, "POST", token=token, data=body)
    assert (status, answer["error"]["code"]) == (400, "BadRequest")


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "https://elsewhere.example"},
        {"tid": STRANGER},
        {"iss": "https://elsewhere.example"},
        {"tid": FABRIKAM},
        {"exp": 1},
        {"nbf": 4_000_000_000},
    ],
)
async def test_a_wrong_token_is_401(
    graph_simulator: RunningSimulator, ids: list[str], claims: dict[str, Any]
) -> None:
    """Audience, tenant, issuer and times of the token are verified."""
    status, body, headers = await ask(
        graph_simulator, ids[:1], bearer(graph_simulator, CONTOSO, **claims)
    )
    assert (status, body["error"]["code"]) == (401, "InvalidAuthenticationToken")
    assert "www-authenticate" in headers


async def test_a_missing_or_forged_token_is_401(
    graph_simulator: RunningSimulator, ids: list[str]
) -> None:
    """A published key must have signed the token."""
    forged = graph_simulator.simulator.provisioning_assertion(
        CONTOSO, "https://graph.microsoft.com", "x", forged=True, roles=["Presence.Read.All"]
    )
    for token in ("", "nonsense", forged):
        assert (await ask(graph_simulator, ids[:1], token))[0] == 401


@pytest.mark.parametrize("missing_role", [403, 401])
async def test_a_token_without_the_role_is_refused(
    graph_simulator: RunningSimulator, ids: list[str], missing_role: int
) -> None:
    """The response is 403 or 401, by an option, because Graph's documentation doesn't say which."""
    graph_simulator.simulator.options.missing_role = missing_role
    assert (await ask(graph_simulator, ids[:1], bearer(graph_simulator, CONTOSO, roles=None)))[
        0
    ] == missing_role


async def test_a_token_of_one_tenant_sees_no_one_of_another(
    graph_simulator: RunningSimulator, ids: list[str]
) -> None:
    """An ID of Contoso is unknown to a token of Fabrikam."""
    status, body, _ = await ask(graph_simulator, ids, bearer(graph_simulator, FABRIKAM))
    assert (status, body["value"]) == (200, [])


@pytest.mark.parametrize("unknown", [STRANGER, "somebody@contoso.example"])
@pytest.mark.parametrize(
    ("behaviour", "status", "found"),
    [
        ("missing", 200, 1),
        ("presence-unknown", 200, 2),
        ("chunk-400", 400, 0),
        ("chunk-404", 404, 0),
    ],
)
async def test_an_option_chooses_the_response_to_an_unknown_id(
    graph_simulator: RunningSimulator,
    ids: list[str],
    unknown: str,
    behaviour: UnknownIds,
    status: int,
    found: int,
) -> None:
    """An option chooses the response to an unknown ID, because Graph's isn't documented."""
    graph_simulator.simulator.tenants[CONTOSO].unknown_ids = behaviour
    answered, body, _ = await ask(
        graph_simulator, [ids[0], unknown], bearer(graph_simulator, CONTOSO)
    )
    assert answered == status
    assert len(body.get("value", [])) == found


async def test_people_without_a_licence_are_unknown(
    graph_simulator: RunningSimulator, ids: list[str]
) -> None:
    """A person without a licence has PresenceUnknown; they are chosen by ID or as a share of all."""
    tenant = graph_simulator.simulator.tenants[CONTOSO]
    tenant.unlicensed.add(ids[3])
    token = bearer(graph_simulator, CONTOSO)
    values = {one["id"]: one for one in (await ask(graph_simulator, ids, token))[1]["value"]}
    assert [id for id, one in values.items() if one["availability"] == "PresenceUnknown"] == [
        ids[3]
    ]
    tenant.unlicensed_share = 1.0
    every = (await ask(graph_simulator, ids, token))[1]["value"]
    assert {one["activity"] for one in every} == {"PresenceUnknown"}


@pytest.mark.parametrize(
    ("style", "expected"),
    [
        ("old", ("Busy", "InACall")),
        ("new", ("inACall", "busy")),
        ("upper", ("BUSY", "INACALL")),
        ("future", ("InATownHall", "InATownHall")),
    ],
)
async def test_values_come_in_every_generation_and_casing(
    graph_simulator: RunningSimulator, style: Style, expected: tuple[str, str]
) -> None:
    """The values can be those of both documented lists, in another case, or ones that no list contains."""
    tenant = graph_simulator.simulator.tenants[CONTOSO]
    tenant.crowd, tenant.style = 650, style
    body = (await ask(graph_simulator, tenant.object_ids(), bearer(graph_simulator, CONTOSO)))[1]
    assert expected in {(one["availability"], one["activity"]) for one in body["value"]}


async def test_presence_changes_with_time_and_only_with_time(
    graph_simulator: RunningSimulator, ids: list[str]
) -> None:
    """Clock and seed determine the presence; sequenceNumber grows when it changes."""
    clock = graph_simulator.simulator.clock = FixedClock()
    token = bearer(graph_simulator, CONTOSO)
    seen = []
    for step in (0, 0, 1800):
        clock.advance(step)
        seen.append((await ask(graph_simulator, ids, token))[1]["value"])
    assert seen[0] == seen[1]
    changed = [
        (before, after) for before, after in zip(seen[1], seen[2], strict=True) if before != after
    ]
    assert len(changed) > len(ids) / 2
    assert all(before["sequenceNumber"] < after["sequenceNumber"] for before, after in changed)
    graph_simulator.simulator.presence.seed = 2
    assert (await ask(graph_simulator, ids, token))[1]["value"] != seen[2]


async def test_presence_can_be_frozen(graph_simulator: RunningSimulator, ids: list[str]) -> None:
    """While the option `moving` is off, no presence changes with time."""
    clock = graph_simulator.simulator.clock = FixedClock()
    graph_simulator.simulator.tenants[CONTOSO].moving = False
    token = bearer(graph_simulator, CONTOSO)
    before = (await ask(graph_simulator, ids, token))[1]
    clock.advance(3000)
    assert (await ask(graph_simulator, ids, token))[1] == before


async def test_a_status_set_by_hand_stays_until_released(
    graph_simulator: RunningSimulator, ids: list[str]
) -> None:
    """A presence set by the control API is returned exactly as given, including its out-of-office text."""
    simulator = graph_simulator.simulator
    clock = simulator.clock = FixedClock()
    token = bearer(graph_simulator, CONTOSO, exp=4_000_000_000)
    before = (await ask(graph_simulator, ids[:1], token))[1]["value"]
    simulator.presence.set(
        CONTOSO, ids[0].upper(), "bUsY", "Juggling", out_of_office=True, message="back on Monday"
    )
    clock.advance(86_400)
    one = (await ask(graph_simulator, ids[:1], token))[1]["value"][0]
    assert (one["availability"], one["activity"]) == ("bUsY", "Juggling")
    assert one["outOfOfficeSettings"] == {"message": "back on Monday", "isOutOfOffice": True}
    simulator.presence.release(CONTOSO, ids[0])
    clock.advance(-86_400)
    after = (await ask(graph_simulator, ids[:1], token))[1]["value"]
    assert after[0]["availability"] == before[0]["availability"]
    assert after[0]["outOfOfficeSettings"] == before[0]["outOfOfficeSettings"]


async def test_a_sequence_number_only_grows(
    graph_simulator: RunningSimulator, ids: list[str]
) -> None:
    """A later response has a greater sequenceNumber, whatever happens to a person (Microsoft Learn:
    “Lexicographically sortable”).
    """
    simulator = graph_simulator.simulator
    clock = simulator.clock = FixedClock()
    token = bearer(graph_simulator, CONTOSO, exp=4_000_000_000)
    seen = []
    steps: tuple[Callable[[], None], ...] = (
        lambda: None,
        lambda: simulator.presence.set(CONTOSO, ids[0], "Busy"),
        lambda: simulator.presence.set(CONTOSO, ids[0], "Away"),
        lambda: simulator.presence.release(CONTOSO),
        lambda: clock.advance(3600),
    )
    for step in steps:
        step()
        seen.append((await ask(graph_simulator, ids[:1], token))[1]["value"][0]["sequenceNumber"])
    assert seen == sorted(set(seen))


async def test_1500_calls_in_30_seconds_then_429(
    graph_simulator: RunningSimulator, ids: list[str]
) -> None:
    """Microsoft Learn: “1,500 API requests in a 30 second period, per application per tenant”. The 429 has
    Retry-After in seconds.
    """
    simulator = graph_simulator.simulator
    clock = simulator.clock = FixedClock()
    token = bearer(graph_simulator, CONTOSO)
    for _ in range(1498):
        assert simulator.throttle.admit(CONTOSO) == 0
    clock.advance(10)
    assert [(await ask(graph_simulator, ids[:1], token))[0] for _ in range(2)] == [200, 200]
    status, body, headers = await ask(graph_simulator, ids[:1], token)
    assert (status, body["error"]["code"], headers["retry-after"]) == (429, "TooManyRequests", "20")
    assert simulator.counters.throttled(CONTOSO) == 1
    assert (await ask(graph_simulator, [], bearer(graph_simulator, FABRIKAM)))[0] == 400
    clock.advance(20)
    assert (await ask(graph_simulator, ids[:1], token))[0] == 200


async def test_refused_calls_count_as_usage(
    graph_simulator: RunningSimulator, ids: list[str]
) -> None:
    """Microsoft Learn: “Microsoft Graph continues to log resource usage while a client is being throttled”."""
    simulator = graph_simulator.simulator
    clock = simulator.clock = FixedClock()
    simulator.throttle.limit = 2
    token = bearer(graph_simulator, CONTOSO)
    assert [(await ask(graph_simulator, ids[:1], token))[0] for _ in range(2)] == [200, 200]
    for _ in range(4):
        clock.advance(10)
        assert (await ask(graph_simulator, ids[:1], token))[0] == 429
    clock.advance(30)
    assert (await ask(graph_simulator, ids[:1], token))[0] == 200


@pytest.mark.parametrize("path", ["/v1.0/users/{}/presence", "/v1.0/communications/presences/{}"])
async def test_one_person_is_read_by_object_id_only(
    graph_simulator: RunningSimulator, ids: list[str], path: str
) -> None:
    """A user principal name is an error, and an unknown ID gets 404."""
    token, url = bearer(graph_simulator, CONTOSO), graph_simulator.url
    assert (await call(url + path.format(ids[0]), token=token))[1]["id"] == ids[0]
    assert (await call(url + path.format(STRANGER), token=token))[0] == 404
    assert (await call(url + path.format("max@contoso.example"), token=token))[0] == 400


async def test_a_sign_in_person_and_added_ids_have_a_presence(
    graph_simulator: RunningSimulator,
) -> None:
    """An administrator's own object ID has a presence, with which the product proves the consent; so have
    added IDs.
    """
    simulator = graph_simulator.simulator
    found = simulator.person("gloria@contoso.example")
    assert found is not None
    simulator.tenants[CONTOSO].known.add(STRANGER)
    asked = [found[1].object_id, STRANGER.upper()]
    body = (await ask(graph_simulator, asked, bearer(graph_simulator, CONTOSO)))[1]
    assert sorted(one["id"] for one in body["value"]) == sorted((found[1].object_id, STRANGER))


def test_100000_people_cost_no_memory() -> None:
    """The presence of a large tenant is calculated for each response, not stored."""
    simulator = Simulator(FixedClock())
    tracemalloc.start()
    tenant = simulator.add_tenant("Big", crowd=100_000)
    now = simulator.clock.now()
    for number in range(0, 100_000, 1000):
        simulator.presence.of(tenant, tenant.object_id(number), now)
    used = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert used < 100_000
    assert tenant.has(tenant.object_id(99_999))
    assert not tenant.has(tenant.object_id(100_000))


def test_the_mix_of_states_fills_its_table() -> None:
    """The shares of the states sum to 256, because one byte chooses the state."""
    assert sum(share for _, _, share in MIX) == len(STATES) == 256
