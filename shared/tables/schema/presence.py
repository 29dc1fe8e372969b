"""Row families of tables `presence` (Teams presence) and `tenants` (which directory is linked with which tenant)."""

from shared.keys import OnePart, SingleRow, TwoParts
from shared.tables.schema.base import A_TENANT, AUDIT_KEY, PRESENCE, TENANT_LINKS, TENANTS

LINK_AUDIT_OUTBOX = OnePart(
    name="outbox",
    table=TENANTS,
    partition=TENANT_LINKS,
    parts=(AUDIT_KEY,),
    value="an audit event that isn't in any log yet",
    rewritten="never",
    codec="directories.audit",
    writers=("directories.audit_relay",),
    growth="none but those of instances that were killed, until the next maintenance",
)
MANIFEST = SingleRow(
    name="head",
    table=PRESENCE,
    partition=A_TENANT,
    value="which pages and deltas count, the lease, cursors, counters, and what goes wrong",
    rewritten="kept",
    codec="presence.store.manifest",
    writers=("presence.store.commits", "presence.consent.linking", "presence.store.manifest"),
    growth="one",
)
DELTA = OnePart(
    name="delta",
    table=PRESENCE,
    partition=A_TENANT,
    parts=("number, 12 digits",),
    value="the people whose presence one sync changed",
    rewritten="whole",
    codec="presence.store.codec",
    writers=("presence.store.commits", "presence.store.manifest"),
    growth="one per sync with a change, until they are compacted into pages",
)
PAGE = TwoParts(
    name="page",
    table=PRESENCE,
    partition=A_TENANT,
    parts=("generation", "number, 5 digits"),
    value="the presence of up to 2,000 people",
    rewritten="never",
    codec="presence.store.codec",
    writers=("presence.store.commits", "presence.store.manifest"),
    growth="one per 2,000 people",
)
TENANT_LINK = OnePart(
    name="tenant",
    table=TENANTS,
    partition=TENANT_LINKS,
    parts=("Entra tenant id",),
    value="the account that owns the tenant, its directories, and why consent counts as lost",
    rewritten="kept",
    codec="presence.tenant_links",
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
    growth="one per directory that was connected",
)
