"""Every address that a browser can come to is a page with a way on: after a sign-in, a reload, a shortened address."""

import re
from urllib.parse import parse_qsl, urlsplit

import pytest

from directories import service
from directories.service import NewDirectory
from shared.services import Services
from tests.web.conftest import ACCOUNT, Visitor


async def _directory(services: Services) -> str:
    directory, _ = await service.create(services, ACCOUNT, NewDirectory("Brightwater"))
    return directory.id


async def test_who_comes_back_from_microsoft_signed_out_signs_in_and_goes_on(visit: Visitor) -> None:
    """The way back to the very address, state and all: it was not used up."""
    answer = await visit("GET", "/sign-in/callback?code=c&state=s", role=None)
    assert answer.status == 302
    back = dict(parse_qsl(urlsplit(answer.headers["Location"]).query))["post_login_redirect_uri"]
    assert back == "/sign-in/callback?code=c&state=s"


@pytest.mark.parametrize(
    ("language", "words"), [("en", "Too late, or already used"), ("de", "Zu spät oder schon benutzt")]
)
async def test_a_state_that_is_too_old_is_said_in_the_list(visit: Visitor, language: str, words: str) -> None:
    """Nobody knows any more which directory it was for; the page says what happened and where to begin again."""
    answer = await visit("GET", "/sign-in/callback?code=c&state=s")
    assert answer.status == 303
    page = await visit(
        "GET", answer.headers["Location"].removeprefix("https://app.example.com"), accept_language=language
    )
    assert page.status == 200
    assert words in page.body.decode()


async def test_an_agent_at_the_callback_gets_a_page(visit: Visitor) -> None:
    """Not JSON: a person reads it."""
    answer = await visit("GET", "/sign-in/callback?code=c&state=s", role="Directory.Reader")
    assert answer.status == 403
    assert answer.headers["Content-Type"].startswith("text/html")


@pytest.mark.parametrize("page", ["advance", "connect", "consent", "rename", "strict"])
async def test_a_form_sent_after_the_session_ended_comes_back_to_its_page(
    services: Services, visit: Visitor, page: str
) -> None:
    """Session gone: sign-in, then by GET to where the form stands."""
    path = f"/directories/{await _directory(services)}/{page}"
    answer = await visit("POST", path, "step=presence", role=None)
    assert answer.status == 303
    back = dict(parse_qsl(urlsplit(answer.headers["Location"]).query))["post_login_redirect_uri"]
    answer = await visit("GET", back)
    if answer.status == 303:
        answer = await visit("GET", answer.headers["Location"])
    assert answer.status == 200
    assert b"<form" in answer.body


@pytest.mark.parametrize(
    "path", ["/rename", "/delete", "/remove", "/issue?kind=security_token", "/revoke?kind=client_secret"]
)
async def test_a_dialog_has_a_page_of_its_own(services: Services, visit: Visitor, path: str) -> None:
    """Opened in a new tab, by its address or without script: the whole page, and a form that browsers send."""
    path = f"/directories/{await _directory(services)}{path}"
    answer = await visit("GET", path)
    assert answer.body.startswith(b"<!doctype html>")
    assert b"<dialog" not in answer.body
    assert re.search(rb'<form method="post" action="/directories/[^"]+"(?! hx)', answer.body)
    assert (await visit("GET", path, hx_request="true")).body.lstrip().startswith(b"<dialog")


@pytest.mark.parametrize("path", ["/live", "/connection", "/advance", "/consent", "/gone", "/restore", "/strict"])
async def test_a_part_of_a_page_leads_to_the_page(services: Services, visit: Visitor, path: str) -> None:
    """No fragment without a frame, no 405 for somebody who pressed reload."""
    answer = await visit("GET", f"/directories/{await _directory(services)}{path}")
    assert answer.status == 303
    page = await visit("GET", answer.headers["Location"])
    assert page.body.startswith(b"<!doctype html>")


@pytest.mark.parametrize(("path", "leads_to"), [("/directories", "/"), ("/contacts/presence", "/contacts")])
async def test_a_shortened_address_leads_to_the_list(visit: Visitor, path: str, leads_to: str) -> None:
    """People cut addresses back by hand."""
    assert (await visit("GET", path)).headers["Location"] == leads_to


async def test_the_rest_of_a_list_is_a_page_where_no_script_asks(visit: Visitor) -> None:
    """The link *More people* works without script."""
    assert (await visit("GET", "/contacts/list?q=ada")).body.startswith(b"<!doctype html>")
    assert not (await visit("GET", "/contacts/list?q=ada", hx_request="true")).body.startswith(b"<!doctype html>")
