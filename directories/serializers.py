"""Convert directories and their parts to the JSON of the API, which never has a hash or a plain secret.

Only the handler that creates a secret adds its plain text.
"""

import hashlib
import re
from collections.abc import Sequence
from typing import Any, Literal, cast

from directories.credential_expiry import Ending
from directories.credential_usage import DENIED, DENIED_REMEDY, AuthFailures, LastCalls
from directories.errors import InvalidField
from directories.events import moment_of
from directories.inspector import MAX_REQUESTS, Inspected
from directories.models import Directory, Token
from directories.overview import Overview
from directories.provisioning_log import Line, Page
from directories.reindex_progress import ReindexStatus
from directories.response_models import (
    Credential,
    DeniedCalls,
    DirectoryDetails,
    DirectoryReaders,
    DirectoryState,
    DirectorySummary,
    EndingCredential,
    EventPage,
    InspectedRequest,
    Inspection,
    ListedDirectory,
    LogEvent,
    ReindexProgress,
    Trust,
)
from directories.status import DirectoryStatus
from shared.app import App
from shared.clock import timestamp
from shared.http import Request
from shared.keys import SEPARATOR
from shared.messages import Message
from shared.tables.schema.contacts import EVENT

_CURSOR = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}[|a-z0-9,-]{0,40}")
_NO_CALLS = LastCalls({}, None)


def scim_base_url(app: App, origin: str, directory_id: str) -> str:
    """Return the URL for Entra's field *Tenant URL*; `origin` is used if the setting PUBLIC_URL is empty."""
    return f"{app.settings.public_url or origin}/scim/{directory_id}/v2"


def token_endpoint(app: App, origin: str, directory_id: str) -> str:
    """Return the URL for Entra's field *Token Endpoint*; `origin` is used if the setting PUBLIC_URL is empty."""
    return f"{app.settings.public_url or origin}/scim/{directory_id}/oauth2/token"


def entity_tag(directory: Directory) -> str:
    """Return the API's ETag of a directory, a digest of the storage ETag."""
    return f'"{hashlib.sha256(directory.etag.encode()).hexdigest()[:20]}"'


def summary(app: App, request: Request, directory: Directory) -> DirectorySummary:
    """Return a directory without its credentials."""
    return {
        "id": directory.id,
        "name": directory.name,
        "kind": directory.kind,
        "region": directory.region,
        "strictNumbers": directory.strict_numbers,
        "setup": directory.setup,
        "presence": directory.presence,
        "readers": readers(directory),
        "created": directory.created,
        "scimBaseUrl": scim_base_url(app, request.origin, directory.id),
    }


def listed(app: App, request: Request, directory: Directory, found: Overview) -> ListedDirectory:
    """Return a directory without its credentials and with its state, for a list."""
    return {
        **summary(app, request, directory),
        "state": found.state,
        "people": found.people,
        "lastCall": found.last_call or None,
        "checked": found.at,
    }


def readers(directory: Directory) -> DirectoryReaders | None:
    """Return the agents who may see the directory, or None for all of the account."""
    found = directory.readers
    return {"roles": list(found.roles), "groups": list(found.groups)} if found else None


def details(
    app: App, request: Request, directory: Directory, calls: LastCalls = _NO_CALLS
) -> DirectoryDetails:
    """Return a directory with its credentials, and their last use if `calls` is given."""
    own: dict[str, Any] = {
        "tokenEndpoint": token_endpoint(app, request.origin, directory.id),
        "clientId": directory.id,
        "tokens": credentials(app, directory.tokens, calls),
        "secrets": credentials(app, directory.secrets, calls),
        "trust": trust(directory),
    }
    return cast(DirectoryDetails, {**summary(app, request, directory), **own})


def trust(directory: Directory) -> Trust | None:
    """Return the trusted identity, or None; Entra's has `tenantId`, another one `issuer` and `jwksUri`."""
    found = directory.trust
    if found is None:
        return None
    shown: Trust = {"subject": found.subject, "audiences": list(found.audiences)}
    if found.tenant_id:
        shown["tenantId"] = found.tenant_id
    if found.issuer:
        shown["issuer"] = found.issuer
    if found.jwks_uri:
        shown["jwksUri"] = found.jwks_uri
    return shown


def credentials(
    app: App, held: tuple[Token, ...], calls: LastCalls = _NO_CALLS
) -> list[Credential]:
    """Return tokens or secrets, oldest first."""
    at = timestamp(app.clock.now())
    return [credential(token, at, calls) for token in held]


