"""Handlers of the directories API: directories, credentials, the provisioning log and the inspector, as JSON."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args

from directories import (
    audit_relay,
    credential_usage,
    credentials,
    deletion,
    inspector,
    log_csv,
    overview,
    provisioning_log,
    reindex_progress,
    serializers,
    service,
    status,
    store,
)
from directories.audit import Act
from directories.credentials import CredentialType, Issued, Lifetime, Replacement
from directories.errors import InvalidField, Overtaken
from directories.event_types import KINDS
from directories.handlers import Call
from directories.models import Directory, Kind, TrustedIdentity
from directories.overview import State
from directories.query_parameters import parse_choice, parse_limit, parse_words
from directories.request_models import (
    ChangeBody,
    IssueBody,
    NewDirectoryBody,
    TrustBody,
    parse_body,
)
from directories.response_models import (
    Deletion,
    DirectoryList,
    Inspection,
    SecretList,
    TokenList,
    TrustAnswer,
)
from directories.selection import SORTS, Selection
from directories.service import NewDirectory
from shared.clock import timestamp
from shared.http import Response, json_response
from shared.messages import Message

MAX_LINES = 200
MAX_CSV_LINES = 1000
MAX_LISTED = 100  # directories per page: about 60 kB
LISTED_STATES: tuple[State, ...] = ("attention", "setup", "waiting", "good")
_MAX_CURSOR = 1000


async def list_all(call: Call) -> Response:
    """Return a page of the account's directories; with the parameter `deleted`, also those that can be restored."""
    query = call.request.query
    selection, size = _selection(query), parse_limit(query, MAX_LISTED, MAX_LISTED)
    found = await overview.of_account(call.app, call.account)
    overview.refresh_due(call.app, call.account, found)
    active = [one for one in found if one.state != "deleted"]
    following = selection.after(selection.of(active), query.get("cursor", "")[:_MAX_CURSOR])
    shown = {one.id: one for one in following[:size]}
    directories = await store.get_many(call.app.tables, list(shown))
    content: DirectoryList = {
        "directories": [
            serializers.listed(call.app, call.request, directory, shown[directory.id])
            for directory in directories
            if directory.is_active and directory.account == call.account
        ]
    }
    if len(following) > size:
        content["nextCursor"] = selection.cursor_of(following[size - 1])
    if "deleted" in query:
        content["deleted"] = [
            {"id": one.id, "name": one.name, "deleted": one.deleted}
            for one in await store.get_many(
                call.app.tables, [one.id for one in found if one.state == "deleted"]
            )
            if deletion.is_restorable(call.app, one)
        ]
    return json_response(content)


async def create(call: Call) -> Response:
    """Create a directory; the response has its details and its first security token in plain text."""
    body = parse_body(call.request, NewDirectoryBody)
    new = NewDirectory(
        body.name, kind=body.kind, region=body.region, strict_numbers=body.strict_numbers
    )
    directory, plain = await service.create(call.app, call.actor, new)
    content = serializers.details(call.app, call.request, directory)
    content["token"] = plain
    return _with_etag(directory, content, 201, {"Location": f"/api/directories/{directory.id}"})


async def read(call: Call) -> Response:
    """Return a directory with its settings and credentials."""
    directory = await service.read(call.app, call.account, call.directory_id)
    calls = await credential_usage.read(call.app.tables, directory.id)
    return _with_etag(directory, serializers.details(call.app, call.request, directory, calls))


async def change(call: Call) -> Response:
    """Change the settings that the body names, and return the directory."""
    body = parse_body(call.request, ChangeBody)
    settings = body.model_dump(include=body.model_fields_set)
    directory = await service.set_up(
        call.app, call.actor, call.directory_id, await _expected(call), **settings
    )
    return _with_etag(directory, serializers.details(call.app, call.request, directory))


