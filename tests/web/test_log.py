"""The provisioning log page: filtered by kind of event, searched, paged, with a URL that can be
shared.
"""

import re

import pytest

from directories import provisioning_log, service
from directories.audit import operator_actor
from directories.event_types import KINDS
from directories.events import Event, write
from directories.service import NewDirectory
from local.counting_tables import CountingTables
from shared.app import App
from shared.clock import timestamp
from tests.clock import FixedClock
from tests.rounds import rounds
from tests.web.conftest import ACCOUNT, Visitor

_EVENTS = {
    "created": Event(
        "",
        "user.created",
        resource_type="User",
        resource_id="1",
        name="Ada Lovelace",
        users=1,
        active=True,
    ),
    "changed": Event(
        "",
        "user.changed",
        resource_type="User",
        resource_id="1",
        name="Ada Lovelace",
        changed=("title",),
    ),
    "disabled": Event("", "user.disabled", resource_type="User", resource_id="2", name="Bob Otto"),
    "enabled": Event(
        "", "user.enabled", resource_type="User", resource_id="2", name="Bob Otto", active=True
    ),
    "deleted": Event(
        "", "user.deleted", resource_type="User", resource_id="2", name="Bob Otto", users=-1
    ),
    "groups": Event("", "group.changed", resource_type="Group", resource_id="3", name="Sales"),
    "refused": Event(
        "",
        "request.refused",
        resource_type="User",
        resource_id="",
        name="Eve Kern",
        status=400,
        detail="bad",
    ),
    "access": Event("", "token.revoked", detail="a1b2"),
    "mapping": Event("", "mapping.fault", attribute="dispalyName", detail="not an attribute"),
    "presence": Event("", "presence.lost", detail="no_role"),
}


async def _log(app: App, clock: FixedClock) -> str:
    """Create a directory with an event of each kind and return the path of its log."""
    directory, _ = await service.create(app, operator_actor(ACCOUNT), NewDirectory("Brightwater"))
    for event in _EVENTS.values():
        clock.advance(1)
        await app.tables.transact("contacts", directory.id, [write(event, clock)])
    return f"/directories/{directory.id}/log"


def _titles(body: bytes) -> list[str]:
    return re.findall(r'<div class="grow">\s*<p><b>([^<]+)</b>', body.decode())


@pytest.mark.parametrize("kind", KINDS)
async def test_the_log_is_filtered_by_kind(
    app: App, clock: FixedClock, visit: Visitor, kind: str
) -> None:
    """One of ten events is shown; the page's links keep the filter."""
    path = await _log(app, clock)
    answer = await visit("GET", f"{path}?kind={kind}")
    assert len(_titles(answer.body)) == 1
    assert f'<option value="{kind}" selected>'.encode() in answer.body
    assert len(_titles((await visit("GET", path)).body)) == len(_EVENTS)


async def test_a_kind_and_a_search_text_apply_together(
    app: App, clock: FixedClock, visit: Visitor
) -> None:
    """If no line matches both, the page links to all events."""
    path = await _log(app, clock)
    assert _titles((await visit("GET", f"{path}?kind=created&q=ada")).body) == ["Person added"]
    answer = await visit("GET", f"{path}?kind=created&q=eve")
    assert b"No event in this log matches the filter." in answer.body
    assert f'href="{path}"'.encode() in answer.body


async def test_a_persons_history_is_titled_with_the_name_if_no_event_matches(
    app: App, clock: FixedClock, visit: Visitor
) -> None:
    """The page shows the name, because a user doesn't recognise an id."""
    path = await _log(app, clock)
    answer = await visit("GET", f"{path}?person=1&q=nothing")
    assert b"All events for <b>Ada Lovelace</b>" in answer.body


async def test_an_unknown_kind_shows_everything(
    app: App, clock: FixedClock, visit: Visitor
) -> None:
    """The URL may come from another release."""
    path = await _log(app, clock)
    assert len(_titles((await visit("GET", f"{path}?kind=nonsense")).body)) == len(_EVENTS)


