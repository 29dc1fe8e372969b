"""Rules for parameters and results of functions and dataclasses, so that a call shows the meaning of
each value.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PACKAGES = ("shared", "directories", "scim", "presence", "contacts", "web", "local", "bench")
MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
MAX_POSITIONAL = 4
WRITES = {"transact", "put", "forget", "start_optional", "insert", "replace_row"}


def violations(source: str) -> Iterator[str]:
    """Yield the violations of a module."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.ClassDef() if _positional(node) > MAX_POSITIONAL:
                yield f"{node.lineno}: dataclass {node.name} takes {_positional(node)} positions"
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                if not node.name.startswith("_") and node.returns and _is_bare(node.returns):
                    yield f"{node.lineno}: {node.name} returns a bare tuple"
                if node.name.lstrip("_").startswith("is_") and _writes(node):
                    yield f"{node.lineno}: {node.name} writes"


def _positional(node: ast.ClassDef) -> int:
    """Return the number of positional parameters of a dataclass; 0 for another class."""
    decorators = [ast.unparse(one) for one in node.decorator_list]
    [made] = [one for one in decorators if one.startswith("dataclass")] or [""]
    if not made or "kw_only=True" in made:
        return 0
    count = 0
    for field in node.body:
        if isinstance(field, ast.AnnAssign):
            if ast.unparse(field.annotation) == "KW_ONLY":
                return count
            value = ast.unparse(field.value) if field.value else ""
            count += "init=False" not in value and "kw_only=True" not in value
    return count


def _is_bare(annotation: ast.expr) -> bool:
    """Return whether an annotation contains a tuple of three or more values of different meanings."""
    return any(
        isinstance(one, ast.Subscript)
        and ast.unparse(one.value) == "tuple"
        and isinstance(one.slice, ast.Tuple)
        and len(one.slice.elts) > 2
        for one in ast.walk(annotation)
    )


def _writes(node: ast.AST) -> bool:
    for part in ast.walk(node):
        if isinstance(part, ast.Assign | ast.AugAssign):
            targets = part.targets if isinstance(part, ast.Assign) else [part.target]
            if any(isinstance(target, ast.Attribute) for target in targets):
                return True
        if isinstance(part, ast.Call) and ast.unparse(part.func).rpartition(".")[2] in WRITES:
            return True
    return False


def test_signatures_say_what_each_value_is() -> None:
    """A dataclass has at most four positional fields, no function has a tuple of three or more, and no
    predicate writes.

    Use `kw_only=True`, or `_: KW_ONLY` after the fields that every caller passes first, and a dataclass
    instead of a tuple.
    """
    found = [
        f"{path.relative_to(ROOT)}:{one}"
        for path in MODULES
        for one in violations(path.read_text(encoding="utf-8"))
    ]
    assert found == []


@pytest.mark.parametrize(
    "source",
    [
        "@dataclass\nclass Person:\n    a: int\n    b: int\n    c: int\n    d: int\n    e: int = 0",
        "def parts(text: str) -> tuple[str, str, int]: ...",
        "def find(text: str) -> list[tuple[str, str, int]]: ...",
        "async def is_known(app: App) -> bool:\n    await app.tables.transact(rows)",
        "def _is_new(self) -> bool:\n    self.seen = True",
    ],
)
def test_a_violation_is_found(source: str) -> None:
    """Each rule finds a violation; a rule that finds nothing would pass for every module."""
    assert len(list(violations(source))) == 1
