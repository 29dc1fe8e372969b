"""A stored user as clients see it (RFC 7643 section 4.1)."""

from typing import Any

from scim.users.store import StoredUser


def represent(user: StoredUser, base_url: str) -> dict[str, Any]:
    """Return the resource with id, groups and meta; `base_url` is the directory's SCIM base.

    It always has `active`, which clients compare and filter by (Okta's SCIM 2.0 test asserts it).
    """
    record = user.record
    groups = [
        {"value": group_id, "$ref": f"{base_url}/Groups/{group_id}", "type": "direct"}
        for group_id in user.groups
    ]
    return {
        **record.resource,
        "active": record.active,
        "id": record.id,
        **({"groups": groups} if groups else {}),
        "meta": {
            "resourceType": "User",
            "created": record.created,
            "lastModified": record.modified,
            "location": f"{base_url}/Users/{record.id}",
            "version": user.etag,
        },
    }
