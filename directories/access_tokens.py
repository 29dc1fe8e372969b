"""Access tokens of a directory's OAuth endpoint: opaque, 60 minutes, stored as a hash like every other token."""

from datetime import timedelta

from directories import credential_usage, store, tokens
from directories.access_rows import Access, Assertion, insert_access, insert_assertion
from directories.cache import cache
from directories.models import Directory, TrustedIdentity
from shared.app import App
from shared.clock import timestamp
from shared.tables.port import AlreadyExists
from shared.tables.schema import DIRECTORIES

LIFETIME = timedelta(minutes=60)  # the least that Microsoft's validation takes
BY_TRUST = "trust"


class InvalidClient(Exception):
    """No client of this directory: unknown directory, wrong client id, wrong, expired or revoked secret."""


class AssertionReplayed(Exception):
    """The assertion was used before."""


async def client(app: App, directory_id: str, client_id: str, secret: str) -> tuple[Directory, str]:
    """The directory and the id of its client secret; raises InvalidClient after the same work whatever is wrong."""
    hashed = tokens.digest(secret)
    directory, fresh = await cache(app).get(app, directory_id)
    found = _live_secret(app, directory, hashed)
    if found is None and not fresh:
        directory = await cache(app).again(app, directory_id)
        found = _live_secret(app, directory, hashed)
    if directory is None or found is None or client_id != directory.id:
        if directory is not None:
            credential_usage.refused(app, directory, "client")
        raise InvalidClient
    credential_usage.accepted(app, directory.id, found)
    return directory, found


async def trusted_identity(app: App, directory_id: str) -> tuple[Directory, TrustedIdentity] | None:
    """The directory and the identity of Entra that it trusts, if it trusts one."""
    directory, fresh = await cache(app).get(app, directory_id)
    if not fresh and (directory is None or directory.trust is None):
        directory = await cache(app).again(app, directory_id)
    return (directory, directory.trust) if directory and directory.trust else None


async def issue(app: App, directory: Directory, by: str, assertion: Assertion | None = None) -> str:
    """A new access token for the client secret `by` or BY_TRUST, in one transaction; raises AssertionReplayed."""
    plain = tokens.new_secret(tokens.ACCESS_PREFIX)
    expires = timestamp(app.clock.now() + LIFETIME)
    operations = [insert_access(tokens.digest(plain), Access(by, expires))]
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
