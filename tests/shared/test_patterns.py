"""Every regular expression of the product takes time in proportion to its input, whatever the input."""

import ast
import importlib
import re
import time
from collections.abc import Callable, Iterator
from functools import cache
from itertools import product
from pathlib import Path
from re import _constants as codes
from re import _parser as parser
from typing import Any

import pytest

_ROOT = Path(__file__).parent.parent.parent
_FOLDERS = ("shared", "directories", "scim", "presence", "contacts", "web", "local")
_CALLS = frozenset(
    ("compile", "search", "match", "fullmatch", "split", "sub", "subn", "findall", "finditer")
)
_FEW, _MANY = 4_000, 16_000  # characters
_QUICK = 0.004  # seconds for the few; a quadratic pattern needs 10 ms and more
_WHOLE = frozenset(("match", "fullmatch"))  # try one place only
_ATTEMPTS = 4
_LONG = 0.05  # seconds that differ little from one run to the next
_MAX_RATIO_OF_TWICE = 3.0  # of the time for twice the few: 2 if linear, 4 if quadratic
_MAX_RATIO = 8.0  # of the time for the many; four times the input is 4 if linear, 16 if quadratic
_CLASSES = {
    "CATEGORY_SPACE": " ",
    "CATEGORY_DIGIT": "0",
    "CATEGORY_WORD": "a",
    "CATEGORY_NOT_SPACE": "x",
    "CATEGORY_NOT_DIGIT": "x",
    "CATEGORY_NOT_WORD": "-",
}


@cache
def _patterns() -> dict[str, "re.Pattern[Any]"]:
    """Return all patterns: values of every module, and constants of calls inside functions."""
    found = dict[str, re.Pattern[Any]]()
    for path in sorted(_ROOT / folder for folder in _FOLDERS):
        for source in sorted(path.rglob("*.py")):
            name = ".".join(source.relative_to(_ROOT).with_suffix("").parts)
            if name.endswith("__main__"):
                continue
            module = importlib.import_module(name.removesuffix(".__init__"))
            for attribute, value in vars(module).items():
                for pattern in _patterns_in(value):
                    found.setdefault(f"{name}.{attribute}", pattern)
            for line, text in _inline(source):
                found.setdefault(f"{name}:{line}", re.compile(text))
    return {name: one for name, one in found.items() if not _is_known(one, name, found)}


