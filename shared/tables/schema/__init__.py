"""The schema of stored rows: every table, every family of rows, and how their keys are built.

A *family* is a set of rows with the same kind of key and value. A key is the family's name and its
parts, joined by `|` (`shared.keys`); a part is escaped if necessary. Only this package names
tables, families and partitions: other modules build keys with `USER.key(user_id)` and ranges with
`FIND.beginning("mul")`. The value of a row is encoded and decoded by one module, the family's
`codec`, which all readers and writers use.

`docs/storage.md` is generated from this package: `python -m local storage --to docs/storage.md`.
"""

from shared import keys
from shared.keys import Family
from shared.tables.schema import contacts, directories, presence, work

FAMILIES: dict[str, Family] = {
    name: found
    for module in (contacts, directories, presence, work)
    for name, found in vars(module).items()
    if isinstance(found, Family)
}


def family_of(table: str, partition: str, row_key: str) -> Family | None:
    """Return the family that a row's table, partition and key belong to, or None if there is no such family."""
    for family in FAMILIES.values():
        if family.table == table and _is_partition(family, partition) and family.has(row_key):
            return family
    return None


def _is_partition(family: Family, partition: str) -> bool:
    beginning, brace, _ = family.partition.partition("{")
    if not brace:
        return partition == family.partition
    if beginning:
        return partition.startswith(beginning)
    return keys.SEPARATOR not in partition
