"""Row families of table `directories`: directories with their credentials, their accounts, and audit logs."""

from shared.keys import OnePart, SingleRow
from shared.tables.schema.base import (
    A_DIRECTORY,
    ALL_DIRECTORIES,
    AUDIT_ACCOUNTS,
    AUDIT_EVENT,
    AUDIT_KEY,
    DIRECTORIES,
)

DIRECTORY = SingleRow(
    name="directory",
    table=DIRECTORIES,
    partition=A_DIRECTORY,
    value="name, owner, settings, hashes of tokens and client secrets, trusted identity",
    rewritten="kept",
    codec="directories.store",
    writers=("directories.service", "directories.credentials", "directories.deletion"),
    growth="one",
)
LAST_USE = OnePart(
    name="used",
    table=DIRECTORIES,
    partition=A_DIRECTORY,
    parts=("credential id, or served, or denied",),
    value="when a credential was last used, when a call last succeeded, who was turned away",
    rewritten="whole",
    codec="directories.credential_usage",
    growth="one per credential ever used, and two",
)
CREDENTIAL_WARNING = OnePart(
    name="warned",
    table=DIRECTORIES,
    partition=A_DIRECTORY,
    parts=("credential id",),
    value="how many days before the end of a used credential the operator was warned last",
    rewritten="whole",
    codec="directories.credential_expiry",
    growth="one per credential that came near its end",
)
ACCESS_TOKEN = OnePart(
    name="access",
    table=DIRECTORIES,
    partition=A_DIRECTORY,
    parts=("SHA-256 of the token",),
    value="the credential that it was issued for, and its end",
    rewritten="never",
    codec="directories.access_rows",
    writers=("directories.access_tokens",),
    growth="one per OAuth token request of the last day",
)
USED_ASSERTION = OnePart(
    name="jti",
    table=DIRECTORIES,
    partition=A_DIRECTORY,
    parts=("SHA-256 of issuer and jti",),
    value="its end; no assertion is accepted twice (RFC 7523 section 3)",
    rewritten="never",
    codec="directories.access_rows",
    writers=("directories.access_tokens",),
    growth="one per assertion of the last day",
)
INSPECTED = OnePart(
    name="inspected",
    table=DIRECTORIES,
    partition=A_DIRECTORY,
    parts=("ULID",),
    value="a request of the client without values: method, attribute names, status, time",
    rewritten="never",
    codec="directories.inspector",
    growth="at most about 500, while and for a day after an administrator inspects requests",
)
SETUP_LINK = OnePart(
    name="setuplink",
    table=DIRECTORIES,
    partition=A_DIRECTORY,
    parts=("link id",),
    value="hashes of a set-up link's code and of its browser's secret, its end, what was done through it",
    rewritten="kept",
    codec="directories.setup_links",
    writers=("directories.setup_link_service", "directories.setup_session"),
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
    growth="one per directory of the account",
)
AUDIT = OnePart(
    name="audit",
    table=DIRECTORIES,
    partition=A_DIRECTORY,
    parts=(AUDIT_KEY,),
    value=AUDIT_EVENT,
    rewritten="whole",
    codec="directories.audit",
    writers=("directories.audit", "directories.audit_relay"),
    growth="one per act of an administrator, kept for AUDIT_RETENTION_DAYS",
)
ACCOUNT_AUDIT = OnePart(
    name="audit",
    table=DIRECTORIES,
    partition="audit|{account}",
    parts=(AUDIT_KEY,),
    value=AUDIT_EVENT,
    rewritten="whole",
    codec="directories.audit",
    writers=("directories.audit_relay",),
    growth="the events of all the account's directories, also of deleted ones",
)
AUDIT_OUTBOX = OnePart(
    name="outbox",
    table=DIRECTORIES,
    partition=A_DIRECTORY,
    parts=(AUDIT_KEY,),
    value="an audit event that isn't in every log yet",
    rewritten="never",
    codec="directories.audit",
    writers=("directories.audit", "directories.audit_relay"),
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
    growth="one per directory of the account",
)
NAMES_COMPLETE = SingleRow(
    name="complete",
    table=DIRECTORIES,
    partition="names|{account}",
    value="a mark that the directories of earlier releases have their names claimed",
    rewritten="whole",
    codec="directories.names",
    growth="one per account",
)
