"""Encode and decode the rows of access tokens and of used assertions, each with the time at which it expires."""

from dataclasses import dataclass

import orjson

from directories import tokens
from directories.models import TrustedIdentity
from shared import row_versions
from shared.tables.port import Insert
from shared.tables.schema.directories import ACCESS_TOKEN, USED_ASSERTION

BY_TRUST = "trust"


@dataclass(frozen=True, slots=True)
class Access:
    """An access token of the OAuth endpoint.

    Attributes:
        by: The ID of the client secret that it was issued for, or "trust" for the trusted identity.
        expires: The time until which it is valid (RFC 3339).
        trust: With `by` "trust", the fingerprint of the trusted identity; "" in the rows of releases
            that did not store it.
    """

    by: str
    expires: str
    trust: str = ""

    def is_of(self, trust: TrustedIdentity | None) -> bool:
        """Return whether the token was issued for `trust`, the directory's trusted identity (None if there is none)."""
        if self.by != BY_TRUST or trust is None:
            return False
        # A token without a fingerprint was issued before the upgrade, and so expires within an hour after it.
        return not self.trust or self.trust == trust.fingerprint


@dataclass(frozen=True, slots=True)
class Assertion:
    """A used assertion, stored until it expires so that no instance accepts it again (RFC 7523 section 3, item 7)."""

    issuer: str
    identifier: str
    expires: str


def insert_access(hashed: str, access: Access) -> Insert:
    """Return the operation that stores an access token; `hashed` is its SHA-256."""
    value = {"v": 1, "by": access.by, "expires": access.expires}
    if access.trust:
        value["trust"] = access.trust
    return Insert(ACCESS_TOKEN.key(hashed), orjson.dumps(value), is_unique=True)


def decode_access(value: bytes) -> Access:
    """Return the access token of a row; raise UnsupportedRowVersion if a later release wrote it."""
    access: Access = row_versions.build(Access, row_versions.decode(value, "access token"))
    return access


def insert_assertion(assertion: Assertion) -> Insert:
    """Return the operation that stores a used assertion; it fails with AlreadyExists if it was used before."""
    used = USED_ASSERTION.key(tokens.digest(f"{assertion.issuer}\n{assertion.identifier}"))
    return Insert(used, orjson.dumps({"v": 1, "expires": assertion.expires}))


def expires_of(value: bytes) -> str:
    """Return the time (RFC 3339) at which a row's access token or assertion expires.

    Raise UnsupportedRowVersion if a later release wrote the row.
    """
    return str(row_versions.decode(value, "access token")["expires"])
