"""Values of Graph, and the states that agents see (Microsoft Learn, Graph "presence resource
type").
"""

import re
from pathlib import Path
from typing import get_args

import pytest

from local.graph.wire import Style
from presence import presence_states
from presence.presence_states import DisplayState, GraphPresence, parse, shown, unknown_values
from shared.messages import Message
from tests.presence.world import World

OLD = [
    ("Available", "Available", "available"),
    ("AvailableIdle", "Available", "available"),
    ("Available", "AvailableInactive", "available"),
    ("Away", "Away", "away"),
    ("Away", "Inactive", "away"),
    ("BeRightBack", "BeRightBack", "away"),
    ("Busy", "Busy", "busy"),
    ("BusyIdle", "Busy", "busy"),
    ("Busy", "InACall", "inCall"),
    ("Busy", "InAConferenceCall", "inCall"),
    ("Busy", "InAMeeting", "inCall"),
    ("DoNotDisturb", "DoNotDisturb", "doNotDisturb"),
    ("DoNotDisturb", "Presenting", "doNotDisturb"),
    ("DoNotDisturb", "Focusing", "doNotDisturb"),
    ("DoNotDisturb", "UrgentInterruptionsOnly", "doNotDisturb"),
    ("Offline", "Offline", "offline"),
    ("Offline", "OffWork", "offline"),
    ("PresenceUnknown", "PresenceUnknown", "unknown"),
]
NEW = [
    ("available", "available", "available"),
    ("away", "away", "away"),
    ("beRightBack", "away", "away"),
    ("busy", "busy", "busy"),
    ("doNotDisturb", "doNotDisturb", "doNotDisturb"),
    ("focusing", "doNotDisturb", "doNotDisturb"),
    ("inACall", "busy", "inCall"),
    ("inAMeeting", "busy", "inCall"),
    ("offline", "offline", "offline"),
    ("presenting", "doNotDisturb", "doNotDisturb"),
    ("presenceUnknown", "presenceUnknown", "unknown"),
]
OTHER = [
    ("", "", "unknown"),
    ("InATownHall", "Quantum", "unknown"),
    ("busy", "InATownHall", "busy"),
]


@pytest.mark.parametrize(("availability", "activity", "state"), [*OLD, *NEW, *OTHER])
def test_old_and_new_values_in_any_case_have_one_state(
    availability: str, activity: str, state: str
) -> None:
    """The detail may be in availability or activity; values that aren't documented are unknown."""
    for change in (str, str.upper, str.lower):
        assert shown(GraphPresence(change(availability), change(activity), False))[0] == state


_ROOT = Path(presence_states.__file__).parents[1]


def test_every_state_has_a_colour() -> None:
    """CONTRIBUTING.md, "Add a presence state": without a rule in people.css its dot would look like
    offline.
    """
    styles = (_ROOT / "web/static/people.css").read_text(encoding="utf-8")
    missing = [
        state
        for state in get_args(DisplayState)
        if not re.search(rf"\.presence\.{state.lower()}\b", styles)
    ]
    assert not missing


def test_documentation_has_the_values_of_every_state() -> None:
    """docs/presence.md, "What agents see": one row per state with the values of Graph."""
    text = (_ROOT / "docs/presence.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\w+) \| ([\w, ]+)", text, re.MULTILINE)
    described = {state: set(values.lower().replace(" ", "").split(",")) for state, values in rows}
    known = {
        state: {value for value, (one, _) in presence_states.KNOWN.items() if one == state}
        for state in get_args(DisplayState)
        if state != "unknown"
    }
    assert {state: described.get(state) for state in known} == known


def test_the_text_says_more_than_the_state() -> None:
    """It distinguishes a meeting from a call."""
    meeting = shown(GraphPresence("Busy", "InAMeeting", False))
    focusing = shown(GraphPresence("focusing", "doNotDisturb", False))
    assert meeting == ("inCall", Message("status_in_a_meeting"))
    assert focusing == ("doNotDisturb", Message("status_focusing"))


@pytest.mark.parametrize(
    ("resource", "away"),
    [
        ({"availability": "Available", "activity": "OutOfOffice"}, True),
        (
            {
                "availability": "Busy",
                "activity": "InACall",
                "outOfOfficeSettings": {"isOutOfOffice": True},
            },
            True,
        ),
        (
            {
                "availability": "Busy",
                "activity": "InACall",
                "outOfOfficeSettings": {"isOutOfOffice": False},
            },
            False,
        ),
        ({"availability": "Busy", "activity": "InACall", "outOfOfficeSettings": None}, False),
        (
            {
                "availability": "Busy",
                "activity": "InACall",
                "outOfOfficeSettings": {"isOutOfOffice": "yes"},
            },
            False,
        ),
    ],
)
def test_out_of_office_is_a_badge_next_to_the_state(
    resource: dict[str, object], away: bool
) -> None:
    """A person out of office may be available or in a call (Microsoft Learn, Graph "presence
    resource type").
    """
    parsed = parse({"id": "A", **resource})
    assert parsed is not None
    assert parsed[0] == "a"
    assert parsed[1].out_of_office is away
    assert shown(parsed[1])[0] in ("available", "inCall")


def test_out_of_office_alone_is_offline() -> None:
    """If Graph sends no other status."""
    alone = shown(GraphPresence("", "OutOfOffice", True))
    assert alone == ("offline", Message("status_out_of_office"))


@pytest.mark.parametrize(
    "resource", [None, 1, [], {}, {"id": 7}, {"id": None, "availability": "Busy"}]
)
def test_a_malformed_presence_is_ignored(resource: object) -> None:
    """One malformed element doesn't affect the other 649."""
    assert parse(resource) is None


def test_wrong_types_and_lengths_are_corrected() -> None:
    """A number becomes "", and a long text is truncated."""
    parsed = parse({"id": "a", "availability": 3, "activity": "x" * 10_000})
    assert parsed is not None
    assert (parsed[1].availability, len(parsed[1].activity)) == ("", 40)


def test_only_undocumented_values_are_unknown() -> None:
    """Only these are reported to the operator."""
    assert unknown_values(GraphPresence("InATownHall", "busy", False)) == ["InATownHall"]
    assert [v for a, b, _ in [*OLD, *NEW] for v in unknown_values(GraphPresence(a, b, False))] == []


@pytest.mark.parametrize("style", get_args(Style))
async def test_every_generation_of_the_service_is_synced(world: World, style: Style) -> None:
    """Whole syncs show the documented states; new values are counted and shown as unknown."""
    ids = await world.linked(300)
    world.tenant().style = style
    await world.tick()
    assert await world.shown(ids) == world.truth(ids)
    head = await world.head()
    assert bool(head["unfamiliar"]) is (style == "future")


async def test_status_notes_and_locations_are_never_stored(world: World) -> None:
    """Only availability, activity and out of office are stored (Microsoft Learn, Graph
    "getPresencesByUserId").
    """
    ids = await world.linked(1)
    world.running.simulator.presence.set(
        world.tenant().tenant_id, ids[0], "Busy", out_of_office=True, message="SECRET NOTE"
    )
    await world.tick()
    rows = await world.tables.query("presence", world.tenant().tenant_id, "", "\ufffd")
    assert all(b"SECRET" not in row.value for row in rows)
    status = await world.status(ids[0])
    assert (status.shown, status.out_of_office) == ("busy", True)
