"""Row families of table `contacts`: people and groups, their index rows, the provisioning log, and agents' notes."""

from shared.keys import Log, OnePart, SingleRow, ThreeParts, TwoParts
from shared.tables.schema.base import A_DIRECTORY, AUDIT_KEY, CONTACTS

# The version of the rules that derive index rows from users and groups.
#
# Raise it with every change of the rows that `scim.users.index_rows`, `scim.groups.models` or the modules that they use
# (`scim.users.contact_cards`, `shared.numbers`, `shared.words`) derive. Each record stores the version of the rules by
# which its index rows were derived. If it is another one, the rows are derived again in the background
# (`scim.reindex`). A record without a version has version 1.
#
# 1. The first release (b9f7b71).
# 2. The record of a user stores the region for which its numbers were parsed, that of a group the keys of its index
#    rows. Numbers and names have the rules of the second release. There is a row for each report of a manager, and for
#    each unique value.
INDEX_VERSION = 2

_USERS = "scim.users.store"
_GROUPS = "scim.groups.store"
_REINDEX = "scim.reindex"
_USER_INDEX = ("scim.users.index_rows", _USERS, _REINDEX)
_GROUP_INDEX = ("scim.groups.models", _GROUPS, _REINDEX)
_SUMMARY = "the person's card: what lists, searches and number lookups show"

