"""Create, read, list and change the directories of an account.

Every function gets the actor, or the account of the user, and raises NotThere for a directory of
another account, as if it did not exist. A change is stored together with its audit events.
"""

import contextlib
import dataclasses
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import KW_ONLY, dataclass
from datetime import timedelta
from typing import Any

from directories import (
    audit,
    audit_acts,
    audit_relay,
    kind_change,
    names,
    reindex_progress,
    store,
    tokens,
)
from directories.audit import Actor
from directories.audit_relay import Outbox
from directories.errors import (
    DirectoryError,
    InvalidField,
    NotThere,
    Overtaken,
    TooManyDirectories,
)
from directories.models import Directory, Kind, Token, is_directory_id
from directories.readers import decode_readers
from directories.store import cache
from shared.app import App
from shared.clock import timestamp
from shared.messages import Message
from shared.tables.port import NotFound, Operation, PreconditionFailed, TableError
from shared.tables.schema.base import DIRECTORIES

MAX_NAME = 100
MIN_GIVEN_TOKEN = 20
_ATTEMPTS = 6

Change = Callable[[Directory], Directory]


@dataclass(frozen=True, slots=True)
class NewDirectory:
    """The initial values of a directory.

    `id` and `token` are given only if it is moved from another deployment; "" to generate them.
    """

    name: str
    _: KW_ONLY
    kind: Kind = "entra"
    region: str = ""
    strict_numbers: bool = False
    id: str = ""
    token: str = ""


async def create(app: App, actor: Actor, new: NewDirectory) -> tuple[Directory, str]:
    """Create a directory in the actor's account; return it and its security token in plain text, which isn't stored.

    Raises:
        InvalidField: A value is not accepted.
        NameTaken: The account has a directory with this name.
        TooManyDirectories: The account has as many as the setting MAX_DIRECTORIES allows.
    """
    plain = _given_token(new.token) if new.token else tokens.new_secret(tokens.TOKEN_PREFIX)
    at = store.now(app.clock)
    days = app.settings.token_lifetime_days
    expires = timestamp(app.clock.now() + timedelta(days=days)) if days else ""
    directory = Directory(
        id=_given_id(new.id) if new.id else tokens.new_short_id(20),
        name=check_name(new.name),
        account=actor.account,
        kind=new.kind,
        region=check_region(new.region) if new.region else app.settings.default_region,
        created=at,
        strict_numbers=new.strict_numbers,
        tokens=(
            Token(id=tokens.new_short_id(), hash=tokens.digest(plain), created=at, expires=expires),
        ),
    )
    acts = audit_acts.of_creation(directory)
    events = audit.new_events(app.clock, actor, acts, directory.id, directory.name)
    is_new_name = await names.claim(app, actor.account, directory.name, directory.id)
    try:
        stored = await store.insert(app.tables, directory, events, app.settings.max_directories)
    except store.AlreadyThere:
        if is_new_name:
            await names.release(app, actor.account, directory.name, directory.id)
        raise InvalidField("id", Message("id_taken", id=directory.id)) from None
    except store.AccountFull:
        if is_new_name:
            await names.release(app, actor.account, directory.name, directory.id)
        raise TooManyDirectories(app.settings.max_directories) from None
    cache(app).forget(directory.id)
    await audit_relay.relay(app, Outbox(DIRECTORIES, directory.id), events)
    return stored, plain


async def list_directories(app: App, account: str) -> list[Directory]:
    """Return the account's active directories, sorted by creation time; always read from storage."""
    found = await store.of_account(app.tables, app.clock, account)
    return [directory for directory in found if directory.is_active]


async def read(app: App, account: str, directory_id: str) -> Directory:
    """Return the account's active directory with this ID; raise NotThere if there is none."""
    directory = await store.get(app.tables, directory_id)
    if directory is None or not directory.is_active or directory.account != account:
        raise NotThere(directory_id)
    return directory


async def change(
    app: App,
    actor: Actor,
    directory_id: str,
    alter: Change,
    expected: str = "",
    also: Sequence[Operation] = (),
) -> Directory:
    """Store the result of `alter` as the directory's next version and return it.

    It is tried again if another writer changed the directory at the same time. The differences are
    stored as audit events of the actor, in the same transaction.

    Args:
        app: The App.
        actor: Who changes it.
        directory_id: The directory.
        alter: A function that returns the changed directory for the present one.
        expected: The storage ETag that the caller has seen; "" accepts any.
        also: Operations for the same transaction; they are skipped if `alter` changes nothing.

    Raises:
        NotThere: The actor's account has no such directory.
        Overtaken: The directory has another ETag than `expected`, a row of `also` was changed, or
            other writers came first each time.
    """
    for _ in range(_ATTEMPTS):
        directory = await read(app, actor.account, directory_id)
        if expected and directory.etag != expected:
            raise Overtaken(directory_id)
        altered = alter(directory)
        if altered == directory:
            return directory
        try:
            return await replace(app, actor, directory, altered, also)
        except (PreconditionFailed, NotFound) as error:
            if any(error.key == one.key for one in also):
                break
    raise Overtaken(directory_id)