async def delete(call: Call) -> Response:
    """Delete a directory; the response says for how many seconds this can be undone, and by which path."""
    await deletion.delete(call.app, call.actor, call.directory_id, await _expected(call))
    seconds = int(deletion.RESTORE_WINDOW.total_seconds())
    restore = f"/api/directories/{call.directory_id}/restore"
    begun: Deletion = {"state": "deleting", "restorableSeconds": seconds, "restore": restore}
    return json_response(begun, 202)


async def restore(call: Call) -> Response:
    """Undo the deletion of a directory, and return it."""
    directory = await deletion.restore(call.app, call.actor, call.directory_id)
    return _with_etag(directory, serializers.details(call.app, call.request, directory))


async def read_state(call: Call) -> Response:
    """Return the state of a directory: connection, numbers of people, refusals and reindex progress."""
    directory = await service.read(call.app, call.account, call.directory_id)
    found, reindex = await asyncio.gather(
        status.glance(call.app, directory), reindex_progress.status(call.app, directory.id)
    )
    return json_response(serializers.state(found, reindex))


async def events(call: Call) -> Response:
    """Return a page of the provisioning log as JSON, or a part of it as CSV with `format=csv`."""
    directory = await service.read(call.app, call.account, call.directory_id)
    query = call.request.query
    wanted = provisioning_log.EventFilter(
        parse_words(query, "person"), _kinds(query), parse_words(query, "text")
    )
    is_csv = parse_choice(query, "format", ("json", "csv")) == "csv"
    most = MAX_CSV_LINES if is_csv else MAX_LINES
    limit = parse_limit(query, most if is_csv else 50, most)
    cursor = serializers.decode_cursor(query.get("cursor", ""))
    if is_csv:
        act = Act("log.exported", new={"part": "next" if cursor else "first"})
        await audit_relay.record(call.app, call.actor, directory.id, directory.name, act)
    page = await provisioning_log.read(call.app, directory.id, cursor, limit, wanted)
    if is_csv:
        return log_csv.file_part(call.request, page, is_first=not cursor)
    return json_response(serializers.log(page))


async def inspected(call: Call) -> Response:
    """Return the requests that the request inspector recorded."""
    directory = await service.read(call.app, call.account, call.directory_id)
    return json_response(await _inspection(call, directory))


async def begin_inspection(call: Call) -> Response:
    """Start recording the client's requests for an hour."""
    directory = await inspector.switch(call.app, call.actor, call.directory_id, on=True)
    return json_response(await _inspection(call, directory))


async def end_inspection(call: Call) -> Response:
    """Stop the recording."""
    await inspector.switch(call.app, call.actor, call.directory_id, on=False)
    return Response(204)


async def _inspection(call: Call, directory: Directory) -> Inspection:
    requests = await inspector.read(call.app, directory.id)
    is_on = inspector.is_on(call.app, directory)
    return serializers.inspection(directory.inspect_until if is_on else None, requests)


async def trust(call: Call) -> Response:
    """Return the trusted identity, or null if there is none."""
    directory = await service.read(call.app, call.account, call.directory_id)
    return _with_etag(directory, TrustAnswer(trust=serializers.trust(directory)))


async def set_trust(call: Call) -> Response:
    """Set the identity that the directory trusts; from then on its assertions are accepted."""
    body = parse_body(call.request, TrustBody)
    trust = TrustedIdentity(
        tenant_id=body.tenant_id,
        subject=body.subject,
        audiences=tuple(body.audiences),
        issuer=body.issuer,
        jwks_uri=body.jwks_uri,
    )
    directory = await credentials.set_trust(call.app, call.actor, call.directory_id, trust)
    return _with_etag(directory, TrustAnswer(trust=serializers.trust(directory)))


async def drop_trust(call: Call) -> Response:
    """Remove the trusted identity."""
    await credentials.set_trust(call.app, call.actor, call.directory_id, None)
    return Response(204)


