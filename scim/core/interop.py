"""Where real provisioning clients leave the RFCs: one function (or table) a deviation, with its source.

Entra: Microsoft Learn, "Develop a SCIM endpoint" and "SCIM 2.0 compliance of the provisioning service".

Deviations that are a step of their own stand where they act, with their source: `parser.Parser.sub_attribute`
(a part of a selected value in a filter), `patch._apply_named` (paths as names, read-only names in a value),
`patch._apply_at` (unknown attributes), `members._split` (members of a value without a path).
"""

from typing import Any

_ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

# Microsoft's own example bodies write the enterprise URN without its last colon (Learn, "Develop a SCIM endpoint").
MISSPELT_URNS = {"urn:ietf:params:scim:schemas:extension:enterprise:2.0user": _ENTERPRISE}

# PingOne's documented filter expression is `email Co "%s"` (docs.pingidentity.com, "SCIM outbound provisioning").
FILTER_ALIASES = {"email": "emails"}

_BOOLEANS = {"true": True, "false": False}


def boolean_text(value: object) -> bool | None:
    """Entra without its compliance flag sends "True" and "False" as text, and so do OneLogin's templates.

    Learn, "Known issues with SCIM 2.0 compliance"; github.com/scimmyjs/scimmy/issues/51 and 86. None: neither.
    """
    return _BOOLEANS.get(value.strip().lower()) if isinstance(value, str) else None


def unquoted_text(word: str) -> str | None:
    """The text that a word without quotes stands for; None for null.

    Microsoft's own example is `externalId eq jyoung` (Learn, "Develop a SCIM endpoint"); the RFC wants JSON.
    """
    return None if word.lower() == "null" else word


def operation_name(op: str) -> str:
    """Entra without its compliance flag capitalises `Add`, `Replace` and `Remove` (Learn, "Known issues …")."""
    return op.strip().lower()


def is_empty(value: object) -> bool:
    """Whether a value stands for "unassigned": null, [] (RFC 7643 section 2.5), and also "" and an array of those.

    An expression mapping in Entra clears an attribute only by sending "" (Logic App template, SCIM_Null_Update_Test).
    """
    if value is None or value == "" or value == []:
        return True
    return isinstance(value, list) and all(element is None or element == "" for element in value)


def reference_value(value: object) -> object:
    """Entra sends `manager` as the bare id, and formerly as an array of one (Learn; apache/directory-scimple#1242).

    What is stored and returned is the RFC's object: Entra can't read its own text back.
    """
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    return {"value": value} if isinstance(value, str) else value


def extension_names(urn: str, name: str) -> tuple[str, ...]:
    """Entra removes a manager by `manager[value eq "…"]`, without the URN (thomaspoignant/scim-patch#453)."""
    return f"{urn}:{name}", name


def may_be_missing(path: str) -> bool:
    """`name` is announced as required so that Microsoft's null-update test passes it by, but nobody is refused without.

    Guests and room accounts in Entra often have neither a given nor a family name, and one refused person would be
    retried for 28 days (Logic App template, SCIM_Null_Update_Test; Learn, "Quarantine status").
    """
    return path == "name"


def selected_element(terms: tuple[tuple[str, Any], ...] | None) -> dict[str, Any] | None:
    """The element to create when `emails[type eq "work"].value` selects none, where RFC 7644 3.5.2.3 says noTarget.

    Entra replaces a value that was never set in just this way (better-auth/better-auth#10682,
    Captain-P-Goldfish/SCIM-SDK#416). Only a selection by kind tells what to create; one by `value` names an element
    that must exist.
    """
    if not terms or any(name in ("value", "$ref") for name, _ in terms):
        return None
    return dict(terms)


def listed_values(value: object) -> list[Any] | None:
    """The elements that a `remove` names in its value; None where it names none and all are meant.

    Entra without its compliance flag removes a member by {"op": "Remove", "path": "members", "value": [{"value": id}]};
    RFC 7644 section 3.5.2.2, read literally, would remove every member. An empty list names nobody.
    """
    if value is None:
        return None
    return value if isinstance(value, list) else [value]
