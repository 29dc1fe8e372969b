"""The requirements of the specifications, the tests that prove each, and the document that lists
both.

`python -m tests.conformance.clauses` writes `docs/conformance.md`.
"""

import ast
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs/conformance.md"
_LEVELS = ("MUST", "MUST NOT", "SHALL", "SHOULD", "SHOULD NOT", "MAY")
_HEAD = """# Conformance

<!-- Written by `python -m tests.conformance.clauses`: change tests/conformance/clauses.toml and the tests instead. -->

Each row is a requirement for a service provider, in our words, with the tests that prove it. A test
names its clauses with the marker `clause`. The suite fails if a clause has no test, or if a test names
a clause that doesn't exist. A deviation is a row with its reason.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """One requirement; `deviation` is the reason if the product does not meet it."""

    id: str
    level: str
    text: str
    deviation: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """A specification with its clauses."""

    key: str
    title: str
    clauses: tuple[Clause, ...]


def sources() -> list[Source]:
    """Return the specifications.

    Raises:
        ValueError: if a level isn't one of RFC 2119.
    """
    content = tomllib.loads((Path(__file__).parent / "clauses.toml").read_text(encoding="utf-8"))
    found = []
    for source in content["source"]:
        clauses = tuple(
            Clause(
                id=f"{source['key']}/{row[0]}",
                level=row[1],
                text=row[2],
                deviation=row[3] if len(row) > 3 else "",
            )
            for row in source["clauses"]
        )
        if wrong := [clause.id for clause in clauses if clause.level not in _LEVELS]:
            raise ValueError(f"unknown level of {', '.join(wrong)}")
        found.append(Source(source["key"], source["title"], clauses))
    return found


@cache
def proofs() -> dict[str, list[str]]:
    """Return the tests by clause, as `path::name`, in the order of their files."""
    found: dict[str, list[str]] = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for name, clauses in _marked(ast.parse(path.read_text(encoding="utf-8"))):
            for clause in clauses:
                test = f"{path.relative_to(ROOT).as_posix()}::{name}"
                found.setdefault(clause, []).append(test)
    return found


def _marked(tree: ast.Module) -> Iterator[tuple[str, list[str]]]:
    for node in tree.body:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        for decorator in node.decorator_list:
            if isinstance(decorator, ast.Call) and _is_marker(decorator.func):
                clauses = [one.value for one in decorator.args if isinstance(one, ast.Constant)]
                yield node.name, [str(clause) for clause in clauses]


def _is_marker(function: ast.expr) -> bool:
    return ast.unparse(function) == "pytest.mark.clause"


def document() -> str:
    """Return the text of `docs/conformance.md`."""
    tests = proofs()
    parts = [_HEAD]
    for source in sources():
        parts.append(f"\n## {source.title}\n\n| clause | level | requirement | status | tests |\n")
        parts.append("|---|---|---|---|---|\n")
        parts += [_row(clause, tests.get(clause.id, [])) for clause in source.clauses]
    return "".join(parts)


def _row(clause: Clause, tests: list[str]) -> str:
    status = f"**deviates**: {clause.deviation}" if clause.deviation else "met"
    named = "<br>".join(f"`{test.removeprefix('tests/')}`" for test in tests)
    identifier = clause.id.partition("/")[2]
    return f"| {identifier} | {clause.level} | {clause.text} | {status} | {named} |\n"


if __name__ == "__main__":
    DOCUMENT.write_text(document(), encoding="utf-8")
