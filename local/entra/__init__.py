"""A simulator of Entra ID's provisioning service, for any SCIM server: `python -m local provision`.

`run(options, report)` runs whole provisioning cycles; `measure(options, …)` sends one kind of
request at a time and measures it.
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
