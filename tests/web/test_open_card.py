"""An open card is refreshed when the person's number or note changes, or the person is deleted."""

import re
from urllib.parse import urlencode

from contacts import notes
from contacts.notes import Draft
from directories.audit import Actor, operator_actor
from directories.service import NewDirectory, create
from shared.app import App
from shared.http import Response
from shared.tables.port import Delete
from shared.tables.schema.base import CONTACTS
from shared.tables.schema.contacts import USER
from tests.contacts.people import Company
from tests.web.conftest import ACCOUNT, PERSON, Visitor


async def _poll(visit: Visitor, key: str, mark: str) -> Response:
    """Request changes of an open card, as the page does every few seconds; `mark` identifies its
    content.
    """
    form = urlencode({"card": f"{key}~~{mark}"})
    return await visit(
        "POST", "/contacts/presence", form, hx_request="true", sec_fetch_site="same-origin"
    )


async def test_a_card_is_refreshed_when_its_person_changes(visit: Visitor, app: App) -> None:
    """Here a note is added; without a change the response is 204."""
    directory, _ = await create(app, operator_actor(ACCOUNT), NewDirectory("Contoso"))
    person = await Company(app, directory).hire("Anna Adams", "+44 20 7946 0018")
    key = f"{directory.id}.{person}"
    card = (await visit("GET", f"/contacts/person?id={key}", hx_request="true")).body.decode()
    marks = re.findall('data-content="([^"]+)"', card)
    assert (await _poll(visit, key, marks[0])).status == 204
    actor = Actor(account=ACCOUNT, kind="person", id=PERSON, name="Ada")
    await notes.add(app, directory, person, actor, Draft("After 10"))
    changed = (await _poll(visit, key, marks[0])).body.decode()
    assert 'hx-swap-oob="innerHTML:#card"' in changed
    assert "After 10" in changed


async def test_a_deleted_person_cannot_be_called(visit: Visitor, app: App) -> None:
    """The open card, and a link to the person, show a notice without buttons."""
    directory, _ = await create(app, operator_actor(ACCOUNT), NewDirectory("Contoso"))
    person = await Company(app, directory).hire("Anna Adams", "+44 20 7946 0018")
    key = f"{directory.id}.{person}"
    await app.tables.transact(CONTACTS, directory.id, [Delete(USER.key(person))])
    gone = (await _poll(visit, key, "mark")).body.decode()
    assert "No longer here" in gone
    assert "tel:" not in gone
    page = (await visit("GET", f"/contacts?person={key}")).body.decode()
    assert "No longer here" in page
