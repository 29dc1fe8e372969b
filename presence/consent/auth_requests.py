"""Pending authorization requests: the data kept while a browser is at Microsoft.

Each is a row of table `work` (partition `consent`) with the hash of `state` as its key: 256 random bits, for
single use within ten minutes, bound to the browser by a cookie and to the person by App Service Authentication.
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
_CONFIRM_VERSION = (
    2  # of a request that must be confirmed; an older release would connect the company
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthRequest:
    """A pending request for sign-in or consent (`step`).

    `tenant_id`, `probe_id` (the administrator's object ID), `company` and `accepted_by` (the administrator's user
    name) are proven by the sign-in. `must_confirm`: the company is shown and confirmed before it is connected. `flow`
    is msal's (verifier, nonce), without the state itself.
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
    """Return the hash under which a secret is stored."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


async def save(
    tables: Tables,
    state: str,
    attempt: AuthRequest,
    now: int,
    events: Sequence[AuditEvent] = (),
) -> None:
    """Store a request with its audit events, and delete some requests that have expired."""
    await _sweep(tables, now)
    version = _CONFIRM_VERSION if attempt.must_confirm else 1
    row = Insert(_key(state), orjson.dumps({"v": version, **asdict(attempt)}), is_unique=True)
    await tables.transact(WORK, CONSENTS, [row, *outbox_rows(events)])


async def begun_by(tables: Tables, state: str) -> str:
    """Return the ID of the actor that began the request of this state, or "".

    The state stays valid.
    """
    row = await tables.get(WORK, CONSENTS, _key(state)) if state else None
    return str(_read(row)["person_id"]) if row else ""


async def consume(tables: Tables, state: str, browser: str, now: int) -> AuthRequest | None:
    """Return the request of this state if it belongs to this browser and hasn't expired.

    The state can't be used again, by any browser.
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
    """Return the fields of a request's row. Raise UnsupportedRowVersion."""
    return row_versions.read(row.value, _KIND, _CONFIRM_VERSION)


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
