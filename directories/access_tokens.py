"""Access tokens of a directory's OAuth endpoint: opaque, valid for 60 minutes, and stored only as a hash."""

from datetime import timedelta

from directories import credential_usage, store, token_limits, tokens
from directories.access_rows import (
    BY_TRUST,
    Access,
    Assertion,
    insert_access,
    insert_assertion,
)
from directories.models import Directory, TrustedIdentity
from directories.store import cache
from shared.app import App
from shared.clock import timestamp
from shared.tables.port import AlreadyExists
from shared.tables.schema.base import DIRECTORIES

LIFETIME = timedelta(minutes=60)  # the least that Microsoft's validation accepts


class InvalidClient(Exception):
    """No client of this directory: unknown directory, wrong client ID, wrong, expired or revoked secret.

    `mistyped` is true if the text can't be a secret of this app, whatever is stored.
    """

    def __init__(self, *, mistyped: bool) -> None:
        super().__init__()
        self.mistyped = mistyped


class AssertionReplayed(Exception):
    """Raised for an assertion that was used before."""


async def client(app: App, directory_id: str, client_id: str, secret: str) -> tuple[Directory, str]:
    """Return the directory and the ID of the client secret that matches.

    Raise InvalidClient for every fault. The work is the same for each, so that its duration tells a
    stranger nothing.
    """
    hashed = tokens.digest(secret)
    directory, fresh = await cache(app).get(app, directory_id)
    found = _live_secret(app, directory, hashed)
    if found is None and not fresh:
        directory = await cache(app).again(app, directory_id)
        found = _live_secret(app, directory, hashed)
    if directory is None or found is None or client_id != directory.id:
        mistyped = found is None and tokens.is_mistyped(secret)
        if directory is not None:
            reason = "client_mistyped" if mistyped else "client"
            credential_usage.refused(app, directory, reason)
        raise InvalidClient(mistyped=mistyped)
    credential_usage.accepted(app, directory.id, found)
    return directory, found


async def trusted_identity(app: App, directory_id: str) -> tuple[Directory, TrustedIdentity] | None:
    """Return the directory and the identity that it trusts; None if there is no directory or no such identity.

    Storage is read in the same way whether there is such an identity, none, or no directory: anyone can send an
    assertion, and must not learn from the duration of the response which of these is so.
    """
    directory, fresh = await cache(app).get(app, directory_id)
    if not fresh:
        directory = await cache(app).again(app, directory_id)
    return (directory, directory.trust) if directory and directory.trust else None


async def issue(app: App, directory: Directory, by: str, assertion: Assertion | None = None) -> str:
    """Return a new access token for a client secret or for the trusted identity.

    `by` is the secret's ID, or BY_TRUST. The token and the used `assertion` are stored in one
    transaction. The token is valid only as long as its credential: until the secret expires or is
    revoked, or until `directory` trusts another identity.

    Raises:
        AssertionReplayed: The assertion was used before.
        AccessTokenLimit: Too many were issued for this credential.
    """
    await token_limits.charge(app, directory.id, by)
    plain = tokens.new_secret(tokens.ACCESS_PREFIX)
    expires = timestamp(app.clock.now() + LIFETIME)
    trust = directory.trust.fingerprint if by == BY_TRUST and directory.trust else ""
    operations = [insert_access(tokens.digest(plain), Access(by, expires, trust))]
    if assertion is not None:
        operations.append(insert_assertion(assertion))
    try:
        await app.tables.transact(DIRECTORIES, directory.id, operations)
    except AlreadyExists:
        raise AssertionReplayed from None
    return plain


def _live_secret(app: App, directory: Directory | None, hashed: str) -> str | None:
    found = tokens.find(directory.secrets if directory else (), hashed)
    return found.id if found and found.is_live(store.now(app.clock)) else None
