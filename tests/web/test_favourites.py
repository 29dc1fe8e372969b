"""An agent's favourites and recent people: stored per user, on any device, without JavaScript
too.
"""

import asyncio
import re
from functools import partial
from urllib.parse import quote

import pytest

from contacts import agent_lists, agent_tidying
from contacts.agent_lists import AgentLists
from contacts.endpoints import register_jobs
from directories import store
from directories.audit import operator_actor
from directories.deletion import remove_now
from directories.service import NewDirectory, create
from local.counting_tables import CountingTables
from shared.app import App
from shared.easy_auth import Principal
from shared.http import Response
from tests.contacts.people import Company
from tests.web.conftest import ACCOUNT, PERSON, Visitor

COLLEAGUE = "33333333-3333-4333-8333-333333333333"


async def test_favourites_cost_a_round_trip_each(
    visit: Visitor, app: App, tables: CountingTables
) -> None:
    """The groups of a favourite aren't read, because a list doesn't show them."""
    directory, _ = await create(app, operator_actor(ACCOUNT), NewDirectory("Contoso"))
    company = Company(app, directory)
    people = [await company.hire(name) for name in ("Anna", "Ben", "Carla")]
    for number in range(5):
        await company.group(f"Group {number}", *people)
    gone = await company.hire("Gone", active=False)
    await _keep(visit, *(f"{directory.id}.{person}" for person in (*people, gone)))
    await visit("GET", "/contacts/list?favourites=1")
    app.clock.advance(0.1)  # type: ignore[attr-defined]
    with tables.measured() as calls:
        page = await visit("GET", "/contacts/list?favourites=1&q=a")
    shown = [name in page.body for name in (b"Anna", b"Ben", b"Carla", b"Gone")]
    assert shown == [True, False, False, False]
    # One for the agent's lists, one for each favourite.
    assert calls.count(("get", "contacts")) == 5


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", ["Anna", "Ben"]),
        ("ann", ["Anna"]),
        ("+44 20 7946 0001", ["Anna"]),
        ("(020) 7946-0001", ["Anna"]),
        ("020 7946", ["Anna", "Ben"]),
        ("0002", ["Ben"]),
        ("07700 900 001", ["Anna"]),
        ("+44 21", []),
    ],
)
async def test_favourites_are_searched_like_all_people(
    visit: Visitor, app: App, text: str, names: list[str]
) -> None:
    """By words and by any of their numbers, in any format."""
    directory, _ = await create(app, operator_actor(ACCOUNT), NewDirectory("Contoso", region="GB"))
    company = Company(app, directory)
    people = [
        await company.hire(name, f"work:+44 20 7946 000{n}", f"mobile:+44 7700 90000{n}")
        for n, name in enumerate(("Anna", "Ben"), 1)
    ]
    await _keep(visit, *(f"{directory.id}.{person}" for person in people))
    assert await _names(visit, f"favourites=1&q={quote(text)}") == names


async def test_favourites_can_be_filtered_by_group(visit: Visitor, app: App) -> None:
    """Both filters apply."""
    directory, _ = await create(app, operator_actor(ACCOUNT), NewDirectory("Contoso"))
    company = Company(app, directory)
    anna, ben = [await company.hire(name) for name in ("Anna", "Ben")]
    group = await company.group("Sales", ben)
    await _keep(visit, f"{directory.id}.{anna}", f"{directory.id}.{ben}")
    assert await _names(visit, f"favourites=1&group={group}") == ["Ben"]


async def test_favourites_are_found_by_the_name_of_a_group(visit: Visitor, app: App) -> None:
    """As in the search of all people. If filters leave no one, the list doesn't say that there are
    no favourites.
    """
    directory, _ = await create(app, operator_actor(ACCOUNT), NewDirectory("Contoso"))
    company = Company(app, directory)
    anna, ben = [await company.hire(name) for name in ("Anna", "Ben")]
    await company.group("Night Desk", ben)
    await _keep(visit, f"{directory.id}.{anna}", f"{directory.id}.{ben}")
    assert await _names(visit, "favourites=1&q=night+desk") == ["Ben"]
    assert await _names(visit, "favourites=1&q=group:%22night+desk%22") == ["Ben"]
    empty = (await visit("GET", "/contacts/list?favourites=1&department=Sales")).body
    assert b"No favourites yet" not in empty
    assert b"No one matches these filters" in empty
    empty = (await visit("GET", "/contacts?favourites=1&free=now")).body
    assert b"No one is free" in empty
    assert b"/contacts?favourites=1&amp;free=soon" in empty


async def test_a_star_works_without_a_script(visit: Visitor, app: App) -> None:
    """The star is a form in the card; the response redirects to the person, whose star is set."""
    key = (await _hired(app, "Anna"))[0]
    card = (await visit("GET", f"/contacts?person={key}")).body.decode()
    assert 'action="/contacts/favourite"' in card
    assert 'aria-pressed="false"' in card
    answer = await _star(visit, key)
    assert (answer.status, answer.headers["Location"]) == (303, f"/contacts?person={key}")
    card = (await visit("GET", f"/contacts?person={key}")).body.decode()
    assert 'aria-pressed="true"' in card
    assert await _names(visit, "favourites=1") == ["Anna"]
    await _star(visit, key, on="0")
    assert await _names(visit, "favourites=1") == []


