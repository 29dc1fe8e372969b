"""Work that features above `directories` have the maintenance timer do."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from directories.models import Directory
from shared.app import App

# Carries on its work until the clock's monotonic deadline.
Job = Callable[[App, float], Awaitable[None]]
# Tidies the directory with this id, once a day.
Tidying = Callable[[App, str], Awaitable[None]]
# Removes rows about a directory, which is being erased, outside the directory's partitions.
Removal = Callable[[App, Directory], Awaitable[None]]


@dataclass(slots=True)
class MaintenanceJobs:
    """The jobs of an App, registered when its functions are built."""

    jobs: list[Job] = field(default_factory=list)
    tidying: list[Tidying] = field(default_factory=list)
    removals: list[Removal] = field(default_factory=list)
