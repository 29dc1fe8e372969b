"""The whole app's HTTP functions in the host, with a directory of one account that people of others reach for."""

from tests.openapi.conftest import deployed, description

__all__ = ["deployed", "description"]
