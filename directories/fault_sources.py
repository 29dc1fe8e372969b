"""Faults of a directory that features above `directories` know of."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Literal

from directories.models import Directory
from shared.app import App

# How urgently an administrator is needed.
Severity = Literal["", "warn", "bad"]
FaultSource = Callable[[App, Directory], Awaitable[Severity]]


@dataclass(slots=True)
class FaultSources:
    """The sources of an App, registered when its functions are built."""

    sources: list[FaultSource] = field(default_factory=list)
