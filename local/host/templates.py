"""Convert route templates to regular expressions: literals, `{id}`, `{id?}`, `{id=1}`, `{id:int}` and `{*rest}`.

Literals match regardless of letter case, a trailing slash is ignored, and only a catch-all may be
empty (ASP.NET Core's RoutePatternMatcher). Only constraints without arguments are supported
(learn.microsoft.com/aspnet/core/fundamentals/routing, "Route constraints").
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

_PARAMETER = re.compile(r"\{(\*?)([A-Za-z_][A-Za-z0-9_]*)(?::([a-z]+))?(?:=([^{}?]*)|(\??))\}")
_BRACES = re.compile(r"[{}]")
# Integers as .NET parses them: 32 bits with sign exactly, 64 bits approximated by up to 18 digits.
_INT = (
    r"-2147483648|[+-]?0*(?:\d{1,9}|1\d{9}|20\d{8}|21[0-3]\d{7}|214[0-6]\d{6}|2147[0-3]\d{5}"
    r"|21474[0-7]\d{4}|214748[0-2]\d{3}|2147483[0-5]\d{2}|21474836[0-3]\d|214748364[0-7])"
)
_CONSTRAINTS = {
    "": r"[^/]+",
    "alpha": r"[A-Za-z]+",
    "bool": r"true|false",
    "guid": r"\{?[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\}?|[0-9a-f]{32}",
    "int": _INT,
    "long": r"[+-]?0*\d{1,18}",
}


@dataclass(frozen=True, slots=True)
class Template:
    """A parsed route template; `pattern` has one group per parameter, in their order.

    `defaults` are the values of parameters that a path omits.
    """

    text: str
    pattern: str
    parameters: tuple[str, ...]
    defaults: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Segment:
    pattern: str
    names: tuple[str, ...]
    defaults: Mapping[str, str]
    optional: bool = False
    catch_all: bool = False


def parse(text: str) -> Template:
    """Parse a route template.

    Raises:
        ValueError: The template isn't valid on the platform, or isn't supported here.
    """
    trimmed = text.removeprefix("~").removeprefix("/").removesuffix("/")
    segments = [_segment(segment) for segment in trimmed.split("/")] if trimmed else []
    names = [name for segment in segments for name in segment.names]
    if len({name.lower() for name in names}) < len(names):
        raise ValueError("a parameter is named twice")
    if any(segment.catch_all for segment in segments[:-1]):
        raise ValueError("a catch-all parameter must come last")
    defaults = {name: value for one in segments for name, value in one.defaults.items()}
    return Template(text, _pattern(segments), tuple(names), defaults)


def _segment(text: str) -> _Segment:
    if not text:
        raise ValueError("a segment is empty")
    literals = _PARAMETER.split(text)[::6]
    if any(_BRACES.search(literal) for literal in literals):
        raise ValueError(f"{text} has a brace without partner, or a constraint with arguments")
    found = list(_PARAMETER.finditer(text))
    catch_all = any(parameter[1] for parameter in found)
    defaults = {parameter[2]: parameter[4] for parameter in found if parameter[4] is not None}
    optional = any(parameter[5] for parameter in found) or bool(defaults)
    if (catch_all or optional) and found[0].group() != text:
        raise ValueError("an optional or catch-all parameter must be a segment of its own")
    pattern = re.escape(literals[0])
    for parameter, literal in zip(found, literals[1:], strict=True):
        constraint = _CONSTRAINTS.get(parameter[3] or "")
        if constraint is None:
            raise ValueError(f"{text} has the constraint {parameter[3]}, which is not known here")
        pattern += f"({constraint}){re.escape(literal)}"
    return _Segment(
        pattern=pattern,
        names=tuple(one[2] for one in found),
        defaults=defaults,
        optional=optional,
        catch_all=catch_all,
    )


def _pattern(segments: list[_Segment]) -> str:
    """Return the regular expression for the segments.

    Only the last segments may be absent, so their groups are nested from the right.
    """
    pattern, may_be_absent = "/?", True
    for segment in reversed(segments):
        if segment.catch_all:
            pattern = "(?:/(.*))?"
            continue
        may_be_absent = may_be_absent and segment.optional
        following = f"/{segment.pattern}{pattern}"
        pattern = f"(?:{following}|/?)" if may_be_absent else following
    return pattern
