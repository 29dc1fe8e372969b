"""Responses of pages: content security policy, roles, origin, errors, and isolation of accounts."""

import re
from dataclasses import replace

import pytest

from directories import reindex_progress, service
from directories.audit import operator_actor
from directories.reindex_progress import Progress
from directories.service import NewDirectory
from shared.app import App
from shared.http import Response
from shared.row_versions import UnsupportedRowVersion
from shared.tables.port import StorageUnavailable
from shared.tables.schema.contacts import INDEX_VERSION
from tests.web.conftest import ACCOUNT, Visitor

_INLINE = re.compile(
    rb"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=|javascript:", re.IGNORECASE
)


async def _directory(app: App, account: str = ACCOUNT) -> str:
    directory, _ = await service.create(app, operator_actor(account), NewDirectory("Brightwater"))
    return directory.id


@pytest.mark.parametrize(
    "path", ["/", "/directories/new?once=a", "/contacts", "/contacts/history", "/directories/none"]
)
async def test_a_page_obeys_its_strict_content_security_policy(visit: Visitor, path: str) -> None:
    """Nothing is inline, and nothing is loaded from other origins."""
    answer = await visit("GET", path)
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert not _INLINE.search(answer.body)
    assert not re.search(rb"(?:src|href|action)=\"(?:https?:)?//", answer.body)


async def test_a_page_is_compressed_if_the_client_accepts_it(visit: Visitor) -> None:
    """RFC 9110 section 12.5.5: Vary keeps its variants apart in caches."""
    answer = await visit("GET", "/contacts", accept_encoding="gzip, br")
    assert answer.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in answer.headers["Vary"]


async def test_a_signed_out_user_is_redirected_to_the_sign_in_and_back(visit: Visitor) -> None:
    """After the sign-in the user returns to the same URL."""
    answer = await visit("GET", "/contacts?q=a%20b", role=None)
    assert answer.status == 302
    assert (
        answer.headers["Location"]
        == "/.auth/login/aad?post_login_redirect_uri=%2Fcontacts%3Fq%3Da%2520b"
    )


async def test_a_fragment_of_a_page_gets_a_401_instead(visit: Visitor) -> None:
    """A redirect would insert the sign-in page into the open page."""
    assert (await visit("GET", "/contacts/list", role=None, hx_request="true")).status == 401


async def test_an_agent_gets_no_administration_page(app: App, visit: Visitor) -> None:
    """SECURITY.md, "who can do what". The response doesn't depend on whether the directory
    exists.
    """
    one = f"/directories/{await _directory(app)}"
    parts = ("", "/setup", "/connect", "/presence", "/credentials", "/log", "/numbers", "/audit")
    for path in ("/directories/new", "/directories/abcd", *(f"{one}{part}" for part in parts)):
        answer = await visit("GET", path, role="Directory.Reader")
        assert answer.status == 403, path
        assert "This page is for administrators" in answer.body.decode(), path


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/", "No directories yet"),
        ("/contacts", "No people yet"),
        ("/contacts?q=ada", "No one found"),
        ("/contacts?favourites=1", "No favourites yet"),
    ],
)
async def test_an_empty_page_says_what_comes_next(visit: Visitor, path: str, words: str) -> None:
    """It names what is missing and how to add it."""
    assert words in (await visit("GET", path)).body.decode()


async def test_a_new_directory_has_an_empty_log_and_no_numbers(app: App, visit: Visitor) -> None:
    """Each page of the directory reports it."""
    one = f"/directories/{await _directory(app)}"
    assert "Once the client starts calling" in (await visit("GET", f"{one}/log")).body.decode()
    assert "No number needs attention." in (await visit("GET", f"{one}/numbers")).body.decode()


async def test_the_home_page_of_an_agent_is_organisation(visit: Visitor) -> None:
    """For the address without a path. A user without a role gets the name of the missing one."""
    answer = await visit("GET", "/", role="Directory.Reader")
    assert (answer.status, answer.headers["Location"]) == (303, "/contacts")
    answer = await visit("GET", "/", role="")
    assert answer.status == 403
    assert b"Directory.Reader" in answer.body


async def test_only_the_page_with_the_sign_in_may_send_its_form_to_microsoft(
    app: App, visit: Visitor
) -> None:
    """Without JavaScript the browser sends the form, and applies form-action to the redirect."""
    place = f"/directories/{await _directory(app)}"
    policy = (await visit("GET", f"{place}/presence")).headers["Content-Security-Policy"]
    assert "form-action 'self' https://login.microsoftonline.com;" in policy
    policy = (await visit("GET", place)).headers["Content-Security-Policy"]
    assert "form-action 'self';" in policy


