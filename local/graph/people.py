"""Tenants and their people.

A tenant's crowd, people with computed IDs and presence, needs no memory at any size.
"""

import hashlib
from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID, uuid5

from local.graph.wire import Style

GLOBAL_ADMINISTRATOR = "62e90394-69f5-4237-9190-012177145e10"
PRIVILEGED_ROLE_ADMINISTRATOR = "e8611ab8-c189-46e8-94e1-60213ab1f814"
# The claim `wids` has this of every member, but not of guests.
MEMBER = "b79fbf4d-3ef9-4689-8143-76b194e85509"
ADMINISTRATORS = frozenset((GLOBAL_ADMINISTRATOR, PRIVILEGED_ROLE_ADMINISTRATOR))
_NAMESPACE = UUID("5c1d1f6e-0f0a-4d0e-9f3a-3f1b8a6f2c11")
UnknownIds = Literal["missing", "presence-unknown", "chunk-400", "chunk-404"]


@dataclass(frozen=True, slots=True)
class Person:
    """A user who can sign in; `roles` are role template IDs, as in the claim `wids`."""

    object_id: str
    name: str
    user_name: str
    roles: frozenset[str] = frozenset()

    @property
    def is_administrator(self) -> bool:
        """Return whether this user can consent to application permissions of Graph."""
        return bool(self.roles & ADMINISTRATORS)


@dataclass(slots=True)
class Consent:
    """The service principal of an application in a tenant; `granted_at` is in monotonic seconds."""

    enabled: bool = True
    role: bool = False
    granted_at: float = 0.0
    tokens_without_role: int = 0

    @property
    def state(self) -> str:
        """The state: "signed-in" (a service principal without the permission), "granted" or "disabled"."""
        if not self.enabled:
            return "disabled"
        return "granted" if self.role else "signed-in"


@dataclass(slots=True, kw_only=True)
class Tenant:
    """An Entra tenant.

    It has the people in `people` and `known` and a `crowd` of computed people; with `anyone`, every
    GUID is a person.
    """

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
    still_since: float | None = (
        None  # if not `moving`: when statuses stopped changing, in seconds since 1970
    )
    consents: dict[str, Consent] = field(default_factory=dict)
    _tail: str = ""

    def __post_init__(self) -> None:
        digest = hashlib.sha256(self.tenant_id.encode()).hexdigest()
        self._tail = f"-{digest[:4]}-4{digest[4:7]}-8{digest[7:10]}-{digest[10:22]}"

    def object_id(self, index: int) -> str:
        """Return the object ID of person `index` of the crowd, from 0."""
        return f"{index:08x}{self._tail}"

    def object_ids(self, start: int = 0, stop: int | None = None) -> list[str]:
        """Return the object IDs of the crowd from `start` up to, but without, `stop`."""
        return [
            f"{index:08x}{self._tail}"
            for index in range(start, self.crowd if stop is None else stop)
        ]

    def has(self, object_id: str) -> bool:
        """Return whether the ID, in lower case, is a person of this tenant."""
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
        """Add a user who can sign in; a missing object ID is derived from the user name."""
        user_name = user_name or f"{name.split()[0].lower()}@{self.domain}"
        object_id = (object_id or str(uuid5(_NAMESPACE, f"{self.tenant_id}/{user_name}"))).lower()
        person = self.people[object_id] = Person(object_id, name, user_name, roles)
        return person

    def find(self, who: str) -> Person | None:
        """Return the user with this object ID or user name, or None."""
        wanted = who.lower()
        return next(
            (p for p in self.people.values() if wanted in (p.object_id, p.user_name.lower())), None
        )
