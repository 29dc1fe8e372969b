"""Route templates as one regular expression each: literals, `{id}`, `{id?}` and `{*rest}`.

Literals match in any case, a trailing slash is ignored, and only a catch-all may be empty (ASP.NET Core's
RoutePatternMatcher). Constraints and default values, which no route of the product has, are refused.
"""

import re
from dataclasses import dataclass

_PARAMETER = re.compile(r"\{(\*?)([A-Za-z_][A-Za-z0-9_]*)(\??)\}")
_BRACES = re.compile(r"[{}]")


@dataclass(frozen=True, slots=True)
class Template:
    """A template; `pattern` has one group for each of the parameters, in their order."""

    text: str
    pattern: str
    parameters: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Segment:
    pattern: str
    names: tuple[str, ...]
    optional: bool = False
    catch_all: bool = False


def parse(text: str) -> Template:
    """Return the template.

    Raises:
        ValueError: if the platform, or this host, has no such template.
    """
    trimmed = text.removeprefix("~").removeprefix("/").removesuffix("/")
    segments = [_segment(segment) for segment in trimmed.split("/")] if trimmed else []
    names = [name for segment in segments for name in segment.names]
    if len({name.lower() for name in names}) < len(names):
        raise ValueError("a parameter is named twice")
    if any(segment.catch_all for segment in segments[:-1]):
        raise ValueError("a catch-all parameter must come last")
    return Template(text, _pattern(segments), tuple(names))


def _segment(text: str) -> _Segment:
    if not text:
        raise ValueError("a segment is empty")
    literals = _PARAMETER.split(text)[::4]
    if any(_BRACES.search(literal) for literal in literals):
        raise ValueError(f"{text} has a brace without partner, a constraint or a default value")
    found = list(_PARAMETER.finditer(text))
    catch_all = any(parameter[1] for parameter in found)
    optional = any(parameter[3] for parameter in found)
    if (catch_all or optional) and found[0].group() != text:
        raise ValueError("an optional or catch-all parameter must be a segment of its own")
    pattern = "([^/]+)".join(re.escape(literal) for literal in literals)
    return _Segment(pattern, tuple(parameter[2] for parameter in found), optional, catch_all)


def _pattern(segments: list[_Segment]) -> str:
    """Return the pattern of the segments.

    Only the last ones may be absent, so their groups are nested from the right.
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
