"""Attempts to connect a directory: what is kept between sending a browser to Microsoft and its coming back.

A row of table `work` (partition `consent`) by the hash of `state`; 256 random bits, single use, ten minutes, bound to
the browser by a cookie and to the person by the sign-in in front.
"""

import hashlib
import hmac
import secrets
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import orjson

from shared import row_versions
from shared.clock import MINUTE, is_ahead
from shared.tables.port import Delete, Insert, NotFound, PreconditionFailed, Tables
from shared.tables.schema import AUTH_REQUEST, CONSENTS, WORK

LIFETIME = 10 * MINUTE
_SWEPT = 50


@dataclass(frozen=True, slots=True)
class Attempt:
    """`step`: what is awaited, the sign-in or the consent; `tenant_id`, `probe_id`: proven by the sign-in.

    `flow` is msal's (verifier, nonce), without the state itself.
    """

    step: Literal["sign-in", "consent"]
    directory_id: str
    account: str
    person_id: str
    browser: str  # hash of the cookie
    expires: int
    redirect_uri: str
    tenant_id: str = ""
    probe_id: str = ""
    company: str = ""
    flow: dict[str, Any] = field(default_factory=dict)


def new_secret() -> str:
    """256 random bits as URL-safe text."""
    return secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    """What is stored of a secret."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


async def keep(tables: Tables, state: str, attempt: Attempt, now: int) -> None:
    """Store an attempt, and delete some that nobody came back from."""
    await _sweep(tables, now)
    row = Insert(_key(state), orjson.dumps({"v": 1, **asdict(attempt)}), is_unique=True)
    await tables.transact(WORK, CONSENTS, [row])


async def take(tables: Tables, state: str, browser: str, now: int) -> Attempt | None:
    """The attempt of this state if it is this browser's and not over; whoever asks, the state is used up."""
    row = await tables.get(WORK, CONSENTS, _key(state)) if state else None
    if row is None:
        return None
    try:
        await tables.transact(WORK, CONSENTS, [Delete(row.key, row.etag)])
    except (NotFound, PreconditionFailed):  # somebody used it at the same time
        return None
    attempt: Attempt = row_versions.build(Attempt, row_versions.read(row.value, "sign-in"))
    is_same = hmac.compare_digest(attempt.browser, digest(browser))
    return attempt if is_same and is_ahead(attempt.expires, now, LIFETIME) else None


async def _sweep(tables: Tables, now: int) -> None:
    rows = await tables.query(WORK, CONSENTS, *AUTH_REQUEST.all(), limit=_SWEPT)
    over = [row for row in rows if not is_ahead(orjson.loads(row.value)["expires"], now, LIFETIME)]
    if over:
        try:
            await tables.transact(WORK, CONSENTS, [Delete(row.key) for row in over])
        except NotFound:
            return


def _key(state: str) -> str:
    return AUTH_REQUEST.key(digest(state))
