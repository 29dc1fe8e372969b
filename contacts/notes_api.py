"""Handlers of the API of agents' notes: the notes on a person, and the list of people with notes."""

from typing import Any

from contacts import account_directories, note_search, notes
from contacts.api import DEFAULT_LIMIT, MAX_LIMIT, parse_cursor, parse_limit, parse_text
from contacts.notes import Draft, Note, NoteChanged, Target
from contacts.response_models import NoteList, PersonNote
from contacts.serializers import page_json, with_etag
from directories.audit import person_actor
from directories.models import Directory
from scim.users import store
from shared.app import App
from shared.easy_auth import Principal
from shared.http import HttpError, Request, Response, check_same_origin, json_body, json_response
from shared.messages import Message

_MAX_BODY = 16 * 1024


async def read(app: App, request: Request, person: Principal) -> Response:
    """Return the notes on a person that have not expired."""
    directory = await _directory(app, request, person)
    user = await store.get(app, directory.id, request.route["contactId"])
    if user is None or not user.record.active:
        raise HttpError(404, Message("contact_not_found"))
    found: NoteList = {"notes": [_json(one) for one in notes.notes_of(app, user)]}
    return with_etag(request, found)


async def add(app: App, request: Request, person: Principal) -> Response:
    """Add a note on a person."""
    check_same_origin(request, app.settings.public_url)
    draft = _draft(request)
    directory, actor = await _directory(app, request, person), person_actor(person, request)
    note = await notes.add(app, directory, request.route["contactId"], actor, draft)
    return _note_response(201, note)


async def change(app: App, request: Request, person: Principal) -> Response:
    """Replace the text and expiry of a note."""
    check_same_origin(request, app.settings.public_url)
    draft = _draft(request)
    directory, actor = await _directory(app, request, person), person_actor(person, request)
    try:
        note = await notes.change(app, directory, _target(request), person, actor, draft)
    except NoteChanged as changed:
        raise _conflict(changed) from None
    return _note_response(200, note)


async def remove(app: App, request: Request, person: Principal) -> Response:
    """Remove a note."""
    check_same_origin(request, app.settings.public_url)
    directory, actor = await _directory(app, request, person), person_actor(person, request)
    try:
        await notes.remove(app, directory, _target(request), person, actor)
    except NoteChanged as changed:
        raise _conflict(changed) from None
    return Response(204)


async def noted(app: App, request: Request, person: Principal) -> Response:
    """Return people with notes; with `q`, only those with notes that contain its words."""
    directories = await account_directories.all_directories(app, person)
    limit, cursor = parse_limit(request, DEFAULT_LIMIT, MAX_LIMIT), parse_cursor(request)
    page = await note_search.find_noted(app, directories, parse_text(request), limit, cursor)
    return with_etag(request, await page_json(app, page.found, page.cursor))


async def _directory(app: App, request: Request, person: Principal) -> Directory:
    return await account_directories.one_directory(app, person, request.route["directoryId"])


def _target(request: Request) -> Target:
    version = request.headers.get("if-match", "").strip().removeprefix("W/").strip('"')
    route = request.route
    return Target(route["contactId"], route["noteId"], "" if version == "*" else version)


def _draft(request: Request) -> Draft:
    body = json_body(request, _MAX_BODY)
    if not isinstance(body, dict) or not isinstance(body.get("text"), str):
        raise HttpError(400, Message("note_body"), field="text")
    expires = body.get("expires")
    if expires is not None and not isinstance(expires, str):
        raise HttpError(400, Message("note_end", most=notes.MAX_DAYS), field="expires")
    return Draft(body["text"], expires or "")


def _conflict(changed: NoteChanged) -> HttpError:
    if changed.note is None:
        return HttpError(404, Message("note_gone"))
    return HttpError(412, Message("note_changed", author=changed.note.author))


def _note_response(status: int, note: Note) -> Response:
    return json_response(_json(note), status, {"ETag": f'"{note.version}"'})


def _json(note: Note) -> PersonNote:
    found: dict[str, Any] = {
        "id": note.id,
        "text": note.text,
        "author": note.author,
        "authorId": note.author_id,
        "changed": note.changed,
        "expires": note.expires,
        "version": note.version,
    }
    return found  # type: ignore[return-value]
