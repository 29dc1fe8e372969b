"""Attributes with their characteristics, schemas and resource types (RFC 7643 sections 2, 6, 7).

Each resource type has one table of all names that a client may write, built once.
"""

import re
from collections.abc import Iterator
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, NamedTuple

from scim.core import interop

_NAME_CHARACTER = re.compile(r"[\w-]")
SCHEMA_URN = "urn:ietf:params:scim:schemas:core:2.0:Schema"


@dataclass(frozen=True, slots=True, eq=False)
class Attribute:
    """An attribute with its characteristics (RFC 7643 section 2.2). `path` is its full name, which its schema sets.

    `needed`: agents find or recognise people by it, so a request with a malformed value is refused; the value of any
    other attribute is left out instead. `is_stored`: whether a client's value is stored, which it isn't for read-only
    attributes, `schemas` and the password.
    """

    name: str
    _: KW_ONLY
    type: str = "string"
    multi_valued: bool = False
    description: str = ""
    required: bool = False
    case_exact: bool = False
    mutability: str = "readWrite"
    returned: str = "default"
    uniqueness: str = "none"
    canonical_values: tuple[str, ...] = ()
    reference_types: tuple[str, ...] = ()
    sub_attributes: tuple["Attribute", ...] = ()
    needed: bool = False
    subs: dict[str, "Attribute"] = field(init=False, repr=False)
    path: str = field(init=False, repr=False)
    is_plain_text: bool = field(init=False, repr=False)
    is_stored: bool = field(init=False, repr=False)

    def __post_init__(self) -> None:
        is_text = self.type == "string" and not self.multi_valued
        object.__setattr__(self, "is_plain_text", is_text)
        is_stored = self.mutability not in ("readOnly", "writeOnly") and self.name != "schemas"
        object.__setattr__(self, "is_stored", is_stored)
        object.__setattr__(self, "subs", {sub.name.lower(): sub for sub in self.sub_attributes})
        self._name("")

    def _name(self, prefix: str) -> None:
        object.__setattr__(self, "path", prefix + self.name)
        for sub in self.sub_attributes:
            sub._name(f"{self.path}.")

    def to_json(self) -> dict[str, Any]:
        """Return the attribute as JSON (RFC 7643 section 7), without nulls."""
        lists: dict[str, Any] = {
            "canonicalValues": list(self.canonical_values),
            "referenceTypes": list(self.reference_types),
            "subAttributes": [sub.to_json() for sub in self.sub_attributes],
        }
        return {
            "name": self.name,
            "type": self.type,
            "multiValued": self.multi_valued,
            "description": self.description,
            "required": self.required,
            "caseExact": self.case_exact,
            "mutability": self.mutability,
            "returned": self.returned,
            "uniqueness": self.uniqueness,
        } | {name: value for name, value in lists.items() if value}


