"""Tenants and their people.

A crowd of any size needs no memory: IDs and presence are computed, not stored.
"""

import hashlib
from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID, uuid5

from local.graph.wire import Style

GLOBAL_ADMINISTRATOR = "62e90394-69f5-4237-9190-012177145e10"
PRIVILEGED_ROLE_ADMINISTRATOR = "e8611ab8-c189-46e8-94e1-60213ab1f814"
# In `wids` of every member, but not of guests.
MEMBER = "b79fbf4d-3ef9-4689-8143-76b194e85509"
ADMINISTRATORS = frozenset((GLOBAL_ADMINISTRATOR, PRIVILEGED_ROLE_ADMINISTRATOR))
_NAMESPACE = UUID("5c1d1f6e-0f0a-4d0e-9f3a-3f1b8a6f2c11")
UnknownIds = Literal["missing", "presence-unknown", "chunk-400", "chunk-404"]


@dataclass(frozen=True, slots=True)
class Person:
    """A person who can sign in. `roles` are role template ids, as `wids` carries them."""

    object_id: str
    name: str
    user_name: str
    roles: frozenset[str] = frozenset()

    @property
    def is_administrator(self) -> bool:
        """Return whether this person can consent to application permissions of Graph."""
        return bool(self.roles & ADMINISTRATORS)


@dataclass(slots=True)
class Consent:
    """The service principal of an application in a tenant. `granted_at`: monotonic seconds."""

    enabled: bool = True
    role: bool = False
    granted_at: float = 0.0
    tokens_without_role: int = 0

    @property
    def state(self) -> str:
        """signed-in: a service principal without permission; granted; disabled."""
        if not self.enabled:
            return "disabled"
        return "granted" if self.role else "signed-in"


@dataclass(slots=True, kw_only=True)
class Tenant:
    """One Entra tenant. `crowd` people exist in addition to `known`; `anyone`: every GUID does."""

    tenant_id: str
    domain: str
    name: str
    crowd: int = 0
    anyone: bool = False
    people: dict[str, Person] = field(default_factory=dict)
    known: set[str] = field(default_factory=set)
    unlicensed: set[str] = field(default_factory=set)
    unlicensed_share: float = 0.0
    unknown_ids: UnknownIds = "missing"
    style: Style = "old"
    moving: bool = True
    still_since: float | None = None  # seconds since 1970: when a tenant that does not move stopped
    consents: dict[str, Consent] = field(default_factory=dict)
    _tail: str = ""

    def __post_init__(self) -> None:
        digest = hashlib.sha256(self.tenant_id.encode()).hexdigest()
        self._tail = f"-{digest[:4]}-4{digest[4:7]}-8{digest[7:10]}-{digest[10:22]}"

    def object_id(self, index: int) -> str:
        """Return the object id of the crowd's person number `index`, from 0."""
        return f"{index:08x}{self._tail}"

    def object_ids(self, start: int = 0, stop: int | None = None) -> list[str]:
        """Return the object ids of the crowd from `start` to before `stop`."""
        return [
            f"{index:08x}{self._tail}"
            for index in range(start, self.crowd if stop is None else stop)
        ]

    def has(self, object_id: str) -> bool:
        """Return whether the id, in lower case, is one of this tenant's people."""
        if object_id[8:] == self._tail:
            return int(object_id[:8], 16) < self.crowd
        return self.anyone or object_id in self.known or object_id in self.people

    def add(
        self,
        name: str,
        user_name: str = "",
        *,
        roles: frozenset[str] = frozenset(),
        object_id: str = "",
    ) -> Person:
        """Add a person who can sign in; the object id follows from the user name if not given."""
        user_name = user_name or f"{name.split()[0].lower()}@{self.domain}"
        object_id = (object_id or str(uuid5(_NAMESPACE, f"{self.tenant_id}/{user_name}"))).lower()
        person = self.people[object_id] = Person(object_id, name, user_name, roles)
        return person

    def find(self, who: str) -> Person | None:
        """Return the person of that object id or user name."""
        wanted = who.lower()
        return next(
            (p for p in self.people.values() if wanted in (p.object_id, p.user_name.lower())), None
        )
