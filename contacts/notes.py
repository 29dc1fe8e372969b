"""Agents' notes on a person, such as *transfer only after 10*, each with an author and an expiry, stored apart from SCIM data.

Note rows follow the user's record, so the card reads both in one round trip, and a SCIM DELETE removes both in one
transaction. Each change of a note also replaces the record with the same value, on condition of its storage tag. So a
note is never added to a user who is being deleted, and concurrent writers can't exceed `MAX_NOTES`. The SCIM resource,
its ETag and its times don't change.
"""

import contextlib
import hashlib
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import orjson

from directories import audit, audit_relay
from directories.audit import Act, Actor
from directories.audit_relay import Outbox
from directories.models import Directory
from scim.users import models, store
from scim.users.models import StoredUser
from shared import row_versions
from shared.app import App
from shared.clock import parse_timestamp, timestamp
from shared.easy_auth import Principal
from shared.http import HttpError
from shared.ids import new_id
from shared.messages import Message
from shared.tables.port import (
    AlreadyExists,
    Delete,
    Insert,
    NotFound,
    Operation,
    PreconditionFailed,
    Replace,
    Upsert,
)
from shared.tables.schema.base import CONTACTS
from shared.tables.schema.contacts import NOTE, NOTED, USER
from shared.words import collapse, words_of