def _patterns_in(value: object) -> Iterator["re.Pattern[Any]"]:
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _patterns_in(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _patterns_in(one)


def _inline(source: Path) -> Iterator[tuple[int, str | bytes]]:
    for node in ast.walk(ast.parse(source.read_text())):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        is_re = isinstance(node.func.value, ast.Name) and node.func.value.id == "re"
        if is_re and node.func.attr in _CALLS and isinstance(node.args[0], ast.Constant):
            constant = node.args[0].value
            if isinstance(constant, str | bytes):
                yield node.lineno, constant


def _is_known(pattern: "re.Pattern[Any]", name: str, found: dict[str, "re.Pattern[Any]"]) -> bool:
    """Return whether the same pattern comes first under another name."""
    first = next(key for key, one in found.items() if one.pattern == pattern.pattern)
    return first != name


def _characters(tree: Any) -> Iterator[str]:
    """Return a character for each literal and each class of a pattern."""
    for operator, argument in tree:
        if operator in (codes.LITERAL, codes.NOT_LITERAL):
            yield chr(argument) if operator is codes.LITERAL else "x"
        elif operator is codes.IN:
            yield from _members(argument)
        elif operator is codes.ANY:
            yield "x"
        elif isinstance(argument, tuple | list):
            yield from _inner(argument)


def _members(members: Any) -> Iterator[str]:
    for operator, argument in members:
        if operator is codes.LITERAL:
            yield chr(argument)
        elif operator is codes.RANGE:
            yield chr(argument[0])
        elif operator is codes.CATEGORY:
            yield _CLASSES[str(argument)]
        elif operator is codes.NEGATE:
            yield "x"


def _inner(argument: Any) -> Iterator[str]:
    for one in argument:
        if isinstance(one, parser.SubPattern):
            yield from _characters(one)
        elif isinstance(one, list):
            yield from _inner(one)


def _inputs(pattern: "re.Pattern[Any]") -> Iterator[tuple[str, str, str]]:
    """Return a text to repeat, the text before it and the text after it: one or two of the
    pattern's characters.
    """
    tree = parser.parse(pattern.pattern, pattern.flags & ~re.DEBUG)
    own = list(dict.fromkeys(_characters(tree)))[:7]
    literals = "".join(chr(value) for kind, value in tree if kind is codes.LITERAL)
    units = [*own, *("".join(pair) for pair in product(own, repeat=2) if pair[0] != pair[1])]
    for unit in dict.fromkeys((*units, literals, literals + (own[0] if own else ""))):
        for before in dict.fromkeys(("", literals, own[0] if own else "")):
            if unit:
                yield unit, before, "\x00"


def _uses(name: str, pattern: "re.Pattern[Any]") -> list[Callable[[Any], object]]:
    """Return how the product uses a pattern: tries it at one position, or searches for it
    everywhere.
    """
    module, _, attribute = name.rpartition(".")
    own = _ROOT / f"{module.replace('.', '/')}.py"
    source = own.read_text() if own.exists() and attribute.startswith("_") else ""
    used = set(re.findall(rf"\b{re.escape(attribute)}\.(\w+)", source))
    if used and used <= _WHOLE:
        return [getattr(pattern, use) for use in sorted(used)]
    return [pattern.fullmatch, pattern.search, lambda text: sum(1 for _ in pattern.finditer(text))]


def _seconds(use: Callable[[Any], object], text: Any) -> float:
    start = time.thread_time()
    use(text)
    return time.thread_time() - start


def _slow_input(name: str, pattern: "re.Pattern[Any]") -> str:
    """Return an input for which the pattern takes more than proportional time, "" if none was found."""
    for (unit, before, after), use in product(_inputs(pattern), _uses(name, pattern)):
        few, twice, many = (
            _text(pattern, unit, before, after, count) for count in (_FEW, 2 * _FEW, _MANY)
        )
        first = _seconds(use, few)
        if first < _QUICK:
            continue
        # A busy machine makes single measurements longer: a pattern that is not linear is slow in all.
        if first > _LONG:
            is_slow = all(_doubles(use, few, twice) for _ in range(2))
        else:
            is_slow = all(_grows(use, few, many) for _ in range(_ATTEMPTS))
        if is_slow:
            return repr(f"{before} + {unit} * {_FEW} + {after}")
    return ""


def _doubles(use: Callable[[Any], object], few: Any, twice: Any) -> bool:
    """Return whether twice the characters take more than twice the time of `few`."""
    return _seconds(use, twice) > _MAX_RATIO_OF_TWICE * _seconds(use, few)


def _grows(use: Callable[[Any], object], few: Any, many: Any) -> bool:
    """Return whether `many` characters take more than their share of the time of `few`."""
    short = min(_seconds(use, few) for _ in range(3))
    return short >= _QUICK / 2 and _seconds(use, many) > _MAX_RATIO * short


def _text(pattern: "re.Pattern[Any]", unit: str, before: str, after: str, count: int) -> Any:
    text = before + unit * (count // len(unit)) + after
    return text if isinstance(pattern.pattern, str) else text.encode("latin-1", "replace")


def test_all_patterns_are_found() -> None:
    """Those of modules, of containers in modules, and those inside functions."""
    names = _patterns().keys()
    assert len(names) > 40
    assert {"shared.numbers.written._TOKEN", "shared.csv_cells._INNER_FORMULA"} <= names


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(_patterns()))
def test_every_pattern_is_linear(name: str) -> None:
    """A reader's lookup of 22 KB stopped an instance for nine seconds by one quadratic pattern."""
    assert _slow_input(name, _patterns()[name]) == ""


@pytest.mark.slow
@pytest.mark.parametrize("pattern", [r"[\s,]*x$", r"\[.*\]", r"([;\t]\s*)(?==)"])
def test_a_pattern_that_is_not_linear_is_noticed(pattern: str) -> None:
    """The test finds the fault that it is for."""
    assert _slow_input("", re.compile(pattern))
