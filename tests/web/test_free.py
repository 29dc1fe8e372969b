"""The filter of free people on the Organisation page, without a browser: URLs, and texts of an
empty list.
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


async def test_free_people_of_too_many_directories_are_not_searched(
    app: App, visit: Visitor
) -> None:
    """The list asks the user to choose a directory; a company filter selects one too."""
    await _make(app, 101)
    text = (await visit("GET", "/contacts?free=now")).body.decode()
    assert "at most 100 directories at once. Choose a directory." in text
    text = (await visit("GET", "/contacts?free=now&company=0007")).body.decode()
    assert "Choose a directory." not in text
    assert "No one is free" in text


async def test_an_empty_list_of_free_people_says_what_to_do(app: App, visit: Visitor) -> None:
    """It links to people who will soon be free; the form keeps the filters of the URL."""
    await _make(app, 1)
    text = (await visit("GET", "/contacts?free=now&department=Sales&office=Leeds")).body.decode()
    assert "No one is free" in text
    assert "/contacts?department=Sales&amp;office=Leeds&amp;free=soon" in text
    assert 'value="Sales"' in text
    assert "Sales, Leeds" in text
    text = (await visit("GET", "/contacts?free=soon")).body.decode()
    assert "Show who is free soon" not in text


async def test_an_unknown_value_of_the_free_filter_is_ignored(visit: Visitor) -> None:
    """A URL that was edited by hand lists everyone."""
    assert b"No one is free" not in (await visit("GET", "/contacts?free=maybe")).body


async def test_presence_of_other_accounts_is_not_returned(app: App, visit: Visitor) -> None:
    """Keys of another account's directories, and malformed keys, are ignored."""
    body = "of=k3v9x0q2m7r5t8w1z4b6.x~00000000-0000-4000-8000-000000000001,nonsense,~~,a~b"
    headers = {
        "origin": "https://app.example.com",
        "content_type": "application/x-www-form-urlencoded",
    }
    answer = await visit("POST", "/contacts/statuses", body, **headers)
    assert (answer.status, answer.body) == (200, b"{}")
