"""Names of tables and partitions."""

from shared import keys

CONTACTS = "contacts"
PRESENCE = "presence"
DIRECTORIES = "directories"
TENANTS = "tenants"
WORK = "work"
TABLES = (CONTACTS, PRESENCE, DIRECTORIES, TENANTS, WORK)

# Partitions that are not an id.
ALL_DIRECTORIES = "index|all"
AUDIT_ACCOUNTS = "index|audit"
TENANT_LINKS = "tenant"
DELETIONS = "directory-removal"
CONSENTS = "consent"
HEALTH = "health"
REINDEX = "reindex"
IMPORT = "import"

# Descriptions of partitions, keys and values that several families have.
A_DIRECTORY = "{directory id}"
A_TENANT = "{Entra tenant id}"
AUDIT_KEY = "ULID of the time that is left until ULIDs end, so that the newest event comes first"
AUDIT_EVENT = "an act: who, what, on which object, from where, when; values before and after it"


def account_partition(account: str) -> str:
    """Return the partition of table `directories` that lists the directories of an account (an Entra tenant ID)."""
    return keys.key("account", account)


def agents_partition(account: str) -> str:
    """Return the partition of table `contacts` that holds the favourites and recents of an account's agents."""
    return keys.key("agents", account)


def account_audit_partition(account: str) -> str:
    """Return the partition of table `directories` that holds the audit log of an account."""
    return keys.key("audit", account)


def overview_partition(account: str) -> str:
    """Return the partition of table `directories` that holds an overview row per directory of an account."""
    return keys.key("overview", account)


def names_partition(account: str) -> str:
    """Return the partition of table `directories` that holds the names in use by an account's directories."""
    return keys.key("names", account)
