"""The card of a person: the part shown in lists, searches and number lookups, stored in index rows."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter
from typing import Any, NamedTuple, TypedDict

import orjson

from shared import row_versions
from shared.words import search_key, words_of

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
_MAX_LENGTH = 300  # characters of each part: every row by which the person is found holds a card
_MAX_OTHER_LENGTH = 100  # of a part by which the person is found but that no list shows
RULES = 2  # of the terms in the keys of the rows that hold the card
_FIRST_WORD = re.compile(r"[^\W_]+")
_FIRST_APOSTROPHES = str.maketrans("", "", "'’ʼ`´")


class AttributeTexts(TypedDict, total=False):
    """Attributes of a SCIM user that the contacts API copies unchanged, with their SCIM names."""

    organization: str
    division: str
    preferredLanguage: str


# The schema extension of each of them; "" for an attribute of the User schema itself.
SCHEMA_OF = {"organization": ENTERPRISE, "division": ENTERPRISE, "preferredLanguage": ""}
# Those that the page of a person shows with a label, `detail_…` in shared/locales/.
LABELLED = ("division",)


class Names(NamedTuple):
    """The names of a person. A search caches its comparisons by this value, because many people have equal names."""

    shown: str
    given: str = ""
    family: str = ""
    others: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """The card of the person `id`: names and title as sent; `number` in E.164 form if it could be converted, else as sent.

    In number rows only, `extension` is the extension of the number by which the row is found, and `key_kind` the kind
    of the row's key. `given`, `family`, `other_names` (middle name, nickname, further words of the formatted name),
    `organization`, `place` (city and office) and `employee_number` are used only for searching. `rules` is the
    version of the rules that derived the key of the row (`search_terms`); the first release wrote cards without it.
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
    given: str = ""
    family: str = ""
    other_names: str = ""
    organization: str = ""
    place: str = ""
    employee_number: str = ""
    rules: int = RULES

    @property
    def names(self) -> Names:
        """The names as one value."""
        return Names(self.name, self.given, self.family, self.other_names)

    @property
    def texts(self) -> tuple[str, ...]:
        """The texts whose words find the person, in addition to the names and addresses."""
        return self.title, self.department, self.employee_number, *self.further_texts

    @property
    def addresses(self) -> tuple[str, str]:
        """The e-mail address and the user name."""
        return self.mail, self.user_name

    @property
    def further_texts(self) -> tuple[str, ...]:
        """Return the texts with words that find the person although no list shows them."""
        return self.organization, self.place

    def words_of_first_rules(self) -> list[str]:
        """Return the words by which index rows of the first release find the person."""
        texts = (self.name, self.title, self.department)
        found = dict.fromkeys(word for text in texts for word in _words_of_first_rules(text))
        for address in (self.mail, self.user_name):
            if address:
                found[search_key(address)] = None
                found.update(dict.fromkeys(_words_of_first_rules(address.partition("@")[0])))
        return list(found)


def _words_of_first_rules(text: str) -> list[str]:
    return _FIRST_WORD.findall(search_key(text.translate(_FIRST_APOSTROPHES))) if text else []


_LETTERS = {
    "n": "name",
    "t": "title",
    "d": "department",
    "m": "mail",
    "u": "user_name",
    "p": "number",
    "x": "external_id",
    "e": "extension",
    "f": "family",
    "a": "other_names",
    "o": "organization",
    "l": "place",
    "i": "employee_number",
    "k": "key_kind",
}


_stored_parts = attrgetter(*_LETTERS.values())


def encode(card: Card) -> bytes:
    """Encode the card as a row's value, without empty parts and without the id, which is in the row's key."""
    parts: dict[str, str | int] = {
        letter: value for letter, value in zip(_LETTERS, _stored_parts(card), strict=True) if value
    }
    # Most display names are given and family name: then only the length of the first is stored.
    if card.given and card.name == f"{card.given} {card.family}":
        parts["g"] = len(card.given)
        parts.pop("f", None)
    elif card.given:
        parts["g"] = card.given
    return orjson.dumps({"v": 1, **parts, "r": card.rules})


def with_number_key(card: bytes, extension: str, key_kind: str) -> bytes:
    """Return an encoded card with the extension and the kind of key of a number row added, without encoding it again."""
    return card[:-1] + _number_key(extension, key_kind)


@lru_cache(maxsize=1024)
def _number_key(extension: str, key_kind: str) -> bytes:
    """Return the end of a number row's value, after the parts that all rows of the card have."""
    parts = {"e": extension, "k": key_kind} if extension else {"k": key_kind}
    return b"," + orjson.dumps(parts)[1:]


_NEXT = b'","'  # ends a text in JSON; in a text, a quotation mark follows a backslash


