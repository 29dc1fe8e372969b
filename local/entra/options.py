"""What a run of the simulator is told."""

from dataclasses import dataclass, field
from typing import Literal

Dialect = Literal["default", "flag"]
"""How PATCH is spoken: as Entra does today, or as with `aadOptscim062020` in the tenant URL."""

CYCLES = (
    "connect",
    "initial",
    "groups",
    "incremental",
    "lost-answer",
    "disable",
    "enable",
    "delete",
)
"""Every cycle there is, in the order in which they make sense."""

FLAG = "aadOptscim062020"


@dataclass(frozen=True, slots=True)
class Options:
    """One provisioning job: where to, with what, for whom.

    `patience` is how many seconds a request that fails for a passing reason (no connection, 429, 502 to 504) is
    repeated, first after `pause` seconds, then after twice as many; `timeout` the seconds that one answer may take.
    """

    base: str
    token: str = field(repr=False)
    people: int = 250
    connections: int = 8
    dialect: Dialect = "default"
    groups: int = 5
    seed: int = 1
    cycles: tuple[str, ...] = CYCLES
    matching: Literal["userName", "externalId"] = "userName"
    patience: float = 60.0
    pause: float = 0.1
    timeout: float = 60.0

    def __post_init__(self) -> None:
        """Refuse what can't be run, in words for the person at the keyboard."""
        if not self.base.startswith(("http://", "https://")):
            raise ValueError(f"base: {self.base!r} is not an http or https address")
        if self.people < 1 or self.connections < 1 or self.groups < 0:
            raise ValueError("people and connections must be at least 1, groups at least 0")
        if unknown := [cycle for cycle in self.cycles if cycle not in CYCLES]:
            raise ValueError(f"cycles: {', '.join(unknown)} unknown; there are {', '.join(CYCLES)}")
