"""Create, list and revoke set-up links, for the contact centre's administrators.

Nothing here returns a credential: a link's progress only shows which kind was issued, and when.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from directories import audit, audit_relay, service, setup_links, store, tokens
from directories.audit import Act, Actor
from directories.audit_relay import Outbox
from directories.errors import DirectoryError, NotThere, Overtaken
from directories.hooks import LinkRevocations
from directories.models import Directory
from directories.setup_links import Purpose, SetupLink
from shared.app import App
from shared.clock import parse_timestamp, timestamp
from shared.messages import Message
from shared.tables.port import (
    AlreadyExists,
    Delete,
    Insert,
    NotFound,
    Operation,
    PreconditionFailed,
    Replace,
)
from shared.tables.schema.base import DIRECTORIES
from shared.tables.schema.directories import SETUP_LINK

_ATTEMPTS = 6
_MAX_DELETED = 50  # rows per transaction


@dataclass(frozen=True, slots=True)
class NewLink:
    """A new link with its code, which isn't stored."""

    directory: Directory
    link: SetupLink
    code: str

    def address(self, origin: str) -> str:
        """Return the URL to send. The code comes after `#`, the part that browsers send to no server."""
        page = "/set-up?for=sign-in" if self.link.purpose == "sign-in" else "/set-up"
        return f"{origin}{page}#{self.code}"


class TooManyLinks(DirectoryError):
    """The directory has as many usable links as allowed."""

    status = 409

    def __init__(self) -> None:
        super().__init__(Message("setup_links_too_many", most=setup_links.MAX_LIVE_LINKS))


class NoPresence(DirectoryError):
    """A link for the sign-in at Microsoft was requested for a directory of another kind than `entra`."""

    status = 409

    def __init__(self) -> None:
        super().__init__(Message("presence_needs_entra"))


class CreatedBefore(Exception):
    """A link with this ID exists, because the same form was sent twice."""


async def create(
    app: App, actor: Actor, directory_id: str, link_id: str = "", purpose: Purpose = "set-up"
) -> NewLink:
    """Create a set-up link.

    Args:
        app: The App.
        actor: Who creates it.
        directory_id: The directory.
        link_id: The ID that the page's form contains, so that sending it twice creates one link; ""
            to generate one.
        purpose: The whole set-up, or the sign-in at Microsoft alone.

    Raises:
        CreatedBefore: There is a link with this ID.
        NoPresence: The directory's kind has no presence to sign in for.
        NotThere: The actor's account has no such directory.
        TooManyLinks: The directory has as many usable links as allowed.
    """
    directory = await service.read(app, actor.account, directory_id)
    if purpose == "sign-in" and directory.kind != "entra":
        raise NoPresence
    for _ in range(_ATTEMPTS):
        found = await _stored(app, directory_id)
        new = _new(app, directory, link_id, purpose, found)
        row = Insert(SETUP_LINK.key(new.link.id), setup_links.encode(new.link), is_unique=True)
        values = {"purpose": purpose, "expires": new.link.expires}
        act = Act("setup_link.created", new.link.id, new=values)
        try:
            await transact(app, actor, directory, [row, *_outdated(app, found)], act)
        except AlreadyExists:
            raise CreatedBefore from None
        except (PreconditionFailed, NotFound):
            continue  # another new link deleted the old ones
        return new
    raise Overtaken(directory_id)


def _new(
    app: App, directory: Directory, link_id: str, purpose: Purpose, found: Sequence[SetupLink]
) -> NewLink:
    """Return a new link, not stored yet; raise CreatedBefore or TooManyLinks because of the links in `found`."""
    now = store.now(app.clock)
    if any(link.id == link_id for link in found):
        raise CreatedBefore
    if sum(link.is_live(now) for link in found) >= setup_links.MAX_LIVE_LINKS:
        raise TooManyLinks
    new_id = link_id or tokens.new_short_id(12)
    code = setup_links.new_code(directory.id, new_id)
    expires = timestamp(app.clock.now() + setup_links.LIFETIME)
    link = SetupLink(
        id=new_id, hash=tokens.digest(code), created=now, expires=expires, purpose=purpose
    )
    return NewLink(directory, link, code)


async def list_links(app: App, account: str, directory_id: str) -> list[SetupLink]:
    """Return the directory's links, the newest first; raise NotThere."""
    await service.read(app, account, directory_id)
    found = await _stored(app, directory_id)
    return sorted(found, key=lambda link: (link.created, link.id), reverse=True)


async def revoke(app: App, actor: Actor, directory_id: str, link_id: str) -> SetupLink:
    """Revoke a link and return it; from now on it can't be used, not even in the browser that opened it.

    A link that can't be used any more is returned unchanged. Credentials that were issued through it
    stay valid. A consent that was confirmed through it and is still pending is removed. Raise NotThere
    if the directory has no such link.
    """
    directory = await service.read(app, actor.account, directory_id)
    for _ in range(_ATTEMPTS):
        link = await get(app, directory_id, link_id)
        if link is None:
            raise NotThere(link_id)
        now = store.now(app.clock)
        if not link.is_live(now):
            return link
        revoked = replace(link, revoked=now)
        try:
            await transact(
                app, actor, directory, [change(revoked)], Act("setup_link.revoked", link_id)
            )
        except (PreconditionFailed, NotFound):
            continue  # opened or used at this moment
        for end in app.state(LinkRevocations).revocations:
            await end(app, actor, directory_id, link_id)
        return revoked
    raise Overtaken(directory_id)


async def is_revoked(app: App, directory_id: str, link_id: str) -> bool:
    """Return whether the link was revoked or doesn't exist. One round trip."""
    link = await get(app, directory_id, link_id)
    return link is None or bool(link.revoked)


async def get(app: App, directory_id: str, link_id: str) -> SetupLink | None:
    """Return the link, or None if it doesn't exist. One round trip."""
    row = await app.tables.get(DIRECTORIES, directory_id, SETUP_LINK.key(link_id))
    return setup_links.decode(row) if row else None


def change(link: SetupLink) -> Replace:
    """Return the operation that stores a changed link; it fails if the stored link was changed since it was read."""
    return Replace(SETUP_LINK.key(link.id), setup_links.encode(link), link.etag)


async def transact(
    app: App, actor: Actor, directory: Directory, operations: Sequence[Operation], act: Act
) -> None:
    """Carry out operations in the directory's partition, with the audit event of `act` in the same transaction.

    Raises:
        PreconditionFailed: Another writer came first.
        NotFound: A row is gone.
    """
    events = audit.new_events(app.clock, actor, [act], directory.id, directory.name)
    stored = [*operations, *audit.operations(events)]
    await app.tables.transact(DIRECTORIES, directory.id, stored)
    await audit_relay.relay(app, Outbox(DIRECTORIES, directory.id), events)


def _outdated(app: App, links: Sequence[SetupLink]) -> list[Operation]:
    """Return operations that delete links which ended long ago; used whenever a link is created."""
    now = app.clock.now()
    ended = [link for link in links if now - parse_timestamp(link.expires) > setup_links.KEPT]
    return [Delete(SETUP_LINK.key(link.id), link.etag) for link in ended[:_MAX_DELETED]]


async def _stored(app: App, directory_id: str) -> list[SetupLink]:
    start, stop = SETUP_LINK.all()
    rows = await app.tables.query(DIRECTORIES, directory_id, start, stop)
    return [setup_links.decode(row) for row in rows]
