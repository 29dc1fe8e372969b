"""Tells whether this Python can run the platform's engine, and has the text to show if it can't."""

import os
import sys

HAS_ENGINE = sys.version_info >= (3, 13)
MISSING = (
    "NOT TESTED: the app in the engine that Azure runs: indexing, every HTTP route, timers and queues, and that "
    f"the local host answers the same. azure-functions-runtime needs Python 3.13; this is {sys.version.split()[0]}."
)


def in_ci(environment: dict[str, str] | None = None) -> bool:
    """Return whether the tests run in a pipeline, which must have the engine."""
    return (environment if environment is not None else dict(os.environ)).get(
        "CI", ""
    ).lower() == "true"
