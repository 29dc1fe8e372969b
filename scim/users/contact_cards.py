"""The card of a person: what a list, a search or a number lookup shows, answered from the index row alone."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from shared import row_versions
from shared.keys import search_key

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
_MOST = 300  # characters of each part: a card stands in every row by which the person is found
_WORD = re.compile(r"[^\W_]+")
_APOSTROPHES = str.maketrans("", "", "'’ʼ`´")


@dataclass(frozen=True, slots=True)
class Card:
    """The person `id`: names and title as sent, `number` in E.164 where it could be derived, else as sent.

    `extension` is that of the number that led to the card, and `key_kind` the kind of its key, in number rows only.
    """

    id: str
    name: str
    title: str = ""
    department: str = ""
    mail: str = ""
    user_name: str = ""
    number: str = ""
    external_id: str = ""
    extension: str = ""
    key_kind: str = ""

    def words(self) -> list[str]:
        """The folded words under which the person is found, most telling first, none twice."""
        texts = (self.name, self.title, self.department)
        found = dict.fromkeys(word for text in texts for word in words_of(text))
        for address in (self.mail, self.user_name):
            if address:
                found[search_key(address)] = None
                found.update(dict.fromkeys(words_of(address.partition("@")[0])))
        return list(found)


def words_of(text: str) -> list[str]:
    """The folded words of `text`; an apostrophe joins (`O'Brien` -> `obrien`), a hyphen divides."""
    return _WORD.findall(search_key(text.translate(_APOSTROPHES))) if text else []


_LETTERS = {
    "n": "name",
    "t": "title",
    "d": "department",
    "m": "mail",
    "u": "user_name",
    "p": "number",
    "x": "external_id",
    "e": "extension",
    "k": "key_kind",
}


def encode(card: Card) -> bytes:
    """The card as a row's value; empty parts are left out, the id is in the row's key."""
    parts = {letter: value for letter, name in _LETTERS.items() if (value := getattr(card, name))}
    return orjson.dumps({"v": 1, **parts})


def with_number_key(card: bytes, extension: str, key_kind: str) -> bytes:
    """Return an encoded card with the extension of a number and the kind of its key, without encoding it again."""
    parts = {"e": extension, "k": key_kind} if extension else {"k": key_kind}
    return card[:-1] + b"," + orjson.dumps(parts)[1:]


def decode(identifier: str, value: bytes) -> Card:
    """The card of the person `identifier` from a row's value."""
    parts = row_versions.read(value, "card")
    return Card(identifier, **{name: parts.get(letter, "") for letter, name in _LETTERS.items()})


def card_of(identifier: str, resource: dict[str, Any], number: str) -> Card:
    """The card of a SCIM user (canonical form) whose main number is `number`."""
    return Card(
        identifier,
        display_name(resource)[:_MOST],
        resource.get("title", "")[:_MOST],
        resource.get(ENTERPRISE, {}).get("department", "")[:_MOST],
        work_mail(resource)[:_MOST],
        resource["userName"][:_MOST],
        number[:_MOST],
        resource.get("externalId", "")[:_MOST],
    )


def display_name(resource: dict[str, Any]) -> str:
    """How a person is shown: displayName, else the formatted name, else given and family name, else the user name."""
    if (shown := str(resource.get("displayName") or "")).strip():
        return shown
    name = resource.get("name", {})
    parts = [part for part in (name.get("givenName"), name.get("familyName")) if part]
    return str(name.get("formatted") or " ".join(parts) or resource["userName"])


def work_mail(resource: dict[str, Any]) -> str:
    """The e-mail address for work, else the primary one, else the first."""
    return next(
        (str(mail["value"]) for mail in _by_worth(resource.get("emails", [])) if mail.get("value")),
        "",
    )


def numbers(resource: dict[str, Any]) -> list[dict[str, Any]]:
    """The phone numbers, the main one first: work, then primary, then as sent."""
    return [number for number in _by_worth(resource.get("phoneNumbers", [])) if number.get("value")]


def _by_worth(elements: list[dict[str, Any]]) -> list[dict[str, Any]]:
    def worth(element: dict[str, Any]) -> int:
        return (
            0
            if str(element.get("type", "")).lower() == "work"
            else 1
            if element.get("primary")
            else 2
        )

    return sorted(elements, key=worth)


def addresses(resource: dict[str, Any]) -> Iterator[str]:
    """Every e-mail address of the person."""
    return (str(mail["value"]) for mail in resource.get("emails", []) if mail.get("value"))


def manager_value(resource: dict[str, Any]) -> str:
    """Return what a user's `manager` says: its value, else the end of its `$ref`; "" if there is none."""
    manager = resource.get(ENTERPRISE, {}).get("manager", {})
    return str(manager.get("value") or manager.get("$ref", "").rstrip("/").rpartition("/")[2])
