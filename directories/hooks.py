"""Registries by which features above `directories` add maintenance jobs and the faults that a directory shows."""

from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, Literal

from directories.audit import Actor
from directories.models import Directory
from shared.app import App

# Continues its work until the given deadline (monotonic seconds).
Job = Callable[[App, float], Awaitable[None]]
# Tidies the directory with the given ID; called once a day.
Tidying = Callable[[App, str], Awaitable[None]]
# Work of a feature that keeps reading a growing directory cheap; called after every 2,000 of its requests.
Upkeep = Callable[[App, str], Coroutine[Any, Any, None]]
# Removes the rows that a feature has about a deleted directory outside the directory's partitions.
Removal = Callable[[App, Directory], Awaitable[None]]
# Ends what was begun through a set-up link that is being revoked (actor, directory ID, link ID).
Revocation = Callable[[App, Actor, str, str], Awaitable[None]]
# How soon an administrator must act: not at all, soon ("warn"), or now ("bad").
Severity = Literal["", "warn", "bad"]
FaultSource = Callable[[App, Directory], Awaitable[Severity]]


@dataclass(slots=True)
class MaintenanceJobs:
    """The maintenance jobs of an App; features register them when the app's functions are built.

    `upkeep` has the work by the event that is logged if it fails.
    """

    jobs: list[Job] = field(default_factory=list)
    tidying: list[Tidying] = field(default_factory=list)
    removals: list[Removal] = field(default_factory=list)
    upkeep: dict[str, Upkeep] = field(default_factory=dict)


@dataclass(slots=True)
class LinkRevocations:
    """Functions to call after a set-up link is revoked; features register them when functions are built."""

    revocations: list[Revocation] = field(default_factory=list)


@dataclass(slots=True)
class FaultSources:
    """The functions that report faults of a directory; features register them when the app's functions are built."""

    sources: list[FaultSource] = field(default_factory=list)
