"""Directory and its parts: the values that every feature uses."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["entra", "other"]
State = Literal["active", "deleting", "removing"]
SetupStep = Literal["connect", "presence", "done"]
Presence = Literal["undecided", "on", "off"]

MAX_LIVE = 2  # of tokens and of client secrets, so that a new one can be put in place before the old one ends
ID_PATTERN = re.compile(
    r"[A-Za-z0-9](?:[A-Za-z0-9-]{2,62})[A-Za-z0-9]"
)  # no underscore: Okta refuses one in a URL


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A security token or client secret, known by its SHA-256 only. Times are RFC 3339 in UTC; `expires` "": never."""

    id: str
    hash: str
    created: str
    expires: str = ""
    revoked: bool = False
    unknown_fields: Mapping[str, Any] = field(
        default_factory=dict, compare=False, repr=False, kw_only=True
    )

    def is_live(self, now: str) -> bool:
        """Return whether the token is valid at the time `now`, in the form of `shared.clock.timestamp`."""
        return not self.revoked and (not self.expires or now < self.expires)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedIdentity:
    """The identity whose signed assertions are accepted instead of a secret (RFC 7523 section 3).

    Either of an Entra tenant, with `tenant_id`, or of any OpenID Connect issuer: then `issuer` is the assertions' `iss`,
    and `jwks_uri` the address of its keys.
    """

    tenant_id: str
    subject: str
    audiences: tuple[str, ...]
    issuer: str = ""
    jwks_uri: str = ""
    unknown_fields: Mapping[str, Any] = field(
        default_factory=dict, compare=False, repr=False, kw_only=True
    )

    @property
    def is_entra(self) -> bool:
        """Whether a tenant of Entra signs the assertions."""
        return not self.issuer

    @property
    def fingerprint(self) -> str:
        """Return a digest that identifies the trusted identity: another identity has another digest."""
        parts = (self.tenant_id, self.issuer, self.jwks_uri, self.subject, *sorted(self.audiences))
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Readers:
    """The agents who see a directory: those with one of the app roles or in one of the Entra groups.

    `roles` are values of app roles, `groups` object IDs in lower case.
    """

    roles: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    unknown_fields: Mapping[str, Any] = field(
        default_factory=dict, compare=False, repr=False, kw_only=True
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """One company's directory; `account` owns it, `region` reads its national numbers.

    `setup` is the wizard's next step, `presence` the choice made there; `etag` is the storage tag of this
    version. `readers` are the agents who see it, None for all. Requests are recorded until
    `inspect_until`. `deleting` can still be restored, `removing` no more. `unknown_fields`, here and in
    its parts, are those of a later release, which stay when the row is rewritten.
    """

    id: str
    name: str
    account: str
    kind: Kind
    region: str
    created: str
    strict_numbers: bool = False
    state: State = "active"
    deleted: str = ""
    tokens: tuple[Token, ...] = ()
    secrets: tuple[Token, ...] = ()
    trust: TrustedIdentity | None = None
    setup: SetupStep = "connect"
    presence: Presence = "undecided"
    readers: Readers | None = None
    inspect_until: str = ""
    etag: str = field(default="", compare=False)
    unknown_fields: Mapping[str, Any] = field(
        default_factory=dict, compare=False, repr=False, kw_only=True
    )

    @property
    def is_active(self) -> bool:
        """Return whether the directory exists for its users: False from the moment of its deletion."""
        return self.state == "active"


def is_directory_id(text: str) -> bool:
    """Return whether `text` can be a directory ID: letters, digits, hyphens, and no internal partition's name."""
    return ID_PATTERN.fullmatch(text) is not None
