"""What features above `directories` add to it: work for the maintenance timer, and faults of a directory."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Literal

from directories.audit import Actor
from directories.models import Directory
from shared.app import App

# Carries on its work until the clock's monotonic deadline.
Job = Callable[[App, float], Awaitable[None]]
# Tidies the directory with this id, once a day.
Tidying = Callable[[App, str], Awaitable[None]]
# Removes rows about a directory, which is being erased, outside the directory's partitions.
Removal = Callable[[App, Directory], Awaitable[None]]
# Ends acts that were begun through a set-up link (actor, directory ID, link ID), which is being revoked.
Revocation = Callable[[App, Actor, str, str], Awaitable[None]]
# How urgently an administrator is needed.
Severity = Literal["", "warn", "bad"]
FaultSource = Callable[[App, Directory], Awaitable[Severity]]


@dataclass(slots=True)
class MaintenanceJobs:
    """The jobs of an App, registered when its functions are built."""

    jobs: list[Job] = field(default_factory=list)
    tidying: list[Tidying] = field(default_factory=list)
    removals: list[Removal] = field(default_factory=list)


@dataclass(slots=True)
class LinkRevocations:
    """What else ends when a set-up link is revoked, registered when the App's functions are built."""

    revocations: list[Revocation] = field(default_factory=list)


@dataclass(slots=True)
class FaultSources:
    """The sources of an App, registered when its functions are built."""

    sources: list[FaultSource] = field(default_factory=list)
