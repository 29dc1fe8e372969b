"""Route templates (ASP.NET Core: "Route templates", "Route constraints")."""

import re

import pytest

from local.host.constraints import constraint
from local.host.templates import parse


def match(template: str, path: str) -> dict[str, str] | None:
    parsed = parse(template)
    found = re.match(rf"{parsed.pattern}\Z", path, re.IGNORECASE | re.ASCII | re.DOTALL)
    return parsed.values(found.groups()) if found else None


@pytest.mark.parametrize(
    ("template", "path", "values"),
    [
        ("a/b", "/A/b", {}),
        ("a/b", "/a/b/", {}),
        ("a/b", "/a//b", None),
        ("a/b", "/a/b/c", None),
        ("/", "/", {}),
        ("/{*rest}", "/", {}),
        ("{*rest}", "/x/y/", {"rest": "x/y/"}),
        ("a/{id}", "/a/1", {"id": "1"}),
        ("a/{id}", "/a/", None),
        ("a/{id?}", "/a", {}),
        ("a/{id?}", "/a/1/", {"id": "1"}),
        ("a/{id?}/{more?}", "/a/1/2", {"id": "1", "more": "2"}),
        ("a/{id?}/b", "/a/b", None),
        ("a/{page=1}", "/a", {"page": "1"}),
        ("a/{page=1}", "/a/7", {"page": "7"}),
        ("f/{name}.{kind}", "/f/a.b.json", {"name": "a.b", "kind": "json"}),
        ("v{{1}}/{x}", "/v{1}/y", {"x": "y"}),
        ("a/{x:regex(^\\d{{3}}$)}", "/a/123", {"x": "123"}),
        ("a/{x:regex(^\\d{{3}}$)}", "/a/12", None),
        ("a/{x:length(2,3):alpha}/{*rest}", "/a/ab/c/d", {"x": "ab", "rest": "c/d"}),
        ("a/{x:length(2,3):alpha}", "/a/a1", None),
        ("a/{id:guid?}", "/a", {}),
    ],
)
def test_template_matches_as_aspnetcore_does(
    template: str, path: str, values: dict[str, str] | None
) -> None:
    """Literals in any case, a trailing slash ignored, only a catch-all takes slashes or nothing."""
    assert match(template, path) == values


@pytest.mark.parametrize(
    ("text", "good", "bad"),
    [
        ("alpha", ["ab"], ["a1", "é", ""]),
        ("bool", ["true", "False"], ["1"]),
        ("int", ["-5", "2147483647"], ["2147483648", "1.0", "٣"]),
        ("long", ["2147483648"], ["9223372036854775808"]),
        ("decimal", ["1", "-1.50", "1,000.5"], ["1e5", ".", "x"]),
        ("double", ["1e5", "-2.5"], ["x", "nan", "1_0"]),
        ("guid", ["00000000-0000-4000-8000-000000000001", "0" * 32], ["0" * 31, "{0}"]),
        ("length(3)", ["abc"], ["ab", "abcd"]),
        ("minlength(2)", ["ab"], ["a"]),
        ("maxlength(2)", ["ab"], ["abc"]),
        ("min(5)", ["5"], ["4", "x"]),
        ("max(5)", ["5"], ["6"]),
        ("range(1,3)", ["2"], ["0", "4"]),
        ("required", ["x"], [""]),
    ],
)
def test_constraint_takes_what_aspnetcore_takes(text: str, good: list[str], bad: list[str]) -> None:
    """learn.microsoft.com/aspnet/core/fundamentals/routing, "Route constraint reference"."""
    check = constraint(text)
    assert all(map(check, good))
    assert not any(map(check, bad))


@pytest.mark.parametrize(
    "template", ["a/{x", "a/{x}/{x}", "{*a}/b", "a//b", "a/{x:nope}", "a/{x:length(z)}", "a/b{c?}"]
)
def test_wrong_template_is_refused(template: str) -> None:
    """What the host would not load must not seem to work here."""
    with pytest.raises(ValueError):
        parse(template)
