"""Pending authorization requests: the data stored while a browser is at Microsoft.

Each is a row of table `work` (partition `consent`) whose key is the hash of `state`, which has 256
random bits. A request can be used once, within ten minutes, only by the browser with the cookie,
and only by the actor who began it.
"""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import orjson

from directories.audit import AuditEvent
from directories.audit_relay import outbox_rows
from shared import row_versions
from shared.clock import MINUTE, is_ahead
from shared.tables.port import Delete, Insert, NotFound, PreconditionFailed, Row, Tables
from shared.tables.schema.base import CONSENTS, WORK
from shared.tables.schema.work import AUTH_REQUEST

LIFETIME = 10 * MINUTE
_SWEPT = 50
_KIND = "sign-in"
# The version of a request that must be confirmed, because an older release would connect the company.
_CONFIRM_VERSION = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthRequest:
    """A pending authorization request.

    Attributes:
        step: Whether the browser is at the sign-in or at the consent.
        person_id: The ID of the actor who began it.
        browser: The hash of the browser's cookie.
        tenant_id: The company's tenant; proven by the sign-in, like the next three.
        probe_id: The object ID of the company's administrator.
        company: The domain of the company.
        accepted_by: The user name of the company's administrator.
        must_confirm: Whether the company must be confirmed before it is connected.
        flow: msal's data (verifier, nonce), without the state.
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
    accepted_by: str = ""
    must_confirm: bool = False
    flow: dict[str, Any] = field(default_factory=dict)


def new_secret() -> str:
    """Return 256 random bits as URL-safe text."""
    return secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    """Return the SHA-256 of a secret in hexadecimal, the form in which it is stored."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


async def save(
    tables: Tables,
    state: str,
    attempt: AuthRequest,
    now: int,
    events: Sequence[AuditEvent] = (),
) -> None:
    """Store a request with its audit events, and delete some expired requests."""
    await _sweep(tables, now)
    version = _CONFIRM_VERSION if attempt.must_confirm else 1
    row = Insert(_key(state), orjson.dumps({"v": version, **asdict(attempt)}), is_unique=True)
    await tables.transact(WORK, CONSENTS, [row, *outbox_rows(events)])


async def begun_by(tables: Tables, state: str) -> str:
    """Return the ID of the actor who began the request with this state, or "" if there is no such request.

    The request is only read, so `consume` can still use it.
    """
    row = await tables.get(WORK, CONSENTS, _key(state)) if state else None
    return str(_read(row)["person_id"]) if row else ""


async def consume(tables: Tables, state: str, browser: str, now: int) -> AuthRequest | None:
    """Delete the request with this state and return it; return None if there is none.

    Also return None if the request has expired or belongs to another browser. It is deleted even
    then, so that no browser can use the state again.
    """
    row = await tables.get(WORK, CONSENTS, _key(state)) if state else None
    if row is None:
        return None
    try:
        await tables.transact(WORK, CONSENTS, [Delete(row.key, row.etag)])
    except (NotFound, PreconditionFailed):  # it was used at the same time
        return None
    attempt: AuthRequest = row_versions.build(AuthRequest, _read(row))
    is_same = hmac.compare_digest(attempt.browser, digest(browser))
    return attempt if is_same and is_ahead(attempt.expires, now, LIFETIME) else None


def _read(row: Row) -> dict[str, Any]:
    """Return the fields of a request's row; raise UnsupportedRowVersion if a later release wrote it."""
    return row_versions.decode(row.value, _KIND, _CONFIRM_VERSION)


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
