"""The audit log: who did which act on a directory, from where and when.

The event of an act is stored in the same transaction as the act, so in the act's own partition:
there is no act without its event. Together with the event in the directory's log an *outbox* row carries it
to the log of the account, which survives the directory (`directories.audit_relay`).

Keys begin with the time that is left until the end of ULIDs, so the newest event comes first.
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
LINK_ACTOR = "link:"  # begins the ID of an actor who uses a set-up link
_LAST_MILLISECOND = 2**48 - 1  # that a ULID can have


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who acts, within which account, and from which client address.

    `person`: a signed-in person, with the object ID and the name that Entra gives. `link`: the company's
    administrator, who uses the set-up link with the ID. `operator`: who runs
    `python -m local`. `system`: a timer of the app; `name` says which.
    """

    account: str
    kind: ActorKind
    id: str = ""
    name: str = ""
    address: str = ""


def person_actor(person: Principal, request: Request) -> Actor:
    """Return the signed-in person of a request as an actor."""
    return Actor(
        account=person.account,
        kind="person",
        id=person.object_id,
        name=person.name,
        address=request.client_address,
    )


def link_actor(account: str, link_id: str, address: str) -> Actor:
    """Return the user of a set-up link, who has no account here, as an actor."""
    return Actor(account=account, kind="link", id=f"{LINK_ACTOR}{link_id}", address=address)


def operator_actor(account: str) -> Actor:
    """Return the operator, who acts on an account's directories by `python -m local`."""
    return Actor(account=account, kind="operator", name="python -m local")


def system_actor(account: str, name: str) -> Actor:
    """Return the app itself; `name` is the timer or queue that acts."""
    return Actor(account=account, kind="system", name=name)


@dataclass(frozen=True, slots=True)
class Act:
    """One act: its code, the object in the directory, and values before and after it.

    `target` is the ID of a token, secret or tenant, "" for the directory itself. `old` and `new` have
    only the values that changed; nothing secret, no provisioned person.
    """

    code: str
    target: str = ""
    old: Mapping[str, Any] = field(default_factory=dict)
    new: Mapping[str, Any] = field(default_factory=dict)


class UnknownAct(ValueError):
    """An act's code isn't in `directories.audit_codes`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEvent:
    """One act as stored. `id` is its key in every log, `at` its time (RFC 3339)."""

    id: str
    at: str
    actor: Actor
    act: Act
    directory_id: str
    directory_name: str = ""


def new_events(
    clock: Clock, actor: Actor, acts: Sequence[Act], directory_id: str, directory_name: str = ""
) -> list[AuditEvent]:
    """Return the events of acts of this moment; the log shows the last one first.

    Raises:
        UnknownAct: An act has no text by which the log could show it.
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
    """Return the lowest ID of an event of `moment`; earlier events have higher ones."""
    return ulid(_milliseconds_left(moment))


def _milliseconds_left(moment: datetime) -> int:
    return max(0, _LAST_MILLISECOND - int(moment.timestamp() * 1000))


def operations(events: Sequence[AuditEvent]) -> list[Operation]:
    """Return operations that store events in the directory's partition (table `directories`)."""
    stored: list[Operation] = []
    for event in events:
        value = encode(event)
        stored.append(Insert(AUDIT.key(event.id), value, is_unique=True))
        stored.append(Insert(AUDIT_OUTBOX.key(event.id), value, is_unique=True))
    return stored


def encode(event: AuditEvent) -> bytes:
    """Return the value of the event's rows; its ID is in the key."""
    return orjson.dumps({**row_versions.as_row(event, "id"), "v": 1})


def decode(identifier: str, value: bytes) -> AuditEvent:
    """Return the event that `encode` wrote; raise UnsupportedRowVersion."""
    stored = row_versions.read(value, "audit event")
    actor = row_versions.build(Actor, stored["actor"])
    act = row_versions.build(Act, stored["act"])
    event: AuditEvent = row_versions.build(
        AuditEvent, {**stored, "id": identifier, "actor": actor, "act": act}
    )
    return event
