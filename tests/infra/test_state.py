"""Everything that an instance remembers belongs to its App: no module of the product has state."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PACKAGES = ("shared", "directories", "scim", "presence", "contacts", "web")
MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
# Containers and locks that are empty when a module is imported, so that something must fill them.
STATEFUL = {
    *("dict", "list", "set", "bytearray", "defaultdict", "deque", "Counter", "OrderedDict"),
    *("WeakKeyDictionary", "WeakValueDictionary", "WeakSet", "LruCache", "Lock", "Event"),
    *("Semaphore", "Queue", "Metrics", "BackgroundTasks", "App", "SystemClock"),
}
OF_AN_APP = {"app", "settings", "clock", "tables", "context"}


def _module_state(path: Path) -> Iterator[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Global):
            yield f"line {node.lineno}: global {', '.join(node.names)}"
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _is_memoized(node):
            arguments = {argument.arg for argument in node.args.args}
            if arguments & OF_AN_APP or isinstance(node, ast.AsyncFunctionDef):
                yield f"line {node.lineno}: {node.name} is memoized for all Apps"
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and _is_stateful(node.value):
            yield f"line {node.lineno}: {ast.unparse(node)}"


def _is_memoized(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any(
        "cache" in ast.unparse(decorator).partition("(")[0] for decorator in node.decorator_list
    )


def _is_stateful(value: ast.expr | None) -> bool:
    match value:
        case ast.Dict(keys=[]) | ast.List(elts=[]):
            return True
        case ast.Call(func=function, args=arguments):
            name = ast.unparse(function).partition("[")[0].rpartition(".")[2]
            return name in STATEFUL and not (arguments and name in ("dict", "list", "set"))
    return False


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_has_no_state(path: Path) -> None:
    """No module of the product has state, so that two Apps in one process share nothing (CONTRIBUTING.md,
    "Where code belongs").

    Put an instance's state into a dataclass and read it with `app.state(ThatDataclass)`. Memoizing
    a pure function of plain values is allowed, because its result is the same for all Apps.
    """
    assert list(_module_state(path)) == []
