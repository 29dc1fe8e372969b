"""Who may use a directory's SCIM address: the bearer of a live token (RFC 6750).

The answer to a stranger is always the same, and so is the work: one read of the directory, two comparisons in constant
time, whether the directory exists or not. Cold, a token costs one storage round trip (an access token of the OAuth
endpoint two at the same time); warm, none.
"""

import asyncio
from dataclasses import dataclass, field

from directories import credential_usage, store, tokens, totals
from directories.access_rows import BY_TRUST, Access, decode_access
from directories.models import Directory, is_directory_id
from directories.store import CACHED_SECONDS, cache
from shared.app import App
from shared.http import HttpError
from shared.limits import LruCache
from shared.messages import Message
from shared.tables.schema.base import DIRECTORIES
from shared.tables.schema.directories import ACCESS_TOKEN

_UPKEEP_EVERY = 2000  # requests of a directory on this instance between two looks at its totals


class Unauthenticated(HttpError):
    """401: the same answer for every reason that depends on stored data, so that strangers learn nothing.

    `mistyped`: the text itself can't be a token of this app, whatever is stored.
    """

    def __init__(self, *, mistyped: bool = False) -> None:
        message = Message("token_mistyped" if mistyped else "token_refused")
        super().__init__(401, message, {"WWW-Authenticate": 'Bearer realm="SCIM"'})


@dataclass(slots=True)
class _Seen:
    access: LruCache[tuple[str, str], tuple[float, Access | None]] = field(
        default_factory=lambda: LruCache(4096)
    )
    requests: LruCache[str, int] = field(default_factory=lambda: LruCache(4096))


async def authenticate(app: App, directory_id: str, authorization: str | None) -> Directory:
    """Return the active directory whose live token is in `Authorization`; raise Unauthenticated otherwise."""
    plain = _bearer(authorization)
    hashed = tokens.digest(plain)
    if plain.startswith(tokens.ACCESS_PREFIX):
        (directory, fresh), access = await asyncio.gather(
            cache(app).get(app, directory_id), _access(app, directory_id, hashed)
        )
    else:
        (directory, fresh), access = await cache(app).get(app, directory_id), None
    credential = _matching_credential(directory, hashed, access, store.now(app.clock))
    if credential is None and not fresh:
        directory = await cache(app).again(app, directory_id)
        credential = _matching_credential(directory, hashed, access, store.now(app.clock))
    if directory is None or credential is None:
        mistyped = tokens.is_mistyped(plain)
        if directory is not None:
            reason = "mistyped" if mistyped else _reason(directory, plain, hashed)
            credential_usage.refused(app, directory, reason)
        raise Unauthenticated(mistyped=mistyped)
    credential_usage.accepted(app, directory.id, credential)
    _count(app, directory.id)
    return directory


def _bearer(authorization: str | None) -> str:
    scheme, _, value = (authorization or "").strip().partition(" ")
    return value.strip() if scheme.lower() == "bearer" else ""


async def _access(app: App, directory_id: str, hashed: str) -> Access | None:
    if not is_directory_id(directory_id):
        return None  # a text that can't be a partition key is not looked up
    memory, place = app.state(_Seen).access, (directory_id, hashed)
    at = app.clock.monotonic()
    remembered = memory.get(place)
    if remembered and at - remembered[0] < CACHED_SECONDS:
        return remembered[1]
    row = await app.tables.get(DIRECTORIES, directory_id, ACCESS_TOKEN.key(hashed))
    access = decode_access(row.value) if row else None
    memory.put(place, (at, access))
    return access


def _matching_credential(
    directory: Directory | None, hashed: str, access: Access | None, now: str
) -> str | None:
    """Return the ID of the credential used: a token, a client secret, or "trust"."""
    token = tokens.find(directory.tokens if directory else (), hashed)
    if directory is None:
        return None
    if token is not None:
        return token.id if token.is_live(now) else None
    if access is None or access.expires <= now:
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
    """Return why authentication failed; shown to the administrator only, never to the caller."""
    if not plain:
        return "missing"
    token = tokens.find(directory.tokens, hashed)
    if token is not None:
        return "revoked" if token.revoked else "expired"
    return "access" if plain.startswith(tokens.ACCESS_PREFIX) else "wrong"


def _count(app: App, directory_id: str) -> None:
    """Fold the totals now and then: a long import adds events, which would slow down the next reader."""
    requests = app.state(_Seen).requests
    count = (requests.get(directory_id) or 0) + 1
    requests.put(directory_id, count)
    if count % _UPKEEP_EVERY == 0:
        app.background.start_optional(totals.keep_up(app, directory_id), "totals.keep_up")
