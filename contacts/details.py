"""All details of one person that an agent may see."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from contacts.notes import Note, notes_of
from directories.models import Directory
from scim.groups import models as groups
from scim.users import contact_cards, index_rows, store
from scim.users.contact_cards import LABELLED, SCHEMA_OF
from scim.users.managers import Manager, find_manager
from scim.users.models import UserRecord
from shared.app import App
from shared.concurrency import each
from shared.http import HttpError
from shared.messages import CodeFamily, Message
from shared.numbers.number import Number
from shared.tables.schema.base import CONTACTS
from shared.tables.schema.contacts import GROUP
from shared.words import search_key

_MAX_GROUPS = 50
MAX_ZONE = 64  # characters of the name of a time zone


DETAIL = CodeFamily("detail_", LABELLED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A person: the stored user, the card, phone numbers with their types (main one first), and groups as (id, name).

    `manager` is the active person to whom the user's attribute `manager` refers, or None. `notes` are the agents'
    notes.
    """

    directory: Directory
    user: UserRecord
    card: contact_cards.Card
    numbers: list[tuple[str, Number]]
    groups: list[tuple[str, str]]
    manager: Manager | None = None
    notes: Sequence[Note] = ()


async def read_contact(app: App, directory: Directory, contact_id: str) -> Person:
    """Return the person with this id.

    Round trips: one; then, at the same time, one for each of the first 50 groups and one for the manager (two if the
    manager isn't referred to by id). Raise HttpError 404 if the person isn't shown to agents.
    """
    stored = await store.get(app, directory.id, contact_id)
    if stored is None or not stored.record.active:
        raise HttpError(404, Message("contact_not_found"))
    user = stored.record
    numbers = index_rows.derived(user, directory.region)
    named, manager = await asyncio.gather(
        _named(app, directory, stored.groups[:_MAX_GROUPS]),
        find_manager(app, directory.id, contact_cards.manager_value(user.resource)),
    )
    return Person(
        directory=directory,
        user=user,
        card=index_rows.card_of(user, numbers),
        numbers=numbers,
        groups=named,
        manager=manager,
        notes=notes_of(app, stored),
    )


async def _named(app: App, directory: Directory, group_ids: Iterable[str]) -> list[tuple[str, str]]:
    async def name(group_id: str) -> tuple[str, str]:
        row = await app.tables.get(CONTACTS, directory.id, GROUP.key(group_id))
        return group_id, groups.decode(group_id, row.value).shown_name if row else ""

    found = [(group_id, name) for group_id, name in await each(group_ids, name) if name]
    return sorted(found, key=lambda group: (search_key(group[1]), group[0]))


def details(person: Person) -> dict[str, Any]:
    """Return the members of a contact's JSON that its card doesn't have."""
    resource = person.user.resource
    found = {
        "name": resource.get("name"),
        **_attribute_texts(resource),
        "manager": person.manager.name if person.manager else None,
        "managerId": person.manager.id if person.manager else None,
        "office": person.card.place,
        "timeZone": time_zone(resource),
    }
    return {
        **{name: value for name, value in found.items() if value},
        "emails": [_mail(mail) for mail in resource.get("emails", []) if mail.get("value")],
        "numbers": [_number(kind, number) for kind, number in person.numbers],
        "groups": [{"id": group_id, "displayName": name} for group_id, name in person.groups],
        "lastModified": person.user.modified,
    }


def _attribute_texts(resource: dict[str, Any]) -> dict[str, str]:
    parts = {name: resource.get(urn, {}) if urn else resource for name, urn in SCHEMA_OF.items()}
    return {name: str(part.get(name) or "") for name, part in parts.items()}


def labelled(person: Person) -> list[tuple[str, str]]:
    """Return (name, value) for each attribute that the card shows with a label; the value is "" if absent."""
    texts = _attribute_texts(person.user.resource)
    return [(name, texts[name]) for name in LABELLED]


def time_zone(resource: dict[str, Any]) -> str:
    """Return the person's time zone as a tz database name (RFC 7643 section 4.1.1); "" if it is missing or unknown."""
    text = str(resource.get("timezone") or "")
    if not text or len(text) > MAX_ZONE:
        return ""
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(text).key
    except (ValueError, OSError):  # a name that isn't in the database, or no name at all
        return ""


def _mail(mail: dict[str, Any]) -> dict[str, str]:
    return {"value": mail["value"], "type": mail.get("type", "")}


def _number(kind: str, number: Number) -> dict[str, Any]:
    return {
        "value": number.raw,
        "type": kind,
        "e164": number.e164,
        "extension": number.extension,
        **({"fault": number.fault.text()} if number.fault else {}),
    }
