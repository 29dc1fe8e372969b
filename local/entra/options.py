"""The options of a run of the simulator."""

from dataclasses import KW_ONLY, dataclass, field
from typing import Literal

Dialect = Literal["default", "flag"]
"""The form of PATCH: Entra's present one, or the one with `aadOptscim062020` in the tenant URL."""

CYCLES = (
    "connect",
    "initial",
    "groups",
    "incremental",
    "lost-answer",
    "disable",
    "enable",
    "discover",
    "delete",
)
"""All cycles, in their usual order."""

FLAG = "aadOptscim062020"


@dataclass(frozen=True, slots=True)
class Options:
    """The options of a provisioning job: target, credential and people.

    `patience` is how many seconds a request is repeated if it fails temporarily (no connection,
    429, 502 to 504); the first pause is `pause` seconds, and each further pause is twice as long, at
    most 5 s, unless the response has `Retry-After`.
    `timeout` is the limit in seconds for one response. `page_size` is the number of users on a page
    of Account Discovery. `instances` are base URLs of further instances of the same target: the
    requests of all cycles go to each address in turn, as through a load balancer.
    """

    base: str
    token: str = field(repr=False)
    _: KW_ONLY
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
    page_size: int = 100
    instances: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Raise ValueError for invalid options, with a message for the command line."""
        for name, address in [("base", self.base), *(("instance", one) for one in self.instances)]:
            if not address.startswith(("http://", "https://")):
                raise ValueError(f"{name}: {address!r} is not an http or https address")
        if min(self.people, self.connections, self.page_size) < 1 or self.groups < 0:
            raise ValueError("people, connections and page size must be at least 1, groups 0")
        if unknown := [cycle for cycle in self.cycles if cycle not in CYCLES]:
            raise ValueError(f"cycles: {', '.join(unknown)} unknown; there are {', '.join(CYCLES)}")
