"""Authenticate requests to a directory's SCIM address by a bearer token (RFC 6750).

The response to an unauthenticated client is always the same, and so is the work: one read of the
directory and two comparisons in constant time, whether or not the directory exists. With a cold
cache, a token costs one round trip to storage (an access token of the OAuth endpoint two at the
same time); with a warm one, none.
"""

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

from directories import credential_usage, store, tokens, totals
from directories.access_rows import BY_TRUST, Access, decode_access
from directories.credential_usage import UsageNotes
from directories.hooks import MaintenanceJobs
from directories.models import Directory, is_directory_id
from directories.store import CACHED_SECONDS, DirectoryCache, cache
from shared.app import App
from shared.clock import Clock, parse_timestamp
from shared.http import HttpError
from shared.limits import LruCache
from shared.messages import Message
from shared.tables.schema.base import DIRECTORIES
from shared.tables.schema.directories import ACCESS_TOKEN

_UPKEEP_EVERY = 2000  # requests of a directory on this instance, after which its totals are folded
_MAX_GRANTS = 4096


class Unauthenticated(HttpError):
    """401, the same response for every reason that depends on stored data, so that a stranger learns nothing.

    `mistyped` is true if the text can't be a token of this app, whatever is stored; the message is
    then another one.
    """

    def __init__(self, *, mistyped: bool = False) -> None:
        message = Message("token_mistyped" if mistyped else "token_refused")
        super().__init__(401, message, {"WWW-Authenticate": 'Bearer realm="SCIM"'})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Grant:
    """The directory to which a security token gave access, cached so that it isn't checked again.

    `expires` is when the token expires, None for never; `until` is when the directory is read again
    (monotonic seconds). `changes` and `denials` are the counts of
    `DirectoryCache` and `UsageNotes` when the grant was stored: if they differ now, the directory
    may have changed, or the use of the token has to be stored at once.
    """

    directory: Directory
    expires: datetime | None
    until: float
    changes: int
    denials: int


@dataclass(slots=True)
class _Requests:
    """The number of authenticated requests of one directory on this instance."""

    count: int = 0


def _counts_by_directory() -> Callable[[str], _Requests]:
    """Return a function that returns the object of a directory; it keeps 4,096, the most recently used."""
    return lru_cache(maxsize=4096)(lambda _: _Requests())


@dataclass(slots=True)
class _Seen:
    # By directory ID and the SHA-256 of the header, so that memory holds no token.
    grants: dict[tuple[str, bytes], _Grant] = field(default_factory=dict)
    access: LruCache[tuple[str, str], tuple[float, Access | None]] = field(
        default_factory=lambda: LruCache(4096)
    )
    counts: Callable[[str], _Requests] = field(default_factory=_counts_by_directory)

    def keep(self, key: tuple[str, bytes], grant: _Grant) -> None:
        """Store a grant. If there are many, forget all of them, because each is valid for seconds only."""
        if len(self.grants) >= _MAX_GRANTS:
            self.grants.clear()
        self.grants[key] = grant


async def authenticate(app: App, directory_id: str, authorization: str | None) -> Directory:
    """Return the active directory for which the token in `Authorization` is valid; otherwise raise Unauthenticated."""
    header = (authorization or "").encode("utf-8", "surrogatepass")
    key = (directory_id, hashlib.sha256(header).digest())
    grant = app.state(_Seen).grants.get(key)
    if grant is not None and _is_valid(app, grant):
        directory = grant.directory
    else:
        directory = await _checked(app, key, authorization)
    _count(app, directory.id)
    return directory


def _is_valid(app: App, grant: _Grant) -> bool:
    """Return whether the grant is still valid: all checks would have the same result as when it was stored."""
    clock = app.clock
    return (
        clock.monotonic() < grant.until
        and app.state(DirectoryCache).changes == grant.changes
        and app.state(UsageNotes).denials == grant.denials
        and (grant.expires is None or clock.now() < grant.expires)
    )


