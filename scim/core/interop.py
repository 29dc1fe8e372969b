"""Deviations of real provisioning clients from the RFCs, one function or table each, with its source.

Entra: Microsoft Learn, "Develop a SCIM endpoint" and "SCIM 2.0 compliance of the provisioning service".

Deviations that are a separate step are implemented in the module of that step, with their source:
`parser.Parser.sub_attribute` (a sub-attribute of a selected value in a filter), `patch._Patch._apply_named` (paths as
names, read-only names in a value), `patch._Patch._path` (unknown attributes), `member_patch._split` (members in a value
without a path), `dispatch.Dispatcher._normalized` (double slashes).
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scim.core.attributes import Attribute, ResourceType, Target

_ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

# Microsoft's own example bodies write the enterprise URN without its last colon (Learn, "Develop a SCIM endpoint").
MISSPELT_URNS = {"urn:ietf:params:scim:schemas:extension:enterprise:2.0user": _ENTERPRISE}

# PingOne's documented filter expression is `email Co "%s"` (docs.pingidentity.com, "SCIM outbound provisioning").
FILTER_ALIASES = {"email": "emails"}

# Sub-attributes that RFC 7643 section 2.4 gives every multi-valued attribute; Okta and Entra send `display` with members.
COMMON_SUB_ATTRIBUTES = frozenset(("value", "display", "type", "primary", "$ref"))

_BOOLEANS = {"true": True, "false": False, "1": True, "0": False}
_SEVERAL = re.compile(r"[,;]")


def boolean_value(value: object) -> bool | None:
    """Return a text or number as a Boolean; None if it is neither a form of true nor of false.

    Entra without its compliance flag sends "True" and "False" as text, and so do OneLogin's templates (Learn, "Known
    issues with SCIM 2.0 compliance"; github.com/scimmyjs/scimmy/issues/51 and 86); databases without a Boolean type
    give 0 and 1 (grokability/snipe-it).
    """
    if isinstance(value, int | float) and value in (0, 1):
        return bool(value)
    return _BOOLEANS.get(value.strip().lower()) if isinstance(value, str) else None


def boolean_object(attribute: Attribute, value: object) -> object:
    """Unwrap {"value": false} or {"active": false}; a wrapped deactivation must be recognised too.

    AzureAD/SCIMReferenceCode (PatchOperation2) wraps every value in such an object, in some versions within an array. A
    client that builds the value for an operation without a path sends the attribute's name even if there is a path.
    """
    if isinstance(value, dict) and len(value) == 1:
        name, inner = next(iter(value.items()))
        if name.lower() in ("value", attribute.name.lower()):
            return inner
    return value


def only_element(attribute: Attribute, element: object) -> object:
    """Return the `value` of an object that was sent for an attribute without sub-attributes.

    Any other element is returned unchanged. Microsoft's own client sends every PATCH value as a
    list of objects with `value`, and in some versions as one object (AzureAD/SCIMReferenceCode,
    PatchOperation2); Captain-P-Goldfish/SCIM-SDK before 1.34 sent `["false"]` (its issues 47 and
    968).
    """
    if attribute.type != "complex" and isinstance(element, dict):
        parts = {name.lower(): value for name, value in element.items()}
        if "value" in parts and parts.keys() <= COMMON_SUB_ATTRIBUTES:
            return parts["value"]
    return element


def elements(attribute: Attribute, value: object) -> list[Any] | None:
    """Return the elements of a value sent for a multi-valued attribute; None if the value is ambiguous.

    One object is read as an array of one (Captain-P-Goldfish/SCIM-SDK#968, wireapp/wire-server#5435). So is a single
    text for an attribute such as `roles`, unless the text may be a list of several. An e-mail address or phone number
    sent as bare text is a fault of the mapping that affects every request, so it is refused.
    """
    if isinstance(value, list):
        return value
    if isinstance(value, dict):
        return [value]
    if isinstance(value, str) and isinstance(_described(attribute, value), dict):
        return [value]
    if attribute.needed or (isinstance(value, str) and _SEVERAL.search(value)):
        return None
    return [value]


def complex_value(attribute: Attribute, value: object) -> object:
    """Return the object for a value of a complex attribute that was sent in another form.

    A text or number becomes {"value": …}; a text with an object in JSON becomes that object. Entra
    sends `manager` as the bare id (Learn; apache/directory-scimple#1242). It is stored and returned
    as the RFC's object nevertheless, because Entra can't parse the bare id in a response. Roles may
    be sent as texts (Captain-P-Goldfish/SCIM-SDK#968 and pull request 974). A number in place of an
    e-mail address or phone number is more likely a fault in the mapping, so it is refused.
    """
    if isinstance(value, str):
        value = _described(attribute, value)
    if "value" not in attribute.subs or isinstance(value, bool):
        return value
    if attribute.name == "manager" and isinstance(value, dict):
        return _manager_object(value)
    allows_number = not (attribute.multi_valued and attribute.needed)
    if isinstance(value, str) or (allows_number and isinstance(value, int)):
        return {"value": value}
    return value


def _described(attribute: Attribute, text: str) -> object:
    """Return the object in a JSON text if it has the attribute's own sub-attributes only, else the text."""
    value = json_object(text)
    if not isinstance(value, dict):
        return text
    known = attribute.subs.keys() | {name.lower() for name in COMMON_SUB_ATTRIBUTES}
    return value if {name.lower() for name in value} <= known else text


def json_object(value: object) -> object:
    """Return the object in a JSON text; return any other value unchanged.

    Values in the operations of Captain-P-Goldfish/SCIM-SDK are always texts, so its users can send
    an object only as JSON in a text (its issue 201). No address, number or name begins with a
    brace.
    """
    if not isinstance(value, str) or not value.lstrip().startswith("{"):
        return value
    try:
        parsed = json.loads(value)
    except (ValueError, RecursionError):
        return value
    return parsed if isinstance(parsed, dict) else value


def _manager_object(value: dict[str, Any]) -> dict[str, Any]:
    """Return a manager object with `value` set from `managerId` (SCIM 1.1 section 7) or from a member named `manager`."""
    parts = {name.lower(): name for name in value}
    other = next((parts[name] for name in ("managerid", "manager") if name in parts), "")
    if not other or "value" in parts or "$ref" in parts:
        return value
    return {("value" if name == other else name): part for name, part in value.items()}


def number_text(attribute: Attribute, value: object) -> str | None:
    """Return the text of an integer that was sent for a text attribute; None if the text of a number is ambiguous.

    Captain-P-Goldfish/SCIM-SDK (commit 53d1e20c) and goauthentik/authentik#15533 saw numeric ids. A fraction is
    refused, because JSON keeps neither its zeros nor its length. A number as `userName` is refused, because people
    are matched by user name.
    """
    if attribute.name == "userName" or isinstance(value, bool) or not isinstance(value, int):
        return None
    return str(value)


def deactivates(body: Mapping[str, Any], resource_type: ResourceType) -> bool:
    """Return whether the body sets `active` to false in any spelling that is understood.

    Faults in other attributes must not prevent the deactivation (valon-technologies/gestalt#3167, getprobo/probo#711).
    """
    return active_in(body, resource_type) is False


def active_in(body: Mapping[str, Any], resource_type: ResourceType) -> bool | None:
    """Return the value to which the body sets `active`; None if it doesn't set it. False wins over True."""
    attribute = resource_type.attributes.get("active")
    if attribute is None or attribute.type != "boolean":
        return None
    found: set[Any] = set()
    for name, value in body.items():
        target = resource_type.find(name) or value_target(name, resource_type)
        if target is None:
            continue
        if target.attribute is attribute:
            sent = [one for one in value if one is not None] if isinstance(value, list) else [value]
            if len(sent) == 1:
                found.add(_truth(boolean_value(boolean_object(attribute, sent[0]))))
        elif target.attribute is None and not target.extension and isinstance(value, dict):
            found.add(active_in(value, resource_type))  # the object of the core schema
    return False if False in found else True if True in found else None


def _truth(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def value_target(path: str, resource_type: ResourceType) -> Target | None:
    """Return the singular, simple attribute of a path such as `active.value`; None for others.

    Clients that read every attribute as an object with a member `value` write that member in their
    paths, too. If such a path were ignored, a deactivation would be lost.
    """
    name, dot, part = path.strip().rpartition(".")
    target = resource_type.find(name) if dot and part.lower() == "value" else None
    if target is None or target.attribute is None or target.sub is not None:
        return None
    is_simple = target.attribute.type != "complex" and not target.attribute.multi_valued
    return target if is_simple else None


def stays_when_cleared(attribute: Attribute, current: object) -> bool:
    """Return whether an attribute keeps its value if the client removes it or sets it to null: only `active: false`.

    A client that leaves out or clears `active` doesn't want to reactivate the person (slashdevops/idp-scim-sync sends a
    suspended person without it).
    """
    return attribute.name == "active" and current is False


def has_same_values(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Return whether a client sees the same values in two versions of a resource.

    A person without `active` is shown with `active: true`, so to set it to true changes nothing: version and
    time of change stay (RFC 7644 section 3.5.2). Entra sets it in each cycle (getsentry/self-hosted#3573).
    """
    if after == before:
        return True
    if (before.get("active", True), after.get("active", True)) != (True, True):
        return False
    return {**before, "active": True} == {**after, "active": True}


# Filters and paths come with quotes other than the RFC's: Google's and Cbox's with ' (google/go-github,
# enterprise_scim_test.go), those that passed through a word processor with typographic ones. They are never part of a value.
DOUBLE_QUOTES = "“”„‟«»＂"
SINGLE_QUOTES = "‘’‚‛‹›＇`´"


def double_quoted(text: str) -> str:
    """Return a text in single quotes as the equivalent JSON string."""
    inner = _ESCAPED.sub(lambda found: _ESCAPES.get(found[0], found[0]), text[1:-1])
    return f'"{inner}"'


_ESCAPED = re.compile(r'\\.|"', re.DOTALL)
_ESCAPES = {"\\'": "'", '"': '\\"'}


def listed_names(text: str) -> list[str]:
    """Split a comma-separated list of names; a name may be a path with brackets.

    Microsoft's Postman collection requests `attributes=emails[type eq "work"]` (scimmyjs/scimmy#55, imulab/go-scim#64);
    RFC 7644 section 3.9 allows no brackets here.
    """
    if "[" not in text:
        return [name.strip() for name in text.split(",")]
    return [name.strip() for name in _LISTED_NAME.findall(text)]


_LISTED_NAME = re.compile(r'(?:[^,\["]|\[(?:[^\]"]|"[^"]*")*\]?|")+')


def unquoted_text(word: str) -> str | None:
    """Return the text for an unquoted word in a filter; None for null.

    Microsoft's own example is `externalId eq jyoung` (Learn, "Develop a SCIM endpoint"); the RFC requires JSON.
    """
    return None if word.lower() == "null" else word


def operation_name(op: str) -> str:
    """Return the operation's name in lower case.

    Entra without its compliance flag sends `Add`, `Replace` and `Remove` (Learn, "Known issues …").
    """
    return op.strip().lower()


def is_empty(value: object) -> bool:
    """Return whether a value means "unassigned": null, [] (RFC 7643 section 2.5), "" or an array of these.

    An expression mapping in Entra can clear an attribute only by sending "" (Logic App template,
    SCIM_Null_Update_Test).
    """
    if value is None or value == "" or value == []:
        return True
    return isinstance(value, list) and all(element is None or element == "" for element in value)


def qualified_names(urn: str, name: str) -> tuple[str, ...]:
    """Return the spellings of an attribute's name with its schema's URN: with a colon as in the RFC, and with a dot.

    Entra administrators write `…:2.0:User.department` as target attribute (Stack Overflow 77655790, wso2/product-is
    issue 11092). An extension's attribute is accepted without its URN too, because Entra removes a manager by
    `manager[value eq "…"]` (thomaspoignant/scim-patch#453).
    """
    return f"{urn}:{name}", f"{urn}.{name}"


def extension_of(name: str, resource_type: ResourceType) -> str:
    """Return the URN of the extension that has an attribute with this lower-case name, or "".

    OneLogin's templates send `manager` and `department` next to the core attributes. No core
    attribute has these names, so they can only be those of the extension. A PATCH may also name
    them without the URN (see `qualified_names`).
    """
    owners = (urn for urn, own in resource_type.extension_attributes.items() if name in own)
    return next(owners, "")


def extension_object(value: object) -> object:
    """Return an object of attributes, taken out of an array of one or of JSON text.

    Microsoft's client wraps any value (see `only_element`), Captain-P-Goldfish/SCIM-SDK writes it as text.
    """
    return json_object(value[0] if isinstance(value, list) and len(value) == 1 else value)


def may_be_missing(path: str) -> bool:
    """Return whether a resource is accepted without an attribute that /Schemas lists as required.

    `name` is listed as required so that Microsoft's null-update test skips it. Guests and room accounts in Entra
    often have neither a given nor a family name, and one refused person would be retried for 28 days (Logic App
    template, SCIM_Null_Update_Test; Learn, "Quarantine status"). `active` is listed as required because it always has
    a value, so a test that removes every optional attribute must skip it (scim2-tester, check_remove_attribute).
    """
    return path in ("name", "active")


def selected_element(terms: tuple[tuple[str, Any], ...] | None) -> dict[str, Any] | None:
    """Return the element to create if a path such as `emails[type eq "work"].value` selects none; None if it is undefined.

    RFC 7644 section 3.5.2.3 requires noTarget, but Entra sets a value that never existed in just this way
    (better-auth/better-auth#10682, Captain-P-Goldfish/SCIM-SDK#416). Only a selection by type defines the new
    element; a selection by `value` names an element that must exist.
    """
    if not terms or any(name in ("value", "$ref") for name, _ in terms):
        return None
    return dict(terms)


def listed_values(value: object) -> list[Any] | None:
    """Return the elements that a `remove` with this value removes; None to remove all.

    All are removed only if there is no value; an empty list removes none. Entra without its
    compliance flag removes a member by {"op": "Remove", "path": "members",
    "value": [{"value": id}]}; RFC 7644 section 3.5.2.2, read literally, would remove every member.
    """
    if value is None:
        return None
    return value if isinstance(value, list) else [value]


def members_value(value: object, name: str = "members") -> object:
    """Return the list of members inside an object sent under the path `members`; null means no members.

    Salesforce Help, "Manage Group Members with SCIM", documents {"path": "members", "value": {"members": […]}}, and the
    SDK of pingidentity/scim2 sends it (issue 174, pull request 267).
    """
    inner = value[0] if isinstance(value, list) and len(value) == 1 else value
    if isinstance(inner, dict) and len(inner) == 1:
        key, members = next(iter(inner.items()))
        if key.lower().rpartition(":")[2] == name:
            return [] if members is None else members
    return value
