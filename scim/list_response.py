"""Results of reads and queries as JSON: single resources, and ListResponses (RFC 7644 section 3.4.2)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson

from scim.core.projection import Projection

LIST_RESPONSE = "urn:ietf:params:scim:api:messages:2.0:ListResponse"


class Item(NamedTuple):
    """A resource as clients see it, with its row key, after which a scan continues.

    It is an object (`made`) or, if the usual projection would leave it unchanged, JSON (`json`). The JSON of a
    thousand large people takes a fifteenth of the memory of their objects.
    """

    key: str
    made: dict[str, Any] | None = None
    json: bytes = b""

    @property
    def resource(self) -> dict[str, Any]:
        """The resource as an object; JSON is parsed each time, so that the object isn't kept in memory."""
        if self.made is not None:
            return self.made
        resource: dict[str, Any] = orjson.loads(self.json)
        return resource

    def shown(self, projection: Projection) -> "ShownItem":
        """Return the resource as JSON with only the projection's attributes."""
        if self.json and projection.is_usual:
            return ShownItem(self.key, self.json)
        shown = projection.apply(self.resource)
        return ShownItem(self.key, orjson.dumps(shown), len(shown.get("members", ())))


class ShownResource(NamedTuple):
    """A resource as the JSON of a response, with its entity tag and address."""

    json: bytes
    etag: str
    location: str


class NotModified(NamedTuple):
    """The result of a read by a client that already has the current version."""

    etag: str


class ShownItem(NamedTuple):
    """A resource as JSON for a ListResponse, with its row key and the number of its members."""

    key: str
    json: bytes
    members: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ListResponse:
    """The result of a query (RFC 7644 section 3.4.2); the resources are JSON.

    `total` and `start_index` are None if the ListResponse doesn't have them (RFC 9865 section 2).
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
