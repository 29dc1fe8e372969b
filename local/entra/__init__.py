"""Entra ID's provisioning service, played against any SCIM server: `python -m local provision`.

`run(options, report)` is the whole of it; `measure(options, …)` the same server under homogeneous load.
"""

from local.entra.measure import Measurement, measure
from local.entra.options import CYCLES, Dialect, Options
from local.entra.people import Company, Person
from local.entra.record import Progress, Summary
from local.entra.simulator import run

__all__ = [
    "CYCLES",
    "Company",
    "Dialect",
    "Measurement",
    "Options",
    "Person",
    "Progress",
    "Summary",
    "measure",
    "run",
]
