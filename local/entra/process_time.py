"""CPU time of another process on this machine, from /proc."""

import os
from pathlib import Path

_PROC = Path("/proc")
_TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100


class ProcessTimeError(Exception):
    """The process can't be measured."""


def cpu_seconds(pid: int) -> float:
    """Return the user and system seconds of a process so far, with all its threads and children.

    Raises ProcessTimeError if there is no such process or no /proc.
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
        return 0.0  # it has ended: its parent has its time by now
    # The second field is the command in brackets and may hold anything; utime is the 14th field (proc(5)).
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
