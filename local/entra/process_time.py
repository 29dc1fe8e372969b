"""The CPU time of another process on this machine, from /proc."""

import os
from pathlib import Path

_PROC = Path("/proc")
_TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100


class ProcessTimeError(Exception):
    """The process's CPU time can't be measured."""


def cpu_seconds(pid: int) -> float:
    """Return the user and system CPU seconds of a process so far, including all its threads and children.

    Raise ProcessTimeError if there is no such process or no /proc.
    """
    if not _PROC.joinpath("self", "stat").exists():
        raise ProcessTimeError(
            "this machine has no /proc: CPU time of the server can be measured on Linux only"
        )
    if not _PROC.joinpath(str(pid)).exists():
        raise ProcessTimeError(f"there is no process {pid}")
    return sum(_own_seconds(each) for each in _family(pid))


def _own_seconds(pid: int) -> float:
    try:
        stat = _PROC.joinpath(str(pid), "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0  # it has ended, and its time was added to its parent's
    # The second field is the command in brackets, which may contain any text, so the fields are
    # counted from the last bracket; utime is the 14th (proc(5)).
    fields = stat.rpartition(")")[2].split()
    return sum(int(ticks) for ticks in fields[11:15]) / _TICKS


def _family(pid: int) -> list[int]:
    found = [pid]
    for parent in found:
        for children in _PROC.glob(f"{parent}/task/*/children"):
            try:
                found += [int(child) for child in children.read_text().split()]
            except (FileNotFoundError, ProcessLookupError):
                continue
    return found
