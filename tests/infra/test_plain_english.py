"""Docstrings and comments are in plain technical English: idioms of a word list are refused."""

import ast
import io
import re
import tokenize
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("shared", "directories", "scim", "presence", "contacts", "web", "local", "bench")
# Use if, when, after, per, return. A word is refused if it is in more than this many of 10,000 words.
LIMITS = {
    r"where": 15.0,
    r"what": 15.0,
    r"nobody|somebody|everybody": 1.0,
    r"stands": 1.0,
    r"anew|afresh": 1.0,
}
_TEXT_OWNERS = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


@cache
def words() -> list[str]:
    """Return the words of all docstrings and comments, in lower case; text in backquotes is code."""
    found: list[str] = []
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            text = re.sub(r"`[^`]*`", " ", _prose(path.read_text(encoding="utf-8")))
            found += re.findall(r"[a-z']+", text.lower())
    return found


def _prose(source: str) -> str:
    tree = ast.parse(source)
    docstrings = [
        ast.get_docstring(node) or "" for node in ast.walk(tree) if isinstance(node, _TEXT_OWNERS)
    ]
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return "\n".join([*docstrings, *(t.string for t in tokens if t.type == tokenize.COMMENT)])


@pytest.mark.parametrize("pattern", LIMITS)
def test_an_idiom_is_rare(pattern: str) -> None:
    """CONTRIBUTING.md, "Rules": write as the Python documentation does."""
    every = words()
    count = sum(bool(re.fullmatch(pattern, word)) for word in every)
    assert count * 10_000 / len(every) <= LIMITS[pattern]
