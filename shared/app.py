"""The App: everything that one instance of the product knows and remembers."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

from shared.background import BackgroundTasks
from shared.clock import Clock
from shared.log import LateLines
from shared.metrics import Metrics
from shared.random_source import RandomSource
from shared.settings import Settings
from shared.tables.port import Tables
from shared.telemetry import Telemetry

State = TypeVar("State")


@dataclass(frozen=True, slots=True, eq=False)
class App:
    """One instance of the product: what it works with, and what it remembers.

    Nothing an instance remembers lives anywhere else, so two Apps share nothing, even over the
    same tables. `dataclasses.replace` makes a new App that remembers nothing.
    """

    settings: Settings
    clock: Clock
    tables: Tables
    telemetry: Telemetry | None = None
    late_lines: LateLines = field(default_factory=LateLines)
    metrics: Metrics = field(init=False)
    random: RandomSource = field(init=False, repr=False, default_factory=RandomSource)
    background: BackgroundTasks = field(init=False, default_factory=BackgroundTasks)
    _states: dict[type, object] = field(init=False, repr=False, default_factory=dict)
    _to_close: list[Callable[[], Awaitable[None]]] = field(
        init=False, repr=False, default_factory=list
    )

    def __post_init__(self) -> None:
        object.__setattr__(self, "metrics", Metrics(self.clock, self.settings.log_lines_per_hour))
        if self.telemetry is not None:
            self.telemetry.export(self.metrics)

    def state(self, kind: type[State], make: Callable[[], State] | None = None) -> State:
        """Return this App's only `kind`, building it with `make` (or `kind()`) on the first call.

        A feature keeps its caches, limits and clients in a dataclass of its own and reads it with
        `app.state(ThatDataclass)`.
        """
        found = self._states.get(kind)
        if isinstance(found, kind):
            return found
        made = self._states[kind] = kind() if make is None else make()
        return made

    def on_close(self, close: Callable[[], Awaitable[None]]) -> None:
        """Call `close` when the App closes; the last one registered is called first."""
        self._to_close.append(close)

    async def close(self) -> None:
        """Finish the background tasks, log the metrics, then close the clients and the tables."""
        await self.background.close()
        self.metrics.report()
        while self._to_close:
            await self._to_close.pop()()
        await self.tables.close()
        if self.telemetry is not None:
            await self.telemetry.close()
