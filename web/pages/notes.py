"""Agents' notes in a person's card: add, change and remove them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from contacts import account_directories, notes
from contacts.notes import MAX_CHARACTERS, MAX_NOTES, Draft, Note, NoteChanged, Target
from directories.models import Directory
from scim.users import store
from shared.clock import timestamp
from shared.http import HttpError, Response
from shared.messages import Message
from web.page_request import PageRequest
from web.pages.contact_rows import split_key
from web.render import page

DAYS = ("1", "7", "30", "90", "365")
_MAX_FIELD = 2000  # characters of a refused text that the form shows again


@dataclass(frozen=True, slots=True)
class NoteView:
    """A note as shown; `draft` is the agent's changed text if it could not be stored, else ""."""

    note: Note
    may_change: bool
    draft: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotesView:
    """The notes on a person.

    `fault` is the reason why the last change failed, or "". `draft` is the text of a new note that could
    not be stored.
    """

    key: str
    notes: Sequence[NoteView]
    fault: str = ""
    draft: str = ""
    most: int = MAX_NOTES
    characters: int = MAX_CHARACTERS


def view_of(visit: PageRequest, key: str, found: Sequence[Note]) -> NotesView:
    """Return the notes on a person for the card."""
    return NotesView(key=key, notes=[_view(visit, one) for one in found])


def _view(visit: PageRequest, note: Note, draft: str = "") -> NoteView:
    return NoteView(note, notes.may_change(note, visit.reader), draft)


async def act(visit: PageRequest) -> Response:
    """Add, change or remove a note as the form requests, then show the notes.

    Without a script, redirect to the person's card.
    """
    key, status = visit.form.get("key", "")[:100], 200
    fault: Message | None = None
    directory_id, person_id = split_key(key)
    directory = await account_directories.one_directory(visit.app, visit.reader, directory_id)
    try:
        await _act(visit, directory, person_id)
    except NoteChanged as changed:
        other, status = changed.note, 409
        fault = Message("note_changed", author=other.author) if other else Message("note_gone")
    except HttpError as error:
        if error.status not in (400, 403, 409):
            raise
        fault, status = error.message, 409
    if not visit.is_partial and fault is None:
        return visit.go(f"/contacts?person={key}")
    user = await store.get(visit.app, directory.id, person_id)
    found = notes.notes_of(visit.app, user) if user else []
    template = "notes.html" if visit.is_partial else "notes_page.html"
    view = _after(visit, key, found, visit.text(fault))
    return page(visit, template, status=status, notes=view)


async def _act(visit: PageRequest, directory: Directory, person_id: str) -> None:
    app, form = visit.app, visit.form
    target = Target(person_id, form.get("note", "")[:64], form.get("version", "")[:64])
    match form.get("act"):
        case "remove":
            await notes.remove(app, directory, target, visit.reader, visit.actor)
        case "change":
            draft = _draft(visit)
            await notes.change(app, directory, target, visit.reader, visit.actor, draft)
        case _:
            await notes.add(app, directory, person_id, visit.actor, _draft(visit))


def _draft(visit: PageRequest) -> Draft:
    """Return the note's text and expiry from the form.

    The expiry is the chosen number of days from now, or the submitted time if it was not changed.
    """
    days, expires = visit.form.get("days", ""), visit.form.get("expires", "")[:40]
    if days in DAYS:
        expires = timestamp(visit.app.clock.now() + timedelta(days=int(days)))
    return Draft(visit.form.get("text", "")[:_MAX_FIELD], expires)


def _after(visit: PageRequest, key: str, found: Sequence[Note], fault: str) -> NotesView:
    """Return the notes after a change; if it failed, with the agent's text in the form."""
    written = visit.form.get("text", "")[:_MAX_FIELD] if fault else ""
    target = visit.form.get("note", "") if visit.form.get("act") == "change" else ""
    views = [_view(visit, one, written if one.id == target else "") for one in found]
    is_known = any(one.draft for one in views)
    is_removal = visit.form.get("act") == "remove"
    draft = "" if is_known or is_removal else written
    return NotesView(key=key, notes=views, fault=fault, draft=draft)
