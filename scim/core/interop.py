"""Deviations of real provisioning clients from the RFCs, one function or table each, with source.

Entra: Microsoft Learn, "Develop a SCIM endpoint" and "SCIM 2.0 compliance of the provisioning service".

Deviations that are a separate step are in the module of that step, with their source:
`parser.Parser.sub_attribute` (a part of a selected value in a filter), `patch._Patch._apply_named`
(paths as names, read-only names in a value), `patch._Patch._path` (unknown attributes),
`member_patch._split` (members of a value without a path), `dispatch.Dispatcher._normalized` (doubled
slashes).
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
    """Return the Boolean that text or a number means; None if it means neither.

    Entra without its compliance flag sends "True" and "False" as text, and so do OneLogin's templates (Learn, "Known
    issues with SCIM 2.0 compliance"; github.com/scimmyjs/scimmy/issues/51 and 86); databases without a Boolean type
    give 0 and 1 (grokability/snipe-it).
    """
    if isinstance(value, int | float) and value in (0, 1):
        return bool(value)
    return _BOOLEANS.get(value.strip().lower()) if isinstance(value, str) else None


def boolean_object(attribute: Attribute, value: object) -> object:
    """Return the value of {"value": false} or {"active": false}: a deactivation must be recognised in its wrapping, too.

    AzureAD/SCIMReferenceCode (PatchOperation2) wraps every value so, in an array and in some versions without one. A
    client that builds the value of an operation without a path sends the attribute's name along with a path, too.
    """
    if isinstance(value, dict) and len(value) == 1:
        name, inner = next(iter(value.items()))
        if name.lower() in ("value", attribute.name.lower()):
            return inner
    return value


def only_element(attribute: Attribute, element: object) -> object:
    """Return the value of an object sent for a singular attribute that isn't complex, alone or as the only element of an array.

    Microsoft's own client sends every PATCH value as a list of objects with `value`, and in some versions as one object
    (AzureAD/SCIMReferenceCode, PatchOperation2); Captain-P-Goldfish/SCIM-SDK before 1.34 sent `["false"]` (its issues
    47 and 968).
    """
    if attribute.type != "complex" and isinstance(element, dict):
        parts = {name.lower(): value for name, value in element.items()}
        if "value" in parts and parts.keys() <= COMMON_SUB_ATTRIBUTES:
            return parts["value"]
    return element


def elements(attribute: Attribute, value: object) -> list[Any] | None:
    """Return the elements that a value of a multi-valued attribute holds; None if it may mean several things.

    One object means an array of one (Captain-P-Goldfish/SCIM-SDK#968, wireapp/wire-server#5435).
    One text is enough for attributes such as roles, unless it may list several; an address or
    number sent as bare text is a fault in the mapping that would show in every call, so it is
    refused.
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
    """Return text or a number as the object {"value": …} that it abbreviates, and JSON text as the object in it.

    Entra sends `manager` as the bare id (Learn; apache/directory-scimple#1242). The stored and
    returned form is the RFC's object: Entra can't read its own text back. Roles come as texts
    (Captain-P-Goldfish/SCIM-SDK#968 and pull request 974). A number in place of an e-mail address
    or phone number is more likely a fault in the mapping.
    """
    if isinstance(value, str):
        value = _described(attribute, value)
    if "value" not in attribute.subs or isinstance(value, bool):
        return value
    if attribute.name == "manager" and isinstance(value, dict):
        return _manager_object(value)
    takes_number = not (attribute.multi_valued and attribute.needed)
    if isinstance(value, str) or (takes_number and isinstance(value, int)):
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
    """Return the object that a JSON text holds; any other value as it is.

    The operations of Captain-P-Goldfish/SCIM-SDK have texts as values, so that its users send an object as JSON in a
    text (its issue 201). No address, number or name begins with a brace.
    """
    if not isinstance(value, str) or not value.lstrip().startswith("{"):
        return value
    try:
        read = json.loads(value)
    except (ValueError, RecursionError):
        return value
    return read if isinstance(read, dict) else value


def _manager_object(value: dict[str, Any]) -> dict[str, Any]:
    """Return a manager with `value` in place of `managerId` (SCIM 1.1 section 7) or of the attribute's own name."""
    parts = {name.lower(): name for name in value}
    other = next((parts[name] for name in ("managerid", "manager") if name in parts), "")
    if not other or "value" in parts or "$ref" in parts:
        return value
    return {("value" if name == other else name): part for name, part in value.items()}


def number_text(attribute: Attribute, value: object) -> str | None:
    """Return the text of a whole number sent for a text attribute; None if it has no single text form.

    Captain-P-Goldfish/SCIM-SDK (commit 53d1e20c) and goauthentik/authentik#15533 saw numeric ids. A fraction is not
    taken: JSON keeps neither its zeros nor its length. Nor is a number as `userName`, by which people are matched.
    """
    if attribute.name == "userName" or isinstance(value, bool) or not isinstance(value, int):
        return None
    return str(value)


def deactivates(body: Mapping[str, Any], resource_type: ResourceType) -> bool:
    """Return whether attributes sent by name make a person inactive, in any spelling that is understood.

    Faults in other attributes must not undo it (valon-technologies/gestalt#3167,
    getprobo/probo#711).
    """
    attribute = resource_type.attributes.get("active")
    if attribute is None or attribute.type != "boolean":
        return False
    for name, value in body.items():
        target = resource_type.find(name) or value_target(name, resource_type)
        if target is None:
            continue
        if target.attribute is attribute:
            sent = [one for one in value if one is not None] if isinstance(value, list) else [value]
            if len(sent) == 1 and boolean_value(boolean_object(attribute, sent[0])) is False:
                return True
        is_core_schema = target.attribute is None and not target.extension
        if is_core_schema and isinstance(value, dict) and deactivates(value, resource_type):
            return True
    return False


def value_target(path: str, resource_type: ResourceType) -> Target | None:
    """Return the attribute that `active.value` means: a singular one that has no sub-attributes; None for another path.

    Clients that read every attribute as an object with a `value` name that value in their paths, too. To pass over such
    a path would lose a deactivation.
    """
    name, dot, part = path.strip().rpartition(".")
    target = resource_type.find(name) if dot and part.lower() == "value" else None
    if target is None or target.attribute is None or target.sub is not None:
        return None
    is_simple = target.attribute.type != "complex" and not target.attribute.multi_valued
    return target if is_simple else None


def stays_when_cleared(attribute: Attribute, current: object) -> bool:
    """Return whether a value survives being removed or set to null: that of a deactivated person does.

    Clients that leave `active` out or clear it don't mean that the person is back (slashdevops/idp-scim-sync sends a
    suspended person without it).
    """
    return attribute.name == "active" and current is False


# Filters and paths come with quotes other than the RFC's: Google's and Cbox's with ' (google/go-github,
# enterprise_scim_test.go), those that passed through a word processor with typographic ones. They are never part of a value.
DOUBLE_QUOTES = "“”„‟«»＂"
SINGLE_QUOTES = "‘’‚‛‹›＇`´"


def double_quoted(text: str) -> str:
    """Return text in single quotes as the equivalent JSON string."""
    inner = _ESCAPED.sub(lambda found: _ESCAPES.get(found[0], found[0]), text[1:-1])
    return f'"{inner}"'


_ESCAPED = re.compile(r'\\.|"', re.DOTALL)
_ESCAPES = {"\\'": "'", '"': '\\"'}


def listed_names(text: str) -> list[str]:
    """Return the names of a comma-separated list, of which one may be a path with brackets.

    Microsoft's Postman collection asks for `attributes=emails[type eq "work"]` (scimmyjs/scimmy#55, imulab/go-scim#64);
    RFC 7644 section 3.9 has no brackets here.
    """
    if "[" not in text:
        return [name.strip() for name in text.split(",")]
    return [name.strip() for name in _LISTED_NAME.findall(text)]


_LISTED_NAME = re.compile(r'(?:[^,\["]|\[(?:[^\]"]|"[^"]*")*\]?|")+')


def unquoted_text(word: str) -> str | None:
    """Return the text that an unquoted word means; None for null.

    Microsoft's own example is `externalId eq jyoung` (Learn, "Develop a SCIM endpoint"); the RFC wants JSON.
    """
    return None if word.lower() == "null" else word


def operation_name(op: str) -> str:
    """Return the operation in lower case.

    Entra without its compliance flag sends `Add`, `Replace` and `Remove` (Learn, "Known issues …").
    """
    return op.strip().lower()


def is_empty(value: object) -> bool:
    """Return whether a value means "unassigned".

    It does if it is null, [] (RFC 7643 section 2.5), "" or an array of those.

    An expression mapping in Entra clears an attribute only by sending "" (Logic App template, SCIM_Null_Update_Test).
    """
    if value is None or value == "" or value == []:
        return True
    return isinstance(value, list) and all(element is None or element == "" for element in value)


def qualified_names(urn: str, name: str) -> tuple[str, ...]:
    """Return the spellings of an attribute's name with its schema's URN: the RFC's colon, or a dot.

    Entra administrators write `…:2.0:User.department` as target attribute (Stack Overflow 77655790, wso2/product-is
    issue 11092). An extension's attribute is known without its URN, too: Entra removes a manager by
    `manager[value eq "…"]` (thomaspoignant/scim-patch#453).
    """
    return f"{urn}:{name}", f"{urn}.{name}"


def extension_of(name: str, resource_type: ResourceType) -> str:
    """Return the URN of the extension whose attribute has this name in small letters; "" if none has.

    OneLogin's templates send `manager` and `department` beside the core attributes; no core attribute has those names,
    so that they can mean one thing only. A PATCH takes them without the URN, too (see `qualified_names`).
    """
    owners = (urn for urn, own in resource_type.extension_attributes.items() if name in own)
    return next(owners, "")


def extension_object(value: object) -> object:
    """Return an object of attributes taken out of an array of one, as Microsoft's client sends any value, or out of JSON."""
    return json_object(value[0] if isinstance(value, list) and len(value) == 1 else value)


def may_be_missing(path: str) -> bool:
    """Return whether a resource is taken without an attribute that /Schemas announces as required.

    `name` is announced so that Microsoft's null-update test passes it by. Guests and room accounts in Entra often have
    neither a given nor a family name, and one refused person would be retried for 28 days (Logic App template,
    SCIM_Null_Update_Test; Learn, "Quarantine status"). `active` always has a value, true by default, so that a test
    which removes every optional attribute must pass it by (scim2-tester, check_remove_attribute).
    """
    return path in ("name", "active")


def selected_element(terms: tuple[tuple[str, Any], ...] | None) -> dict[str, Any] | None:
    """Return the element to create if `emails[type eq "work"].value` selects none.

    RFC 7644 section 3.5.2.3 requires noTarget.

    Entra replaces a value that was never set in just this way (better-auth/better-auth#10682,
    Captain-P-Goldfish/SCIM-SDK#416). Only a selection by kind defines the new element; one by
    `value` names an element that must exist.
    """
    if not terms or any(name in ("value", "$ref") for name, _ in terms):
        return None
    return dict(terms)


def listed_values(value: object) -> list[Any] | None:
    """Return the elements that a `remove` names in its value; None if it names none and all are meant.

    Entra without its compliance flag removes a member by {"op": "Remove", "path": "members",
    "value": [{"value": id}]}; RFC 7644 section 3.5.2.2, read literally, would remove every member.
    An empty list names no members.
    """
    if value is None:
        return None
    return value if isinstance(value, list) else [value]


def members_value(value: object, name: str = "members") -> object:
    """Return the list of members from an object under the path `members`; null means no members.

    Salesforce Help, "Manage Group Members with SCIM", documents {"path": "members", "value": {"members": […]}}, and the
    SDK of pingidentity/scim2 sends it (issue 174, pull request 267).
    """
    inner = value[0] if isinstance(value, list) and len(value) == 1 else value
    if isinstance(inner, dict) and len(inner) == 1:
        key, members = next(iter(inner.items()))
        if key.lower().rpartition(":")[2] == name:
            return [] if members is None else members
    return value
