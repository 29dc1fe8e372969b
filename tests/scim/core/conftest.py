"""Hypothesis profiles, chosen by HYPOTHESIS_PROFILE.

`default` is repeatable, `fast` is a third of it for `make check-fast`, `nightly` searches.
"""

import os

from hypothesis import HealthCheck, settings

_SLOW = (HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large)

for _name, _examples in (("default", 150), ("fast", 50)):
    settings.register_profile(
        _name,
        max_examples=_examples,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=_SLOW,
    )
settings.register_profile(
    "nightly", max_examples=10_000, deadline=None, suppress_health_check=_SLOW
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))
