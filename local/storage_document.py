"""docs/storage.md, generated from the schema of the stored rows."""

from collections.abc import Iterator

from shared.tables import schema
from shared.tables.schema import Family

_BEGINNING = """# Stored rows

What the app stores, for maintainers. This page is generated from `shared/tables/schema.py`:
`python -m local storage --to docs/storage.md`. To look at the rows of a deployment, use `python -m local export`.

A row has a table, a partition, a key and a value. The key is the family's name and its parts, joined by `|`; characters that
Azure Tables forbids in keys are escaped with `~`. The value is JSON in UTF-8. A write is a transaction in one partition, so a
user and all of its index rows change together.

**Versions.** A value says its version with `v`; without it, it is of version 1. A version that this release does not know is
refused with *roll forward* (503), so nothing is misread. A new field needs no new version: a reader ignores fields that it does
not know and uses a default for missing ones.

**Rewritten** says what happens to fields of a later release if this one writes the row: *kept* reads the row first and writes
unknown fields back; *whole* replaces a value that is derived or a plain fact; *never* only inserts and deletes.

**Index rows** are derived from the record of a user or group, which lists their keys and the version of the rules that derived
them. If a release changes the rules, the app writes the index rows of every record again in the background
([operations.md](operations.md#upgrade)).
"""
_TABLES = {
    schema.CONTACTS: "What companies provisioned, and how it is found.",
    schema.DIRECTORIES: "Directories and their credentials. Tokens and secrets are stored as SHA-256.",
    schema.PRESENCE: "Teams presence, log-structured: a manifest says which pages and deltas count.",
    schema.TENANTS: "Which directory reads which tenant's presence.",
    schema.WORK: "What is under way.",
}


def document() -> str:
    """Return the page."""
    return "\n".join([_BEGINNING, *_tables()])


def _tables() -> Iterator[str]:
    for table, sentence in _TABLES.items():
        yield f"## Table `{table}`\n\n{sentence}\n"
        yield "| partition | key | value | rewritten | codec | writers | readers | growth |"
        yield "| --- | --- | --- | --- | --- | --- | --- | --- |"
        yield from (_row(family) for family in schema.FAMILIES if family.table == table)
        yield ""


def _row(family: Family) -> str:
    cells = (
        _code(family.partition),
        _key(family),
        family.value,
        family.rewritten,
        _code(family.codec),
        ", ".join(map(_code, family.writers)),
        ", ".join(map(_code, family.readers)),
        family.growth,
    )
    return f"| {' | '.join(cells)} |"


def _key(family: Family) -> str:
    parts = [family.name, *(f"{{{part}}}" for part in family.parts)]
    return _code("|".join(part for part in parts if part))


def _code(text: str) -> str:
    return f"`{text}`".replace("|", "\\|")
