"""Find the function for a request: the first by name (ordinal, case-insensitive) whose route and method match.

Exact routes have no precedence, and there is no 405: if no function has the method, the response is
404 (azure-functions-host: WebScriptHostHttpRoutesManager, HttpMethodRouteConstraint).
"""

import re
from collections.abc import Sequence
from typing import Generic, NamedTuple, Protocol, TypeVar

from local.host.templates import Template


class Routed(Protocol):
    """The properties of a function that the router needs; `methods` is None if it accepts all."""

    @property
    def name(self) -> str: ...
    @property
    def methods(self) -> frozenset[str] | None: ...
    @property
    def template(self) -> Template: ...


F = TypeVar("F", bound=Routed)


class _Table(NamedTuple, Generic[F]):
    pattern: re.Pattern[str]
    functions: list[F]
    groups: dict[int, int]  # the group that closes last -> which function


class Router(Generic[F]):
    """Finds the function for a request, with one regular expression per method."""

    def __init__(self, functions: Sequence[F]):
        self._functions = sorted(functions, key=lambda function: function.name.upper())
        self._tables: dict[str, _Table[F]] = {}

    @property
    def functions(self) -> Sequence[F]:
        """All functions, in the order in which they are tried."""
        return self._functions

    def match(self, method: str, path: str) -> tuple[F, dict[str, str]] | None:
        """Return the function and its route values; None if no function matches."""
        table = self._tables.get(method) or self._table(method)
        found = table.pattern.match(path)
        if found is None or found.lastindex is None:
            return None
        first = found.lastindex
        function = table.functions[table.groups[first]]
        names = function.template.parameters
        given = zip(names, found.groups()[first : first + len(names)], strict=True)
        values = {name: value for name, value in given if value}
        return function, {**function.template.defaults, **values}

    def _table(self, method: str) -> _Table[F]:
        functions = [
            each for each in self._functions if each.methods is None or method in each.methods
        ]
        groups: dict[int, int] = {}
        group = 1
        for position, function in enumerate(functions):
            groups[group] = position
            group += 1 + len(function.template.parameters)
        source = "|".join(rf"({function.template.pattern})\Z" for function in functions) or r"(?!)"
        table = _Table(re.compile(source, re.IGNORECASE | re.ASCII | re.DOTALL), functions, groups)
        if len(self._tables) < 32:  # clients can invent methods
            self._tables[method] = table
        return table
