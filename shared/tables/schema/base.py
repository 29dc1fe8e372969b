"""Names of tables and partitions, and the kinds of row families, which build keys and ranges of keys."""

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
# How an existing row is written. `kept`: it is read first, and fields of a later release are kept. `whole`: the value
# is replaced, because it is derived or a single fact. `never`: rows are only inserted and deleted.
Rewritten = Literal["kept", "whole", "never"]


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """A family of rows: the table, the kind of key and the kind of value.

    Attributes:
        name: The beginning of the key; "" if the key is only its parts.
        partition: A fixed partition key, or the description of one in braces.
        parts: The descriptions of the key's parts after the name.
        value: The description of a row's value.
        codec: The module that encodes and decodes the values.
        writers: The modules that write such rows; if empty, only the codec does.
        growth: How many rows there are.
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
        """Return the range of all keys that begin with the family's name."""
        start = f"{self.name}{keys.SEPARATOR}" if self.name else ""
        return start, start + keys.MAX_KEY_CHAR

    def beginning(self, text: str) -> Range:
        """Return the range of the keys with a first part that begins with `text`."""
        start, stop = keys.prefix_range(self.name, text)
        return start, stop

    def parts_of(self, row_key: str) -> list[str]:
        """Return the unescaped parts of a key of this family, without the family's name."""
        return keys.split(row_key)[1 if self.name else 0 :]

    def has(self, row_key: str) -> bool:
        """Return whether a key has the form of this family's keys; its table and partition must be the family's."""
        first, *rest = row_key.split(keys.SEPARATOR)
        return (first == self.name and len(rest) == len(self.parts)) if self.name else not rest


class SingleRow(Family):
    """A family with one row per partition."""

    @property
    def key(self) -> str:
        """The key of the row."""
        return self.name


class OnePart(Family):
    """A family of rows with keys of one part."""

    def key(self, part: str) -> str:
        """Return the key of the row with this part."""
        return keys.key(self.name, part) if self.name else part


class TwoParts(Family):
    """A family of rows with keys of two parts; in most families the second is an ID."""

    def key(self, first: str, second: str) -> str:
        """Return the key of the row with these parts."""
        return keys.key(self.name, first, second)

    def keys(self, firsts: Sequence[str], second: str) -> list[str]:
        """Return the keys with each of `firsts` as the first part, and the same second part."""
        return keys.keys_of(self.name, firsts, second)

    def under(self, first: str) -> Range:
        """Return the range of the keys with exactly this first part."""
        start = keys.key(self.name, first, "")
        return start, start + keys.MAX_KEY_CHAR

    def second_of(self, row_key: str) -> str:
        """Return the second part of a key of this family; it must be an ID, because it isn't unescaped."""
        return row_key.rpartition(keys.SEPARATOR)[2]


class ThreeParts(Family):
    """A family of rows with keys of three parts: an ID, a fixed word and another ID."""

    def key(self, first: str, third: str) -> str:
        """Return the key of the row with these IDs."""
        return keys.key(self.name, first, self.word, third)

    @property
    def word(self) -> str:
        """The fixed word, which the description of the second part has in backquotes."""
        return self.parts[1].split("`")[1]


class Log(Family):
    """A family of rows in the order of time. Keys have a ULID and, if there are any, the row's counters."""

    def key(self, ulid: str, counts: str) -> str:
        """Return the key of a row; `counts` are its encoded counters, "" if it has none."""
        start = f"{self.name}{keys.SEPARATOR}{ulid}"
        return f"{start}{keys.SEPARATOR}{counts}" if counts else start

    def from_time(self, ulid: str) -> str:
        """Return the start of the range of rows from the time of `ulid` on; `ulid` must have no randomness."""
        return f"{self.name}{keys.SEPARATOR}{ulid}"

    def has(self, row_key: str) -> bool:
        """Return whether a key has the form of this family's keys."""
        first, *rest = row_key.split(keys.SEPARATOR)
        return first == self.name and len(rest) in (1, 2)
