"""Only `shared/tables/schema` names tables, partitions and row families, and one module encodes
each row's value.
"""

import ast
import importlib.util
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from local.storage_document import document
from shared.tables.schema import FAMILIES, family_of
from shared.tables.schema.base import TABLES
from shared.tables.schema.contacts import EVENT, USER, USER_GROUP
from shared.tables.schema.directories import DIRECTORY_OF_ACCOUNT, DIRECTORY_OF_ALL
from shared.tables.schema.presence import DIRECTORY_LINK
from shared.tables.schema.work import REINDEX_PASS

ROOT = Path(__file__).parent.parent.parent.parent
PACKAGES = ("shared", "directories", "scim", "presence", "contacts", "web", "local", "bench")
PARTITIONS = {family.partition for family in FAMILIES.values() if "{" not in family.partition}
NAMES = {family.name for family in FAMILIES.values() if family.name}
STORED = {*TABLES, *PARTITIONS, *NAMES}
# Words that mean nothing but a family.
UNMISTAKABLE = {"gname", "gext", "num"}
BEGINNING = re.compile(rf"({'|'.join(sorted(NAMES | {'account', 'index'}))})\|")
READS = {"get", "query", "transact"}


@cache
def sources() -> list[tuple[str, ast.Module]]:
    """Return the path and syntax tree of every module that is deployed or part of `local` and
    `bench`.
    """
    found = []
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            if name != "shared/keys.py" and not name.startswith("shared/tables/schema/"):
                found.append((name, ast.parse(path.read_text(encoding="utf-8"))))
    return found


def literals(tree: ast.AST) -> list[str]:
    """Return the literals and calls of a module that only the schema may contain."""
    found = []
    docstrings = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            is_key = BEGINNING.match(node.value) or node.value in UNMISTAKABLE
            if is_key and id(node) not in docstrings:
                found.append(f"{node.lineno}: {node.value!r}")
        elif isinstance(node, ast.Call):
            found += [f"{node.lineno}: {fault}" for fault in _faults_of_call(node)]
        elif isinstance(node, ast.Assign):
            targets = [one.id for one in node.targets if isinstance(one, ast.Name)]
            if any(one.isupper() and one != "NAME" for one in targets) and _is_stored(node.value):
                found.append(f"{node.lineno}: {ast.unparse(node)}")
    return found


def _faults_of_call(call: ast.Call) -> Iterator[str]:
    called = _dotted(call.func)
    if called in ("keys.key", "keys.prefix_range", "prefix_range"):
        yield f"{called} instead of a key of the schema"
    receiver, _, method = called.rpartition(".")
    if (method in READS and receiver.endswith("tables")) or called in ("Section", "Range"):
        yield from (ast.unparse(one) for one in call.args if _is_stored(one))
    if called.endswith("query_all"):
        yield from (ast.unparse(one) for one in call.args if _is_stored(one))


def _dotted(node: ast.AST) -> str:
    """Return the dotted name of the called function; `ast.unparse` would take seconds for all
    modules.
    """
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def _is_stored(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value in STORED


def test_only_the_schema_names_tables_partitions_and_families() -> None:
    """A new row needs a family in the schema (CONTRIBUTING.md, "Add a row family")."""
    found = [f"{name}:{fault}" for name, tree in sources() for fault in literals(tree)]
    assert found == []


@pytest.mark.parametrize(
    "code",
    [
        'TABLE = "contacts"',
        'await app.tables.get("contacts", directory_id, key)',
        "key = keys.key(family, identifier)",
        'start = f"find|{word}"',
        'if family == "gname": pass',
        'rows = await query_all(tables, "work", partition)',
        'walk(Range("find", word))',
    ],
)
def test_a_literal_elsewhere_is_found(code: str) -> None:
    """The previous test detects such literals."""
    assert literals(ast.parse(code))


def test_one_module_decodes_each_row() -> None:
    """Other features call the codec: only codecs parse values and check row versions."""
    codecs = {family.codec.replace(".", "/") + ".py" for family in FAMILIES.values()}
    found = []
    for name, tree in sources():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and name not in codecs:
                called = _dotted(node.func)
                parses = called in ("orjson.loads", "json.loads") and ast.unparse(
                    node.args[0]
                ).endswith("row.value")
                if parses or called == "row_versions.read":
                    found.append(f"{name}:{node.lineno}: {called}")
    assert found == []


def test_modules_of_the_schema_exist() -> None:
    """Codecs and writers are named by their import paths."""
    named = {module for family in FAMILIES.values() for module in (family.codec, *family.writers)}
    missing = [module for module in named if importlib.util.find_spec(module) is None]
    assert missing == []


@pytest.mark.slow
def test_document_is_current() -> None:
    """docs/storage.md is written by `python -m local storage --to docs/storage.md`."""
    assert (ROOT / "docs" / "storage.md").read_text(encoding="utf-8") == document()


def test_family_is_known_by_table_partition_and_key() -> None:
    """Keys of a record and of its memberships start alike and differ in the number of parts."""
    assert family_of("contacts", "contoso", "user|1") is USER
    assert family_of("contacts", "contoso", "user|1|2") is USER_GROUP
    assert family_of("contacts", "contoso", "event|01KDVDNA00") is EVENT
    assert family_of("contacts", "contoso", "event|01KDVDNA00|u1,a1") is EVENT
    assert family_of("directories", "index|all", "contoso") is DIRECTORY_OF_ALL
    assert family_of("directories", "account|tenant", "contoso") is DIRECTORY_OF_ACCOUNT
    assert family_of("tenants", "tenant", "directory|contoso") is DIRECTORY_LINK
    assert family_of("contacts", "contoso", "what|is|this") is None
    assert family_of("work", "reindex", "contoso") is REINDEX_PASS
