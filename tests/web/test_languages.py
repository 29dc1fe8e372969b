"""Pages in the visitor's language; no behaviour depends on the English texts."""

from collections.abc import Iterator

import orjson
import pytest

from contacts import api as contacts_api
from directories import api as directories_api
from directories import events, provisioning_log, service
from directories.audit import operator_actor
from directories.event_types import REFUSED
from directories.events import Event, message_fields
from directories.handlers import respond
from directories.service import NewDirectory
from shared.app import App
from shared.azure_functions import problem_response
from shared.clock import timestamp
from shared.easy_auth import Principal
from shared.http import Request
from shared.messages import Message, catalogue
from tests.web.conftest import ACCOUNT, PERSON, Visitor, principal
from web import page_request

_NOT_BOOLEAN = Message("no_boolean", attribute="active")


@pytest.fixture
def other_english() -> Iterator[None]:
    """Change every English text, with the same parameters, during a test."""
    english = catalogue("en")
    assert isinstance(english, dict)
    before = dict(english)
    for code, pattern in before.items():
        english[code] = f"Reworded: {pattern}"
    yield
    english.update(before)


async def _refused(app: App, message: Message) -> str:
    directory, _ = await service.create(
        app, operator_actor(ACCOUNT), NewDirectory("Brightwater", id="brightwater")
    )
    event = Event(
        at=timestamp(app.clock.now()),
        kind=REFUSED,
        method="POST",
        status=400,
        scim_type="invalidValue",
        client="Entra",
        resource_type="User",
        name="ada@example.com",
        **message_fields(message),
    )
    await provisioning_log.refused(app, directory.id, event)
    return f"/directories/{directory.id}"


_PAGES = [
    ("GET", "/", ""),
    ("GET", "/?outcome=declined", ""),
    ("GET", "/directories/nowhere", ""),
    ("GET", "/directories/brightwater", ""),
    ("GET", "/directories/brightwater/connect", ""),
    ("GET", "/directories/brightwater/credentials", ""),
    ("GET", "/directories/brightwater/log", ""),
    ("GET", "/directories/brightwater/log?before=x", ""),
    ("GET", "/directories/brightwater/numbers", ""),
    ("GET", "/directories/brightwater/presence", ""),
    ("GET", "/contacts", ""),
    ("GET", "/contacts?cursor=x", ""),
    ("GET", "/contacts/history", ""),
    ("PUT", "/contacts/history", ""),
    ("POST", "/contacts/history", "numbers=" + ",".join(map(str, range(101)))),
    ("POST", "/directories/brightwater/rename", "name="),
    ("POST", "/directories/brightwater/rename", "name=" + "x" * 101),
    ("POST", "/directories/brightwater/rename", "name=%00"),
    ("POST", "/directories/brightwater/delete", "name=other"),
    ("POST", "/directories/brightwater/rename", "&".join(["x=1"] * 60)),
    ("POST", "/directories/brightwater/issue", "kind=security_token&lifetime=9999"),
    ("POST", "/directories/new", "name=A&kind=neither"),
    ("POST", "/directories/new", "name=A&kind=entra&region=XX"),
]


async def _german(visit: Visitor) -> list[tuple[int, bytes]]:
    found = []
    for method, path, body in _PAGES:
        answer = await visit(
            method,
            path,
            body,
            accept_language="de",
            content_type="application/x-www-form-urlencoded",
        )
        found.append((answer.status, answer.body))
    foreign = await visit(
        "POST",
        "/directories/brightwater/rename",
        "name=A",
        accept_language="de",
        origin="https://x",
    )
    without_role = await visit("GET", "/", role="", accept_language="de")
    return [*found, (foreign.status, foreign.body), (without_role.status, without_role.body)]


