"""The engine exists for Python 3.13 and newer.

Otherwise its tests are left out, and `tests/conftest.py` reports it.
"""

from .present import HAS_ENGINE

collect_ignore = [] if HAS_ENGINE else ["test_engine.py", "test_app.py", "test_telemetry.py"]
