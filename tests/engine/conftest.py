"""Skips the tests of this folder on Python older than 3.13, for which the engine doesn't exist.

`tests/conftest.py` reports the skipped tests.
"""

from .present import HAS_ENGINE

collect_ignore = [] if HAS_ENGINE else ["test_engine.py", "test_app.py", "test_telemetry.py"]
