"""Parses the paths of PATCH operations (RFC 7644 section 3.5.2, figure 7)."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from scim.core import interop
from scim.core.attributes import Attribute, ResourceType, Target
from scim.core.errors import ScimError, UnknownAttribute, bad_path
from scim.core.filter_ast import Node, element_terms
from scim.core.filters import KEPT_CHARACTERS
from scim.core.lexer import MAX_CHARACTERS
from scim.core.parser import MAX_PATH_TERMS, Parser
from shared.messages import Message

_NAME = r"[A-Za-z$][\w$-]*"
_ATTRIBUTE_NAME = re.compile(_NAME)
_WELL_FORMED = re.compile(rf"(?:urn:[^\s\[\]()\"]+|{_NAME}(?:\.{_NAME})?)", re.IGNORECASE)
_BELOW_URN = re.compile(rf"(?:[:.]{_NAME})+")


@dataclass(frozen=True, slots=True)
class Selection:
    """The filter in a path's brackets.

    `matches` tests an element, `terms` are the values that an element must have to be selected, and
    `comparisons` is the number of comparisons per element.
    """

    node: Node
    matches: Callable[[dict[str, Any]], bool]
    terms: tuple[tuple[str, Any], ...] | None
    comparisons: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """A parsed path. `attribute` is None if the path is a schema's URN; `extension` is "" for the core schema."""

    text: str
    extension: str
    attribute: Attribute | None
    selection: Selection | None
    sub: Attribute | None


def parse_path(text: str, resource_type: ResourceType) -> Path:
    """Parse a path: an attribute or sub-attribute, with or without brackets and URN, or a URN alone.

    Raises:
        ScimError: invalidPath if it is malformed, its subclass UnknownAttribute if the resource
            type lacks the attribute, invalidFilter for a fault in its brackets.
    """
    return (
        _parse_cached(text, resource_type)
        if len(text) <= KEPT_CHARACTERS
        else _parse(text, resource_type)
    )


@lru_cache(maxsize=2048)
def _parse_cached(text: str, resource_type: ResourceType) -> Path:
    return _parse(text, resource_type)


def _parse(text: str, resource_type: ResourceType) -> Path:
    text = text.strip()
    target = resource_type.find(text) or interop.value_target(text, resource_type)
    if target is not None:
        return Path(
            text=text,
            extension=target.extension,
            attribute=target.attribute,
            selection=None,
            sub=target.sub,
        )
    if len(text) > MAX_CHARACTERS:
        raise bad_path("path_too_long", count=len(text), most=MAX_CHARACTERS)
    if "[" in text:
        return _value_path(text, resource_type)
    raise _unknown(text, text, resource_type)


def _unknown(name: str, text: str, resource_type: ResourceType) -> ScimError:
    text = text[:200]
    if not _is_well_formed(name, resource_type):
        return bad_path("no_path", path=text, type=resource_type.name)
    unknown = Message("no_attribute", path=text, type=resource_type.name)
    return UnknownAttribute(400, unknown, "invalidPath")


def _is_well_formed(name: str, resource_type: ResourceType) -> bool:
    """Return whether a name could be that of an attribute, so that it is unknown rather than misspelt.

    After the URN of a known schema, only a name may follow: `…:2.0:User/department` and
    `…:2.0:User::department` are misspelt paths to an attribute, and to ignore one would keep its
    old value.
    """
    urn = resource_type.schema_in(name)
    if urn:
        return _BELOW_URN.fullmatch(name, len(urn)) is not None
    return _WELL_FORMED.fullmatch(name) is not None


def _value_path(text: str, resource_type: ResourceType) -> Path:
    try:
        parser = Parser(text, resource_type.name)
        start = parser.name()
        target = resource_type.find(start.text)
        if target is None:
            raise _unknown(start.text, text, resource_type)
        if target.text.lower() != "members":  # those are rows, looked up by the ids of the path
            parser.max_terms = MAX_PATH_TERMS
        return _selected(parser, text, target)
    except ScimError as error:
        message = Message("in_path", path=text[:200], said=error.message)
        raise type(error)(400, message, error.scim_type) from None


def _selected(parser: Parser, text: str, target: Target) -> Path:
    try:
        node = parser.selection(target)
    except UnknownAttribute as error:
        # The selection uses an attribute that no element has: ignoring it would leave the old
        # value, or clear another one.
        raise ScimError(error.status, error.message, error.scim_type) from None
    try:
        sub = parser.sub_attribute(target)
    except UnknownAttribute as error:
        # `emails[type eq "work"].vlaue` has an unknown name; `emails[type eq "work"].` has none.
        if _ATTRIBUTE_NAME.fullmatch(text[text.rindex("]") + 2 :]):
            raise
        raise ScimError(error.status, error.message, "invalidPath") from None
    parser.end()
    selection = Selection(node, node.compile(), element_terms(node), parser.terms)
    return Path(
        text=text,
        extension=target.extension,
        attribute=target.attribute,
        selection=selection,
        sub=sub,
    )