async def test_german_pages_do_not_depend_on_the_english_words(
    app: App, visit: Visitor, request: pytest.FixtureRequest
) -> None:
    """No English text is a key: a German page stays the same when English texts change."""
    await _refused(app, _NOT_BOOLEAN)
    before = await _german(visit)
    assert {status for status, _ in before} >= {200, 400, 403, 404, 405, 422}
    request.getfixturevalue("other_english")
    after = await _german(visit)
    assert after == before
    assert b"Reworded" in (await visit("GET", "/")).body


async def _problems(app: App) -> list[dict[str, object]]:
    person = Principal(
        account=ACCOUNT, object_id=PERSON, name="Ada", roles=frozenset({"Directory.Admin"})
    )
    headers = {"x-ms-client-principal": principal()}
    route = {"directoryId": "nowhere"}
    found = []
    for body in (b"", b"{", b"[]", b'{"name": 1}', b'{"nam": "A"}', b'{"name": ""}', b"{}"):
        request = Request("POST", "https://app.example.com/api", headers, body, route=route)
        try:
            await respond(app, request, directories_api.create)
        except Exception as error:
            found.append(error)
    for query in ("limit=0", "cursor=x", "presence=now", "q=" + "x" * 300, "group=a"):
        url = f"https://app.example.com/api/contacts?{query}"
        try:
            await contacts_api.all_contacts(app, Request("GET", url, headers), person)
        except Exception as error:
            found.append(error)
    return [orjson.loads(problem_response(error).body) for error in found]


async def test_codes_of_problems_do_not_depend_on_the_english_words(
    app: App, request: pytest.FixtureRequest
) -> None:
    """Programs use `code`; `detail` is for people and may change in any release."""
    before = await _problems(app)
    request.getfixturevalue("other_english")
    after = await _problems(app)
    assert len(before) == 12
    for one, other in zip(before, after, strict=True):
        assert str(other.pop("detail")).startswith("Reworded: ")
        one.pop("detail")
        assert one == other
        assert one["code"]


@pytest.mark.parametrize("page", ["/log", "/connect"])
async def test_a_refusal_is_shown_in_the_readers_language(
    app: App, visit: Visitor, page: str
) -> None:
    """In the provisioning log and in the wizard, with its remedy."""
    path = await _refused(app, _NOT_BOOLEAN)
    german = (await visit("GET", f"{path}{page}", accept_language="de")).body.decode()
    assert _NOT_BOOLEAN.text("de") in german
    assert _NOT_BOOLEAN.text() not in german
    assert _NOT_BOOLEAN.text() in (await visit("GET", f"{path}{page}")).body.decode()


async def test_the_log_is_searched_in_the_displayed_language(app: App, visit: Visitor) -> None:
    """German words match lines that are displayed in German."""
    path = await _refused(app, _NOT_BOOLEAN)
    for words in ("weder wahr", "Anfrage abgelehnt"):
        page = await visit("GET", f"{path}/log?q={words.replace(' ', '+')}", accept_language="de")
        assert b"ada@example.com" in page.body
    page = await visit("GET", f"{path}/log?q=weder+wahr", accept_language="en")
    assert b"ada@example.com" not in page.body


async def test_an_event_without_a_code_is_shown_as_it_was_stored(app: App, visit: Visitor) -> None:
    """Rows of early releases contain English text only."""
    path = await _refused(app, _NOT_BOOLEAN)
    event = Event("2026-01-01T00:00:00Z", "request.refused", detail="userName is missing.")
    await app.tables.transact("contacts", "brightwater", [events.write(event, app.clock)])
    assert b"userName is missing." in (await visit("GET", f"{path}/log", accept_language="de")).body


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("de", "de"),
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("fr,de;q=0.5,en;q=0.6", "en"),
        ("de;q=0, en", "en"),
        ("xx;q=banana", "en"),
    ],
)
def test_the_browsers_preferred_language_is_used(header: str, language: str) -> None:
    """RFC 9110 section 12.5.4: Accept-Language with its weights."""
    assert page_request.preferred_language(header) == language
