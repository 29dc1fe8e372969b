"""Checks one attribute's value as a client sent it (RFC 7643 section 2.3), and converts it to canonical form.

None means "unassigned".
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from scim.core import interop
from scim.core.attributes import Attribute
from scim.core.errors import ScimError, bad_value
from scim.core.notes import Notes
from shared.messages import Message

# Values of one attribute: many times the real maximum. Comparing all pairs must not delay other
# requests.
MAX_VALUES = 500
_BASE64 = re.compile(r"[A-Za-z0-9+/_\-=\s]*")
_JSON_TYPES = {
    bool: Message("true_or_false"),
    int: Message("a_number"),
    float: Message("a_number"),
    str: Message("text"),
    list: Message("an_array"),
    dict: Message("an_object"),
}
AN_OBJECT = Message("object_with_subs")
# Sub-attributes that say nothing about a value by themselves.
_QUALIFIERS = frozenset(("type", "primary"))


def parse_value(attribute: Attribute, value: object, notes: Notes | None = None) -> Any:
    """Return the canonical value of an attribute: None if unassigned, a list if the attribute is multi-valued.

    Unknown sub-attributes are added to `notes`. Raise ScimError invalidValue, whose message names the fault.
    """
    if attribute.is_plain_text and type(value) is str and value and value.isascii():
        return value  # as nearly all are
    if attribute.multi_valued and type(value) is list:
        return parse_elements(attribute, value, notes)
    if type(value) is dict and attribute.type == "complex" and not attribute.multi_valued:
        return _parse_complex(attribute, value, notes)
    if type(value) is bool and attribute.type == "boolean":
        return value
    if interop.is_empty(value):
        return None
    if attribute.multi_valued:
        return parse_elements(attribute, value, notes)
    if isinstance(value, list | dict):
        value = single_value(attribute, value)
    return parse_single(attribute, value, notes)


def single_value(attribute: Attribute, value: object) -> object:
    """Return the value sent for a singular attribute; unwrap an array of one, and an object with only `value`.

    Raise ScimError invalidValue for an array of several.
    """
    if isinstance(value, list):
        sent = [element for element in value if element is not None]
        if len(sent) != 1:
            raise bad_value(attribute.path, "several_for_one", count=len(sent))
        value = interop.only_element(attribute, sent[0])
    elif attribute.name != "userName":  # by which people are matched
        value = interop.only_element(attribute, value)
    return interop.boolean_object(attribute, value) if attribute.type == "boolean" else value


def parse_single(attribute: Attribute, value: object, notes: Notes | None = None) -> Any:
    """Return one canonical value of an attribute, or None if it is unassigned."""
    if value is None or value == "":
        return None
    if attribute.type == "complex":
        return _parse_complex(attribute, value, notes)
    return _READERS[attribute.type](attribute, value)


def parse_elements(
    attribute: Attribute, value: object, notes: Notes | None = None
) -> list[Any] | None:
    """Return the values of a multi-valued attribute in order, without duplicates and with at most one primary value."""
    values = value if isinstance(value, list) else sent_elements(attribute, value)
    check_count(attribute, len(values))
    parsed = [parse_single(attribute, element, notes) for element in values]
    return normalize_multi_valued([element for element in parsed if element is not None])


def sent_elements(attribute: Attribute, value: object) -> list[Any]:
    """Return the elements of an array, or one element that was sent without the array.

    Raise ScimError invalidValue if the value is ambiguous.
    """
    elements = interop.elements(attribute, value)
    if elements is None:
        raise wrong_type(attribute, value, Message("an_array"))
    return elements


def check_count(attribute: Attribute, count: int) -> None:
    """Raise invalidValue for too many values. There is no limit for members of a group, because they are separate rows."""
    if count > MAX_VALUES and attribute.name != "members":
        raise bad_value(attribute.path, "too_many_values", count=count, most=MAX_VALUES)


def normalize_multi_valued(elements: list[Any]) -> list[Any] | None:
    """Return the elements as RFC 7643 section 2.4 requires: no duplicates, one primary, none with only type and primary.

    Return None if none is left.
    """
    remaining = [element for element in elements if not has_only_qualifiers(element)]
    if len(remaining) > 1:
        remaining = _distinct(remaining)
    return remaining or None


def has_only_qualifiers(element: Any) -> bool:
    """Return whether a complex element has no sub-attributes other than `type` and `primary`."""
    return isinstance(element, dict) and element.keys() <= _QUALIFIERS


def _distinct(elements: list[Any]) -> list[Any]:
    """Return the elements without duplicates; only the first primary element stays primary."""
    indexes: dict[Any, int] = {}
    distinct: list[Any] = []
    primary = False
    for element in elements:
        identity = _identity(element)
        if isinstance(element, dict) and element.get("primary") is True:
            if primary:
                element = {**element, "primary": False}
            primary = True
        index = indexes.setdefault(identity, len(distinct))
        if index == len(distinct):
            distinct.append(element)
        elif isinstance(element, dict) and element.get("primary") is True:
            distinct[index] = element
    return distinct


def _identity(element: Any) -> Any:
    if not isinstance(element, dict):
        return element
    return frozenset([item for item in element.items() if item[0] != "primary"])


def wrong_type(attribute: Attribute, value: object, wanted: Message) -> ScimError:
    """Return the error for a value of the wrong JSON type."""
    got = _JSON_TYPES.get(type(value), Message("something_else"))
    return bad_value(attribute.path, "wrong_type", got=got, wanted=wanted)


def _parse_string(attribute: Attribute, value: object) -> str:
    if not isinstance(value, str):
        number = interop.number_text(attribute, value)
        if number is not None:
            return number
        raise wrong_type(attribute, value, Message("quoted_text"))
    if not value.isascii() and not is_encodable(value):
        raise bad_value(attribute.path, "surrogate")
    return value


def is_encodable(text: str) -> bool:
    """Return whether the text can be encoded as UTF-8; text with lone surrogates can't."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _parse_boolean(attribute: Attribute, value: object) -> bool:
    if isinstance(value, bool):
        return value
    parsed = interop.boolean_value(value)
    if parsed is None:
        raise bad_value(attribute.path, "no_boolean")
    return parsed