def credential(token: Token, at: str, calls: LastCalls = _NO_CALLS) -> Credential:
    """Return a token or secret, with its state as of the time `at`."""
    ended: Literal["revoked", "expired"] = "revoked" if token.revoked else "expired"
    return {
        "id": token.id,
        "created": token.created,
        "expires": token.expires or None,
        "lastUsed": calls.used.get(token.id),
        "state": "live" if token.is_live(at) else ended,
    }


def state(found: DirectoryStatus, reindex: ReindexStatus | None) -> DirectoryState:
    """Return the state of a directory; `reindex` is None if no record waits to be rewritten."""
    return {
        "stage": found.stage,
        "people": found.totals.users,
        "active": found.totals.active,
        "groups": found.totals.groups,
        "lastCall": found.last_call or None,
        "refusedLastDay": found.quarantine.failures,
        "doneLastDay": found.quarantine.successes,
        "quarantine": found.quarantine.outlook,
        "lastRefusal": event(found.last_refusal) if found.last_refusal else None,
        "denied": _denied(found.denied) if found.denied else None,
        "condition": found.condition,
        "endingCredentials": [_ending(each) for each in found.endings],
        "reindex": _reindex(reindex) if reindex else None,
    }


def _denied(denied: AuthFailures) -> DeniedCalls:
    return {
        "at": denied.at,
        "reason": denied.reason,
        "count": denied.count,
        "detail": DENIED.text(denied.reason),
        "remedy": DENIED_REMEDY.text(denied.reason),
    }


def _ending(ending: Ending) -> EndingCredential:
    return {
        "id": ending.credential.id,
        "kind": "token" if ending.credential_type == "tokens" else "secret",
        "expires": ending.credential.expires,
        "lastUsed": ending.last_used,
        "daysLeft": ending.days_left,
    }


def _reindex(reindex: ReindexStatus) -> ReindexProgress:
    return {"state": reindex.state, "done": reindex.done, "total": reindex.total}


def inspection(until: str | None, requests: Sequence[Inspected]) -> Inspection:
    """Return the state of the request inspector, which records until `until`, and its requests."""
    return {
        "until": until,
        "isFull": len(requests) >= MAX_REQUESTS,
        "requests": [_inspected(one) for one in requests],
    }


def _inspected(request: Inspected) -> InspectedRequest:
    return {
        "at": request.at,
        "method": request.method,
        "path": request.path,
        "query": request.query,
        "body": request.body,
        "size": request.size,
        "status": request.status,
        "scimType": request.scim_type,
        "milliseconds": request.milliseconds,
        "client": request.client,
    }


def log(page: Page) -> EventPage:
    """Return a page of the provisioning log."""
    found: EventPage = {"events": [event(each) for each in page.lines]}
    if page.before:
        found["nextCursor"] = cursor(page.before)
    return found


def event(line: Line) -> LogEvent:
    """Return a line of the log, without empty members."""
    stored = line.event
    always: LogEvent = {
        "id": cursor(line.key),
        "at": stored.at,
        "first": line.first,
        "kind": stored.kind,
        "count": line.count,
    }
    others = {
        "resourceType": stored.resource_type,
        "resourceId": stored.resource_id,
        "name": stored.name,
        "externalId": stored.external_id,
        "wasExternalId": stored.was_external_id,
        "wasActive": stored.was_active,
        "users": stored.users,
        "groups": stored.groups,
        "changed": list(stored.changed),
        "status": stored.status,
        "scimType": stored.scim_type,
        "attribute": stored.attribute,
        "detail": stored.detail,
        "reason": (stored.said or {}).get("code", ""),
        "remedy": stored.remedy,
        "client": stored.client,
        "method": stored.method,
    }
    present = {name: value for name, value in others.items() if value}
    if stored.active is not None:
        present["active"] = stored.active
    return cast(LogEvent, {**always, **present})


def cursor(row_key: str) -> str:
    """Return the ID of an event in the API, which is also a cursor: the row key without the family's name."""
    return row_key.partition(SEPARATOR)[2]


def decode_cursor(text: str) -> str:
    """Return the row key of an event's ID, "" for ""; raise InvalidField for a text that isn't such an ID."""
    if text and not _CURSOR.fullmatch(text):
        raise _no_place()
    row_key = f"{EVENT.name}{SEPARATOR}{text}" if text else ""
    try:
        if row_key:
            moment_of(row_key)
    except (ValueError, OverflowError):  # a time that `datetime` can't represent
        raise _no_place() from None
    return row_key


def _no_place() -> InvalidField:
    return InvalidField("cursor", Message("log_cursor_not_valid"))
