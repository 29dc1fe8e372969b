"""The company's side of a set-up link: open it, resume it in the same browser, and make changes through it.

The link's row alone decides, at every request, whether the link may be used, and every change
through the link writes that row in the same transaction. So if two browsers open a link on two
instances, only one succeeds, and no change follows a revocation. A malformed code, a wrong code and
a wrong cookie need the same reads and get the same response; only a browser with the link's code or
cookie is told why the link can't be used.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from directories import credentials, service, setup_link_service, setup_links, store, tokens
from directories.audit import Act, Actor, link_actor
from directories.credentials import CredentialType
from directories.errors import DirectoryError, InvalidField, Overtaken
from directories.models import Directory, Token, TrustedIdentity
from directories.setup_links import LinkCredential, SessionValue, SetupLink
from shared.app import App
from shared.easy_auth import Principal
from shared.messages import CodeFamily, Message
from shared.tables.port import NotFound, Operation, PreconditionFailed

Result = TypeVar("Result")
# Why a link can't be used. `elsewhere`: another browser opened it. `browser`: this browser didn't open it.
# `purpose`: it is only for the sign-in. `expired`, `revoked`, `done`: its state.
REFUSALS = ("unknown", "elsewhere", "browser", "purpose", "expired", "revoked", "done")
REFUSAL = CodeFamily("setup_link_", REFUSALS)
_CREDENTIAL_TYPES: dict[str, CredentialType] = {"secret": "secrets", "token": "tokens"}
_ATTEMPTS = 6


class LinkRefused(DirectoryError):
    """The link can't be used, or not by this browser or for this step; `reason` is one of REFUSALS."""

    status = 403

    def __init__(self, reason: str) -> None:
        super().__init__(Message(REFUSAL.code(reason)))
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class SetupSession:
    """A link in the browser that opened it; `secret` is the browser's secret if this request set its cookie."""

    link: SetupLink
    directory: Directory
    actor: Actor
    secret: str = ""

    @property
    def cookie(self) -> SessionValue:
        """The value of the browser's cookie."""
        return SessionValue(self.directory.id, self.secret)

    @property
    def principal(self) -> Principal:
        """The link as a signed-in user, for rate limits and for the consent to presence."""
        return Principal(
            account=self.directory.account, object_id=self.actor.id, name="", roles=frozenset()
        )


@dataclass(frozen=True, slots=True)
class IssuedCredential:
    """An issued credential with its plain text, which isn't stored."""

    credential_type: LinkCredential
    credential: Token
    plain: str


async def open_link(app: App, code: str, cookie: str, address: str) -> SetupSession:
    """Open a link, which binds it to this browser; the browser that opened it before gets its session again.

    Args:
        app: The App.
        code: The code from the link.
        cookie: The value of the browser's cookie for this link, "" without one.
        address: The client address of the request.

    Raises:
        LinkRefused: The link doesn't exist, has ended, or was opened in another browser.
    """
    ids = setup_links.ids_in(code)
    for _ in range(_ATTEMPTS):
        link, directory = await _read(app, ids.directory_id, ids.link_id)
        if link is None or directory is None or not link.has_code(code):
            raise LinkRefused("unknown")
        session = _session(link, directory, address)
        _refuse_ended(app, link)
        if link.opened:
            known = setup_links.parse_session(cookie)
            if link.has_session(known.secret):
                return replace(session, secret=known.secret)
            await _note_elsewhere(app, session)
            raise LinkRefused("elsewhere")
        secret = setup_links.new_secret()
        opened = replace(link, opened=store.now(app.clock), session=tokens.digest(secret))
        try:
            await _store(app, session, opened, "setup_link.opened")
        except (PreconditionFailed, NotFound):
            continue  # another browser or a revocation changed the row first
        return replace(session, link=opened, secret=secret)
    raise Overtaken(ids.directory_id)


async def resume(app: App, link_id: str, cookie: str, address: str) -> SetupSession:
    """Return the session that a browser's cookie belongs to.

    A finished link still shows its summary to the browser that opened it, until its 72 hours are
    over.

    Raises:
        LinkRefused: This browser didn't open the link, or the link has expired or was revoked.
    """
    known = setup_links.parse_session(cookie)
    link, directory = await _read(app, known.directory_id, link_id)
    if link is None or directory is None or not link.has_session(known.secret):
        raise LinkRefused("browser")
    if not link.done or store.now(app.clock) >= link.expires:
        _refuse_ended(app, link)
    return _session(link, directory, address)


async def reread(app: App, session: SetupSession) -> SetupSession:
    """Return the session with the link and the directory read again from storage; raise LinkRefused."""
    link, directory = await _read(app, session.directory.id, session.link.id)
    if link is None or directory is None:
        raise LinkRefused("browser")
    return replace(session, link=link, directory=directory)


async def issue_credential(
    app: App, session: SetupSession, credential_type: LinkCredential
) -> IssuedCredential:
    """Issue a client secret or a security token, which only the company's administrator sees.

    Raises:
        LinkRefused: The link has ended.
        TooMany: As many as allowed are live already.
    """
    require_set_up(session)

    async def act(link: SetupLink, also: Sequence[Operation]) -> IssuedCredential:
        issued = await credentials.issue(
            app, session.actor, session.directory.id, _CREDENTIAL_TYPES[credential_type], also=also
        )
        return IssuedCredential(credential_type, issued.credential, issued.plain)

    return await _act(
        app, session, act, credential=credential_type, credential_at=store.now(app.clock)
    )