def _parse_number(attribute: Attribute, value: object) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise wrong_type(attribute, value, Message("a_number"))
    return value


def _parse_date_time(attribute: Attribute, value: object) -> str:
    if not isinstance(value, str):
        raise wrong_type(attribute, value, Message("a_date_time"))
    if parse_date_time(value) is None:
        raise bad_value(attribute.path, "no_date_time")
    return value


def parse_date_time(text: object) -> datetime | None:
    """Parse an xsd:dateTime (RFC 7643 section 2.3.5); return None if it is malformed.

    A time without an offset is UTC.
    """
    if not isinstance(text, str) or not text.isascii():
        return None
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        return None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def _parse_binary(attribute: Attribute, value: object) -> str:
    if not isinstance(value, str):
        raise wrong_type(attribute, value, Message("a_base64"))
    if not _BASE64.fullmatch(value):
        raise bad_value(attribute.path, "no_base64")
    return value


def _parse_complex(
    attribute: Attribute, value: object, notes: Notes | None
) -> dict[str, Any] | None:
    if not isinstance(value, dict) or attribute.name == "manager":
        value = interop.complex_value(attribute, value)
        if not isinstance(value, dict):
            raise wrong_type(attribute, value, AN_OBJECT)
    result: dict[str, Any] = {}
    known = False
    for name, part in value.items():
        sub = attribute.subs.get(name) or attribute.subs.get(name.lower())
        if sub is None:
            known = _is_common(attribute, name, part, notes) or known
            continue
        known = True
        if type(part) is str and sub.is_plain_text and sub.is_stored and part and part.isascii():
            result[sub.name] = part
        elif sub.mutability != "readOnly":
            parsed = parse_value(sub, part, notes)
            if parsed is not None:
                result[sub.name] = parsed
    if not known:
        _check_assigns_nothing(attribute, value)
    return result or None


def _is_common(attribute: Attribute, name: str, part: object, notes: Notes | None) -> bool:
    """Return whether the name is that of a sub-attribute which every multi-valued attribute has.

    If it isn't, add it to `notes` as an unknown name, unless its value `part` is empty.
    """
    if attribute.multi_valued and name.lower() in interop.COMMON_SUB_ATTRIBUTES:
        return True
    if notes is not None and not interop.is_empty(part):
        notes.add_unknown(f"{attribute.path}.{name}")
    return False


def _check_assigns_nothing(attribute: Attribute, value: dict[str, Any]) -> None:
    """Raise invalidValue for an object without a known sub-attribute, unless it is empty."""
    if not all(map(interop.is_empty, value.values())):
        raise bad_value(
            attribute.path,
            "no_sub_attribute",
            name=next(iter(value))[:60],
            known=", ".join(sub.name for sub in attribute.subs.values()),
        )


_READERS: dict[str, Callable[[Attribute, object], Any]] = {
    "string": _parse_string,
    "reference": _parse_string,
    "boolean": _parse_boolean,
    "integer": _parse_number,
    "decimal": _parse_number,
    "dateTime": _parse_date_time,
    "binary": _parse_binary,
}
