"""Docstrings and comments are in plain technical English: a word list limits idioms."""

import ast
import functools
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PARTS = {
    "product": ("function_app.py", "shared", "directories", "scim", "presence", "contacts", "web"),
    "tools": ("local", "bench"),
    "tests": ("tests",),
}
# Use if, when, after, per, return. A word is refused if it is in more than this many of 10,000
# words; two uses in a part are never too many.
LIMITS = {
    r"where": 15.0,
    r"what": 15.0,
    r"whose": 15.0,
    r"nobody|somebody|everybody": 1.0,
    r"stands": 1.0,
    r"behind": 1.0,
    r"anew|afresh|meanwhile|beside": 2.0,
    r"said|says": 2.0,
}
_COMMENT = re.compile(r"^ *#.*|  #.*", re.MULTILINE)  # much faster than the tokens
_TEXT_OWNERS = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


@functools.cache
def words(part: str) -> list[str]:
    """Return the words of all docstrings and comments in lower case, without text in backquotes (code)."""
    found: list[str] = []
    for name in PARTS[part]:
        folder = ROOT / name
        for path in [folder] if folder.is_file() else sorted(folder.rglob("*.py")):
            text = re.sub(r"`[^`]*`", " ", _prose(path.read_text(encoding="utf-8")))
            found += re.findall(r"[a-z']+", text.lower())
    return found


def _prose(source: str) -> str:
    docstrings = [
        ast.get_docstring(node) or ""
        for node in ast.walk(ast.parse(source))
        if isinstance(node, _TEXT_OWNERS)
    ]
    return "\n".join([*docstrings, *_COMMENT.findall(source)])


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("pattern", LIMITS)
def test_an_idiom_is_rare(pattern: str, part: str) -> None:
    """Each idiom of the word list occurs at most as often as its limit allows (CONTRIBUTING.md, "Rules")."""
    every = words(part)
    count = sum(bool(re.fullmatch(pattern, word)) for word in every)
    assert count <= max(2, len(every) * LIMITS[pattern] / 10_000)


@pytest.mark.parametrize("part", ["product", "tools"])
def test_functions_say_what_they_return(part: str) -> None:
    """At least 60 of 10,000 words are "return", with which Google's convention begins docstrings."""
    every = words(part)
    count = sum(word in ("return", "returns") for word in every)
    assert count >= len(every) * 60 / 10_000