MAX_NOTES = 10  # on one person
MAX_CHARACTERS = 300
MAX_DAYS = 365
DEFAULT_DAYS = 30
_ATTEMPTS = 6
_JOINERS = "\u200c\u200d"  # within words of Persian and Hindi, and within emoji


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A note. `author` is the name of the agent with the object ID `author_id` who last wrote it; times are RFC 3339."""

    id: str
    text: str
    author: str
    author_id: str
    changed: str
    expires: str
    unknown_fields: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def version(self) -> str:
        """Return a fingerprint of the note, by which a change by another agent is detected."""
        return hashlib.blake2s(encode(self), digest_size=8).hexdigest()


@dataclass(frozen=True, slots=True)
class Draft:
    """The text and expiry of a note as an agent sends them; the expiry is "" for the default lifetime."""

    text: str
    expires: str = ""


class NoteChanged(Exception):
    """Raised when another agent changed the note since it was read; `note` is its current version, None if it was removed."""

    def __init__(self, note: Note | None) -> None:
        super().__init__()
        self.note = note


def notes_of(app: App, user: StoredUser) -> list[Note]:
    """Return the notes on a user that have not expired, oldest first."""
    now = timestamp(app.clock.now())
    found = [decode(NOTE.parts_of(row.key)[2], row.value) for row in user.notes]
    return [note for note in found if note.expires > now]


def may_change(note: Note, person: Principal) -> bool:
    """Return whether the signed-in user may change or remove a note: its author and administrators may."""
    return person.is_admin or (person.object_id != "" and note.author_id == person.object_id)


async def add(app: App, directory: Directory, person_id: str, actor: Actor, draft: Draft) -> Note:
    """Store a new note and its audit event in one transaction, after one read.

    Raises:
        HttpError: 400 for an invalid draft, 404 for a person who isn't shown, 409 if there are MAX_NOTES already.
    """
    note = _written(app, new_id(app.clock), actor, draft)

    def alter(notes: list[Note]) -> list[Note]:
        if len(notes) >= MAX_NOTES:
            raise HttpError(409, Message("notes_full", most=MAX_NOTES))
        return [*notes, note]

    act = Act("note.added", note.id, new={"expires": note.expires})
    await _change(app, directory, person_id, actor, act, alter)
    return note


@dataclass(frozen=True, slots=True)
class Target:
    """The note to change; `version` is the version that the agent has seen, "" for any."""

    person_id: str
    note_id: str
    version: str = ""

    def found(self, notes: Sequence[Note], person: Principal) -> Note:
        """Return this note of `notes`.

        Raise NoteChanged if it was changed or removed, HttpError 403 if the user may not change it.
        """
        note = next((one for one in notes if one.id == self.note_id), None)
        if note is None or self.version not in ("", note.version):
            raise NoteChanged(note)
        if not may_change(note, person):
            raise HttpError(403, Message("note_of_another"))
        return note


async def change(
    app: App, directory: Directory, target: Target, person: Principal, actor: Actor, draft: Draft
) -> Note:
    """Store a new text and expiry of a note together with the audit event.

    Raises:
        HttpError: As for `add`, and 403 for another agent's note.
        NoteChanged: The note isn't the version that the agent has seen.
    """
    note = _written(app, target.note_id, actor, draft)

    def alter(notes: list[Note]) -> list[Note]:
        before = target.found(notes, person)
        after = replace(note, unknown_fields=before.unknown_fields)
        return [after if one is before else one for one in notes]

    act = Act("note.changed", note.id, new={"expires": note.expires})
    await _change(app, directory, target.person_id, actor, act, alter)
    return note


async def remove(
    app: App, directory: Directory, target: Target, person: Principal, actor: Actor
) -> None:
    """Remove a note and store the audit event. Raise the same errors as `change`."""

    def alter(notes: list[Note]) -> list[Note]:
        note = target.found(notes, person)
        return [one for one in notes if one is not note]

    act = Act("note.removed", target.note_id)
    await _change(app, directory, target.person_id, actor, act, alter)


async def _change(
    app: App,
    directory: Directory,
    person_id: str,
    actor: Actor,
    act: Act,
    alter: Callable[[list[Note]], list[Note]],
) -> None:
    for _ in range(_ATTEMPTS):
        user = await store.get(app, directory.id, person_id)
        if user is None or not user.record.active:
            raise HttpError(404, Message("contact_not_found"))
        after = alter(notes_of(app, user))
        events = audit.new_events(app.clock, actor, [act], directory.id, directory.name)
        operations = [*_operations(user, after), *audit_relay.outbox_rows(events)]
        try:
            await app.tables.transact(CONTACTS, directory.id, operations)
        except (AlreadyExists, NotFound, PreconditionFailed):
            continue  # another agent or a SCIM client came first
        await audit_relay.relay(app, Outbox(CONTACTS, directory.id), events)
        return
    raise HttpError(409, Message("note_contended"))


def _operations(user: StoredUser, after: Sequence[Note]) -> list[Operation]:
    """Return operations that replace the notes on a user with `after`, which removes expired notes."""
    key = USER.key(user.id)
    operations: list[Operation] = [Replace(key, models.encode(user.record), user.tag)]
    before = {row.key: row for row in user.notes}
    values = {NOTE.key(user.id, note.id): encode(note) for note in after}
    for name, value in values.items():
        if name not in before:
            operations.append(Insert(name, value))
        elif before[name].value != value:
            operations.append(Replace(name, value, before[name].etag))
    operations += [Delete(row.key, row.etag) for name, row in before.items() if name not in values]
    if after:
        operations.append(Upsert(NOTED.key(user.id), encode_noted(after)))
    elif before:
        operations.append(Delete(NOTED.key(user.id)))
    return operations


async def remove_ended(app: App, directory: Directory, person_id: str) -> None:
    """Remove the rows of expired notes, unless another writer changed the user at the same time."""
    user = await store.get(app, directory.id, person_id)
    if user is None or not user.notes:
        return
    with contextlib.suppress(AlreadyExists, NotFound, PreconditionFailed):
        operations = _operations(user, notes_of(app, user))
        await app.tables.transact(CONTACTS, directory.id, operations)


def _written(app: App, identifier: str, actor: Actor, draft: Draft) -> Note:
    """Return the note of a draft with the signed-in user as its author; raise HttpError 400 if the draft is invalid."""
    text = _plain(draft.text)
    if not any(map(str.isprintable, text.replace(" ", ""))):
        raise HttpError(400, Message("note_empty"), field="text")
    if len(text) > MAX_CHARACTERS:
        message = Message("note_too_long", count=len(text), most=MAX_CHARACTERS)
        raise HttpError(400, message, field="text")
    now = app.clock.now()
    expires = now + timedelta(days=DEFAULT_DAYS)
    if draft.expires:
        try:
            expires = parse_timestamp(draft.expires)
        except ValueError:
            raise HttpError(400, Message("note_end", most=MAX_DAYS), field="expires") from None
    if not now < expires <= now + timedelta(days=MAX_DAYS, minutes=5):
        raise HttpError(400, Message("note_end", most=MAX_DAYS), field="expires")
    return Note(
        id=identifier,
        text=text,
        author=actor.name,
        author_id=actor.id,
        changed=timestamp(now),
        expires=timestamp(expires),
    )


def _plain(text: str) -> str:
    """Return a text on one line, without control and format characters, because they are invisible."""
    words = " ".join(text.split())
    return "".join(
        c for c in words if c in _JOINERS or unicodedata.category(c) not in ("Cc", "Cf", "Cs")
    )


def encode(note: Note) -> bytes:
    """Encode a note as the value of its row; the note's ID is part of the row's key."""
    return orjson.dumps({**row_versions.as_row(note, "id"), "v": 1})


def decode(identifier: str, value: bytes) -> Note:
    """Decode a row value that `encode` returned; raise UnsupportedRowVersion if a later release wrote it."""
    note: Note = row_versions.build(Note, {**row_versions.decode(value, "note"), "id": identifier})
    return note


@dataclass(frozen=True, slots=True)
class Noted:
    """The words of all notes on a person, folded for searches, and when the first note expires."""

    words: tuple[str, ...]
    expires: str


def encode_noted(notes: Sequence[Note]) -> bytes:
    """Encode the value of the row by which the notes on a person are searched."""
    words = dict.fromkeys(collapse(word) for note in notes for word in words_of(note.text))
    expires = min(note.expires for note in notes)
    return orjson.dumps({"v": 1, "words": list(words), "expires": expires})


def decode_noted(value: bytes) -> Noted:
    """Decode a row value that `encode_noted` returned; raise UnsupportedRowVersion if a later release wrote it."""
    row = row_versions.decode(value, "words of notes")
    return Noted(tuple(row["words"]), row["expires"])
