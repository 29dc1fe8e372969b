"""An agent's favourites: the browser names them, the page reads them."""

import re
from urllib.parse import quote

import pytest

from directories.audit import operator_actor
from directories.service import NewDirectory, create
from local.counting_tables import CountingTables
from shared.app import App
from tests.contacts.people import Company
from tests.web.conftest import ACCOUNT, Visitor


async def test_favourites_cost_a_round_trip_each(
    visit: Visitor, app: App, tables: CountingTables
) -> None:
    """Whatever groups they are in: a list shows none."""
    directory, _ = await create(app, operator_actor(ACCOUNT), NewDirectory("Contoso"))
    company = Company(app, directory)
    people = [await company.hire(name) for name in ("Anna", "Ben", "Carla")]
    for number in range(5):
        await company.group(f"Group {number}", *people)
    await company.hire("Gone", active=False)
    ids = ",".join(
        [f"{directory.id}.{person}" for person in people]
        + [f"{directory.id}.nobody", "elsewhere.x"]
    )
    await visit("GET", f"/contacts/list?favourites=1&ids={ids}")
    app.clock.advance(0.1)  # type: ignore[attr-defined]
    with tables.measured() as calls:
        page = await visit("GET", f"/contacts/list?favourites=1&ids={ids}")
    assert [name in page.body for name in (b"Anna", b"Ben", b"Carla", b"Gone")] == [
        True,
        True,
        True,
        False,
    ]
    assert calls.count(("get", "contacts")) == 4


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
async def test_favourites_are_searched_as_everybody_is(
    visit: Visitor, app: App, text: str, names: list[str]
) -> None:
    """By words and by any of their numbers in any format."""
    directory, _ = await create(app, operator_actor(ACCOUNT), NewDirectory("Contoso", region="GB"))
    company = Company(app, directory)
    people = [
        await company.hire(name, f"work:+44 20 7946 000{n}", f"mobile:+44 7700 90000{n}")
        for n, name in enumerate(("Anna", "Ben"), 1)
    ]
    keys = ",".join(f"{directory.id}.{person}" for person in people)
    assert await _names(visit, f"favourites=1&ids={keys}&q={quote(text)}") == names


async def test_favourites_of_a_group_are_those_who_are_in_it(visit: Visitor, app: App) -> None:
    """Filters hold together."""
    directory, _ = await create(app, operator_actor(ACCOUNT), NewDirectory("Contoso"))
    company = Company(app, directory)
    anna, ben = [await company.hire(name) for name in ("Anna", "Ben")]
    group = await company.group("Sales", ben)
    chosen = f"favourites=1&ids={directory.id}.{anna},{directory.id}.{ben}&group={group}"
    assert await _names(visit, chosen) == ["Ben"]


async def _names(visit: Visitor, form: str) -> list[str]:
    """Whom the list shows for a form as the page's script sends it."""
    page = await visit(
        "POST", "/contacts/list", form, hx_request="true", sec_fetch_site="same-origin"
    )
    return re.findall(r"<bdi>([^<]+)</bdi>", page.body.decode())