async def trust(app: App, session: SetupSession, identity: TrustedIdentity) -> Directory:
    """Set the company's provisioning identity as the trusted one; it may replace one that was set through this link.

    Raises:
        LinkRefused: The link has ended.
        InvalidField: A value isn't valid, or the directory trusts another identity.
    """
    require_set_up(session)
    await check(app, session)
    checked = credentials.checked_trust(app, identity)
    now = store.now(app.clock)

    async def act(link: SetupLink, also: Sequence[Operation]) -> Directory:
        present = session.directory.trust
        if present is not None and present.fingerprint not in (link.trusted, checked.fingerprint):
            raise InvalidField("subject", Message("setup_link_trust_exists"))
        return await credentials.set_trust(
            app, session.actor, session.directory.id, checked, also=also
        )

    progress = {"credential": "trust", "credential_at": now, "trusted": checked.fingerprint}
    return await _act(app, session, act, **progress)


async def want_presence(app: App, session: SetupSession) -> None:
    """Set the directory's presence to `on`; called before the administrator is redirected to Microsoft.

    Raise LinkRefused if the link is no longer valid.
    """

    async def act(link: SetupLink, also: Sequence[Operation]) -> Directory:
        return await service.change(
            app,
            session.actor,
            session.directory.id,
            lambda directory: replace(directory, presence="on"),
            also=also,
        )

    await _act(app, session, act)


async def accept_company(app: App, session: SetupSession) -> None:
    """Store that the administrator confirms the company, before its tenant is connected; raise LinkRefused.

    So a link that is revoked at the same moment connects nothing, and the contact centre sees the
    time of the confirmation.
    """
    for _ in range(_ATTEMPTS):
        link = await check(app, session)
        accepted = replace(link, accepted=store.now(app.clock))
        try:
            await _store(app, session, accepted, "setup_link.accepted")
        except (PreconditionFailed, NotFound):
            continue
        return
    raise Overtaken(session.directory.id)


async def note_test(app: App, session: SetupSession) -> None:
    """Store the time at which the administrator first tested numbers; raise LinkRefused."""
    require_set_up(session)
    link = await check(app, session)
    if not link.tested:
        tested = replace(link, tested=store.now(app.clock))
        try:
            await _store(app, session, tested, "setup_link.tested")
        except (PreconditionFailed, NotFound):
            await check(app, session)


async def finish(app: App, session: SetupSession) -> SetupSession:
    """Mark the link as done and return the session; raise LinkRefused.

    If the link is for the whole set-up, also mark the wizard as finished.
    """
    for _ in range(_ATTEMPTS):
        link = await check(app, session)
        done = replace(link, done=store.now(app.clock))
        try:
            await _store(app, session, done, "setup_link.done")
        except (PreconditionFailed, NotFound):
            continue
        if link.purpose == "set-up" and session.directory.setup != "done":
            await service.set_up(app, session.actor, session.directory.id, setup="done")
        return replace(session, link=done)
    raise Overtaken(session.directory.id)


async def _act(
    app: App,
    session: SetupSession,
    act: Callable[[SetupLink, Sequence[Operation]], Awaitable[Result]],
    **progress: str,
) -> Result:
    """Make a change through the link by calling `act`, and return its result.

    `act` gets the link, and the operations that store `progress` (fields of SetupLink) in its row.
    It must include these in the transaction that stores the change, so that both are stored or
    neither. It is called again if another writer changed the link or the directory at the same
    time.

    Raises:
        LinkRefused: The link has ended.
        Overtaken: Other writers came first in every attempt.
    """
    for _ in range(_ATTEMPTS):
        link = await check(app, session)
        also = [setup_link_service.change(replace(link, **progress))]  # type: ignore[arg-type]
        try:
            return await act(link, also)
        except Overtaken:
            continue  # the link or the directory was changed at this moment
    raise Overtaken(session.directory.id)


def require_set_up(session: SetupSession) -> None:
    """Raise LinkRefused if the link is only for the sign-in at Microsoft; a link's purpose never changes."""
    if session.link.purpose != "set-up":
        raise LinkRefused("purpose")


async def check(app: App, session: SetupSession) -> SetupLink:
    """Return the link, read again from storage; raise LinkRefused if it has ended."""
    link = await setup_link_service.get(app, session.directory.id, session.link.id)
    if link is None:
        raise LinkRefused("browser")
    _refuse_ended(app, link)
    return link


def _refuse_ended(app: App, link: SetupLink) -> None:
    now = store.now(app.clock)
    if not link.is_live(now):
        raise LinkRefused(link.state(now))


async def _read(
    app: App, directory_id: str, link_id: str
) -> tuple[SetupLink | None, Directory | None]:
    """Return the link and its active directory, None for one that doesn't exist; both are always read."""
    link, directory = await asyncio.gather(
        setup_link_service.get(app, directory_id, link_id), store.get(app.tables, directory_id)
    )
    return link, directory if directory and directory.is_active else None


def _session(link: SetupLink, directory: Directory, address: str) -> SetupSession:
    actor = link_actor(directory.account, link.id, address)
    return SetupSession(link=link, directory=directory, actor=actor)


async def _note_elsewhere(app: App, session: SetupSession) -> None:
    """Store the time of the first attempt to open the link in another browser.

    The contact centre's administrators see it. If it is stored already, do nothing.
    """
    if session.link.elsewhere:
        return
    noted = replace(session.link, elsewhere=store.now(app.clock))
    try:
        await _store(app, session, noted, "setup_link.refused")
    except (PreconditionFailed, NotFound):
        return  # the link was used at this moment; the next attempt is stored


async def _store(app: App, session: SetupSession, link: SetupLink, code: str) -> None:
    await setup_link_service.transact(
        app,
        session.actor,
        session.directory,
        [setup_link_service.change(link)],
        Act(code, link.id),
    )
