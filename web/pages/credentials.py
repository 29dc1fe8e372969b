"""A directory's security tokens and client secrets: issue, revoke, and show expiry and last use."""

from dataclasses import dataclass, field
from typing import Any

from directories import credential_expiry, credential_usage, service, store
from directories import credentials as held
from directories.credential_usage import LastCalls
from directories.credentials import CredentialType, Issued
from directories.models import Directory, Token
from directories.serializers import token_endpoint
from shared.http import Response
from web.page_request import PageRequest
from web.pages import alerts, issuing
from web.pages.directory import framed
from web.render import dialog, page
from web.text_families import CREDENTIAL_STATE, ENDS

_TONES = {"live": "good", "expired": "", "revoked": ""}


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """A row of the table; `ends` is the text shown before the time `expires`, "" if the credential never expires."""

    id: str
    words: str
    tone: str
    created: str
    used: str
    expires: str
    ends: str
    live: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialSet:
    """All tokens or all secrets of a directory.

    `fresh` is the plain text of a new credential, set only in the response to the request that
    issued it.
    """

    kind: str
    client_id: str
    items: list[Credential] = field(default_factory=list)
    fresh: str = ""
    fault: str = ""


async def show(visit: PageRequest) -> Response:
    """Show `/directories/{directoryId}/credentials`."""
    return await _shown(visit, await service.read(visit.app, visit.account, visit.directory_id))


async def issue(visit: PageRequest) -> Response:
    """Issue a new token or secret; ask for confirmation first if another one would then expire at once."""
    kind, _ = issuing.kind_of(visit.form)
    done = await issuing.issue(visit, kind, "credentials")
    if isinstance(done, Response):
        return done
    if isinstance(done, Issued):
        return await _shown(visit, done.directory, kind, fresh=done.plain)
    directory = await service.read(visit.app, visit.account, visit.directory_id)
    return await _shown(visit, directory, kind, fault=visit.text(done.message))


async def ask_to_revoke(visit: PageRequest) -> Response:
    """Show the dialog that explains what revoking the credential will cause."""
    directory = await service.read(visit.app, visit.account, visit.directory_id)
    kind, _ = issuing.kind_of(visit.query)
    return dialog(
        visit, "revoke.html", directory=directory, kind=kind, id=visit.query.get("id", "")
    )


async def revoke(visit: PageRequest) -> Response:
    """Revoke a credential at once."""
    _, credential_type = issuing.kind_of(visit.form)
    directory = await held.revoke(
        visit.app, visit.actor, visit.directory_id, credential_type, visit.form.get("id", "")
    )
    return await _shown(visit, directory)


async def _shown(
    visit: PageRequest, directory: Directory, kind: str = "", *, fresh: str = "", fault: str = ""
) -> Response:
    calls = await credential_usage.read(visit.app.tables, directory.id)
    sets = [
        CredentialSet(
            kind=name,
            client_id=directory.id,
            items=[
                _credential(visit, one, calls)
                for one in reversed(_tokens(directory, credential_type))
            ],
            fresh=fresh if name == kind else "",
            fault=fault if name == kind else "",
        )
        for name, credential_type in issuing.CREDENTIAL_TYPES.items()
    ]
    values: dict[str, Any] = await framed(visit, directory, "credentials")
    endpoint = token_endpoint(visit.app, visit.request.origin, directory.id)
    endings = credential_expiry.endings(visit.app, directory, calls)
    return page(
        visit,
        "credentials.html",
        sets=sets,
        token_endpoint=endpoint,
        problems=[alerts.ending_problem(visit, directory, one) for one in endings],
        **values,
    )


def _tokens(directory: Directory, credential_type: CredentialType) -> tuple[Token, ...]:
    return directory.tokens if credential_type == "tokens" else directory.secrets


def _credential(visit: PageRequest, token: Token, calls: LastCalls) -> Credential:
    live = token.is_live(store.now(visit.app.clock))
    state = "live" if live else "revoked" if token.revoked else "expired"
    used = calls.used.get(token.id, "")
    return Credential(
        id=token.id,
        words=visit.t(CREDENTIAL_STATE.code(state)),
        tone=_TONES[state],
        created=token.created,
        used=used,
        expires=token.expires,
        ends=visit.t(ENDS.code("ends" if live else state)) if token.expires else "",
        live=live,
    )
