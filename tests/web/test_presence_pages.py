"""Pages about presence: external ids that Graph can't look up, and the formats of an export."""

import pytest

from directories import service
from directories.audit import operator_actor
from directories.events import Event, write
from directories.service import NewDirectory
from shared.app import App
from shared.clock import timestamp
from shared.tables.port import Upsert
from shared.tables.schema.base import CONTACTS
from shared.tables.schema.contacts import EXTERNAL_ID
from tests.web.conftest import ACCOUNT, Visitor

DIRECTORY = "brightwater"
OBJECT_ID = "11111111-2222-4333-8444-555555555555"


async def arrives(app: App, external_id: str) -> None:
    """Create a user with this externalId by SCIM, in a directory of kind Entra."""
    event = Event(
        at=timestamp(app.clock.now()),
        kind="user.created",
        resource_type="User",
        external_id=external_id,
        active=True,
        users=1,
    )
    row = Upsert(EXTERNAL_ID.key(external_id, "user-1"), b'{"a":1}')
    await app.tables.transact(CONTACTS, DIRECTORY, [row, write(event, app.clock)])


@pytest.mark.parametrize(
    ("external_id", "is_warned"), [("anna@contoso.example", True), (OBJECT_ID, False)]
)
async def test_step_2_warns_when_the_first_person_has_no_object_id(
    app: App, visit: Visitor, external_id: str, is_warned: bool
) -> None:
    """Presence is read by object id, so a wrong mapping is reported at the first user."""
    await service.create(app, operator_actor(ACCOUNT), NewDirectory("Brightwater", id=DIRECTORY))
    await arrives(app, external_id)
    page = await visit("GET", f"/directories/{DIRECTORY}/live?seen=other", hx_request="true")
    text = page.body.decode()
    assert ("Object ID" in text) is is_warned
    assert ("anna@contoso.example" in text) is is_warned
    assert ("externalId to objectId" in text) is is_warned


@pytest.mark.parametrize(
    ("language", "first"),
    [("en", "csv&amp;separator=comma"), ("de", "csv&amp;separator=semicolon")],
)
async def test_the_export_offers_every_format(
    app: App, visit: Visitor, language: str, first: str
) -> None:
    """The separator that Excel expects in the user's language comes first."""
    await service.create(app, operator_actor(ACCOUNT), NewDirectory("Brightwater", id=DIRECTORY))
    page = await visit("GET", f"/directories/{DIRECTORY}", accept_language=language)
    text = page.body.decode()
    forms = [
        "separator=comma",
        "separator=semicolon",
        "separator=tab",
        "version=3.0",
        "version=4.0",
    ]
    assert all(f"{form}" in text for form in forms)
    places = sorted(forms[:3], key=text.index)
    assert first.endswith(places[0])
