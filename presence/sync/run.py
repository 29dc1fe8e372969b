"""One sync of a tenant while it is under way."""

from dataclasses import dataclass, field

from presence.graph.batching import Result
from presence.instance import Runtime
from presence.sync.diff import PolledPresence
from presence.sync.roster import RosterDelta
from shared.app import App


@dataclass(slots=True)
class Round:
    """What a sync has found out so far; `started` in milliseconds, `deadline` in monotonic seconds.

    `reason`: why presence could not be read; `is_tidy`: rows that waited to be deleted are gone.
    """

    app: App
    runtime: Runtime
    tenant_id: str
    lease: str
    started: int
    deadline: float
    moves: list[RosterDelta] = field(default_factory=list)
    learnt: PolledPresence = field(default_factory=PolledPresence)
    result: Result = field(default_factory=Result)
    reason: str = ""
    is_tidy: bool = False
