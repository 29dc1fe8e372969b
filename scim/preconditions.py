"""Conditional requests by entity tag (RFC 7644 section 3.14, RFC 9110 section 13)."""

from collections.abc import Mapping
from dataclasses import dataclass

from scim.core.errors import ScimError
from shared.messages import Message


@dataclass(frozen=True, slots=True)
class Preconditions:
    """The tags of `If-Match` and `If-None-Match`; None where the header is not sent."""

    if_match: frozenset[str] | None = None
    if_none_match: frozenset[str] | None = None

    @classmethod
    def read(cls, headers: Mapping[str, str]) -> "Preconditions":
        """From a request's headers."""
        return cls(_tags(headers.get("if-match")), _tags(headers.get("if-none-match")))

    def check(self, etag: str) -> None:
        """Raise 412 where a change is meant for another version than the stored one."""
        if self.if_match is not None and not _versions(self.if_match) & {
            "*",
            _version(_opaque(etag)),
        }:
            raise ScimError(412, Message("changed_meanwhile", version=etag))
        if self.if_none_match is not None and self.if_none_match & {"*", _opaque(etag)}:
            raise ScimError(412, Message("none_match", version=etag))

    def not_modified(self, etag: str) -> bool:
        """Whether a read can be answered with 304."""
        return self.if_none_match is not None and bool(self.if_none_match & {"*", _opaque(etag)})


def _tags(header: str | None) -> frozenset[str] | None:
    return (
        frozenset(_opaque(tag.strip()) for tag in header.split(","))
        if header and header.strip()
        else None
    )


def _opaque(tag: str) -> str:
    # Versions are weak tags; If-Match is meant for them all the same (RFC 7644 section 3.14), so W/ does not count.
    return tag.removeprefix("W/").strip('"')


def _versions(tags: frozenset[str]) -> frozenset[str]:
    return frozenset(map(_version, tags))


def _version(tag: str) -> str:
    """A tag without what it says of a user's groups, which no change of the user touches."""
    return tag.partition(".")[0]
