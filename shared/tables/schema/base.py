"""Tables, partitions, and the kinds of row families: how keys and ranges of keys are built."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

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

Range = tuple[str, str]  # start (inclusive) and stop (exclusive) of row keys
# How a row is written when it exists already. `kept`: it is read first, and fields of a later release stay. `whole`:
# its value is derived or a plain fact, and replaced. `never`: it is only inserted and deleted.
Rewritten = Literal["kept", "whole", "never"]


def account_partition(account: str) -> str:
    """Return the partition of table `directories` with the directories of an account (an Entra tenant id)."""
    return keys.key("account", account)


def agents_partition(account: str) -> str:
    """Return the partition of table `contacts` with the lists of an account's agents."""
    return keys.key("agents", account)


def account_audit_partition(account: str) -> str:
    """Return the partition of table `directories` with the audit log of an account."""
    return keys.key("audit", account)


def overview_partition(account: str) -> str:
    """Return the partition of table `directories` with the overviews of an account's directories."""
    return keys.key("overview", account)


def names_partition(account: str) -> str:
    """Return the partition of table `directories` with the names of an account's directories."""
    return keys.key("names", account)


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """One kind of row.

    `partition` is a fixed partition key, or in braces its description. `name` begins the key ("" if the key
    is only its parts), `parts` follow. `value` describes the row; `codec` and `writers` are modules, the codec
    itself if there are no writers; `growth` is how many rows there are.
    """

    name: str
    table: str
    partition: str
    parts: tuple[str, ...] = ()
    value: str
    rewritten: Rewritten
    codec: str
    writers: tuple[str, ...] = ()
    growth: str

    def all(self) -> Range:
        """Return the range of all rows that begin with the family's name."""
        start = f"{self.name}{keys.SEPARATOR}" if self.name else ""
        return start, start + keys.MAX_KEY_CHAR

    def beginning(self, text: str) -> Range:
        """Return the range of the rows whose first part begins with `text`."""
        start, stop = keys.prefix_range(self.name, text)
        return start, stop

    def parts_of(self, row_key: str) -> list[str]:
        """Return the parts of a key of this family, without its name."""
        return keys.split(row_key)[1 if self.name else 0 :]

    def has(self, row_key: str) -> bool:
        """Return whether a key in this family's table and partition is one of its own, by its form."""
        first, *rest = row_key.split(keys.SEPARATOR)
        return (first == self.name and len(rest) == len(self.parts)) if self.name else not rest


class SingleRow(Family):
    """One row per partition."""

    @property
    def key(self) -> str:
        """The row's key."""
        return self.name


class OnePart(Family):
    """Rows told apart by one part."""

    def key(self, part: str) -> str:
        """Return the key of a row."""
        return keys.key(self.name, part) if self.name else part


class TwoParts(Family):
    """Rows told apart by two parts, the second one an id in most families."""

    def key(self, first: str, second: str) -> str:
        """Return the key of a row."""
        return keys.key(self.name, first, second)

    def keys(self, firsts: Sequence[str], second: str) -> list[str]:
        """Return the keys of rows with the same second part."""
        return keys.keys_of(self.name, firsts, second)

    def under(self, first: str) -> Range:
        """Return the range of the rows with exactly this first part."""
        start = keys.key(self.name, first, "")
        return start, start + keys.MAX_KEY_CHAR

    def second_of(self, row_key: str) -> str:
        """Return the second part of a key of this family, if it is an id, which needs no unescaping."""
        return row_key.rpartition(keys.SEPARATOR)[2]


class ThreeParts(Family):
    """Rows told apart by three parts, the second one a fixed word, the others ids."""

    def key(self, first: str, third: str) -> str:
        """Return the key of a row."""
        return keys.key(self.name, first, self.word, third)

    @property
    def word(self) -> str:
        """The fixed word of the second part, which its description has in backquotes."""
        return self.parts[1].split("`")[1]


class Log(Family):
    """Rows in the order of time: a ULID and the row's counters (left out if there are none)."""

    def key(self, ulid: str, counts: str) -> str:
        """Return the key of a row."""
        start = f"{self.name}{keys.SEPARATOR}{ulid}"
        return f"{start}{keys.SEPARATOR}{counts}" if counts else start

    def from_time(self, ulid: str) -> str:
        """Return the lowest key that a row can have from the time of a ULID without randomness on."""
        return f"{self.name}{keys.SEPARATOR}{ulid}"

    def has(self, row_key: str) -> bool:
        """Return whether a key is one of this family."""
        first, *rest = row_key.split(keys.SEPARATOR)
        return first == self.name and len(rest) in (1, 2)
