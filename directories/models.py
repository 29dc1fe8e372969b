"""The dataclasses of a directory and its parts, which every feature uses."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["entra", "other"]
State = Literal["active", "deleting", "removing"]
SetupStep = Literal["connect", "presence", "done"]
Presence = Literal["undecided", "on", "off"]

# Live tokens, and likewise client secrets: two, so that the new one is in use before the old one ends.
MAX_LIVE = 2
# Without an underscore, which Okta refuses in a URL.
ID_PATTERN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{2,62})[A-Za-z0-9]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A security token or client secret, of which only the SHA-256 is known.

    Times are RFC 3339 in UTC; `expires` is "" if it never expires.
    """

    id: str
    hash: str
    created: str
    expires: str = ""
    revoked: bool = False
    unknown_fields: Mapping[str, Any] = field(
        default_factory=dict, compare=False, repr=False, kw_only=True
    )

    def is_live(self, now: str) -> bool:
        """Return whether the token is valid at `now`, a text of `shared.clock.timestamp`."""
        return not self.revoked and (not self.expires or now < self.expires)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedIdentity:
    """An identity whose signed assertions are accepted in place of a secret (RFC 7523 section 3).

    It is an identity of an Entra tenant, with `tenant_id`, or of another OpenID Connect issuer,
    with `issuer` (the `iss` of its assertions) and `jwks_uri` (the address of its keys).
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
        """Whether Entra signs the assertions."""
        return not self.issuer

    @property
    def fingerprint(self) -> str:
        """A digest of all values, by which two trusted identities are compared."""
        parts = (self.tenant_id, self.issuer, self.jwks_uri, self.subject, *sorted(self.audiences))
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Readers:
    """Which agents may see a directory: those with one of the app roles or in one of the Entra groups.

    `roles` are values of app roles, `groups` are object IDs in lower case.
    """

    roles: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    unknown_fields: Mapping[str, Any] = field(
        default_factory=dict, compare=False, repr=False, kw_only=True
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """One company's directory.

    Attributes:
        account: The Entra tenant of the contact centre that owns it.
        region: The ISO 3166 region for which national numbers are parsed.
        state: `deleting` can still be restored, `removing` can't.
        setup: The next step of the wizard.
        presence: The choice that was made in the wizard.
        readers: The agents who may see it; None for all of the account.
        inspect_until: The time until which its requests are recorded, or "".
        etag: The storage ETag of this version.
        unknown_fields: Here and in the parts, fields of a later release, which are kept when the row
            is rewritten.
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
        """Whether the directory is in use: False as soon as it is deleted."""
        return self.state == "active"


def is_directory_id(text: str) -> bool:
    """Return whether `text` has the form of a directory ID, which is also the key of the directory's partition.

    The keys of other partitions of these tables contain `|`, so no text of this form names one of them.
    """
    return ID_PATTERN.fullmatch(text) is not None
