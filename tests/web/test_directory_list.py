"""The list of an account's directories: search, filters, order, pages, and its cost with a thousand
directories.
"""

import re
from datetime import timedelta
from typing import Any

import orjson
import pytest

from directories import audit, overview, service, store
from directories.audit import operator_actor
from directories.events import Event, write
from directories.models import Directory, Token
from directories.service import NewDirectory
from local.counting_tables import CountingTables
from shared.app import App
from shared.clock import timestamp
from shared.http import Request, Response
from tests.clock import FixedClock
from tests.rounds import rounds
from tests.web.conftest import ACCOUNT, Visitor, principal

ACTOR = operator_actor(ACCOUNT)


async def _make(app: App, count: int) -> list[str]:
    """Create directories, every third of another kind than Entra, and return their ids in order."""
    ids = []
    for number in range(count):
        directory = Directory(
            id=f"directory-{number:04}",
            name=f"Brightwater {number:04} Ltd",
            account=ACCOUNT,
            kind="other" if number % 3 == 0 else "entra",
            region="GB",
            created=timestamp(app.clock.now() + timedelta(seconds=number)),
            setup="done",
            tokens=(Token(id="t1", hash="0" * 64, created=timestamp(app.clock.now())),),
        )
        await store.insert(
            app.tables, directory, audit.new_events(app.clock, ACTOR, [], directory.id)
        )
        ids.append(directory.id)
    return ids


async def _refuse(app: App, clock: FixedClock, directory_id: str) -> None:
    """Let a request be refused, so that the directory needs attention."""
    event = Event(at=timestamp(clock.now()), kind="request.refused")
    await app.tables.transact("contacts", directory_id, [write(event, clock)])


def _names(answer: Response) -> list[str]:
    return re.findall(r'class="title ellipsis[^>]*><bdi>([^<]+)<', answer.body.decode())


async def _api(app: App, query: str = "") -> Any:
    """Return the JSON of the API's list of directories."""
    from directories import api, handlers

    headers = {"x-ms-client-principal": principal()}
    request = Request("GET", f"https://app.example.com/api/directories{query}", headers, b"")
    answer = await handlers.respond(app, request, api.list_all)
    return orjson.loads(answer.body)


async def test_a_thousand_directories_are_a_small_page_for_few_round_trips(
    app: App, tables: CountingTables, clock: FixedClock, visit: Visitor
) -> None:
    """At most 60 kB and about five round trips per listed directory."""
    await _make(app, 1000)
    await visit("GET", "/")
    await app.background.drain()
    clock.advance(11)
    with tables.measured() as calls:
        answer = await visit("GET", "/")
    assert answer.status == 200
    assert len(answer.body) <= 60_000
    assert len(calls) <= 4 + 20 * 5
    assert len(_names(answer)) == 20
    assert b"Page 1 of 50" in answer.body
    with tables.measured() as calls:
        listed = await _api(app)
    assert len(orjson.dumps(listed)) <= 60_000
    assert len(calls) <= 4 + 100


async def test_problems_come_first(app: App, clock: FixedClock, visit: Visitor) -> None:
    """A directory that needs attention is on the first page."""
    ids = await _make(app, 60)
    await _refuse(app, clock, ids[57])
    answer = await visit("GET", "/")
    assert _names(answer)[0] == "Brightwater 0057 Ltd"
    assert _names(await visit("GET", "/?sort=name"))[0] == "Brightwater 0000 Ltd"
    assert _names(await visit("GET", "/?state=attention")) == ["Brightwater 0057 Ltd"]


