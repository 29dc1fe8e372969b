"""A stored group as clients see it (RFC 7643 section 4.2)."""

from collections.abc import Sequence
from typing import Any

from scim.groups.membership import Member
from scim.groups.store import StoredGroup


def represent(
    group: StoredGroup, members: Sequence[Member] | None, base_url: str
) -> dict[str, Any]:
    """The resource with id, meta and, where they were read, its members; `base_url` is the directory's SCIM base."""
    record = group.record
    listed = [
        {"value": member.id, "$ref": f"{base_url}/{member.kind}s/{member.id}", "type": member.kind}
        for member in members or ()
    ]
    return {
        **record.resource,
        "id": record.id,
        **({"members": listed} if listed else {}),
        "meta": {
            "resourceType": "Group",
            "created": record.created,
            "lastModified": record.modified,
            "location": f"{base_url}/Groups/{record.id}",
            "version": record.etag,
        },
    }
