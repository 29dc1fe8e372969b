"""Every URL that a browser may request leads to a whole page: after a sign-in, a reload, or a
shortened URL.
"""

import re
from urllib.parse import parse_qsl, urlsplit

import pytest

from directories import deletion, service, tokens
from directories.audit import operator_actor
from directories.service import NewDirectory
from shared.app import App
from tests.web.conftest import ACCOUNT, PERSON, Visitor


async def _directory(app: App) -> str:
    directory, _ = await service.create(app, operator_actor(ACCOUNT), NewDirectory("Brightwater"))
    return directory.id


async def test_a_callback_without_a_session_continues_after_the_sign_in(
    visit: Visitor,
) -> None:
    """It redirects to the sign-in and back to the callback, whose `state` hasn't been used."""
    answer = await visit("GET", "/sign-in/callback?code=c&state=s", role=None)
    assert answer.status == 302
    back = dict(parse_qsl(urlsplit(answer.headers["Location"]).query))["post_login_redirect_uri"]
    assert back == "/sign-in/callback?code=c&state=s"


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "Too late, or already used"), ("de", "Zu spät oder schon benutzt")],
)
async def test_an_expired_state_is_reported_in_the_list_of_directories(
    visit: Visitor, language: str, words: str
) -> None:
    """Its directory isn't known; the text explains what happened and how to start again."""
    answer = await visit("GET", "/sign-in/callback?code=c&state=s")
    assert answer.status == 303
    page = await visit(
        "GET",
        answer.headers["Location"].removeprefix("https://app.example.com"),
        accept_language=language,
    )
    assert page.status == 200
    assert words in page.body.decode()


async def test_an_agent_at_the_callback_gets_a_page(visit: Visitor) -> None:
    """HTML, not JSON, because a person reads it."""
    answer = await visit("GET", "/sign-in/callback?code=c&state=s", role="Directory.Reader")
    assert answer.status == 403
    assert answer.headers["Content-Type"].startswith("text/html")


@pytest.mark.parametrize("page", ["advance", "connect", "consent", "rename", "strict"])
async def test_a_form_sent_after_the_session_expired_leads_to_its_page(
    app: App, visit: Visitor, page: str
) -> None:
    """After the sign-in, a GET shows the page with the form."""
    path = f"/directories/{await _directory(app)}/{page}"
    answer = await visit("POST", path, "step=presence", role=None)
    assert answer.status == 303
    back = dict(parse_qsl(urlsplit(answer.headers["Location"]).query))["post_login_redirect_uri"]
    answer = await visit("GET", back)
    if answer.status == 303:
        answer = await visit("GET", answer.headers["Location"])
    assert answer.status == 200
    assert b"<form" in answer.body


@pytest.mark.parametrize(
    "path",
    ["/rename", "/delete", "/remove", "/issue?kind=security_token", "/revoke?kind=client_secret"],
)
async def test_a_dialog_has_a_page_of_its_own(app: App, visit: Visitor, path: str) -> None:
    """Its URL, or a request without JavaScript, gets a whole page with a form that browsers
    send.
    """
    path = f"/directories/{await _directory(app)}{path}"
    answer = await visit("GET", path)
    assert answer.body.startswith(b"<!doctype html>")
    assert b"<dialog" not in answer.body
    assert re.search(rb'<form method="post" action="/directories/[^"]+"(?! hx)', answer.body)
    assert (await visit("GET", path, hx_request="true")).body.lstrip().startswith(b"<dialog")


@pytest.mark.parametrize(
    "path",
    ["/live", "/connection", "/advance", "/consent", "/gone", "/restore", "/strict", "/region"],
)
async def test_a_fragment_of_a_page_redirects_to_the_page(
    app: App, visit: Visitor, path: str
) -> None:
    """A reload of its URL gets neither a fragment nor a 405."""
    answer = await visit("GET", f"/directories/{await _directory(app)}{path}")
    assert answer.status == 303
    page = await visit("GET", answer.headers["Location"])
    assert page.body.startswith(b"<!doctype html>")


@pytest.mark.parametrize(
    ("path", "leads_to"), [("/directories", "/"), ("/contacts/presence", "/contacts")]
)
async def test_a_shortened_address_leads_to_the_list(
    visit: Visitor, path: str, leads_to: str
) -> None:
    """Users delete the end of a URL by hand."""
    assert (await visit("GET", path)).headers["Location"] == leads_to


async def test_the_next_page_of_a_list_works_without_a_script(visit: Visitor) -> None:
    """The link *More people* then gets a whole page."""
    assert (await visit("GET", "/contacts/list?q=ada")).body.startswith(b"<!doctype html>")
    assert not (await visit("GET", "/contacts/list?q=ada", hx_request="true")).body.startswith(
        b"<!doctype html>"
    )


async def test_step_1_creates_one_directory_however_often_it_is_sent(
    app: App, visit: Visitor
) -> None:
    """Its URL determines the directory's id; name, kind and region of the last request count."""
    place = (await visit("GET", "/directories/new")).headers["Location"]
    assert (await visit("GET", place)).status == 200
    assert (await visit("POST", place, "name=One&kind=entra&region=GB")).status == 200
    answer = await visit("POST", place, "name=Two&kind=entra&region=DE")
    (made,) = await service.list_directories(app, ACCOUNT)
    assert (made.name, made.region) == ("Two", "DE")
    assert answer.headers["Location"] == f"/directories/{made.id}/connect"
    assert (await visit("GET", place)).headers["Location"] == f"/directories/{made.id}/setup"
    answer = await visit("POST", place, "name=Two&kind=other&region=DE")
    assert answer.headers["Location"] == f"/directories/{made.id}/connect"
    (made,) = await service.list_directories(app, ACCOUNT)
    assert made.kind == "other"
    assert (await visit("POST", place, "name=+&kind=entra&region=DE")).status == 422


async def test_step_1_of_a_deleted_directory_starts_again(app: App, visit: Visitor) -> None:
    """The browser's Back leads to a form for a new directory."""
    place = (await visit("GET", "/directories/new")).headers["Location"]
    await visit("POST", place, "name=One&kind=entra&region=GB")
    (made,) = await service.list_directories(app, ACCOUNT)
    await deletion.delete(app, operator_actor(ACCOUNT), made.id)
    for method, body in (("GET", ""), ("POST", "name=Two&kind=entra&region=GB")):
        answer = await visit(method, place, body)
        assert answer.headers["Location"].startswith("/directories/new")
        assert answer.headers["Location"] != place


async def test_no_one_else_can_choose_the_id_of_a_new_directory(app: App, visit: Visitor) -> None:
    """The id depends on the parameter `once` of the URL and on the signed-in user, so a link of
    another site can't determine it.
    """
    await visit("POST", "/directories/new?once=chosen", "name=One&kind=entra&region=GB")
    (made,) = await service.list_directories(app, ACCOUNT)
    assert made.id == tokens.short_id_of(ACCOUNT, PERSON, "chosen", length=20)
    assert made.id != tokens.short_id_of(ACCOUNT, "somebody else", "chosen", length=20)