async def test_favourites_belong_to_the_signed_in_user(visit: Visitor, app: App) -> None:
    """They are stored by object id, so they are the same on another device; another user of the
    device has others.
    """
    anna, ben = await _hired(app, "Anna", "Ben")
    await _star(visit, anna)
    await _star(visit, ben, oid=COLLEAGUE)
    assert await _names(visit, "favourites=1") == ["Anna"]
    assert await _names(visit, "favourites=1", oid=COLLEAGUE) == ["Ben"]


async def test_two_instances_lose_no_star(visit: Visitor, app: App, tables: CountingTables) -> None:
    """A change is applied to the stored row, and again if another instance changed the row in
    between.
    """
    keys = await _hired(app, *(f"Person {n}" for n in range(6)))
    other = App(app.settings, app.clock, tables)
    reader = Principal(account=ACCOUNT, object_id=PERSON, name="Ada", roles=frozenset())

    async def add(number: int) -> None:
        own = (app, other)[number % 2]
        await agent_lists.change(own, reader, lambda lists: lists.with_favourite(keys[number]))

    await asyncio.gather(*map(add, range(6)))
    assert len(await _names(visit, "favourites=1")) == 6


async def test_one_favourite_too_many_is_refused(visit: Visitor, app: App) -> None:
    """The maximum is 200 people and 50 groups; none is omitted silently."""
    (key,) = await _hired(app, "Anna")
    directory_id = key.partition(".")[0]
    await _keep(visit, *(f"{directory_id}.{n}" for n in range(200)))
    answer = await _star(visit, key, hx_request="true")
    assert b'aria-pressed="false"' in answer.body
    assert "You have 200 favourites" in answer.headers["HX-Trigger"]
    await _keep(visit, key)  # more than fit are not taken over
    assert await _names(visit, "favourites=1") == []


async def test_a_star_needs_a_directory_of_the_account(visit: Visitor, app: App) -> None:
    """404, so that the lists aren't filled with invented keys."""
    answer = await _star(visit, "elsewhere.x")
    assert answer.status == 404


async def test_a_group_can_be_a_favourite(visit: Visitor, app: App) -> None:
    """The star is next to the number of its people; the list of favourites links to the group."""
    (key,) = await _hired(app, "Anna")
    directory_id, person = key.split(".")
    directory = await store.get(app.tables, directory_id)
    assert directory
    group = await Company(app, directory).group("Sales", person)
    listed = (await visit("GET", f"/contacts?directory={directory_id}&group={group}")).body
    assert b'id="group-star"' in listed
    answer = await _star(visit, f"{directory_id}.{group}", kind="group")
    assert answer.headers["Location"] == f"/contacts?directory={directory_id}&group={group}"
    favourites = (await visit("GET", "/contacts?favourites=1")).body.decode()
    assert re.search(
        rf'href="/contacts\?directory={directory_id}&amp;group={group}">Sales<', favourites
    )


async def test_opened_people_and_their_searches_are_recent(visit: Visitor, app: App) -> None:
    """Newest first; one button deletes them."""
    anna, ben = await _hired(app, "Anna", "Ben")
    await _open(visit, app, f"/contacts/person?id={anna}&q=ann")
    app.clock.advance(60)  # type: ignore[attr-defined]
    await _open(visit, app, f"/contacts/person?id={ben}&q=020+79")
    page = (await visit("GET", "/contacts?recent=1")).body.decode()
    assert re.findall(r"<bdi>([^<]+)</bdi>", page) == ["020 79", "ann", "Ben", "Anna"]
    assert 'href="/contacts?q=020%2079"' in page
    answer = await visit("POST", "/contacts/recents", sec_fetch_site="same-origin")
    assert answer.headers["Location"] == "/contacts?recent=1"
    page = (await visit("GET", "/contacts?recent=1")).body.decode()
    assert "Nothing recent" in page
    assert "Clear recent" not in page


async def test_without_a_script_a_person_opens_next_to_the_same_list(
    visit: Visitor, app: App
) -> None:
    """A row's link contains the search, which becomes recent; Close leads to the list."""
    await _hired(app, "Anna", "Ben")
    page = (await visit("GET", "/contacts?q=ann&free=")).body.decode()
    (row,) = re.findall(r'class="person" href="([^"]+)"', page)
    assert row.endswith("&amp;q=ann")
    await _open(visit, app, row.replace("&amp;", "&"))
    card = (await visit("GET", row.replace("&amp;", "&"))).body.decode()
    assert '<noscript><a class="button quiet icon close" href="/contacts?q=ann"' in card
    recent = (await visit("GET", "/contacts?recent=1")).body.decode()
    assert re.findall(r"<bdi>([^<]+)</bdi>", recent) == ["ann", "Anna"]