USER = OnePart(
    name="user",
    table=CONTACTS,
    partition=A_DIRECTORY,
    parts=("user id",),
    value="the SCIM resource, its times and version, the keys of its index rows and the version of the rules for them",
    rewritten="kept",
    codec="scim.users.models",
    writers=(_USERS, "scim.groups.membership", _REINDEX),
    growth="one per user",
)
USER_GROUP = TwoParts(
    name="user",
    table=CONTACTS,
    partition=A_DIRECTORY,
    parts=("user id", "group id"),
    value="nothing; the user is a direct member of the group",
    rewritten="whole",
    codec="scim.groups.membership",
    writers=("scim.groups.membership", _USERS),
    growth="one per membership of a user",
)
GROUP = OnePart(
    name="group",
    table=CONTACTS,
    partition=A_DIRECTORY,
    parts=("group id",),
    value="the SCIM resource without members, its times and version, the keys of its index rows and their rules' version",
    rewritten="kept",
    codec="scim.groups.models",
    writers=(_GROUPS, "scim.groups.membership", _REINDEX),
    growth="one per group",
)
GROUP_GROUP = TwoParts(
    name="group",
    table=CONTACTS,
    partition=A_DIRECTORY,
    parts=("group id", "outer group id"),
    value="nothing; the group is a direct member of the outer group",
    rewritten="whole",
    codec="scim.groups.membership",
    growth="one per membership of a group",
)
MEMBER = TwoParts(
    name="member",
    table=CONTACTS,
    partition=A_DIRECTORY,
    parts=("group id", "member id"),
    value="whether the member is a user or a group",
    rewritten="whole",
    codec="scim.groups.membership",
    writers=("scim.groups.membership", _USERS),
    growth="one per membership",
)
NOTE = ThreeParts(
    name="user",
    table=CONTACTS,
    partition=A_DIRECTORY,
    parts=("user id", "always `note`", "note id"),
    value="an agent's note on the person: text, author, times, the end",
    rewritten="kept",
    codec="contacts.notes",
    writers=("contacts.notes", "scim.users.store"),
    growth="at most 10 per user; removed at the end that its author chose, and with the user",
)
NOTED = OnePart(
    name="noted",
    table=CONTACTS,
    partition=A_DIRECTORY,
    parts=("user id",),
    value="the words of all notes on the person, by which they are searched, and the first end of one",
    rewritten="whole",
    codec="contacts.notes",
    writers=("contacts.notes", "scim.users.store"),
    growth="one per user with notes",
)
NAME = OnePart(
    name="name",
    table=CONTACTS,
    partition=A_DIRECTORY,
    parts=("user name, case folded",),
    value="the user's id; makes the user name unique",
    rewritten="whole",
    codec="scim.resource_rows",
    writers=_USER_INDEX,
    growth="one per user",
)
EXTERNAL_ID = TwoParts(
    name="ext",
    table=CONTACTS,
    partition=A_DIRECTORY,
    parts=("externalId", "user id"),
    value="whether the user is active",
    rewritten="whole",
    codec="scim.resource_rows",
    writers=_USER_INDEX,
    growth="one per user",
)
MAIL = TwoParts(
    name="mail",
    table=CONTACTS,
    partition=A_DIRECTORY,
    parts=("e-mail address, case folded", "user id"),
    value="the person's card in the row of the address that it shows, if the user is active; nothing in other rows",
    rewritten="whole",
    codec="scim.users.contact_cards",
    writers=_USER_INDEX,
    growth="one per address of a user, at most 8",
)
LIST = TwoParts(
    name="list",
    table=CONTACTS,
    partition=A_DIRECTORY,
    parts=("display name as a search key", "user id"),
    value=_SUMMARY,
    rewritten="whole",
    codec="scim.users.contact_cards",
    writers=_USER_INDEX,
    growth="one per active user",
)
FIND = TwoParts(
    name="find",
    table=CONTACTS,
    partition=A_DIRECTORY,
    parts=("search term", "user id"),
    value=_SUMMARY,
    rewritten="whole",
    codec="scim.users.contact_cards",
    writers=_USER_INDEX,
    growth="one per search term of an active user, about 9, and up to 5 per number: its digits from several places on",
)
SOUND = TwoParts(
    name="sound",
    table=CONTACTS,
    partition=A_DIRECTORY,
    parts=(
        "code of a word of the name backwards, a space, the end of its partner's code",
        "user id",
    ),
    value=_SUMMARY,
    rewritten="whole",
    codec="scim.users.contact_cards",
    writers=_USER_INDEX,
    growth="one per word of the name of an active user, about 2, at most 5",
)
NUMBER = TwoParts(
    name="num",
    table=CONTACTS,
    partition=A_DIRECTORY,
    parts=("digits, last one first", "user id"),
    value="the person's card with the extension of this number and how it was written",
    rewritten="whole",
    codec="scim.users.contact_cards",
    writers=_USER_INDEX,
    growth="one per number of an active user, at most 12",
)
EXCHANGE = TwoParts(
    name="exchange",
    table=CONTACTS,
    partition=A_DIRECTORY,
    parts=("digits of a private exchange", "user id"),
    value=_SUMMARY,
    rewritten="whole",
    codec="scim.users.contact_cards",
    writers=_USER_INDEX,
    growth="one per direct dial number of an active user, if the value shows which digits are the extension",
)
HIDDEN_NUMBER = TwoParts(
    name="off",
    table=CONTACTS,
    partition=A_DIRECTORY,
    parts=("digits, last one first", "user id"),
    value="nothing; a number by which only SCIM clients find an inactive user",
    rewritten="whole",
    codec="scim.resource_rows",
    writers=_USER_INDEX,
    growth="one per number of an inactive user, at most 12",
)
UNPARSED = OnePart(
    name="unparsed",
    table=CONTACTS,
    partition=A_DIRECTORY,
    parts=("user id",),
    value="the person's name and the numbers that have no E.164 form, with their faults",
    rewritten="whole",
    codec="scim.resource_rows",
    writers=_USER_INDEX,
    growth="one per active user with such a number",
)
MANAGER = TwoParts(
    name="manager",
    table=CONTACTS,
    partition=A_DIRECTORY,
    parts=("manager as the report names it, case folded", "user id"),
    value=_SUMMARY,
    rewritten="whole",
    codec="scim.users.contact_cards",
    writers=_USER_INDEX,
    growth="one per active user with a manager",
)
UNIQUE = TwoParts(
    name="unique",
    table=CONTACTS,
    partition=A_DIRECTORY,
    parts=("resource type and attribute", "value, case folded unless the attribute is case exact"),
    value="the id of the user or group; makes the value unique",
    rewritten="whole",
    codec="scim.resource_rows",
    writers=("scim.users.index_rows", _USERS, _GROUPS, _REINDEX),
    growth="one per value of an attribute that its schema declares unique; none with the schemas as they are",
)
GROUP_NAME = OnePart(
    name="gname",
    table=CONTACTS,
    partition=A_DIRECTORY,
    parts=("display name, case folded",),
    value="the group's id; makes the display name unique",
    rewritten="whole",
    codec="scim.resource_rows",
    writers=_GROUP_INDEX,
    growth="one per group",
)
GROUP_EXTERNAL_ID = TwoParts(
    name="gext",
    table=CONTACTS,
    partition=A_DIRECTORY,
    parts=("externalId", "group id"),
    value="nothing",
    rewritten="whole",
    codec="scim.resource_rows",
    writers=_GROUP_INDEX,
    growth="one per group with an externalId",
)
EVENT = Log(
    name="event",
    table=CONTACTS,
    partition=A_DIRECTORY,
    parts=("ULID", "what it adds to the totals, such as u1,a1 (left out if nothing)"),
    value="one line of the provisioning log",
    rewritten="whole",
    codec="directories.events",
    writers=("directories.events", "scim.users.store", "scim.groups.store", "directories.erasure"),
    growth="one per change or refused request, kept for EVENT_RETENTION_DAYS",
)
ERASURE = SingleRow(
    name="erased",
    table=CONTACTS,
    partition=A_DIRECTORY,
    value="up to which event deleted people are erased from the log, and how far a pass has come",
    rewritten="whole",
    codec="directories.erasure",
    growth="one",
)
TOTAL = SingleRow(
    name="total",
    table=CONTACTS,
    partition=A_DIRECTORY,
    value="people, active people, groups, and the changes of each recent hour, up to an event",
    rewritten="kept",
    codec="directories.totals",
    growth="one",
)
MAPPING_FAULTS = SingleRow(
    name="noted",
    table=CONTACTS,
    partition=A_DIRECTORY,
    value="when each fault of the client's attribute mapping was last noted in the provisioning log",
    rewritten="kept",
    codec="directories.mapping_notes",
    growth="one, with at most 100 faults",
)
PAGE_START = TwoParts(
    name="start",
    table=CONTACTS,
    partition=A_DIRECTORY,
    parts=("resource type, with a digest of the filter if there is one", "startIndex, 16 digits"),
    value="the key of the last resource before that number in a walk, and when a page last ended there",
    rewritten="whole",
    codec="scim.page_starts",
    growth="one per page of a walk by startIndex in the last two hours; the daily maintenance removes older ones",
)
KEY_SAMPLE = OnePart(
    name="sample",
    table=CONTACTS,
    partition=A_DIRECTORY,
    parts=("user or group",),
    value="the key of every thousandth record, so that a jump to a far startIndex counts few keys",
    rewritten="whole",
    codec="scim.resource_rows",
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
    growth="one per agent who has favourites or recents; removed after 180 days without use",
)
NOTE_AUDIT_OUTBOX = OnePart(
    name="outbox",
    table=CONTACTS,
    partition=A_DIRECTORY,
    parts=(AUDIT_KEY,),
    value="an audit event that isn't in any log yet",
    rewritten="never",
    codec="directories.audit",
    writers=("directories.audit_relay",),
    growth="none but those of instances that were killed, until the next maintenance",
)
