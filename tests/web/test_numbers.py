"""The page of phone numbers that need attention."""

from directories.audit import operator_actor
from directories.service import NewDirectory, create
from directories.store import get
from scim.users import store
from scim.users.models import UserRecord
from shared.app import App
from shared.clock import timestamp
from shared.ids import new_id
from shared.tables.schema.base import CONTACTS
from tests.web.conftest import ACCOUNT, Visitor

NUMBERS = ("030 901820", "089 636480", "0211 80001", "0151 23456789")


async def _directory(app: App) -> str:
    directory, _ = await create(app, operator_actor(ACCOUNT), NewDirectory("Contoso", region="GB"))
    now = timestamp(app.clock.now())
    for place, number in enumerate(NUMBERS):
        resource = {
            "userName": f"person{place}",
            "displayName": f"Person {place}",
            "phoneNumbers": [{"type": "work", "value": number}],
        }
        user = UserRecord(id=new_id(app.clock), resource=resource, created=now, modified=now)
        await app.tables.transact(CONTACTS, directory.id, store.insertion(user, "GB"))
    return directory.id


async def test_the_better_region_is_one_click_away(app: App, visit: Visitor) -> None:
    """The page shows how many numbers are valid in the suggested region; its button sets it."""
    path = f"/directories/{(directory_id := await _directory(app))}"
    page = (await visit("GET", f"{path}/numbers")).body.decode()
    assert "Most numbers are of another region" in page
    assert 'region <span data-region="DE">DE</span>: 4.' in page
    assert 'default region, <span data-region="GB">GB</span>: 0.' in page
    assert f'action="{path}/region"' in page
    answer = await visit("POST", f"{path}/region", "region=DE")
    assert (answer.status, answer.headers["Location"]) == (303, f"{path}/numbers")
    stored = await get(app.tables, directory_id)
    assert stored is not None
    assert stored.region == "DE"
    assert (
        "Most numbers are of another region"
        not in (await visit("GET", f"{path}/numbers")).body.decode()
    )


async def test_an_unknown_region_changes_nothing(app: App, visit: Visitor) -> None:
    """None of our pages sends such a form."""
    path = f"/directories/{(directory_id := await _directory(app))}"
    assert (await visit("POST", f"{path}/region", "region=XX")).status == 303
    stored = await get(app.tables, directory_id)
    assert stored is not None
    assert stored.region == "GB"
