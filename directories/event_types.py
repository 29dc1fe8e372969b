"""The kinds of provisioning events in groups, by which the log can be filtered; URLs contain the groups' names."""

REFUSED = "request.refused"
TURNED_AWAY = "connection.refused"  # a request without a valid credential
MAPPING = "mapping.fault"
KINDS: dict[str, frozenset[str]] = {
    "created": frozenset({"user.created"}),
    "changed": frozenset({"user.changed"}),
    "disabled": frozenset({"user.disabled"}),
    "enabled": frozenset({"user.enabled"}),
    "deleted": frozenset({"user.deleted"}),
    "groups": frozenset({"group.created", "group.changed", "group.deleted"}),
    "refused": frozenset({REFUSED, TURNED_AWAY}),
    "mapping": frozenset({MAPPING}),
    "access": frozenset(
        {
            "connection.tested",
            "token.issued",
            "token.revoked",
            "secret.issued",
            "secret.revoked",
            "trust.set",
            "trust.removed",
        }
    ),
    "presence": frozenset(
        {"presence.connected", "presence.lost", "presence.back", "presence.removed"}
    ),
}
