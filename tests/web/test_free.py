"""Who is free on the Organisation page, without a browser: filters in addresses, and the text if
nothing can be shown.
"""

from directories import service
from directories.audit import operator_actor
from directories.service import NewDirectory
from shared.app import App
from tests.web.conftest import ACCOUNT, Visitor


async def _make(app: App, count: int) -> None:
    for number in range(count):
        new = NewDirectory(f"Brightwater {number:04} Ltd", region="GB")
        await service.create(app, operator_actor(ACCOUNT), new)


async def test_free_people_of_too_many_directories_are_not_looked_for(
    app: App, visit: Visitor
) -> None:
    """The list asks to choose a directory; a company's name chooses one as well."""
    await _make(app, 101)
    text = (await visit("GET", "/contacts?free=now")).body.decode()
    assert "at most 100 directories at once. Choose a directory." in text
    text = (await visit("GET", "/contacts?free=now&company=0007")).body.decode()
    assert "Choose a directory." not in text
    assert "No one is free" in text


async def test_an_empty_list_of_free_people_says_what_to_do(app: App, visit: Visitor) -> None:
    """It leads to those who soon will be; the filters of the address are in the form."""
    await _make(app, 1)
    text = (await visit("GET", "/contacts?free=now&department=Sales&office=Leeds")).body.decode()
    assert "No one is free" in text
    assert "/contacts?department=Sales&amp;office=Leeds&amp;free=soon" in text
    assert 'value="Sales"' in text
    assert "Sales, Leeds" in text
    text = (await visit("GET", "/contacts?free=soon")).body.decode()
    assert "Show who is free soon" not in text


async def test_other_words_for_free_are_ignored(visit: Visitor) -> None:
    """An address that was changed by hand shows everyone."""
    assert b"No one is free" not in (await visit("GET", "/contacts?free=maybe")).body


async def test_statuses_of_strangers_are_not_told(app: App, visit: Visitor) -> None:
    """Keys of another account's directories, and texts that are no keys, are left out."""
    body = "of=k3v9x0q2m7r5t8w1z4b6.x~00000000-0000-4000-8000-000000000001,nonsense,~~,a~b"
    headers = {
        "origin": "https://app.example.com",
        "content_type": "application/x-www-form-urlencoded",
    }
    answer = await visit("POST", "/contacts/statuses", body, **headers)
    assert (answer.status, answer.body) == (200, b"{}")
