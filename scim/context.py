"""The context of a SCIM request: the directory, the client, and the versions that the client expects."""

from collections.abc import Mapping
from dataclasses import dataclass

from directories.models import Directory
from scim.core.errors import ScimError
from scim.write_lock import WriteLocks
from shared.app import App
from shared.messages import Message

MAX_BODY = 1024 * 1024  # bytes of a request


@dataclass(frozen=True, slots=True)
class Context:
    """One authenticated request.

    `base_url` is the SCIM base URL that the client used; `client` is the product name in its User-Agent.
    """

    app: App
    directory: Directory
    base_url: str
    client: str = ""

    @property
    def write_locks(self) -> WriteLocks:
        """Return the App's locks, which make writers of the same resource take turns."""
        return self.app.state(WriteLocks)


@dataclass(frozen=True, slots=True)
class Preconditions:
    """The entity tags of `If-Match` and `If-None-Match` (RFC 7644 section 3.14, RFC 9110 section 13); None if not sent."""

    if_match: frozenset[str] | None = None
    if_none_match: frozenset[str] | None = None

    @classmethod
    def parse(cls, headers: Mapping[str, str]) -> "Preconditions":
        """Parse the preconditions in a request's headers."""
        if_match, if_none_match = headers.get("if-match"), headers.get("if-none-match")
        if if_match is None and if_none_match is None:
            return _NONE
        return cls(_tags(if_match), _tags(if_none_match))

    def check(self, etag: str) -> None:
        """Raise 412 if `If-Match` requires a version other than `etag`, or `If-None-Match` excludes it."""
        self.check_read(etag)
        if self.if_none_match is not None and self.if_none_match & {"*", _opaque(etag)}:
            raise ScimError(412, Message("none_match", version=etag))

    def check_read(self, etag: str) -> None:
        """Raise 412 if `If-Match` requires a version other than `etag`.

        RFC 9110 section 13.1.1: no method, GET included, is performed if the condition is false.
        """
        if self.if_match is not None and not _versions(self.if_match) & {
            "*",
            _version(_opaque(etag)),
        }:
            raise ScimError(412, Message("changed_meanwhile", version=etag))

    def not_modified(self, etag: str) -> bool:
        """Return whether the response to a GET is 304, because the client has this version."""
        return self.if_none_match is not None and bool(self.if_none_match & {"*", _opaque(etag)})


_NONE = Preconditions()


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
    """Return an entity tag without the part that depends on the user's groups, so that only the user's own data counts."""
    return tag.partition(".")[0]