@pytest.mark.parametrize("count", [12, 60])
async def test_the_list_is_searched_filtered_and_paged(
    app: App, visit: Visitor, count: int
) -> None:
    """Search, filters and page are part of the URL, for few directories as for many; each page
    occurs once.
    """
    await _make(app, count)
    assert _names(await visit("GET", "/?q=LTD%20007")) == ["Brightwater 0007 Ltd"]
    address, names = "/?kind=entra&sort=name", list[str]()
    for _ in rounds():
        answer = await visit("GET", address)
        names += _names(answer)
        following = re.search(r'href="([^"]+)" rel="next"', answer.body.decode())
        if following is None:
            break
        address = following[1].replace("&amp;", "&")
    assert names == [f"Brightwater {n:04} Ltd" for n in range(count) if n % 3]
    answer = await visit("GET", "/?q=fabrikam")
    assert b"No directory matches" in answer.body
    assert (await visit("GET", "/?state=x&sort=y&kind=z&page=99999")).status == 200


async def test_a_change_is_seen_at_once_among_many(app: App, visit: Visitor) -> None:
    """A new name and a new directory are found, and a deleted one can be restored."""
    ids = await _make(app, 60)
    await visit("GET", "/")
    await service.set_up(app, ACTOR, ids[5], name="Fabrikam")
    assert _names(await visit("GET", "/?q=fabrikam")) == ["Fabrikam"]
    await service.create(app, ACTOR, NewDirectory("Northwind"))
    assert _names(await visit("GET", "/?q=northwind")) == ["Northwind"]
    path = f"/directories/{ids[5]}/delete"
    await visit("POST", path, "name=Fabrikam")
    answer = await visit("GET", "/?q=fabrikam")
    assert b"You can undo this until" in answer.body
    await visit("POST", f"/directories/{ids[5]}/restore")
    assert b"You can undo this until" not in (await visit("GET", "/?q=fabrikam")).body


async def test_states_among_many_are_checked_again_while_the_list_is_open(
    app: App, clock: FixedClock, visit: Visitor
) -> None:
    """The first request after some time starts the check and reports it; the next one shows a new
    fault.
    """
    ids = await _make(app, 60)
    await visit("GET", "/")
    clock.advance(overview.MAX_AGE.total_seconds() + 1)
    await _refuse(app, clock, ids[40])
    answer = await visit("GET", "/?state=attention")
    assert b"are being checked" in answer.body
    assert b"every 5s" in answer.body
    await app.background.drain()
    answer = await visit("GET", "/?state=attention")
    assert _names(answer) == ["Brightwater 0040 Ltd"]
    assert b"are being checked" not in answer.body


async def test_the_api_lists_directories_by_cursor(app: App, clock: FixedClock) -> None:
    """In each order every directory occurs once, although one is created and one deleted in
    between.
    """
    ids = await _make(app, 30)
    await _refuse(app, clock, ids[7])
    for sort in ("created", "name", "attention", "people", "lastCall"):
        found, cursor = list[str](), ""
        for number in rounds():
            page = await _api(app, f"?sort={sort}&limit=7&cursor={cursor}")
            found += [one["id"] for one in page["directories"]]
            if number == 1 and sort == "created":
                await service.set_up(app, ACTOR, ids[29], name="Zulu")
            if not (cursor := str(page.get("nextCursor", ""))):
                break
        assert sorted(found) == ids, sort
        if sort == "attention":
            assert found[0] == ids[7]
    listed = await _api(app, "?q=0007&state=attention&kind=entra")
    (one,) = listed["directories"]
    assert (one["id"], one["state"], one["people"]) == (ids[7], "attention", 0)


@pytest.mark.parametrize(
    "query",
    [
        "?state=broken",
        "?kind=okta",
        "?sort=size",
        "?limit=101",
        "?cursor=x",
        "?cursor=WyJhIl0",
        "?sort=name&cursor=WyJuYW1lIiwxLDJd",
    ],
)
async def test_a_wrong_parameter_of_the_list_is_named(app: App, query: str) -> None:
    """400 names the field, for a cursor of another order too."""
    from shared.http import HttpError

    await _make(app, 2)
    with pytest.raises(HttpError) as refused:
        await _api(app, query)
    assert refused.value.status == 400
    name = query.rpartition("&")[2].strip("?").partition("=")[0]
    assert orjson.loads(refused.value.response.body)["field"] == name
