"""Phone numbers that need attention: grouped by cause, with one advice each, links to people, and a
file.
"""

import re

import pytest

from contacts import api
from directories.audit import operator_actor
from directories.service import NewDirectory, create
from scim.users import store
from scim.users.models import UserRecord
from shared.app import App
from shared.clock import timestamp
from shared.easy_auth import Principal
from shared.http import HttpError, Request
from shared.ids import new_id
from shared.tables.schema.base import CONTACTS
from tests.web.conftest import ACCOUNT, PERSON, Visitor, principal

NUMBERS = ("4417", "12", "n/a", "unknown", "020 7946 0018")


async def _directory(app: App, count: int = 1) -> str:
    directory, _ = await create(app, operator_actor(ACCOUNT), NewDirectory("Contoso", region="GB"))
    now = timestamp(app.clock.now())
    for number in range(count):
        for place, value in enumerate(NUMBERS):
            resource = {
                "userName": f"person{number}.{place}",
                "displayName": f"=Person {number}.{place}",
                "phoneNumbers": [{"type": "work", "value": value}],
            }
            user = UserRecord(id=new_id(app.clock), resource=resource, created=now, modified=now)
            await app.tables.transact(CONTACTS, directory.id, store.insertion(user, "GB"))
    return directory.id


async def test_numbers_are_grouped_by_cause(app: App, visit: Visitor) -> None:
    """Each cause has its advice once, and each person is a link to the card."""
    directory_id = await _directory(app, 3)
    body = (await visit("GET", f"/directories/{directory_id}/numbers")).body.decode()
    titles = re.findall(r'<h3 id="cause-(\w+)">', body)
    assert sorted(titles) == ["no_digits", "short"]
    assert body.count("Correct this person") == 2
    assert "12 people." in body
    assert len(re.findall(rf'href="/contacts\?person={directory_id}\.', body)) == 12
    assert '<span class="badge">12</span>' in body  # of the tab: advice, not a warning


async def test_the_numbers_are_exported_by_administrators(app: App) -> None:
    """One line per number. Cells contain no formulas, and later chunks have no headings."""
    directory_id = await _directory(app)
    person = Principal(
        account=ACCOUNT, object_id=PERSON, name="Ada Admin", roles=frozenset({"Directory.Admin"})
    )

    async def export(query: str, role: str = "Directory.Admin") -> tuple[str, str]:
        url = f"https://app.example.com/api/directories/{directory_id}/numbers?format=csv{query}"
        headers = {"x-ms-client-principal": principal(role)}
        request = Request("GET", url, headers, b"", route={"directoryId": directory_id})
        answer = await api.numbers(app, request, person)
        return answer.body.decode(), answer.headers.get("Link", "")

    first, link = await export("&limit=3")
    assert first.startswith('\ufeff"Display name","ID","Type","Number","Fault"')
    assert first.count("\r\n") == 4
    assert "\"'=Person" in first
    cursor = link.partition("cursor=")[2].partition(">")[0]
    rest, end = await export(f"&limit=3&cursor={cursor}")
    assert (rest.count("\r\n"), end) == (1, "")
    with pytest.raises(HttpError) as refused:
        await export("", "Directory.Reader")
    assert refused.value.status == 403
