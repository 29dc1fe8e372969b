"""Row families of table `work`: operations in progress, such as consents and deletions, and the health of jobs."""

from shared.keys import OnePart, SingleRow
from shared.tables.schema.base import AUDIT_KEY, CONSENTS, DELETIONS, HEALTH, IMPORT, REINDEX, WORK

CONSENT_AUDIT_OUTBOX = OnePart(
    name="outbox",
    table=WORK,
    partition=CONSENTS,
    parts=(AUDIT_KEY,),
    value="an audit event that isn't in any log yet",
    rewritten="never",
    codec="directories.audit",
    writers=("directories.audit_relay",),
    growth="none but those of instances that were killed, until the next maintenance",
)
DELETION = OnePart(
    name="",
    table=WORK,
    partition=DELETIONS,
    parts=("directory id",),
    value="since when the directory is being deleted",
    rewritten="whole",
    codec="directories.deletion",
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
    growth="one per queue",
)
MAINTENANCE_PLACE = SingleRow(
    name="maintenance",
    table=WORK,
    partition=HEALTH,
    value="the hour that the maintenance is at, and the last directory that it tidied",
    rewritten="whole",
    codec="directories.maintenance",
    growth="one",
)
HEALTH_PROBE = SingleRow(
    name="probe",
    table=WORK,
    partition=HEALTH,
    value="when a health check last proved that storage can be written",
    rewritten="whole",
    codec="presence.health",
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
    growth="one while an import runs",
)
