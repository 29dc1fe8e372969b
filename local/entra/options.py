"""The options of a run of the simulator."""

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
    """One provisioning job: its target, credentials and people.

    `patience` is the time in seconds for which a request is repeated that fails for a passing
    reason (no connection, 429, 502 to 504), first after `pause` seconds, then after twice as many.
    `timeout` is the limit in seconds for one answer.
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
        """Refuse invalid options, with a message for the person at the keyboard."""
        if not self.base.startswith(("http://", "https://")):
            raise ValueError(f"base: {self.base!r} is not an http or https address")
        if self.people < 1 or self.connections < 1 or self.groups < 0:
            raise ValueError("people and connections must be at least 1, groups at least 0")
        if unknown := [cycle for cycle in self.cycles if cycle not in CYCLES]:
            raise ValueError(f"cycles: {', '.join(unknown)} unknown; there are {', '.join(CYCLES)}")
