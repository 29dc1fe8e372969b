"""What every feature is handed by the composition root."""

from dataclasses import dataclass

from shared.clock import Clock
from shared.settings import Settings
from shared.tables.port import Tables


@dataclass(frozen=True, slots=True)
class App:
    """The deployment's settings, its time and its tables."""

    settings: Settings
    clock: Clock
    tables: Tables
