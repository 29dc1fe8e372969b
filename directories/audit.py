"""The audit log: which administrator, link, operator or timer did what to a directory, when, and from which address.

An *act* is one such action. Its event is stored in the same transaction, and so in the partition of
the rows that the act changes: there is no act without an event. An *outbox* row, stored with it, is
the reminder to copy the event to the log of the account, which remains after the directory is
deleted (`directories.audit_relay`).

The keys of events begin with the time left until the last possible ULID, so the newest event comes
first.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import orjson

from directories.audit_codes import ACT_CODES
from shared import row_versions
from shared.clock import Clock, timestamp
from shared.easy_auth import Principal
from shared.http import Request
from shared.ids import ulid
from shared.tables.port import Insert, Operation
from shared.tables.schema.directories import AUDIT, AUDIT_OUTBOX

ActorKind = Literal["person", "link", "operator", "system"]
LINK_ACTOR = "link:"  # prefix of the ID of an actor who uses a set-up link
_LAST_MILLISECOND = 2**48 - 1  # the last time that a ULID can have


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who acts, in which account, and from which client address.

    The `kind` is `person` for a signed-in user, with `id` and `name` from Entra; `link` for the
    company's administrator, with the `id` of the set-up link; `operator` for the user of `python -m
    local`; and `system` for the app itself, with the `name` of the timer or queue.
    """

    account: str
    kind: ActorKind
    id: str = ""
    name: str = ""
    address: str = ""


def person_actor(person: Principal, request: Request) -> Actor:
    """Return the signed-in user who sent `request` as an actor."""
    return Actor(
        account=person.account,
        kind="person",
        id=person.object_id,
        name=person.name,
        address=request.client_address,
    )


def link_actor(account: str, link_id: str, address: str) -> Actor:
    """Return the company's administrator, who uses a set-up link, as an actor; `account` owns the directory."""
    return Actor(account=account, kind="link", id=f"{LINK_ACTOR}{link_id}", address=address)


def operator_actor(account: str) -> Actor:
    """Return the operator, who runs `python -m local` on an account's directories, as an actor."""
    return Actor(account=account, kind="operator", name="python -m local")


def system_actor(account: str, name: str) -> Actor:
    """Return the app as an actor; `name` is the timer or queue."""
    return Actor(account=account, kind="system", name=name)


@dataclass(frozen=True, slots=True)
class Act:
    """One action: its code, the object in the directory, and the values before and after it.

    `target` is the ID of a token, secret or tenant, "" for the directory itself. `old` and `new`
    have only the values that changed, never secrets or people's data.
    """

    code: str
    target: str = ""
    old: Mapping[str, Any] = field(default_factory=dict)
    new: Mapping[str, Any] = field(default_factory=dict)


class UnknownAct(ValueError):
    """Raised if the code of an act isn't in `directories.audit_codes`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEvent:
    """One act as stored; `id` is its key in every log, `at` its time (RFC 3339)."""

    id: str
    at: str
    actor: Actor
    act: Act
    directory_id: str
    directory_name: str = ""


def new_events(
    clock: Clock, actor: Actor, acts: Sequence[Act], directory_id: str, directory_name: str = ""
) -> list[AuditEvent]:
    """Return an event for each of `acts`, dated now; the log shows the last of them first.

    Raises:
        UnknownAct: An act's code has no text to show in the log.
    """
    for act in acts:
        if act.code not in ACT_CODES:
            raise UnknownAct(act.code)
    now = clock.now()
    left = _milliseconds_left(now)
    identifiers = sorted([ulid(left, secrets.randbits(80)) for _ in acts], reverse=True)
    return [
        AuditEvent(
            id=identifier,
            at=timestamp(now),
            actor=actor,
            act=act,
            directory_id=directory_id,
            directory_name=directory_name,
        )
        for identifier, act in zip(identifiers, acts, strict=True)
    ]


def bound(moment: datetime) -> str:
    """Return the lowest ID that an event at `moment` can have; earlier events have higher IDs."""
    return ulid(_milliseconds_left(moment))


def _milliseconds_left(moment: datetime) -> int:
    return max(0, _LAST_MILLISECOND - int(moment.timestamp() * 1000))


def operations(events: Sequence[AuditEvent]) -> list[Operation]:
    """Return operations that store each event and its outbox row in the directory's partition (table `directories`)."""
    stored: list[Operation] = []
    for event in events:
        value = encode(event)
        stored.append(Insert(AUDIT.key(event.id), value, is_unique=True))
        stored.append(Insert(AUDIT_OUTBOX.key(event.id), value, is_unique=True))
    return stored


def encode(event: AuditEvent) -> bytes:
    """Return the value of an event's rows as JSON; the event's ID is in the keys."""
    return orjson.dumps({**row_versions.as_row(event, "id"), "v": 1})


def decode(identifier: str, value: bytes) -> AuditEvent:
    """Return the event that `encode` encoded; raise UnsupportedRowVersion if a later release wrote it."""
    stored = row_versions.decode(value, "audit event")
    actor = row_versions.build(Actor, stored["actor"])
    act = row_versions.build(Act, stored["act"])
    event: AuditEvent = row_versions.build(
        AuditEvent, {**stored, "id": identifier, "actor": actor, "act": act}
    )
    return event
