"""A directory's security tokens and client secrets: issue with overlap, revoke, expiry, last use."""

from dataclasses import dataclass, field
from typing import Any, Literal

from directories import credential_usage, service, store
from directories import credentials as held
from directories.credential_usage import LastCalls
from directories.credentials import Sort
from directories.errors import InvalidField, NotThere
from directories.models import Directory, Token
from directories.serializers import token_endpoint
from shared.http import Response
from web.page_request import PageRequest
from web.pages.directory import framed
from web.render import dialog, page
from web.text_families import CREDENTIAL_STATE
from web.translations import fault_text

Kind = Literal["security_token", "client_secret"]
_SORTS: dict[str, Sort] = {"security_token": "tokens", "client_secret": "secrets"}
_TONES = {"live": "good", "ending": "warn", "expired": "", "revoked": ""}


@dataclass(frozen=True, slots=True)
class Credential:
    """A row of the table."""

    id: str
    words: str
    tone: str
    created: str
    used: str
    expires: str
    live: bool


@dataclass(frozen=True, slots=True)
class CredentialSet:
    """All tokens or all secrets; `fresh`: the plain one, in the answer that made it only."""

    kind: str
    client_id: str
    items: list[Credential] = field(default_factory=list)
    fresh: str = ""
    fault: str = ""


async def show(visit: PageRequest) -> Response:
    """Show `/directories/{directoryId}/credentials`."""
    return await _shown(visit, await service.read(visit.app, visit.account, visit.directory_id))


async def ask_to_issue(visit: PageRequest) -> Response:
    """Show the dialog that asks for the lifetimes of the old and the new token."""
    directory = await service.read(visit.app, visit.account, visit.directory_id)
    kind, sort = _kind(visit.query)
    at = store.now(visit.app.clock)
    has_live = any(one.is_live(at) for one in _tokens(directory, sort))
    return dialog(visit, "issue.html", directory=directory, kind=kind, has_live=has_live)


async def issue(visit: PageRequest) -> Response:
    """Issue a new token in place of the newest."""
    kind, sort = _kind(visit.form)
    hours, days = visit.form.get("overlap", "0"), visit.form.get("lifetime", "0")
    place = (visit.app, visit.actor, visit.directory_id, sort)
    try:
        directory, _, plain = await held.rotate(
            *place, float(_number(hours)), _number(days) or None
        )
    except InvalidField as fault:
        directory = await service.read(visit.app, visit.account, visit.directory_id)
        return await _shown(visit, directory, kind, fault=fault_text(visit, fault))
    return await _shown(visit, directory, kind, fresh=plain)


async def ask_to_revoke(visit: PageRequest) -> Response:
    """Show the dialog that explains the effect of revoking."""
    directory = await service.read(visit.app, visit.account, visit.directory_id)
    kind, _ = _kind(visit.query)
    return dialog(
        visit, "revoke.html", directory=directory, kind=kind, id=visit.query.get("id", "")
    )


async def revoke(visit: PageRequest) -> Response:
    """End one at once."""
    _, sort = _kind(visit.form)
    directory = await held.revoke(
        visit.app, visit.actor, visit.directory_id, sort, visit.form.get("id", "")
    )
    return await _shown(visit, directory)


async def _shown(
    visit: PageRequest, directory: Directory, kind: str = "", *, fresh: str = "", fault: str = ""
) -> Response:
    calls = await credential_usage.read(visit.app.tables, directory.id)
    sets = [
        CredentialSet(
            name,
            directory.id,
            [_credential(visit, one, calls) for one in reversed(_tokens(directory, sort))],
            fresh if name == kind else "",
            fault if name == kind else "",
        )
        for name, sort in _SORTS.items()
    ]
    values: dict[str, Any] = await framed(visit, directory, "credentials")
    endpoint = token_endpoint(visit.app, visit.request.origin, directory.id)
    return page(visit, "credentials.html", sets=sets, token_endpoint=endpoint, **values)


def _number(text: str) -> int:
    """Return a choice of the dialog as a number; 0 if it is not a number."""
    return int(text[:7]) if text.isdecimal() else 0


def _kind(fields: dict[str, str]) -> tuple[str, Sort]:
    kind = fields.get("kind", "")
    if kind not in _SORTS:
        raise NotThere(kind)
    return kind, _SORTS[kind]


def _tokens(directory: Directory, sort: Sort) -> tuple[Token, ...]:
    return directory.tokens if sort == "tokens" else directory.secrets


def _credential(visit: PageRequest, token: Token, calls: LastCalls) -> Credential:
    live = token.is_live(store.now(visit.app.clock))
    state = "live" if live else "revoked" if token.revoked else "expired"
    used = calls.used.get(token.id, "")
    return Credential(
        token.id,
        visit.t(CREDENTIAL_STATE.code(state)),
        _TONES[state],
        token.created,
        used,
        token.expires,
        live,
    )