async def test_recents_are_few_and_short_lived(visit: Visitor, app: App) -> None:
    """20 people and 20 searches of at most 100 characters, for 30 days."""
    reader = Principal(account=ACCOUNT, object_id=PERSON, name="Ada", roles=frozenset())
    for n in range(30):
        opened = partial(
            AgentLists.with_recent, key=f"d.{n}", search=f"{n} " * 99, now=app.clock.now()
        )
        await agent_lists.change(app, reader, opened)
        app.clock.advance(60)  # type: ignore[attr-defined]
    lists = await agent_lists.read(app, reader)
    assert (len(lists.people), len(lists.searches)) == (20, 20)
    assert max(len(one.what) for one in lists.searches) == 100
    app.clock.advance(31 * 86_400)  # type: ignore[attr-defined]
    lists = await agent_lists.read(app, reader)
    assert (lists.people, lists.searches) == ((), ())


async def test_a_deleted_person_leaves_the_lists_when_they_are_read(
    visit: Visitor, app: App
) -> None:
    """An inactive person stays, and is shown once active again."""
    (key,) = await _hired(app, "Anna")
    directory = await store.get(app.tables, key.partition(".")[0])
    assert directory
    company = Company(app, directory)
    inactive = await company.hire("Ina", active=False)
    await _keep(visit, key, f"{directory.id}.{inactive}", f"{directory.id}.gone")
    assert await _names(visit, "favourites=1") == ["Anna"]
    lists = await agent_lists.read(
        app, Principal(account=ACCOUNT, object_id=PERSON, name="Ada", roles=frozenset())
    )
    assert set(lists.favourites) == {key, f"{directory.id}.{inactive}"}


async def test_an_erased_directory_leaves_the_lists_of_everyone(visit: Visitor, app: App) -> None:
    """Its people, groups and recent entries are removed."""
    (anna,) = await _hired(app, "Anna")
    (ben,) = await _hired(app, "Ben", name="Fabrikam")
    await _keep(visit, anna, ben)
    await _open(visit, app, f"/contacts/person?id={anna}")
    register_jobs(app)
    gone = anna.partition(".")[0]
    assert await remove_now(app, operator_actor(ACCOUNT), gone, app.clock.monotonic() + 60)
    lists = await agent_lists.read(
        app, Principal(account=ACCOUNT, object_id=PERSON, name="Ada", roles=frozenset())
    )
    assert (lists.favourites, lists.people) == ((ben,), ())


async def test_lists_without_use_are_removed(visit: Visitor, app: App) -> None:
    """After 180 days, by the daily maintenance; for example those of a user who left."""
    (key,) = await _hired(app, "Anna")
    await _keep(visit, key)
    directory_id = key.partition(".")[0]
    app.clock.advance(179 * 86_400)  # type: ignore[attr-defined]
    await agent_tidying.tidy(app, directory_id)
    assert await app.tables.get("contacts", f"agents|{ACCOUNT}", PERSON) is not None
    app.clock.advance(2 * 86_400)  # type: ignore[attr-defined]
    await agent_tidying.tidy(app, directory_id)
    assert await app.tables.get("contacts", f"agents|{ACCOUNT}", PERSON) is None


async def test_opening_a_card_costs_one_round_trip_more(
    visit: Visitor, app: App, tables: CountingTables
) -> None:
    """The user's lists are read in parallel with the person; the recent entry is written after the
    response.
    """
    (key,) = await _hired(app, "Anna")
    await _open(visit, app, f"/contacts/person?id={key}")
    with tables.measured() as calls:
        await visit("GET", f"/contacts/person?id={key}", hx_request="true")
    assert len([call for call in calls if call[1] == "contacts"]) == 2


async def _hired(app: App, *names: str, name: str = "Contoso") -> list[str]:
    """Create people in a new directory and return their keys."""
    new = NewDirectory(name, region="GB")
    directory, _ = await create(app, operator_actor(ACCOUNT), new)
    company = Company(app, directory)
    return [f"{directory.id}.{await company.hire(one)}" for one in names]


async def _star(
    visit: Visitor, key: str, on: str = "1", kind: str = "person", **more: str
) -> Response:
    """Send the form of a star and return the response."""
    form = f"key={key}&kind={kind}&on={on}"
    return await visit("POST", "/contacts/favourite", form, sec_fetch_site="same-origin", **more)


async def _keep(visit: Visitor, *keys: str) -> None:
    """Import these keys as favourites, as a browser that stored them does."""
    form = f"ids={quote(','.join(keys))}"
    answer = await visit("POST", "/contacts/import", form, sec_fetch_site="same-origin")
    assert answer.status == 204


async def _open(visit: Visitor, app: App, address: str) -> None:
    """Open a card, and wait until the recent entry is stored."""
    assert (await visit("GET", address, hx_request="true")).status == 200
    await app.background.drain()


async def _names(visit: Visitor, query: str, **more: str) -> list[str]:
    """Return the names in the list."""
    page = await visit("GET", f"/contacts/list?{query}", hx_request="true", **more)
    return re.findall(r"<bdi>([^<]+)</bdi>", page.body.decode())