async def replace(
    app: App,
    actor: Actor,
    before: Directory,
    after: Directory,
    also: Sequence[Operation] = (),
) -> Directory:
    """Store `after` in place of `before` and return it with its new ETag.

    An audit event per difference and the operations `also` are stored in the same transaction.

    Raises:
        PreconditionFailed: Another writer came first.
        NotFound: The directory's row, or a row of `also`, is gone.
    """
    acts = audit_acts.of_change(before, after)
    events = audit.new_events(app.clock, actor, acts, after.id, after.name)
    stored = await store.replace(app.tables, after, [*audit.operations(events), *also])
    cache(app).forget(after.id)
    await audit_relay.relay(app, Outbox(DIRECTORIES, after.id), events)
    return stored


async def set_up(
    app: App, actor: Actor, directory_id: str, expected: str = "", **settings: Any
) -> Directory:
    """Change settings: name, kind, region, strict_numbers, setup, presence, readers or inspect_until.

    Raises:
        InvalidField: A setting has a value that is not accepted.
        NameTaken: Another directory of the account has the name.
        KindFixed: The directory has people or presence, so it must keep its kind.
        NotThere: The account has no such directory.
        Overtaken: Another request changed the directory.
    """
    if "name" in settings:
        settings["name"] = check_name(settings["name"])
    if "readers" in settings:
        settings["readers"] = decode_readers(settings["readers"])
    if "region" in settings:
        settings["region"] = check_region(settings["region"])
    before: list[Directory] = []

    def alter(directory: Directory) -> Directory:
        before.append(directory)
        return dataclasses.replace(directory, **settings)

    async with _name_claimed(app, actor, directory_id, settings.get("name", "")):
        if "kind" in settings:
            await kind_change.check(app, actor.account, directory_id, settings["kind"])
        stored = await change(app, actor, directory_id, alter, expected)
    if not names.is_same(before[-1].name, stored.name):
        with contextlib.suppress(TableError):  # a claim that is left over doesn't block the name
            await names.release(app, actor.account, before[-1].name, directory_id)
    if stored.region != before[-1].region:  # national numbers are parsed for another region now
        await reindex_progress.forget(app.tables, directory_id)
    return stored


@contextlib.asynccontextmanager
async def _name_claimed(
    app: App, actor: Actor, directory_id: str, name: str
) -> AsyncIterator[None]:
    """Return a context manager that claims a name for a directory; release it if the block fails.

    `name` is "" to claim none.

    Raises:
        NameTaken: Another directory of the account has the name.
        NotThere: The account has no such directory.
    """
    is_new = False
    if name:
        await read(app, actor.account, directory_id)
        is_new = await names.claim(app, actor.account, name, directory_id)
    try:
        yield
    except DirectoryError:
        if is_new:
            await names.release(app, actor.account, name, directory_id)
        raise


def check_name(name: str) -> str:
    """Return a directory's name without superfluous space.

    Raise InvalidField if it is empty, too long, or has characters that can't be printed.
    """
    plain = " ".join(name.split())
    if not plain:
        raise InvalidField("name", Message("name_empty"))
    if len(plain) > MAX_NAME:
        raise InvalidField("name", Message("name_too_long", count=len(plain), most=MAX_NAME))
    if any(not character.isprintable() for character in plain):
        raise InvalidField("name", Message("name_characters"))
    return plain


def check_region(region: str) -> str:
    """Return an ISO 3166 region in upper case; raise InvalidField if phonenumbers has no numbering plan for it."""
    import phonenumbers  # 0.1 s, needed here only

    code = region.strip().upper()
    if code not in phonenumbers.SUPPORTED_REGIONS:
        raise InvalidField("region", Message("region_unknown", region=region[:20]))
    return code


def _given_id(text: str) -> str:
    if not is_directory_id(text):
        raise InvalidField("id", Message("id_form"))
    return text


def _given_token(text: str) -> str:
    if len(text) < MIN_GIVEN_TOKEN or not text.isascii() or not text.isprintable() or " " in text:
        raise InvalidField("token", Message("token_form", least=MIN_GIVEN_TOKEN))
    if text.startswith(tokens.ACCESS_PREFIX):
        raise InvalidField("token", Message("token_prefix", prefix=tokens.ACCESS_PREFIX))
    return text