@dataclass(frozen=True, slots=True, eq=False)
class Schema:
    """A schema (RFC 7643 section 7). `listed` are additional attributes that only /Schemas shows."""

    id: str
    name: str
    description: str
    attributes: tuple[Attribute, ...]
    _: KW_ONLY
    listed: tuple[Attribute, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the schema as JSON (RFC 7643 section 7), without `meta`."""
        return {
            "schemas": [SCHEMA_URN],
            "id": self.id,
            "name": self.name,
            "description": self.description,
            "attributes": [attribute.to_json() for attribute in (*self.listed, *self.attributes)],
        }


# Attributes with their own uniqueness rows, or assigned by the service.
_UNIQUE_BY_NAME = ("id", "userName", "displayName")


class Target(NamedTuple):
    """What a name refers to: the URN of an extension ("" for core), an attribute (None: the whole schema), a sub-attribute."""

    extension: str
    attribute: Attribute | None
    sub: Attribute | None

    @property
    def text(self) -> str:
        """Return the target's name in canonical spelling."""
        if self.sub or self.attribute:
            return (self.sub or self.attribute).path  # type: ignore[union-attr]
        return self.extension

    @property
    def is_never_returned(self) -> bool:
        """Return whether no response may contain the attribute or depend on its value (RFC 7643 section 2.2)."""
        return any(
            part is not None and part.returned == "never" for part in (self.attribute, self.sub)
        )


@dataclass(frozen=True, slots=True, eq=False)
class ResourceType:
    """A resource type (RFC 7643 section 6) with a table of all names of its attributes.

    `required` and `unique` hold the attributes with these characteristics, each with the URN of its extension ("" for
    the core). `unique` has only those that need index rows of their own.
    """

    name: str
    endpoint: str
    schema: Schema
    _: KW_ONLY
    extensions: tuple[Schema, ...] = ()
    common: tuple[Attribute, ...] = ()
    description: str = ""
    attributes: dict[str, Attribute] = field(init=False, repr=False)
    extension_attributes: dict[str, dict[str, Attribute]] = field(init=False, repr=False)
    urns: dict[str, str] = field(init=False, repr=False)
    names: dict[str, Target] = field(init=False, repr=False)
    required: tuple[tuple[str, Attribute], ...] = field(init=False, repr=False)
    unique: tuple[tuple[str, Attribute], ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        for extension in self.extensions:
            for attribute in extension.attributes:
                attribute._name(f"{extension.id}:")
        own = {a.name.lower(): a for a in (*self.common, *self.schema.attributes)}
        object.__setattr__(self, "attributes", own)
        extended = {e.id: {a.name.lower(): a for a in e.attributes} for e in self.extensions}
        object.__setattr__(self, "extension_attributes", extended)
        urns = {urn.lower(): urn for urn in extended}
        urns |= {wrong: urn for wrong, urn in interop.MISSPELT_URNS.items() if urn in extended}
        object.__setattr__(self, "urns", urns)
        object.__setattr__(self, "names", dict(self._names()))
        required = [
            (urn, attribute)
            for urn, attribute in self.placed_attributes()
            if attribute.required and not interop.may_be_missing(attribute.path)
        ]
        object.__setattr__(self, "required", tuple(required))
        unique = [
            (urn, own)
            for urn, own in self.placed_attributes()
            if own.uniqueness != "none" and (urn or own.name not in _UNIQUE_BY_NAME)
        ]
        object.__setattr__(self, "unique", tuple(unique))

    def placed_attributes(self) -> Iterator[tuple[str, Attribute]]:
        """Yield (URN, attribute) for each attribute; the URN is that of its extension, or "" for core and common attributes."""
        for attribute in self.attributes.values():
            yield "", attribute
        for urn, attributes in self.extension_attributes.items():
            for attribute in attributes.values():
                yield urn, attribute

    def find(self, path: str) -> Target | None:
        """Return what `path` refers to: an attribute, a sub-attribute or a schema; None if it is unknown.

        Names are case-insensitive, with or without their URN.
        """
        return self.names.get(path) or self.names.get(path.lower())

    def schema_in(self, name: str) -> str:
        """Return the start of a name that is the URN of a known schema; "" if it begins with none.

        The next character, if there is one, can't be part of a name: `…:2.0:Username` begins with none.
        """
        folded = name.lower()
        for urn in (self.schema.id.lower(), *self.urns):
            if folded.startswith(urn) and not _NAME_CHARACTER.match(folded, len(urn)):
                return name[: len(urn)]
        return ""

    def _names(self) -> Iterator[tuple[str, Target]]:
        """Yield every spelling of a name with its target.

        If an extension has an attribute with the name of a core attribute, the name refers to the core attribute.
        """
        for urn, canonical in self.urns.items():
            yield urn, Target(canonical, None, None)
            for name, target in _below(canonical, self.extension_attributes[canonical]):
                yield name, target  # Entra leaves the URN out, see interop.qualified_names
                for spelling in interop.qualified_names(urn, name):
                    yield spelling, target
        urn = self.schema.id.lower()
        yield urn, Target("", None, None)
        for name, target in _below("", self.attributes):
            for spelling in interop.qualified_names(urn, name):
                yield spelling, target
            yield name, target


def _below(extension: str, attributes: dict[str, Attribute]) -> Iterator[tuple[str, Target]]:
    for name, attribute in attributes.items():
        yield name, Target(extension, attribute, None)
        for sub_name, sub in attribute.subs.items():
            yield f"{name}.{sub_name}", Target(extension, attribute, sub)