async def test_the_next_lines_keep_the_filter(app: App, clock: FixedClock, visit: Visitor) -> None:
    """Over all pages each line occurs once."""
    path = await _log(app, clock)
    directory_id = path.split("/")[2]
    for number in range(70):
        clock.advance(1)
        event = Event(
            timestamp(clock.now()),
            "group.created",
            resource_type="Group",
            resource_id=str(number),
            name=f"Group {number}",
            groups=1,
        )
        await app.tables.transact("contacts", directory_id, [write(event, clock)])
    first = await visit("GET", f"{path}?kind=groups")
    found = re.search(rb'hx-get="([^"]+before=[^"]+)"', first.body)
    assert found is not None
    following = found[1].decode().replace("&amp;", "&")
    assert "kind=groups" in following
    rest = await visit("GET", following, hx_request="true")
    assert len(_titles(first.body)) + len(_titles(rest.body)) == 71
    assert b"Person added" not in rest.body


async def test_a_page_does_not_say_that_no_event_matches_before_all_are_read(
    app: App, clock: FixedClock, visit: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For a rare kind in a busy log it states that it searches further, and continues by itself."""
    path = await _log(app, clock)
    monkeypatch.setattr("directories.provisioning_log._MAX_QUERIES", 1)
    clock.advance(7200)
    answer = await visit("GET", f"{path}?kind=groups")
    assert b"Looking further back" in answer.body
    assert b'hx-trigger="near once"' in answer.body
    assert b"Nothing in this log" not in answer.body


@pytest.mark.parametrize(("kind", "found"), [("groups", True), ("refused&q=zzz", False)])
async def test_a_search_through_a_long_log_ends_with_a_result(
    app: App,
    clock: FixedClock,
    visit: Visitor,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    found: bool,
) -> None:
    """Each part replaces the line that loads it; the last one shows whether any event matched."""
    path = await _log(app, clock)
    monkeypatch.setattr("directories.provisioning_log._MAX_QUERIES", 1)
    clock.advance(7200)
    answer, shown = await visit("GET", f"{path}?kind={kind}"), list[str]()
    for _ in rounds():
        shown += _titles(answer.body)
        following = re.search(rb'hx-get="([^"]+before=[^"]+)"', answer.body)
        if not following:
            break
        assert (b"Looking further back" in answer.body) is not bool(shown)
        address = following[1].decode().replace("&amp;", "&")
        answer = await visit("GET", address, hx_request="true")
    assert bool(shown) is found
    assert (b"No event in this log matches the filter." in answer.body) is not found


async def test_the_log_costs_few_round_trips(
    app: App, tables: CountingTables, clock: FixedClock, visit: Visitor
) -> None:
    """The directory, the numbers that need attention, and a query per time window of the log."""
    path = await _log(app, clock)
    with tables.measured() as calls:
        await visit("GET", f"{path}?kind=refused")
    assert len(calls) <= 8


async def test_a_loss_of_presence_is_shown_with_reason_and_remedy(
    app: App, clock: FixedClock, visit: Visitor
) -> None:
    """In the user's language, as on the presence page."""
    path = await _log(app, clock)
    answer = (await visit("GET", f"{path}?kind=presence", accept_language="de")).body.decode()
    assert "Status verloren" in answer
    assert "Der Unternehmensanwendung wurde die Berechtigung entzogen" in answer
    assert "Melden Sie sich erneut an" in answer


async def test_an_event_that_cannot_be_stored_raises_nothing(app: App, clock: FixedClock) -> None:
    """It is stored after the change, so a storage error loses only the log line."""

    class Broken(CountingTables):
        async def transact(self, table: str, partition: str, operations: object) -> list[str]:
            from shared.tables.port import StorageUnavailable

            raise StorageUnavailable("down")

    broken = App(app.settings, clock, Broken(app.tables))
    await provisioning_log.happened(broken, "d1", "token.issued", "a1b2")
