"""Route templates of ASP.NET Core as one regular expression each: literals, `{id}`, `{id?}`, `{id=x}`, `{*rest}`.

Literals match in any case, a trailing slash is ignored, and no parameter but a catch-all is ever empty
(aspnetcore: RoutePatternParser, RoutePatternMatcher).
"""

import re
from dataclasses import dataclass

from local.host.constraints import Check, constraint

_PART = re.compile(r"\{\{|\}\}|\{((?:\{\{|\}\}|[^{}])+)\}|[^{}]+")
_NAME = re.compile(r"(\*{0,2})([^:=?*{}/]+)(.*)", re.DOTALL)
_CONSTRAINT = re.compile(r":((?:[^:(=?]+)(?:\((?:[^()]|\([^()]*\))*\))?)")


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a template."""

    name: str
    checks: tuple[Check, ...] = ()
    optional: bool = False
    catch_all: bool = False
    default: str | None = None


@dataclass(frozen=True, slots=True)
class Template:
    """A template: `pattern` has one group for each parameter, in their order."""

    text: str
    pattern: str
    parameters: tuple[Parameter, ...]

    def values(self, groups: tuple[str | None, ...]) -> dict[str, str] | None:
        """The route's values by name, absent ones left out; None where a constraint is not met."""
        values: dict[str, str] = {}
        for parameter, value in zip(self.parameters, groups, strict=True):
            if not value:
                if parameter.default is not None:
                    values[parameter.name] = parameter.default
                continue
            for check in parameter.checks:
                if not check(value):
                    return None
            values[parameter.name] = value
        return values


def parse(text: str) -> Template:
    """The template `text`; ValueError where the host would refuse it."""
    trimmed = text.removeprefix("~").removeprefix("/").removesuffix("/")
    segments = [_segment(segment) for segment in _split(trimmed)] if trimmed else []
    parameters = tuple(
        part for segment in segments for part in segment if isinstance(part, Parameter)
    )
    names = [parameter.name.lower() for parameter in parameters]
    if len(set(names)) < len(names):
        raise ValueError("a parameter is named twice")
    if any(
        isinstance(part, Parameter) and part.catch_all
        for segment in segments[:-1]
        for part in segment
    ):
        raise ValueError("a catch-all parameter must come last")
    return Template(text, _pattern(segments), parameters)


def _split(text: str) -> list[str]:
    segments, depth = [""], 0
    for character in text:
        depth += (character == "{") - (character == "}")
        if character == "/" and depth == 0:
            segments.append("")
        else:
            segments[-1] += character
    if "" in segments:
        raise ValueError("a segment is empty")
    return segments


def _segment(text: str) -> list[str | Parameter]:
    parts: list[str | Parameter] = []
    position = 0
    while position < len(text):
        found = _PART.match(text, position)
        if found is None:
            raise ValueError("a brace has no partner")
        inside = found.group(1)
        parts.append(
            _parameter(inside) if inside else found.group().replace("{{", "{").replace("}}", "}")
        )
        position = found.end()
    special = [
        part for part in parts if isinstance(part, Parameter) and (part.optional or part.catch_all)
    ]
    if len(parts) > 1 and special:
        raise ValueError("an optional or catch-all parameter must be a segment of its own here")
    return parts


def _parameter(text: str) -> Parameter:
    found = _NAME.fullmatch(text.replace("{{", "{").replace("}}", "}"))
    if found is None:
        raise ValueError(f"{{{text}}} is no parameter")
    stars, name, rest = found.groups()
    optional = rest.endswith("?")
    rest = rest.removesuffix("?")
    checks = []
    while step := _CONSTRAINT.match(rest):
        checks.append(constraint(step.group(1)))
        rest = rest[step.end() :]
    if rest and not rest.startswith("="):
        raise ValueError(f"{{{text}}} is no parameter")
    return Parameter(name, tuple(checks), optional, bool(stars), rest[1:] if rest else None)


def _pattern(segments: list[list[str | Parameter]]) -> str:
    """Parameters that may be absent only may be so at the end, so their groups nest from the right."""
    pattern = "/?"
    trailing = True
    for segment in reversed(segments):
        only = segment[0] if len(segment) == 1 and isinstance(segment[0], Parameter) else None
        if only and only.catch_all:
            pattern = "(?:/(.*))?"
            continue
        trailing = trailing and only is not None and (only.optional or only.default is not None)
        inner = "".join(
            "([^/]+)" if isinstance(part, Parameter) else re.escape(part) for part in segment
        )
        pattern = f"(?:/{inner}{pattern}|/?)" if trailing else f"/{inner}{pattern}"
    return pattern