async def test_a_directory_without_people_says_so(app: App, visit: Visitor) -> None:
    """*Show people* isn't a search, so no link to clear the search is shown."""
    directory_id = await _directory(app)
    body = (await visit("GET", f"/contacts?directory={directory_id}")).body.decode()
    assert "No people in Brightwater yet" in body
    assert "Clear search" not in body
    assert (
        "No one found"
        in (await visit("GET", f"/contacts?directory={directory_id}&q=ada")).body.decode()
    )


async def test_clearing_a_search_keeps_the_chosen_directory(app: App, visit: Visitor) -> None:
    """The text is removed first, with the filters kept; without a text, the filters are removed."""
    place = f"/contacts?directory={await _directory(app)}"
    for narrowed, cleared, label in (
        ("&department=Sales&q=ada", "&amp;department=Sales", "Clear search"),
        ("&department=Sales", "", "Clear filters"),
    ):
        body = (await visit("GET", place + narrowed)).body.decode()
        assert f'href="{place}{cleared}">{label}' in body


async def test_changes_from_other_sites_are_refused(app: App, visit: Visitor) -> None:
    """Cross-site request forgery: 403 unless the request has the same origin."""
    place = f"/directories/{await _directory(app)}/rename"
    answer = await visit("POST", place, "name=Stolen", origin="https://evil.example")
    assert answer.status == 403
    answer = await visit("POST", place, "name=Stolen", sec_fetch_site="cross-site")
    assert answer.status == 403
    assert [one.name for one in await service.list_directories(app, ACCOUNT)] == ["Brightwater"]


@pytest.mark.parametrize(
    ("method", "page"),
    [
        ("GET", ""),
        ("GET", "/connect"),
        ("POST", "/connect"),
        ("GET", "/presence"),
        ("POST", "/presence"),
        ("POST", "/consent"),
        ("POST", "/remove"),
        ("POST", "/delete"),
        ("POST", "/rename"),
        ("POST", "/restore"),
        ("POST", "/strict"),
        ("POST", "/region"),
        ("GET", "/credentials"),
        ("POST", "/issue"),
        ("POST", "/revoke"),
        ("GET", "/log"),
        ("GET", "/numbers"),
        ("GET", "/live"),
    ],
)
async def test_another_accounts_directory_does_not_exist(
    app: App, visit: Visitor, method: str, page: str
) -> None:
    """404 for every page of it, as for an unknown directory."""
    foreign = await _directory(app, "99999999-9999-4999-8999-999999999999")
    answer = await visit(
        method, f"/directories/{foreign}{page}", "kind=security_token&name=Brightwater"
    )
    assert answer.status in (303, 404)
    assert b"Brightwater" not in answer.body
    assert (
        await service.read(app, "99999999-9999-4999-8999-999999999999", foreign)
    ).name == "Brightwater"


@pytest.mark.parametrize(
    "query",
    [
        "person=x",
        "person=a.b.c",
        "cursor=%ff",
        "directory=none",
        "group=%00",
        "favourites=1&ids=a,b",
    ],
)
async def test_a_malformed_query_never_causes_a_500(app: App, visit: Visitor, query: str) -> None:
    """Any query string gets a page or a client error."""
    await _directory(app)
    for part in ("", "/list", "/person"):
        assert (await visit("GET", f"/contacts{part}?{query}", hx_request="true")).status in (
            200,
            400,
            404,
        )


@pytest.mark.parametrize(
    "body",
    [
        "",
        "shown=~~~,a~b~c&list=x&card=~",
        "numbers=%FF%FE",
        "numbers=" + "1%2C" * 200,
        "a=1&" * 100,
    ],
)
async def test_a_malformed_form_never_causes_a_500(app: App, visit: Visitor, body: str) -> None:
    """Any form gets a page or a client error."""
    await _directory(app)
    for part in ("history", "presence"):
        assert (await visit("POST", f"/contacts/{part}", body)).status in (200, 204, 400)


async def test_other_methods_are_405_with_allow(visit: Visitor) -> None:
    """RFC 9110 section 15.5.6: the Allow header names the permitted methods."""
    answer = await visit("DELETE", "/contacts/history")
    assert answer.status == 405
    assert answer.headers["Allow"] == "GET, POST, HEAD"


_ORGANISATION = {"agent.css", "organisation.js"}


@pytest.mark.parametrize(
    ("path", "role", "own"),
    [
        ("/", "Directory.Admin", {"admin.css", "admin.js"}),
        ("/directories/new?once=a", "Directory.Admin", {"admin.css", "admin.js"}),
        ("/contacts", "Directory.Admin", _ORGANISATION),
        ("/contacts", "Directory.Reader", _ORGANISATION),
        ("/contacts?number=1&pop=1", "Directory.Reader", _ORGANISATION | {"pop.js"}),
        ("/contacts/history", "Directory.Reader", {"agent.css", "history.js"}),
        ("/directories/new", "Directory.Reader", set()),
    ],
)
async def test_a_page_loads_only_what_it_needs(
    visit: Visitor, path: str, role: str, own: set[str]
) -> None:
    """Agents' pages don't load files for administrators, and vice versa."""
    answer = await visit("GET", path, role=role)
    found = {
        f"{name}.{kind}"
        for name, kind in re.findall(r"/static/(\w+)[\w.]*-\w{12}\.(css|js)", answer.body.decode())
    }
    assert found == {"base.css", "theme.js", "htmx.js", "page.js"} | own


