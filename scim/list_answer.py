"""Resources on their way from their source to an answer: a single one, or a ListResponse (RFC 7644 section 3.4.2)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson

from scim.core.projection import Projection

LIST_RESPONSE = "urn:ietf:params:scim:api:messages:2.0:ListResponse"


class Item(NamedTuple):
    """A resource as clients see it, with the row key after which a walk continues.

    A source gives it as an object, or as JSON that the usual projection leaves unchanged. The JSON of a
    thousand large people takes a fifteenth of the memory of their objects.
    """

    key: str
    made: dict[str, Any] | None = None
    json: bytes = b""

    @property
    def resource(self) -> dict[str, Any]:
        """The resource as an object; of JSON a new one each time, so that no one keeps it."""
        if self.made is not None:
            return self.made
        resource: dict[str, Any] = orjson.loads(self.json)
        return resource

    def shown(self, projection: Projection) -> "ShownItem":
        """Return what the answer has of it."""
        if self.json and projection.is_usual:
            return ShownItem(self.key, self.json)
        shown = projection.apply(self.resource)
        return ShownItem(self.key, orjson.dumps(shown), len(shown.get("members", ())))


class ShownResource(NamedTuple):
    """The answer to a read as JSON, with its entity tag and address."""

    json: bytes
    etag: str
    location: str


class NotModified(NamedTuple):
    """The answer to a read whose client has this version."""

    etag: str


class ShownItem(NamedTuple):
    """A resource of an answer as JSON, its row key, and the number of its members."""

    key: str
    json: bytes
    members: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ListAnswer:
    """The answer to a query (RFC 7644 section 3.4.2); the resources are JSON.

    `total` and `start_index` are None if the answer doesn't have them (RFC 9865 section 2).
    """

    total: int | None
    start_index: int | None
    resources: Sequence[bytes]
    next_cursor: str = ""

    def to_json(self) -> bytes:
        """Return the ListResponse as JSON."""
        head = {
            "schemas": [LIST_RESPONSE],
            **({} if self.total is None else {"totalResults": self.total}),
            "itemsPerPage": len(self.resources),
            **({} if self.start_index is None else {"startIndex": self.start_index}),
        }
        parts = [orjson.dumps(head)[:-1], b',"Resources":[', b",".join(self.resources), b"]"]
        if self.next_cursor:
            parts += [b',"nextCursor":', orjson.dumps(self.next_cursor)]
        return b"".join([*parts, b"}"])
