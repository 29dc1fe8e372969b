"""An export contains every partition for which docs/operations.md has no reason why not."""

from shared.tables.schema import FAMILIES

EXPORTED = {
    ("contacts", "agents|{account}"),
    ("contacts", "{directory id}"),
    ("directories", "account|{account}"),
    ("directories", "audit|{account}"),
    ("directories", "index|all"),
    ("directories", "index|audit"),
    ("directories", "names|{account}"),
    ("directories", "{directory id}"),
    ("presence", "{Entra tenant id}"),
    ("tenants", "tenant"),
    ("work", "directory-removal"),
}
LEFT_OUT = {
    ("directories", "overview|{account}"),  # derived, and read again
    ("work", "consent"),  # lives for ten minutes
    ("work", "health"),  # of the deployment itself
    ("work", "import"),  # the state of the import
    ("work", "reindex"),  # of the deployment itself
}


def test_every_partition_is_exported_or_left_out_on_purpose() -> None:
    """A new partition is in local/transfer/partitions.py or in LEFT_OUT (CONTRIBUTING.md, "Add a row
    family").
    """
    assert {(family.table, family.partition) for family in FAMILIES.values()} == EXPORTED | LEFT_OUT
