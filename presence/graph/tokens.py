"""An application token for Graph, and what can be read in it."""

import base64
from dataclasses import dataclass

import orjson

ROLE = "Presence.Read.All"
_ROLES = frozenset({ROLE, "Presence.ReadWrite.All"})


@dataclass(frozen=True, slots=True)
class Token:
    """An application token for Graph. `tenant_id` and `roles` as its content says, for diagnosis only."""

    value: str
    tenant_id: str
    roles: frozenset[str]

    @property
    def may_read_presence(self) -> bool:
        """Whether the permission is in the token."""
        return bool(self.roles & _ROLES)


def read(value: str) -> Token:
    """The token with its content. Graph's tokens are Graph's, so one that cannot be read is not taken for roleless."""
    try:
        part = value.split(".")[1]
        claims = orjson.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
        return Token(
            value, str(claims.get("tid", "")).lower(), frozenset(map(str, claims.get("roles", ())))
        )
    except (IndexError, ValueError, AttributeError, TypeError):
        return Token(value, "", frozenset({ROLE}))