@dataclass(frozen=True, slots=True)
class Credentials:
    """The handlers of one type of credential, tokens or client secrets: list, issue or rotate, and revoke."""

    credential_type: CredentialType

    async def list_all(self, call: Call) -> Response:
        """Return the live credentials, and those that expired or were revoked lately, without plain text."""
        directory = await service.read(call.app, call.account, call.directory_id)
        calls = await credential_usage.read(call.app.tables, directory.id)
        if self.credential_type == "tokens":
            tokens = serializers.credentials(call.app, directory.tokens, calls)
            return _with_etag(directory, TokenList(tokens=tokens))
        secrets = serializers.credentials(call.app, directory.secrets, calls)
        return _with_etag(directory, SecretList(secrets=secrets))

    async def issue(self, call: Call) -> Response:
        """Issue a credential, or rotate one if the body has `overlapHours` or `replaces`.

        Only this response has its plain text.
        """
        body = parse_body(call.request, IssueBody, optional=True)
        done = await self._issued(call, body)
        directory, made, at = done.directory, done.credential, timestamp(call.app.clock.now())
        shown = serializers.credential(made, at)
        plain = {"token" if self.credential_type == "tokens" else "secret": done.plain}
        content: dict[str, Any] = {**shown, **plain, "clientId": directory.id}
        if done.replaced is not None:
            calls = await credential_usage.read(call.app.tables, directory.id)
            content["replaced"] = serializers.credential(done.replaced, at, calls)
        location = f"/api/directories/{directory.id}/{self.credential_type}/{made.id}"
        return _with_etag(directory, content, 201, {"Location": location})

    async def _issued(self, call: Call, body: IssueBody) -> Issued:
        is_given = "expires_in_days" in body.model_fields_set
        lifetime: Lifetime = body.expires_in_days if is_given else "default"
        target = (call.app, call.actor, call.directory_id, self.credential_type)
        if body.overlap_hours is None and not body.replaces:
            return await credentials.issue(*target, lifetime)
        replacement = Replacement(body.overlap_hours or 0, body.replaces)
        return await credentials.rotate(*target, replacement, lifetime)

    async def revoke(self, call: Call) -> Response:
        """Revoke a credential; it is refused from now on."""
        credential_id = call.request.route["credentialId"]
        await credentials.revoke(
            call.app, call.actor, call.directory_id, self.credential_type, credential_id
        )
        return Response(204)


_tokens, _secrets = Credentials("tokens"), Credentials("secrets")
list_tokens, issue_token, revoke_token = _tokens.list_all, _tokens.issue, _tokens.revoke
list_secrets, issue_secret, revoke_secret = _secrets.list_all, _secrets.issue, _secrets.revoke


async def _expected(call: Call) -> str:
    """Return the storage ETag of the version that `If-Match` names, "" without the header or for `*`.

    Raise Overtaken if the directory has another version.
    """
    header = call.request.headers.get("if-match", "").strip()
    if not header or header == "*":
        return ""
    directory = await service.read(call.app, call.account, call.directory_id)
    if serializers.entity_tag(directory) not in [tag.strip() for tag in header.split(",")]:
        raise Overtaken(directory.id)
    return directory.etag


def _with_etag(
    directory: Directory,
    content: Mapping[str, Any],
    status: int = 200,
    headers: dict[str, str] | None = None,
) -> Response:
    return json_response(
        content, status, {"ETag": serializers.entity_tag(directory), **(headers or {})}
    )


def _kinds(query: dict[str, str]) -> frozenset[str]:
    """Return the kinds of events to show, from the query; `refused=1` is short for `kind=refused`.

    Empty for all kinds. Raise InvalidField for an unknown kind.
    """
    kind = "refused" if query.get("refused", "") in ("1", "true") else query.get("kind", "")
    if kind and kind not in KINDS:
        message = Message("not_one_of", name="kind", value=kind[:20], known=", ".join(KINDS))
        raise InvalidField("kind", message)
    return KINDS.get(kind, frozenset())


def _selection(query: dict[str, str]) -> Selection:
    """Return the search, filters and sort order of the list, from the query; raise InvalidField."""
    return Selection(
        parse_words(query, "q"),
        parse_choice(query, "state", LISTED_STATES),
        parse_choice(query, "kind", get_args(Kind)),
        parse_choice(query, "sort", tuple(SORTS)) or "created",
    )
