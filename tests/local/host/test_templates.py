"""Route templates (ASP.NET Core: "Route templates")."""

import re

import pytest

from local.host.templates import parse


def match(template: str, path: str) -> dict[str, str] | None:
    parsed = parse(template)
    found = re.match(rf"{parsed.pattern}\Z", path, re.IGNORECASE | re.ASCII | re.DOTALL)
    if found is None:
        return None
    given = zip(parsed.parameters, found.groups(), strict=True)
    return {name: value for name, value in given if value}


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
        ("f/{name}.{kind}", "/f/a.b.json", {"name": "a.b", "kind": "json"}),
        ("a/{n:int}", "/a/12", {"n": "12"}),
        ("a/{n:int}", "/a/-2147483648", {"n": "-2147483648"}),
        ("a/{n:int}", "/a/2147483648", None),
        ("a/{n:int}", "/a/1.5", None),
        ("a/{n:int?}", "/a", {}),
        ("a/{n:alpha}", "/a/x1", None),
        ("a/{x=1}", "/a/2", {"x": "2"}),
        ("a/{x=1}", "/a/", {}),
    ],
)
def test_template_matches_as_aspnetcore_does(
    template: str, path: str, values: dict[str, str] | None
) -> None:
    """Literals ignore case, a trailing slash is ignored, and only a catch-all matches slashes or nothing."""
    assert match(template, path) == values


@pytest.mark.parametrize(
    "template",
    ["a/{x", "a/{x}/{x}", "{*a}/b", "a//b", "a/{x:max(9)}", "a/{x:odd}", "a{{1}}", "a/b{c?}"],
)
def test_wrong_template_is_refused(template: str) -> None:
    """A template that the Azure host wouldn't load raises an error."""
    with pytest.raises(ValueError):
        parse(template)
