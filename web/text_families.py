"""Families of message codes: a page builds a code from a family's prefix, a value and, in some families, a suffix.

Each family lists all of its values.
"""

from typing import get_args

from contacts.stand_ins import REASONS
from directories.audit_codes import ACT_CODES, ACT_KINDS
from directories.event_types import KINDS
from directories.models import Kind
from shared.messages import CodeFamily

CREDENTIAL_KINDS = ("security_token", "client_secret")
AUDIT_FIELDS = (
    "name",
    "kind",
    "region",
    "strict_numbers",
    "setup",
    "presence",
    "readers",
    "inspect_until",
    "expires",
    "tenant_id",
    "tenant_name",
    "subject",
    "audiences",
    "issuer",
    "jwks_uri",
    "outcome",
    "company",
    "groups",
    "purpose",
    "roles",
    "format",
    "part",
)
NUMBER_TYPES = ("work", "mobile", "home", "fax", "other")
HEALTH_FIGURES = (
    "last_sync",
    "took",
    "people",
    "unknown",
    "quarantined",
    "not_ids",
    "calls",
    "throttled",
)
_KINDS: tuple[str, ...] = get_args(Kind)
_EVENTS = frozenset().union(*KINDS.values())

ACT = CodeFamily("act_", (code.replace(".", "_") for code in ACT_CODES))
ACT_KIND = CodeFamily("acts_", ("all", *ACT_KINDS))
ACTOR_KIND = CodeFamily("actor_", ("link", "operator", "system"))
AUDIT_FIELD = CodeFamily("audit_field_", AUDIT_FIELDS)
AUDIT_VALUE = CodeFamily(
    "audit_value_",
    (
        "yes",
        "no",
        "never",
        "none",
        "entra",
        "other",
        "connect",
        "presence",
        "done",
        "undecided",
        "on",
        "off",
        "first",
        "next",
    ),
)
BASE_URL_HINT = CodeFamily("base_url_hint_", _KINDS)
CALL_COLUMN = CodeFamily(
    "call_",
    ("time", "direction", "duration", "number", "match", "name", "title", "company"),
)
CREDENTIAL = CodeFamily("", CREDENTIAL_KINDS)
CREDENTIAL_LEAD = CodeFamily("", CREDENTIAL_KINDS, "_lead")
CREDENTIAL_STATE = CodeFamily("", ("live", "revoked", "expired"))
CREDENTIAL_TITLE = CodeFamily("", CREDENTIAL_KINDS, "_title")
ENDS = CodeFamily("ends_", ("ends", "revoked", "expired"))
DIRECTION = CodeFamily("direction_", ("in", "out", "missed"))
EVENT = CodeFamily("event_", (kind.replace(".", "_") for kind in _EVENTS))
EVENTS = CodeFamily("events_", ("all", *KINDS))
EXPORT = CodeFamily(
    "export_",
    ("csv", "csv_comma", "csv_semicolon", "csv_tab", "vcard", "vcard_3", "vcard_4"),
)
GUIDE_ENTRA = CodeFamily("guide_entra_", "1234567")
GUIDE_OTHER = CodeFamily("guide_other_", "123456")
HEALTH = CodeFamily("health_", HEALTH_FIGURES)
ISSUE_TITLE = CodeFamily("issue_title_", CREDENTIAL_KINDS)
KIND = CodeFamily("kind_", _KINDS)
LINK_CREDENTIAL = CodeFamily("link_took_", ("secret", "trust", "token"))
LINK_PURPOSE = CodeFamily("link_for_", ("set_up", "sign_in"))
LINK_STATE = CodeFamily("link_state_", ("waiting", "opened", "done", "expired", "revoked"))
LIST_SORT = CodeFamily("list_sort_", ("attention", "name", "people", "lastCall", "created"))
LIST_STATE = CodeFamily("list_state_", ("any", "attention", "setup", "waiting", "good", "deleted"))
MAPPING_LEAD = CodeFamily("mapping_lead_", _KINDS)
MATCH = CodeFamily("match_", ("exact", "possible", "no"))
NEED = CodeFamily("need_", ("required", "recommended", "optional"))
NOTE_DAYS = CodeFamily("note_days_", ("1", "7", "30", "90", "365"))
NUMBER = CodeFamily("number_", NUMBER_TYPES)
NUMBER_KEY = CodeFamily("number_key_", ("international", "national", "raw", "possible"))
NUMBER_CAUSE = CodeFamily(
    "numbers_cause_",
    (
        *("several", "long_text", "masked", "no_digits", "too_many_digits", "letters", "short"),
        *("of_no_country", "not_national", "again"),
    ),
)
OVERLAP = CodeFamily("overlap_", ("1", "24", "168"))  # hours
PORTAL_STEPS = CodeFamily("portal_steps_", _KINDS)
QUARANTINE = CodeFamily("problem_quarantine_", ("near", "beyond"))
REASON = CodeFamily("reason_", REASONS)
REINDEX = CodeFamily("reindex_", ("waiting", "running"))
SHOW_CALLS = CodeFamily("show_calls_", ("all", "people", "unknown", "missed"))
STEP = CodeFamily("step_", ("name", "connect", "presence"))
TAB = CodeFamily("tab_", ("overview", "credentials", "log", "numbers", "dry_run", "audit", "links"))
WAITING = CodeFamily("stage_", ("waiting", "connected"))

IN_TEMPLATES = {
    name: family for name, family in list(globals().items()) if isinstance(family, CodeFamily)
}
