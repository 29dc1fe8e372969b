"""Rows of access tokens and of assertions that were used, both with the time of their end."""

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
    """An access token of the OAuth endpoint, valid until `expires`.

    It was issued for the client secret with the id `by`, or, if `by` is "trust", for the trusted identity
    with the fingerprint `trust`: "" in the rows of releases that did not store it.
    """

    by: str
    expires: str
    trust: str = ""

    def is_of(self, trust: TrustedIdentity | None) -> bool:
        """Return whether the token was issued for this trusted identity, None if there is none."""
        if self.by != BY_TRUST or trust is None:
            return False
        # Without a fingerprint it is of an earlier release, and ends within an hour of the upgrade.
        return not self.trust or self.trust == trust.fingerprint


@dataclass(frozen=True, slots=True)
class Assertion:
    """An assertion as remembered until it expires, so that no instance takes it twice (RFC 7523 section 3, item 7)."""

    issuer: str
    identifier: str
    expires: str


def insert_access(hashed: str, access: Access) -> Insert:
    """Return the operation that stores an access token by its SHA-256."""
    value = {"v": 1, "by": access.by, "expires": access.expires}
    if access.trust:
        value["trust"] = access.trust
    return Insert(ACCESS_TOKEN.key(hashed), orjson.dumps(value), is_unique=True)


def decode_access(value: bytes) -> Access:
    """Return the access token of a row; raises UnsupportedRowVersion."""
    access: Access = row_versions.build(Access, row_versions.read(value, "access token"))
    return access


def insert_assertion(assertion: Assertion) -> Insert:
    """Return the operation that stores a used assertion; it fails with AlreadyExists if it was used before."""
    used = USED_ASSERTION.key(tokens.digest(f"{assertion.issuer}\n{assertion.identifier}"))
    return Insert(used, orjson.dumps({"v": 1, "expires": assertion.expires}))


def expires_of(value: bytes) -> str:
    """Return when the access token or assertion of a row ends, as an RFC 3339 time; raises UnsupportedRowVersion."""
    return str(row_versions.read(value, "access token")["expires"])
