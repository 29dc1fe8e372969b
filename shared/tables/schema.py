"""The stored schema: every table, every family of rows, and how their keys are built.

A *family* is a set of rows with the same kind of key and value. Its key is the family's name and its parts, joined by
`|` (`shared.keys`); a part is escaped if it needs to be. Only this module names tables, families and partitions: other
modules build keys with `USER.key(user_id)` and ranges with `FIND.beginning("mul")`. The value of a row is encoded and
decoded by one module, `codec`, which every reader uses.

`docs/storage.md` is generated from this module: `python -m local storage --to docs/storage.md`.
"""

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
    is only its parts), `parts` follow. `value` describes the row; `codec`, `writers` and `readers` are modules;
    `growth` is how many rows there are.
    """

    name: str
    table: str
    partition: str
    parts: tuple[str, ...] = ()
    value: str
    rewritten: Rewritten
    codec: str
    writers: tuple[str, ...]
    readers: tuple[str, ...]
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
        """The fixed word, which the description of the second part names in backquotes."""
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


_DIRECTORY = "{directory id}"
_TENANT = "{Entra tenant id}"
_USERS = "scim.users.store"
_GROUPS = "scim.groups.store"
_REINDEX = "scim.reindex"
_USER_INDEX = ("scim.users.index_rows", _USERS, _REINDEX)
_GROUP_INDEX = ("scim.groups.models", _GROUPS, _REINDEX)
_SEARCH = ("contacts.index_scan", "local.check")
_ANY_SCIM = ("scim.resource_rows", "local.check")
_SUMMARY = "the person's card: what lists, searches and number lookups show"

# --- table contacts: provisioned people -------------------------------------------------------------------------------

USER = OnePart(
    name="user",
    table=CONTACTS,
    partition=_DIRECTORY,
    parts=("user id",),
    value="the SCIM resource, its times and version, the keys of its index rows and the version of the rules for them",
    rewritten="kept",
    codec="scim.users.models",
    writers=(_USERS, "scim.groups.membership", _REINDEX, "scim.users.index_rows"),
    readers=(
        *_ANY_SCIM,
        "scim.users.store",
        "contacts.first_rules",
        "contacts.listing",
        "contacts.first_people",
        "web.pages.person",
        "scim.users.service",
        "scim.users.query_source",
        "directories.totals",
    ),
    growth="one per user",
)
USER_GROUP = TwoParts(
    name="user",
    table=CONTACTS,
    partition=_DIRECTORY,
    parts=("user id", "group id"),
    value="nothing; the user is a direct member of the group",
    rewritten="whole",
    codec="scim.groups.membership",
    writers=("scim.groups.membership", _USERS),
    readers=_ANY_SCIM,
    growth="one per membership of a user",
)
GROUP = OnePart(
    name="group",
    table=CONTACTS,
    partition=_DIRECTORY,
    parts=("group id",),
    value="the SCIM resource without members, its times and version, the keys of its index rows and their rules' version",
    rewritten="kept",
    codec="scim.groups.models",
    writers=(_GROUPS, "scim.groups.membership", _REINDEX),
    readers=(
        *_ANY_SCIM,
        "contacts.listing",
        "scim.groups.query_source",
        "directories.totals",
    ),
    growth="one per group",
)
GROUP_GROUP = TwoParts(
    name="group",
    table=CONTACTS,
    partition=_DIRECTORY,
    parts=("group id", "outer group id"),
    value="nothing; the group is a direct member of the outer group",
    rewritten="whole",
    codec="scim.groups.membership",
    writers=("scim.groups.membership",),
    readers=(*_ANY_SCIM, "scim.groups.store"),
    growth="one per membership of a group",
)
MEMBER = TwoParts(
    name="member",
    table=CONTACTS,
    partition=_DIRECTORY,
    parts=("group id", "member id"),
    value="whether the member is a user or a group",
    rewritten="whole",
    codec="scim.groups.membership",
    writers=("scim.groups.membership", _USERS),
    readers=(
        "scim.groups.membership",
        "contacts.listing",
        "local.check",
        "scim.users.query_source",
    ),
    growth="one per membership",
)
NOTE = ThreeParts(
    name="user",
    table=CONTACTS,
    partition=_DIRECTORY,
    parts=("user id", "always `note`", "note id"),
    value="an agent's note on the person: text, author, times, the end",
    rewritten="kept",
    codec="contacts.notes",
    writers=("contacts.notes", "scim.users.store"),
    readers=("contacts.notes", "scim.users.store"),
    growth="at most 10 per user; removed at the end that its author chose, and with the user",
)
NOTED = OnePart(
    name="noted",
    table=CONTACTS,
    partition=_DIRECTORY,
    parts=("user id",),
    value="the words of all notes on the person, by which they are searched, and the first end of one",
    rewritten="whole",
    codec="contacts.notes",
    writers=("contacts.notes", "scim.users.store"),
    readers=("contacts.note_search",),
    growth="one per user with notes",
)
NAME = OnePart(
    name="name",
    table=CONTACTS,
    partition=_DIRECTORY,
    parts=("user name, case folded",),
    value="the user's id; makes the user name unique",
    rewritten="whole",
    codec="scim.index_values",
    writers=_USER_INDEX,
    readers=("scim.users.store", "local.check"),
    growth="one per user",
)
EXTERNAL_ID = TwoParts(
    name="ext",
    table=CONTACTS,
    partition=_DIRECTORY,
    parts=("externalId", "user id"),
    value="whether the user is active",
    rewritten="whole",
    codec="scim.index_values",
    writers=_USER_INDEX,
    readers=(
        "scim.users.query_source",
        "contacts.listing",
        "presence.external_ids",
        "presence.sync.roster",
        "local.check",
        "scim.users.managers",
    ),
    growth="one per user",
)
MAIL = TwoParts(
    name="mail",
    table=CONTACTS,
    partition=_DIRECTORY,
    parts=("e-mail address, case folded", "user id"),
    value="the person's card in the row of the address that it shows, if the user is active; nothing in other rows",
    rewritten="whole",
    codec="scim.users.contact_cards",
    writers=_USER_INDEX,
    readers=("scim.users.query_source", "contacts.name_search", *_SEARCH),
    growth="one per address of a user, at most 8",
)
LIST = TwoParts(
    name="list",
    table=CONTACTS,
    partition=_DIRECTORY,
    parts=("display name as a search key", "user id"),
    value=_SUMMARY,
    rewritten="whole",
    codec="scim.users.contact_cards",
    writers=_USER_INDEX,
    readers=(*_SEARCH, "contacts.listing", "contacts.filtered_listing", "directories.totals"),
    growth="one per active user",
)
FIND = TwoParts(
    name="find",
    table=CONTACTS,
    partition=_DIRECTORY,
    parts=("search term", "user id"),
    value=_SUMMARY,
    rewritten="whole",
    codec="scim.users.contact_cards",
    writers=(*_USER_INDEX, "scim.users.number_rows"),
    readers=(
        *_SEARCH,
        "contacts.name_search",
        "contacts.number_companies",
        "contacts.number_ranges",
        "contacts.similar_ranges",
    ),
    growth="one per search term of an active user, about 9, and up to 5 per number: its digits from several places on",
)
SOUND = TwoParts(
    name="sound",
    table=CONTACTS,
    partition=_DIRECTORY,
    parts=(
        "code of a word of the name backwards, a space, the end of its partner's code",
        "user id",
    ),
    value=_SUMMARY,
    rewritten="whole",
    codec="scim.users.contact_cards",
    writers=_USER_INDEX,
    readers=("contacts.name_search", "contacts.similar_ranges", "local.check"),
    growth="one per word of the name of an active user, about 2, at most 5",
)
NUMBER = TwoParts(
    name="num",
    table=CONTACTS,
    partition=_DIRECTORY,
    parts=("digits, last one first", "user id"),
    value="the person's card with the extension of this number and how it was written",
    rewritten="whole",
    codec="scim.users.contact_cards",
    writers=(*_USER_INDEX, "scim.users.number_rows"),
    readers=(
        *_SEARCH,
        "contacts.number_lookup",
        "contacts.number_ranges",
        "scim.users.query_source",
    ),
    growth="one per number of an active user, at most 12",
)
EXCHANGE = TwoParts(
    name="exchange",
    table=CONTACTS,
    partition=_DIRECTORY,
    parts=("digits of a private exchange", "user id"),
    value=_SUMMARY,
    rewritten="whole",
    codec="scim.users.contact_cards",
    writers=(*_USER_INDEX, "scim.users.number_rows"),
    readers=("contacts.number_lookup", "local.check"),
    growth="one per direct dial number of an active user, if the value shows which digits are the extension",
)
HIDDEN_NUMBER = TwoParts(
    name="off",
    table=CONTACTS,
    partition=_DIRECTORY,
    parts=("digits, last one first", "user id"),
    value="nothing; a number by which only SCIM clients find an inactive user",
    rewritten="whole",
    codec="scim.index_values",
    writers=(*_USER_INDEX, "scim.users.number_rows"),
    readers=("scim.users.query_source", "local.check"),
    growth="one per number of an inactive user, at most 12",
)
UNPARSED = OnePart(
    name="unparsed",
    table=CONTACTS,
    partition=_DIRECTORY,
    parts=("user id",),
    value="the person's name and the numbers that have no E.164 form, with their faults",
    rewritten="whole",
    codec="scim.index_values",
    writers=_USER_INDEX,
    readers=("contacts.unparsed_numbers", "local.check"),
    growth="one per active user with such a number",
)
MANAGER = TwoParts(
    name="manager",
    table=CONTACTS,
    partition=_DIRECTORY,
    parts=("manager as the report names it, case folded", "user id"),
    value=_SUMMARY,
    rewritten="whole",
    codec="scim.users.contact_cards",
    writers=_USER_INDEX,
    readers=("contacts.reporting_line", "local.check"),
    growth="one per active user with a manager",
)
UNIQUE = TwoParts(
    name="unique",
    table=CONTACTS,
    partition=_DIRECTORY,
    parts=("resource type and attribute", "value, case folded unless the attribute is case exact"),
    value="the id of the user or group; makes the value unique",
    rewritten="whole",
    codec="scim.index_values",
    writers=("scim.users.index_rows", _USERS, _GROUPS, _REINDEX),
    readers=("scim.resource_rows", "local.check"),
    growth="one per value of an attribute that its schema declares unique; none with the schemas as they are",
)
GROUP_NAME = OnePart(
    name="gname",
    table=CONTACTS,
    partition=_DIRECTORY,
    parts=("display name, case folded",),
    value="the group's id; makes the display name unique",
    rewritten="whole",
    codec="scim.index_values",
    writers=_GROUP_INDEX,
    readers=("contacts.listing", "scim.groups.store", "local.check"),
    growth="one per group",
)
GROUP_EXTERNAL_ID = TwoParts(
    name="gext",
    table=CONTACTS,
    partition=_DIRECTORY,
    parts=("externalId", "group id"),
    value="nothing",
    rewritten="whole",
    codec="scim.index_values",
    writers=_GROUP_INDEX,
    readers=("scim.groups.query_source", "local.check"),
    growth="one per group with an externalId",
)
EVENT = Log(
    name="event",
    table=CONTACTS,
    partition=_DIRECTORY,
    parts=("ULID", "what it adds to the totals, such as u1,a1 (left out if nothing)"),
    value="one line of the provisioning log",
    rewritten="whole",
    codec="directories.events",
    writers=("directories.events", "scim.users.store", "scim.groups.store", "directories.erasure"),
    readers=(
        "directories.log_reader",
        "directories.totals",
        "directories.event_clock",
        "presence.sync.roster",
        "directories.maintenance",
        "directories.serializers",
        "directories.erasure",
        "local.check",
    ),
    growth="one per change or refused request, kept for EVENT_RETENTION_DAYS",
)
ERASURE = SingleRow(
    name="erased",
    table=CONTACTS,
    partition=_DIRECTORY,
    value="up to which event deleted people are erased from the log, and how far a pass has come",
    rewritten="whole",
    codec="directories.erasure",
    writers=("directories.erasure",),
    readers=("directories.erasure",),
    growth="one",
)
TOTAL = SingleRow(
    name="total",
    table=CONTACTS,
    partition=_DIRECTORY,
    value="people, active people, groups, and the changes of each recent hour, up to an event",
    rewritten="kept",
    codec="directories.totals",
    writers=("directories.totals",),
    readers=("directories.totals",),
    growth="one",
)

MAPPING_FAULTS = SingleRow(
    name="noted",
    table=CONTACTS,
    partition=_DIRECTORY,
    value="when each fault of the client's attribute mapping was last noted in the provisioning log",
    rewritten="kept",
    codec="directories.mapping_notes",
    writers=("directories.mapping_notes",),
    readers=("directories.mapping_notes",),
    growth="one, with at most 100 faults",
)

PAGE_START = TwoParts(
    name="start",
    table=CONTACTS,
    partition=_DIRECTORY,
    parts=("resource type, with a digest of the filter if there is one", "startIndex, 16 digits"),
    value="the key of the last resource before that number in a walk, and when a page last ended there",
    rewritten="whole",
    codec="scim.page_starts",
    writers=("scim.page_starts",),
    readers=("scim.page_starts",),
    growth="one per page of a walk by startIndex in the last two hours; the daily maintenance removes older ones",
)
KEY_SAMPLE = OnePart(
    name="sample",
    table=CONTACTS,
    partition=_DIRECTORY,
    parts=("user or group",),
    value="the key of every thousandth record, so that a jump to a far startIndex counts few keys",
    rewritten="whole",
    codec="scim.key_samples",
    writers=("scim.key_samples",),
    readers=("scim.key_samples",),
    growth="two, of 40 bytes per thousand records",
)

AGENT_LISTS = OnePart(
    name="",
    table=CONTACTS,
    partition="agents|{account}",
    parts=("object ID of the agent",),
    value="an agent's favourites and recents: keys of people and groups, and texts of searches, with times",
    rewritten="kept",
    codec="contacts.agent_lists",
    writers=("contacts.agent_lists",),
    readers=("contacts.agent_lists",),
    growth="one per agent who has favourites or recents; removed after 180 days without use",
)

# --- table directories: a company's directory and its credentials -----------------------------------------------------

DIRECTORY = SingleRow(
    name="directory",
    table=DIRECTORIES,
    partition=_DIRECTORY,
    value="name, owner, settings, hashes of tokens and client secrets, trusted identity",
    rewritten="kept",
    codec="directories.store",
    writers=("directories.service", "directories.credentials", "directories.deletion"),
    readers=("directories.store",),
    growth="one",
)
LAST_USE = OnePart(
    name="used",
    table=DIRECTORIES,
    partition=_DIRECTORY,
    parts=("credential id, or served, or denied",),
    value="when a credential was last used, when a call last succeeded, who was turned away",
    rewritten="whole",
    codec="directories.credential_usage",
    writers=("directories.credential_usage",),
    readers=("directories.credential_usage",),
    growth="one per credential ever used, and two",
)
CREDENTIAL_WARNING = OnePart(
    name="warned",
    table=DIRECTORIES,
    partition=_DIRECTORY,
    parts=("credential id",),
    value="how many days before the end of a used credential the operator was warned last",
    rewritten="whole",
    codec="directories.credential_expiry",
    writers=("directories.credential_expiry",),
    readers=("directories.credential_expiry",),
    growth="one per credential that came near its end",
)
ACCESS_TOKEN = OnePart(
    name="access",
    table=DIRECTORIES,
    partition=_DIRECTORY,
    parts=("SHA-256 of the token",),
    value="the credential that it was issued for, and its end",
    rewritten="never",
    codec="directories.access_rows",
    writers=("directories.access_tokens",),
    readers=("directories.authenticate", "directories.maintenance", "directories.token_limits"),
    growth="one per OAuth token request of the last day",
)
USED_ASSERTION = OnePart(
    name="jti",
    table=DIRECTORIES,
    partition=_DIRECTORY,
    parts=("SHA-256 of issuer and jti",),
    value="its end; no assertion is accepted twice (RFC 7523 section 3)",
    rewritten="never",
    codec="directories.access_rows",
    writers=("directories.access_tokens",),
    readers=("directories.maintenance",),
    growth="one per assertion of the last day",
)
INSPECTED = OnePart(
    name="inspected",
    table=DIRECTORIES,
    partition=_DIRECTORY,
    parts=("ULID",),
    value="a request of the client without values: method, attribute names, status, time",
    rewritten="never",
    codec="directories.inspector",
    writers=("directories.inspector",),
    readers=("directories.inspector",),
    growth="at most about 500, while and for a day after an administrator inspects requests",
)
SETUP_LINK = OnePart(
    name="setuplink",
    table=DIRECTORIES,
    partition=_DIRECTORY,
    parts=("link id",),
    value="hashes of a set-up link's code and of its browser's secret, its end, what was done through it",
    rewritten="kept",
    codec="directories.setup_links",
    writers=("directories.setup_link_service", "directories.setup_session"),
    readers=("directories.setup_link_service",),
    growth="one per set-up link, until another is created 30 days after its end or later",
)
DIRECTORY_OF_ALL = OnePart(
    name="",
    table=DIRECTORIES,
    partition=ALL_DIRECTORIES,
    parts=("directory id",),
    value="when the directory was created",
    rewritten="whole",
    codec="directories.store",
    writers=("directories.store",),
    readers=("directories.maintenance", "scim.reindex", "local.transfer"),
    growth="one per directory",
)
DIRECTORY_OF_ACCOUNT = OnePart(
    name="",
    table=DIRECTORIES,
    partition="account|{account}",
    parts=("directory id",),
    value="when the directory was created",
    rewritten="whole",
    codec="directories.store",
    writers=("directories.store",),
    readers=("directories.store", "contacts.account_directories"),
    growth="one per directory of the account",
)

_AUDIT_KEY = "ULID of the time that is left until ULIDs end, so that the newest event comes first"
_AUDIT_EVENT = "an act: who, what, on which object, from where, when; values before and after it"
AUDIT = OnePart(
    name="audit",
    table=DIRECTORIES,
    partition=_DIRECTORY,
    parts=(_AUDIT_KEY,),
    value=_AUDIT_EVENT,
    rewritten="whole",
    codec="directories.audit",
    writers=("directories.audit", "directories.audit_relay"),
    readers=("directories.audit_log",),
    growth="one per act of an administrator, kept for AUDIT_RETENTION_DAYS",
)
ACCOUNT_AUDIT = OnePart(
    name="audit",
    table=DIRECTORIES,
    partition="audit|{account}",
    parts=(_AUDIT_KEY,),
    value=_AUDIT_EVENT,
    rewritten="whole",
    codec="directories.audit",
    writers=("directories.audit_relay",),
    readers=("directories.audit_log",),
    growth="the events of all the account's directories, also of deleted ones",
)
AUDIT_OUTBOX = OnePart(
    name="outbox",
    table=DIRECTORIES,
    partition=_DIRECTORY,
    parts=(_AUDIT_KEY,),
    value="an audit event that isn't in every log yet",
    rewritten="never",
    codec="directories.audit",
    writers=("directories.audit", "directories.audit_relay"),
    readers=("directories.audit_relay",),
    growth="none but those of instances that were killed, until the next maintenance",
)
LINK_AUDIT_OUTBOX = OnePart(
    name="outbox",
    table=TENANTS,
    partition=TENANT_LINKS,
    parts=(_AUDIT_KEY,),
    value="an audit event that isn't in any log yet",
    rewritten="never",
    codec="directories.audit",
    writers=("directories.audit_relay",),
    readers=("directories.audit_relay",),
    growth="none but those of instances that were killed, until the next maintenance",
)
NOTE_AUDIT_OUTBOX = OnePart(
    name="outbox",
    table=CONTACTS,
    partition=_DIRECTORY,
    parts=(_AUDIT_KEY,),
    value="an audit event that isn't in any log yet",
    rewritten="never",
    codec="directories.audit",
    writers=("directories.audit_relay",),
    readers=("directories.audit_relay",),
    growth="none but those of instances that were killed, until the next maintenance",
)
CONSENT_AUDIT_OUTBOX = OnePart(
    name="outbox",
    table=WORK,
    partition=CONSENTS,
    parts=(_AUDIT_KEY,),
    value="an audit event that isn't in any log yet",
    rewritten="never",
    codec="directories.audit",
    writers=("directories.audit_relay",),
    readers=("directories.audit_relay",),
    growth="none but those of instances that were killed, until the next maintenance",
)
AUDIT_ACCOUNT = OnePart(
    name="",
    table=DIRECTORIES,
    partition=AUDIT_ACCOUNTS,
    parts=("account",),
    value="nothing; the account has an audit log",
    rewritten="whole",
    codec="directories.audit_relay",
    writers=("directories.audit_relay",),
    readers=("directories.audit_log", "local.transfer"),
    growth="one per account that ever had a directory",
)

OVERVIEW = OnePart(
    name="",
    table=DIRECTORIES,
    partition="overview|{account}",
    parts=("directory id",),
    value="name, kind, state, people and last call of a directory, as of a time; derived, so it is not exported",
    rewritten="whole",
    codec="directories.overview",
    writers=("directories.overview", "directories.store"),
    readers=("directories.overview",),
    growth="one per directory of the account",
)

DIRECTORY_NAME = OnePart(
    name="name",
    table=DIRECTORIES,
    partition="names|{account}",
    parts=("SHA-256 of the name without case and extra spaces",),
    value="the directory that has the name, and since when",
    rewritten="whole",
    codec="directories.names",
    writers=("directories.names",),
    readers=("directories.names",),
    growth="one per directory of the account",
)
NAMES_COMPLETE = SingleRow(
    name="complete",
    table=DIRECTORIES,
    partition="names|{account}",
    value="a mark that the directories of earlier releases have their names claimed",
    rewritten="whole",
    codec="directories.names",
    writers=("directories.names",),
    readers=("directories.names",),
    growth="one per account",
)

# --- table presence: Teams presence of a linked tenant ----------------------------------------------------------------

MANIFEST = SingleRow(
    name="head",
    table=PRESENCE,
    partition=_TENANT,
    value="which pages and deltas count, the lease, cursors, counters, and what goes wrong",
    rewritten="kept",
    codec="presence.store.manifest",
    writers=("presence.store.commits", "presence.consent.linking", "presence.store.manifest"),
    readers=("presence.store.snapshot", "local.check"),
    growth="one",
)
DELTA = OnePart(
    name="delta",
    table=PRESENCE,
    partition=_TENANT,
    parts=("number, 12 digits",),
    value="the people whose presence one sync changed",
    rewritten="whole",
    codec="presence.store.codec",
    writers=("presence.store.commits", "presence.store.manifest"),
    readers=("presence.store.snapshot",),
    growth="one per sync with a change, until they are compacted into pages",
)
PAGE = TwoParts(
    name="page",
    table=PRESENCE,
    partition=_TENANT,
    parts=("generation", "number, 5 digits"),
    value="the presence of up to 2,000 people",
    rewritten="never",
    codec="presence.store.codec",
    writers=("presence.store.compaction", "presence.store.manifest"),
    readers=("presence.store.snapshot",),
    growth="one per 2,000 people",
)

# --- table tenants: which directory reads which tenant's presence -----------------------------------------------------

TENANT_LINK = OnePart(
    name="tenant",
    table=TENANTS,
    partition=TENANT_LINKS,
    parts=("Entra tenant id",),
    value="the account that owns the tenant, its directories, and why consent counts as lost",
    rewritten="kept",
    codec="presence.tenant_links",
    writers=("presence.tenant_links",),
    readers=("presence.tenant_links",),
    growth="one per linked tenant",
)
DIRECTORY_LINK = OnePart(
    name="directory",
    table=TENANTS,
    partition=TENANT_LINKS,
    parts=("directory id",),
    value="the directory's tenant and how far its connection has come",
    rewritten="kept",
    codec="presence.tenant_links",
    writers=("presence.tenant_links",),
    readers=("presence.tenant_links",),
    growth="one per directory that was connected",
)

# --- table work: acts under way ---------------------------------------------------------------------------------------

DELETION = OnePart(
    name="",
    table=WORK,
    partition=DELETIONS,
    parts=("directory id",),
    value="since when the directory is being deleted",
    rewritten="whole",
    codec="directories.deletion",
    writers=("directories.deletion",),
    readers=("directories.deletion",),
    growth="one per deletion under way",
)
AUTH_REQUEST = OnePart(
    name="attempt",
    table=WORK,
    partition=CONSENTS,
    parts=("SHA-256 of state",),
    value="a browser that was sent to Microsoft for consent: who, which directory, until when",
    rewritten="never",
    codec="presence.consent.auth_requests",
    writers=("presence.consent.auth_requests",),
    readers=("presence.consent.auth_requests",),
    growth="one per consent under way, for ten minutes",
)
CONSENT_QUOTA = OnePart(
    name="quota",
    table=WORK,
    partition=CONSENTS,
    parts=("SHA-256 of the person or tenant",),
    value="when consents and checks were begun in the last ten minutes",
    rewritten="whole",
    codec="presence.consent.quotas",
    writers=("presence.consent.quotas",),
    readers=("presence.consent.quotas",),
    growth="one per person and tenant of the last hour",
)
TIMER_RUN = OnePart(
    name="timer",
    table=WORK,
    partition=HEALTH,
    parts=("timer",),
    value="when the timer last ran, and what it found to do",
    rewritten="whole",
    codec="presence.health",
    writers=("presence.health",),
    readers=("presence.health",),
    growth="one per timer",
)
QUEUE_RUN = OnePart(
    name="queue",
    table=WORK,
    partition=HEALTH,
    parts=("queue",),
    value="when a message was last handled, and when that message was sent",
    rewritten="whole",
    codec="presence.health",
    writers=("presence.health",),
    readers=("presence.health",),
    growth="one per queue",
)
MAINTENANCE_PLACE = SingleRow(
    name="maintenance",
    table=WORK,
    partition=HEALTH,
    value="the hour that the maintenance is at, and the last directory that it tidied",
    rewritten="whole",
    codec="directories.maintenance",
    writers=("directories.maintenance",),
    readers=("directories.maintenance",),
    growth="one",
)
HEALTH_PROBE = SingleRow(
    name="probe",
    table=WORK,
    partition=HEALTH,
    value="when a health check last proved that storage can be written",
    rewritten="whole",
    codec="presence.health",
    writers=("presence.health",),
    readers=(),
    growth="one",
)
STALE_TENANT = OnePart(
    name="stale",
    table=WORK,
    partition=HEALTH,
    parts=("Entra tenant id",),
    value="as of when the tenant's presence is",
    rewritten="whole",
    codec="presence.health",
    writers=("presence.health",),
    readers=("presence.health",),
    growth="one per tenant whose presence is stale",
)
REINDEX_PASS = OnePart(
    name="",
    table=WORK,
    partition=REINDEX,
    parts=("directory id",),
    value="how far the directory's records have been indexed by the present rules",
    rewritten="kept",
    codec="directories.reindex_progress",
    writers=("scim.reindex",),
    readers=("scim.reindex", "directories.reindex_progress"),
    growth="one per directory",
)
IMPORT_STATE = OnePart(
    name="",
    table=WORK,
    partition=IMPORT,
    parts=("always `state`",),
    value="the file that is being imported and how far",
    rewritten="whole",
    codec="local.transfer.importing",
    writers=("local.transfer.importing",),
    readers=("local.transfer.importing",),
    growth="one while an import runs",
)

FAMILIES: tuple[Family, ...] = tuple(
    found for found in list(globals().values()) if isinstance(found, Family)
)


def family_of(table: str, partition: str, row_key: str) -> Family | None:
    """Return the family of a row, or None if it has the form of none."""
    for family in FAMILIES:
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
