"""The codes of audit acts by kind; the log can be filtered by kind, and URLs contain the kinds' names.

A new act needs its code here and its texts in the catalogues (`act_…`).
"""

ACT_KINDS: dict[str, frozenset[str]] = {
    "directories": frozenset(
        {
            "directory.created",
            "directory.renamed",
            "directory.changed",
            "directory.deleted",
            "directory.restored",
            "directory.removed",
            "directory.purged",
            "inspector.started",
            "inspector.stopped",
        }
    ),
    "credentials": frozenset(
        {
            "token.issued",
            "token.changed",
            "token.revoked",
            "secret.issued",
            "secret.changed",
            "secret.revoked",
            "trust.set",
            "trust.removed",
        }
    ),
    "links": frozenset(
        {
            "setup_link.created",
            "setup_link.opened",
            "setup_link.refused",
            "setup_link.accepted",
            "setup_link.tested",
            "setup_link.done",
            "setup_link.revoked",
        }
    ),
    "presence": frozenset(
        {
            "consent.started",
            "consent.given",
            "consent.confirmed",
            "consent.refused",
            "consent.checked",
            "presence.connected",
            "presence.retried",
            "presence.removed",
        }
    ),
    "notes": frozenset({"note.added", "note.changed", "note.removed"}),
    "exports": frozenset({"people.exported", "audit.exported", "log.exported"}),
}
ACT_CODES = frozenset().union(*ACT_KINDS.values())