_BELOW = ("", "/setup", "/connect", "/presence", "/credentials", "/log", "/numbers")


@pytest.mark.parametrize(
    "path", ["/", "/contacts?q=ada", *(f"/directories/{{id}}{below}" for below in _BELOW)]
)
async def test_a_storage_outage_is_shown_on_a_page(
    app: App, visit: Visitor, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    """503 with Retry-After; it states that no data is lost and has a button to retry."""
    address = path.format(id=await _directory(app))

    async def away(*_: object, **__: object) -> None:
        raise StorageUnavailable("away")

    for read in ("get", "query"):
        monkeypatch.setattr(type(app.tables), read, away)
    answer: Response = await visit("GET", address)
    assert answer.status == 503
    assert answer.headers["Retry-After"] == "5"
    assert b"No data was lost" in answer.body
    assert f'href="{address}"'.encode() in answer.body


async def test_rows_of_a_later_release_are_reported_on_a_page(
    app: App, visit: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a rollback: it names who can correct it, and doesn't reload itself."""
    address = f"/directories/{await _directory(app)}"

    async def newer(*_: object, **__: object) -> None:
        raise UnsupportedRowVersion("directory", 2, 1)

    monkeypatch.setattr(type(app.tables), "get", newer)
    answer: Response = await visit("GET", address)
    assert (answer.status, answer.headers["Retry-After"]) == (503, "300")
    assert b"A later release wrote this data" in answer.body
    assert b"data-again" not in answer.body


@pytest.mark.parametrize(
    ("behind", "place"),
    [("/log?kind=refused", "/log?kind=refused"), ("/numbers", "/numbers"), ("", ""), ("x/log", "")],
)
async def test_after_a_rename_the_same_page_is_shown(
    app: App, visit: Visitor, behind: str, place: str
) -> None:
    """The page below the dialog, with its filters; a page of another directory is never used."""
    own = f"/directories/{await _directory(app)}"
    headers = {
        "hx_request": "true",
        "hx_current_url": f"https://app.example{own}{behind}",
        "sec_fetch_site": "same-origin",
    }
    answer = await visit("POST", f"{own}/rename", "name=Other", **headers)
    assert f'"path":"{own}{place}"' in answer.headers["HX-Location"]


async def test_polling_an_unchanged_connection_state_gets_a_204(app: App, visit: Visitor) -> None:
    """Nothing is sent and nothing redrawn."""
    place = f"/directories/{await _directory(app)}"
    page = await visit("GET", f"{place}/connect")
    found = re.search(rb"live\?seen=([0-9a-f]+)", page.body)
    assert found is not None
    assert (
        await visit("GET", f"{place}/live?seen={found[1].decode()}", hx_request="true")
    ).status == 204
    assert (await visit("GET", f"{place}/live?seen=other", hx_request="true")).status == 200


async def test_a_notice_with_umlauts_is_sent_in_a_header(app: App, visit: Visitor) -> None:
    """Header values are ASCII, so the JSON of a notice escapes other characters."""
    place = f"/directories/{await _directory(app)}"
    answer = await visit(
        "POST", f"{place}/delete", "name=Brightwater", hx_request="true", accept_language="de"
    )
    assert answer.headers["HX-Trigger"].isascii()
    assert "gel\\u00f6scht" in answer.headers["HX-Trigger"]


async def test_overview_shows_how_far_a_reindex_is(app: App, visit: Visitor) -> None:
    """While it waits or runs, with its counts; nothing afterwards."""
    directory_id = await _directory(app)
    running = Progress(index_version=INDEX_VERSION, started="2026-01-01T00:00:00.000Z")
    saved = await reindex_progress.save(app.tables, directory_id, running)
    assert saved
    page = (await visit("GET", f"/directories/{directory_id}")).body.decode()
    assert "The search index is being brought up to date." in page
    assert "0 of 0 people and groups" in page
    older = replace(saved, index_version=INDEX_VERSION - 1)
    saved = await reindex_progress.save(app.tables, directory_id, older)
    assert saved
    page = (await visit("GET", f"/directories/{directory_id}")).body.decode()
    assert "within the hour" in page
    done = replace(saved, index_version=INDEX_VERSION, finished="2026-01-01T00:00:00.000Z")
    await reindex_progress.save(app.tables, directory_id, done)
    page = (await visit("GET", f"/directories/{directory_id}")).body.decode()
    assert "search index" not in page