class EncodedCard:
    """A row's value, decoded only as far as a search compares people, because most rows of a search are rejected.

    Its properties are those of `Card`.
    """

    __slots__ = ("_folded", "_parts", "_value", "names")

    def __init__(self, value: bytes) -> None:
        self._value = value
        self._folded: bytes | None = None  # the result of `_fold`, once it is needed
        parts = self._parts = row_versions.decode(value, "card")
        get = parts.get
        shown, given, family = get("n", ""), get("g", ""), get("f", "")
        if isinstance(given, int):
            given, family = shown[:given], shown[given + 1 :]
        self.names = Names(shown, given, family, get("a", ""))

    @property
    def texts(self) -> tuple[str, ...]:
        """The texts whose words find the person, in addition to the names and addresses."""
        get = self._parts.get
        return get("t", ""), get("d", ""), get("i", ""), get("o", ""), get("l", "")

    @property
    def addresses(self) -> tuple[str, str]:
        """The e-mail address and the user name."""
        get = self._parts.get
        return get("m", ""), get("u", "")

    @property
    def number(self) -> str:
        """The main number."""
        return str(self._parts.get("p", ""))

    @property
    def external_id(self) -> str:
        """The external ID, by which the person's presence is found."""
        return str(self._parts.get("x", ""))

    def may_hold(self, word: bytes) -> bool:
        """Return False only if the value after the shown name certainly lacks `word`, which is lower-case ASCII.

        If that part has an apostrophe or a letter outside ASCII, return True, because it may spell the word
        differently.
        """
        folded = self._folded
        if folded is None:
            folded = self._folded = self._fold()
        return word in folded or not folded

    def _fold(self) -> bytes:
        """Return the value after the shown name in lower case, or b"" if it may spell a word differently."""
        start = self._value.find(_NEXT) if self.names.shown else 0
        rest = self._value[start:]
        is_plain = rest.isascii() and b"'" not in rest and b"`" not in rest
        return rest.lower() if is_plain else b""

    def card(self, identifier: str) -> Card:
        """Decode the whole card, which is that of the person `identifier`."""
        parts, (_, given, family, _) = self._parts, self.names
        found = {name: parts.get(letter, "") for letter, name in _LETTERS.items()}
        found |= {"given": given, "family": family}
        return Card(id=identifier, rules=parts.get("r", 1), **found)


def decode(identifier: str, value: bytes) -> Card:
    """Decode a row's value into the card of the person `identifier`."""
    return EncodedCard(value).card(identifier)


def card_of(identifier: str, resource: dict[str, Any], number: str) -> Card:
    """Return the card of a SCIM user in canonical form; `number` is the user's main number."""
    name, enterprise = resource.get("name", {}), resource.get(ENTERPRISE, {})
    shown = display_name(resource)[:_MAX_LENGTH]
    given = str(name.get("givenName") or "")[:_MAX_OTHER_LENGTH]
    family = str(name.get("familyName") or "")[:_MAX_OTHER_LENGTH]
    return Card(
        id=identifier,
        name=shown,
        title=resource.get("title", "")[:_MAX_LENGTH],
        department=enterprise.get("department", "")[:_MAX_LENGTH],
        mail=work_mail(resource)[:_MAX_LENGTH],
        user_name=resource["userName"][:_MAX_LENGTH],
        number=number[:_MAX_LENGTH],
        external_id=resource.get("externalId", "")[:_MAX_LENGTH],
        given=given,
        family=family,
        other_names=_other_names(resource, f"{shown} {given} {family}"),
        organization=str(enterprise.get("organization") or "")[:_MAX_OTHER_LENGTH],
        place=_place(resource["addresses"])[:_MAX_OTHER_LENGTH] if "addresses" in resource else "",
        employee_number=str(enterprise.get("employeeNumber") or "")[:_MAX_OTHER_LENGTH],
    )


def _other_names(resource: dict[str, Any], known: str) -> str:
    """Return the words of the person's other names that `known` lacks."""
    name = resource.get("name", {})
    others = (resource.get("nickName"), name.get("middleName"), name.get("formatted"))
    further_texts = [str(one) for one in others if one and one not in known]
    if not further_texts:
        return ""
    text = " ".join(further_texts)
    own = set(words_of(known))
    further = dict.fromkeys(word for word in text.split() if not own.issuperset(words_of(word)))
    return " ".join(further)[:_MAX_OTHER_LENGTH]


def _place(addresses: list[dict[str, Any]]) -> str:
    """Return city and office of the work address.

    Entra maps physicalDeliveryOfficeName to `formatted`.
    """
    for address in _by_worth(addresses):
        city, office = str(address.get("locality") or ""), str(address.get("formatted") or "")
        if city or office:
            return f"{city} {office}" if office != city else city
    return ""


def display_name(resource: dict[str, Any]) -> str:
    """Return displayName, else the formatted name, else given and family name, else the user name."""
    if (shown := str(resource.get("displayName") or "")).strip():
        return shown
    name = resource.get("name", {})
    parts = [part for part in (name.get("givenName"), name.get("familyName")) if part]
    return str(name.get("formatted") or " ".join(parts) or resource["userName"])


def work_mail(resource: dict[str, Any]) -> str:
    """Return the work e-mail address, else the primary one, else the first."""
    return next(
        (str(mail["value"]) for mail in _by_worth(resource.get("emails", [])) if mail.get("value")),
        "",
    )


def numbers(resource: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the phone numbers, main number first: work numbers, then the primary one, then the others as sent."""
    return [number for number in _by_worth(resource.get("phoneNumbers", [])) if number.get("value")]


def _by_worth(elements: list[dict[str, Any]]) -> list[dict[str, Any]]:
    if len(elements) < 2:
        return elements

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
    """Yield every e-mail address of the person."""
    return (str(mail["value"]) for mail in resource.get("emails", []) if mail.get("value"))


def manager_value(resource: dict[str, Any]) -> str:
    """Return the value of a user's `manager`, else the last part of its `$ref`; "" if there is none."""
    manager = resource.get(ENTERPRISE, {}).get("manager", {})
    return str(manager.get("value") or manager.get("$ref", "").rstrip("/").rpartition("/")[2])
