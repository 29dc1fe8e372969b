"""Directories as the API shows them: never a hash, a plain secret only in the answer that made it."""

import dataclasses
import hashlib
import re
from typing import Any

from directories.credential_usage import LastCalls
from directories.errors import InvalidField
from directories.events import moment_of
from directories.models import Directory, Token
from directories.provisioning_log import Line, Page
from directories.reindex_progress import ReindexStatus
from directories.status import DENIED, DENIED_REMEDY, DirectoryStatus
from shared.app import App
from shared.clock import timestamp
from shared.http import Request
from shared.keys import SEPARATOR
from shared.messages import Message
from shared.tables.schema import EVENT

_CURSOR = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}[|a-z0-9,-]{0,40}")
_NO_CALLS = LastCalls({}, None)


def scim_base_url(app: App, origin: str, directory_id: str) -> str:
    """The address that goes into Entra's *Tenant URL*; `origin` stands in where no public address is set."""
    return f"{app.settings.public_url or origin}/scim/{directory_id}/v2"


def token_endpoint(app: App, origin: str, directory_id: str) -> str:
    """The address that goes into Entra's *Token Endpoint*."""
    return f"{app.settings.public_url or origin}/scim/{directory_id}/oauth2/token"


def entity_tag(directory: Directory) -> str:
    """The ETag of the API, from the storage's own."""
    return f'"{hashlib.sha256(directory.etag.encode()).hexdigest()[:20]}"'


def brief(app: App, request: Request, directory: Directory) -> dict[str, Any]:
    """A directory in a list."""
    return {
        "id": directory.id,
        "name": directory.name,
        "kind": directory.kind,
        "region": directory.region,
        "strict_numbers": directory.strict_numbers,
        "setup": directory.setup,
        "presence": directory.presence,
        "created": directory.created,
        "scim_base_url": scim_base_url(app, request.origin, directory.id),
    }


def full(
    app: App, request: Request, directory: Directory, calls: LastCalls = _NO_CALLS
) -> dict[str, Any]:
    """A directory with its credentials."""
    return {
        **brief(app, request, directory),
        "token_endpoint": token_endpoint(app, request.origin, directory.id),
        "client_id": directory.id,
        "tokens": credentials(app, directory.tokens, calls),
        "secrets": credentials(app, directory.secrets, calls),
        "trust": trust(directory),
    }


def trust(directory: Directory) -> dict[str, Any] | None:
    """Return the trusted identity, or None: of Entra with `tenant_id`, of another with `issuer` and `jwks_uri`."""
    found = directory.trust
    if found is None:
        return None
    known = {
        "tenant_id": found.tenant_id,
        "issuer": found.issuer,
        "jwks_uri": found.jwks_uri,
        "subject": found.subject,
        "audiences": list(found.audiences),
    }
    return {name: value for name, value in known.items() if value}


def credentials(
    app: App, held: tuple[Token, ...], calls: LastCalls = _NO_CALLS
) -> list[dict[str, Any]]:
    """Tokens or secrets, oldest first; `last_used` to about five minutes."""
    at = timestamp(app.clock.now())
    return [
        {
            "id": token.id,
            "created": token.created,
            "expires": token.expires or None,
            "last_used": calls.used.get(token.id),
            "state": "live" if token.is_live(at) else "revoked" if token.revoked else "expired",
        }
        for token in held
    ]


def glance(found: DirectoryStatus, reindex: ReindexStatus | None) -> dict[str, Any]:
    """A directory's state; `reindex` is null unless records wait to be indexed by new rules."""
    denied = None
    if found.denied:
        reason = found.denied.reason
        denied = {
            **dataclasses.asdict(found.denied),
            "detail": DENIED.text(reason),
            "remedy": DENIED_REMEDY.text(reason),
        }
    return {
        "stage": found.stage,
        "people": found.totals.users,
        "active": found.totals.active,
        "groups": found.totals.groups,
        "last_call": found.last_call or None,
        "refused_last_day": found.quarantine.failures,
        "done_last_day": found.quarantine.successes,
        "quarantine": found.quarantine.outlook,
        "last_refusal": line(found.last_refusal) if found.last_refusal else None,
        "denied": denied,
        "reindex": dataclasses.asdict(reindex) if reindex else None,
    }


def log(page: Page) -> dict[str, Any]:
    """A page of the provisioning log; `before` continues it, null at the end."""
    return {"events": [line(each) for each in page.lines], "before": cursor(page.before) or None}


def line(shown: Line) -> dict[str, Any]:
    """One line of the log, without what is empty."""
    event = dataclasses.asdict(shown.event)
    event["reason"] = (event.pop("said") or {}).get("code", "")
    said = {
        name: value
        for name, value in event.items()
        if value not in ("", (), 0, None) or name == "active"
    }
    if said["active"] is None:
        del said["active"]
    return {**said, "id": cursor(shown.key), "count": shown.count, "first": shown.first}


def cursor(row_key: str) -> str:
    """An event's key as the API shows it."""
    return row_key.partition(SEPARATOR)[2]


def read_cursor(text: str) -> str:
    """The key that `cursor` was made from; raises BadField."""
    if text and not _CURSOR.fullmatch(text):
        raise _no_place()
    row_key = f"{EVENT.name}{SEPARATOR}{text}" if text else ""
    try:
        if row_key:
            moment_of(row_key)
    except (ValueError, OverflowError):  # a time beyond all calendars
        raise _no_place() from None
    return row_key


def _no_place() -> InvalidField:
    return InvalidField("before", Message("log_cursor_not_valid"))
