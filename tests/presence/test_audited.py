"""Audit events of an administrator's actions on presence."""

from typing import Any

import pytest

from directories import audit_log
from directories.audit import AuditEvent
from local.graph.simulator import CONTOSO
from presence.api import ACTIONS
from presence.sync import dispatch
from tests.audited_rows import watched
from tests.presence.browser import GLORIA, Browser
from tests.presence.world import ACCOUNT, DIRECTORY, World


async def events(world: World) -> list[AuditEvent]:
    """Return the account's audit events about consent and presence, oldest first."""
    page = await audit_log.read(world.app, audit_log.of_account(ACCOUNT), limit=200)
    codes = [e for e in page.events if e.act.code.startswith(("consent.", "presence."))]
    return sorted(codes, key=lambda event: event.at)


async def test_consent_and_removal_name_the_administrator(world: World, browser: Browser) -> None:
    """Events of starting, consenting, connecting, retrying, removing and checking have the user and
    the tenant.
    """
    signed_in = await browser.signed_in()
    world.clock.advance(1)
    await browser.send("GET", await browser.at_microsoft(signed_in.location, GLORIA, "accept"))
    for act in ("check", "retry", "remove", "check-gone"):
        world.clock.advance(30)
        assert (await browser.act(act)).status == 200, act
    found = await events(world)
    assert [event.act.code for event in found] == [
        "consent.started",
        "consent.given",
        "presence.connected",
        "presence.retried",
        "presence.removed",
        "consent.checked",
    ]
    assert {event.actor.id for event in found} == {browser.person}
    assert {event.act.target for event in found[1:]} == {CONTOSO}
    of_directory = await audit_log.read(world.app, audit_log.of_directory(DIRECTORY), limit=200)
    assert {event.id for event in found} <= {event.id for event in of_directory.events}


# What is sent for each action of `POST …/presence`, in an order in which each has something to do.
ACTS: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("connect", {"confirm": True}, "consent.started"),
    ("confirm", {"tenantId": CONTOSO}, "consent.confirmed"),
    ("retry", {}, "presence.retried"),
    ("remove", {}, "presence.removed"),
    ("check-gone", {}, "consent.checked"),
    ("connect", {}, "consent.started"),
    ("check", {}, "presence.connected"),
)


async def test_every_action_stores_its_event_in_the_transaction_of_the_change(
    world: World, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new action must be added to the list of this test."""
    assert {action for action, _, _ in ACTS} == set(ACTIONS)
    seen = 0
    with watched(world.tables, monkeypatch) as stored_with_act:
        for action, fields, code in ACTS:
            world.clock.advance(30)
            answer = await browser.act(action, **fields)
            assert answer.status == 200, action
            assert code in [event.act.code for event in (await events(world))[seen:]], action
            seen = len(await events(world))
            if action == "connect":
                signed_in = await browser.send(
                    "GET", await browser.at_microsoft(answer.json["location"], GLORIA)
                )
                await browser.send(
                    "GET", await browser.at_microsoft(signed_in.location, GLORIA, "accept")
                )
    assert stored_with_act == [
        *("consent.given", "consent.confirmed", "presence.connected"),
        *("presence.retried", "presence.removed", "consent.checked"),
        *("consent.given", "presence.connected"),
    ]


async def test_a_confirmed_company_names_who_confirmed_it(world: World, browser: Browser) -> None:
    """The transaction that confirms stores the event. A repeated confirmation has no event."""
    browser.must_confirm = True
    await browser.connected()
    world.clock.advance(1)
    for _ in range(2):
        assert (await browser.act("confirm", tenantId=CONTOSO)).status == 200
    confirmed = [e for e in await events(world) if e.act.code == "consent.confirmed"]
    assert [(e.actor.id, e.act.target) for e in confirmed] == [(browser.person, CONTOSO)]
    assert confirmed[0].act.new == {"company": "contoso.example", "tenant_name": "Contoso"}


async def test_a_refused_consent_has_an_audit_event(world: World, browser: Browser) -> None:
    """It has the user and the outcome; nothing is connected."""
    signed_in = await browser.signed_in()
    world.clock.advance(1)
    address = await browser.at_microsoft(signed_in.location, GLORIA, "cancel")
    assert (await browser.send("GET", address)).outcome == "declined"
    (*_, event) = await events(world)
    assert (event.act.code, event.act.new) == ("consent.refused", {"outcome": "declined"})


async def test_the_timer_is_the_actor_when_it_notices_a_consent(
    world: World, browser: Browser
) -> None:
    """A consent that arrives after the page was closed is connected by the system."""
    await browser.connected()
    world.clock.advance(30)
    await dispatch.sweep(world.app)
    (*_, event) = await events(world)
    assert event.act.code == "presence.connected"
    assert (event.actor.kind, event.actor.name) == ("system", "presence_timer")
