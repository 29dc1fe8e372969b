"""Modules that come with their first call: a cold start pays for nothing that the call at hand has no use for."""

from collections.abc import Callable
from importlib import import_module
from typing import Any


class Later:
    """Stands for the functions of the module `name`, which the first call of one of them imports.

    It takes the module's place at run time only, so that the type checker and the import rules see the module itself:

        if TYPE_CHECKING:
            from contacts import api
        else:
            api = Later("contacts.api")
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, function: str) -> Callable[..., Any]:
        def call(*values: Any, **named: Any) -> Any:
            return getattr(import_module(self._name), function)(*values, **named)

        return call
