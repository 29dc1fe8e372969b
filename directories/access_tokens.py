"""Access tokens of a directory's OAuth endpoint: opaque, 60 minutes, stored as a hash like every other token."""

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

LIFETIME = timedelta(minutes=60)  # the least that Microsoft's validation takes


class InvalidClient(Exception):
    """No client of this directory: unknown directory, wrong client id, wrong, expired or revoked secret.

    `mistyped`: the text itself can't be a secret of this app, whatever is stored.
    """

    def __init__(self, *, mistyped: bool) -> None:
        super().__init__()
        self.mistyped = mistyped


class AssertionReplayed(Exception):
    """The assertion was used before."""


async def client(app: App, directory_id: str, client_id: str, secret: str) -> tuple[Directory, str]:
    """Return the directory and its client secret's id.

    Raise InvalidClient, after equal work for every fault.
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
    """Return the directory and the identity that it trusts, or None for either.

    The storage reads are the same whether the directory exists and whether it trusts an identity: a
    stranger can send any assertion, and must not learn either from the time of the answer.
    """
    directory, fresh = await cache(app).get(app, directory_id)
    if not fresh:
        directory = await cache(app).again(app, directory_id)
    return (directory, directory.trust) if directory and directory.trust else None


async def issue(app: App, directory: Directory, by: str, assertion: Assertion | None = None) -> str:
    """Return a new access token for the client secret `by` or BY_TRUST, stored in one transaction.

    It ends with the credential that it was issued for: the secret, or the identity that `directory` trusts.

    Raises:
        AssertionReplayed: The assertion was used before.
        AccessTokenLimit: Too many were issued for this credential.
    """
    await token_limits.take(app, directory.id, by)
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
