"""Generate docs/storage.md from the schema of the stored rows and from the modules that use it."""

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path

from shared.keys import Family
from shared.tables.schema import FAMILIES
from shared.tables.schema.base import CONTACTS, DIRECTORIES, PRESENCE, TENANTS, WORK

_BEGINNING = """# Stored rows

What the app stores, for maintainers. This page is generated from `shared/tables/schema`:
`python -m local storage --to docs/storage.md`. To look at the rows of a deployment, use `python -m local export`.

A row has a table, a partition, a key and a value. The key is the family's name and its parts, joined by `|`; characters that
Azure Tables forbids in keys are escaped with `~`. The value is JSON in UTF-8. A write is a transaction in one partition, so a
user and all of its index rows change together.

**Versions.** A value says its version with `v`; without it, it is of version 1. A version that this release does not know is
refused with *roll forward* (503), so nothing is misread. A new field needs no new version: a reader ignores fields that it does
not know and uses a default for missing ones.

**Writers** make the rows, the codec alone if none is named. **Readers** are the other modules that name the rows. A module that
walks rows of any family for others (`scim.resource_rows`, `contacts.index_scan`, `local.check`) isn't repeated.

**Rewritten** says what happens to fields of a later release if this one writes the row: *kept* reads the row first and writes
unknown fields back; *whole* replaces a value that is derived or a plain fact; *never* only inserts and deletes.

**Index rows** are derived from the record of a user or group, which lists their keys and the version of the rules that derived
them. If a release changes the rules, the app writes the index rows of every record again in the background
([operations.md](operations.md#upgrade)).
"""
_ROOT = Path(__file__).parent.parent
_PACKAGES = ("directories", "scim", "presence", "contacts", "web", "local")
_SCHEMA = "shared.tables.schema"
_TABLES = {
    CONTACTS: "What companies provisioned, and how it is found.",
    DIRECTORIES: "Directories and their credentials. Tokens and secrets are stored as SHA-256.",
    PRESENCE: "Teams presence, log-structured: a manifest says which pages and deltas count.",
    TENANTS: "Which directory reads which tenant's presence.",
    WORK: "What is under way.",
}


def document() -> str:
    """Return the content of docs/storage.md."""
    return "\n".join([_BEGINNING, *_tables()])


def _tables() -> Iterator[str]:
    for table, sentence in _TABLES.items():
        yield f"## Table `{table}`\n\n{sentence}\n"
        yield "| partition | key | value | rewritten | codec | writers | readers | growth |"
        yield "| --- | --- | --- | --- | --- | --- | --- | --- |"
        for name, family in FAMILIES.items():
            if family.table == table:
                yield _row(name, family)
        yield ""


def _row(name: str, family: Family) -> str:
    readers = _users()[name] - {family.codec, *family.writers}
    cells = (
        _code(family.partition),
        _key(family),
        family.value,
        family.rewritten,
        _code(family.codec),
        ", ".join(map(_code, family.writers)),
        ", ".join(map(_code, sorted(readers))),
        family.growth,
    )
    return f"| {' | '.join(cells)} |"


@lru_cache(maxsize=1)
def _users() -> Mapping[str, set[str]]:
    """Return the modules that use each family, by the family's name."""
    found = defaultdict[str, set[str]](set)
    for package in _PACKAGES:
        for path in (_ROOT / package).rglob("*.py"):
            module = path.relative_to(_ROOT).with_suffix("").as_posix().replace("/", ".")
            if not module.startswith(_SCHEMA):
                for name in _named(ast.parse(path.read_text(encoding="utf-8"))):
                    found[name].add(module)
    return found


def _named(tree: ast.Module) -> Iterator[str]:
    """Yield the names of the families that a module imports or uses as `schema.NAME`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(_SCHEMA):
            yield from (one.name for one in node.names if one.name in FAMILIES)
        elif isinstance(node, ast.Attribute) and ast.unparse(node.value).startswith("schema."):
            yield node.attr


def _key(family: Family) -> str:
    parts = [family.name, *(f"{{{part}}}" for part in family.parts)]
    return _code("|".join(part for part in parts if part))


def _code(text: str) -> str:
    return f"`{text}`".replace("|", "\\|")