async def _checked(app: App, key: tuple[str, bytes], authorization: str | None) -> Directory:
    """Authenticate a request for which there is no grant; store a grant if it has a valid security token.

    `key` is the grant's key. Raise Unauthenticated.
    """
    directory_id, _ = key
    changes = cache(app).changes  # before the directory is read: a change in between ends the grant
    plain = _bearer(authorization)
    hashed = tokens.digest(plain)
    if plain.startswith(tokens.ACCESS_PREFIX):
        (directory, fresh), access = await asyncio.gather(
            cache(app).get(app, directory_id), _access(app, directory_id, hashed)
        )
    else:
        (directory, fresh), access = await cache(app).get(app, directory_id), None
    credential = _matching_credential(directory, hashed, access, app.clock)
    if credential is None and not fresh:
        directory = await cache(app).again(app, directory_id)
        credential = _matching_credential(directory, hashed, access, app.clock)
    if directory is None or credential is None:
        mistyped = tokens.is_mistyped(plain)
        if directory is not None:
            reason = "mistyped" if mistyped else _reason(directory, plain, hashed)
            credential_usage.refused(app, directory, reason)
        raise Unauthenticated(mistyped=mistyped)
    credential_usage.accepted(app, directory.id, credential)
    if (token := tokens.find(directory.tokens, hashed)) is not None:
        until, denials = cache(app).read_again_at(directory_id), app.state(UsageNotes).denials
        grant = _Grant(
            directory=directory,
            expires=parse_timestamp(token.expires) if token.expires else None,
            until=until,
            changes=changes,
            denials=denials,
        )
        app.state(_Seen).keep(key, grant)
    return directory


def _bearer(authorization: str | None) -> str:
    scheme, _, value = (authorization or "").strip().partition(" ")
    return value.strip() if scheme.lower() == "bearer" else ""


async def _access(app: App, directory_id: str, hashed: str) -> Access | None:
    if not is_directory_id(directory_id):
        return None  # the text may not even be a legal partition key
    memory, key = app.state(_Seen).access, (directory_id, hashed)
    at = app.clock.monotonic()
    remembered = memory.get(key)
    if remembered and at - remembered[0] < CACHED_SECONDS:
        return remembered[1]
    row = await app.tables.get(DIRECTORIES, directory_id, ACCESS_TOKEN.key(hashed))
    access = decode_access(row.value) if row else None
    memory.put(key, (at, access))
    return access


def _matching_credential(
    directory: Directory | None, hashed: str, access: Access | None, clock: Clock
) -> str | None:
    """Return the ID of the live credential that the token belongs to, or None.

    The ID is that of a token or client secret, or "trust". `access` is the stored access token with
    this hash, if any.
    """
    token = tokens.find(directory.tokens if directory else (), hashed)
    if directory is None:
        return None
    if token is not None:
        # The time is formatted only if it is compared: it takes a thirtieth of a GET.
        return token.id if token.is_live(store.now(clock) if token.expires else "") else None
    if access is None or access.expires <= (now := store.now(clock)):
        return None
    if access.by == BY_TRUST:
        return BY_TRUST if access.is_of(directory.trust) else None
    return next(
        (
            secret.id
            for secret in directory.secrets
            if secret.id == access.by and secret.is_live(now)
        ),
        None,
    )


def _reason(directory: Directory, plain: str, hashed: str) -> str:
    """Return why authentication failed, one of DENIED_REASONS; only the administrator sees it, never the client."""
    if not plain:
        return "missing"
    token = tokens.find(directory.tokens, hashed)
    if token is not None:
        return "revoked" if token.revoked else "expired"
    return "access" if plain.startswith(tokens.ACCESS_PREFIX) else "wrong"


def _count(app: App, directory_id: str) -> None:
    """Count a request, and after every 2,000 do the directory's upkeep in the background.

    Otherwise the events of a long import would slow down the next reader of the totals.
    """
    requests = app.state(_Seen).counts(directory_id)
    requests.count += 1
    if requests.count % _UPKEEP_EVERY == 0:
        app.background.start_optional(totals.keep_up(app, directory_id), "totals.keep_up")
        for name, work in app.state(MaintenanceJobs).upkeep.items():
            app.background.start_optional(work(app, directory_id), name)
