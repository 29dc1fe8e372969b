"""Entra's attribute mappings: convert a person to target attributes, and these to POST and PATCH bodies.

A target attribute is named as on Entra's mapping page, for example `phoneNumbers[type eq
"work"].value`. Entra never provisions nulls: an attribute that is not set is not sent, and clearing
one sends nothing (Microsoft Learn, "Clear attribute values").
"""

import re
from typing import Any

from local.entra.options import Dialect
from local.entra.people import Person

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ADSCIM_GROUP = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"
PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
MANAGER = f"{ENTERPRISE}:manager"

Flat = dict[str, Any]
"""Target attribute -> value."""

_SELECTED = re.compile(r'^(\w+)\[type eq "(\w+)"\]\.(\w+)$')


def target_attributes(person: Person) -> Flat:
    """Return the person's target attributes by Entra's default mapping with two changes that the product requires.

    These are objectId as externalId, and soft delete by `active`.
    """
    values: Flat = {
        "userName": person.user_principal_name,
        "externalId": person.object_id,
        "active": person.account_enabled,
        "displayName": person.display_name,
        "title": person.job_title,
        "preferredLanguage": person.preferred_language,
        "name.givenName": person.given_name,
        "name.familyName": person.surname,
        "name.formatted": f"{person.given_name} {person.surname}",
        'emails[type eq "work"].value': person.mail,
        'addresses[type eq "work"].locality': person.city,
        'addresses[type eq "work"].country': person.country,
        'phoneNumbers[type eq "work"].value': person.business_phone,
        'phoneNumbers[type eq "mobile"].value': person.mobile_phone,
        f"{ENTERPRISE}:employeeNumber": person.employee_id,
        f"{ENTERPRISE}:department": person.department,
    }
    return {attribute: value for attribute, value in values.items() if value is not None}


def post_body(values: Flat) -> dict[str, Any]:
    """Return the body of POST /Users; a manager is sent as the bare ID, as Entra does."""
    body: dict[str, Any] = {
        "schemas": [USER, ENTERPRISE],
        "meta": {"resourceType": "User"},
        "roles": [],
    }
    for attribute, value in values.items():
        _insert(body, attribute, value)
    for email in body.get("emails", ()):
        email["primary"] = True
    return body


def group_body(display_name: str, external_id: str) -> dict[str, Any]:
    """Return the body of POST /Groups, without members.

    In addition to SCIM's Group schema it names Entra's own schema for groups.
    """
    return {
        "schemas": [GROUP, ADSCIM_GROUP],
        "externalId": external_id,
        "displayName": display_name,
        "meta": {"resourceType": "Group"},
    }


def flatten(resource: dict[str, Any]) -> Flat:
    """Return a received user as values by target attribute.

    Of several elements of one type only the first is returned; a manager is returned as the ID.
    """
    flat: Flat = {}
    for name, value in resource.items():
        if name == ENTERPRISE and isinstance(value, dict):
            flat |= {f"{ENTERPRISE}:{sub}": each for sub, each in value.items()}
        elif isinstance(value, dict):
            flat |= {f"{name}.{sub}": each for sub, each in value.items()}
        elif isinstance(value, list):
            flat |= _elements(name, value)
        else:
            flat[name] = value
    manager = flat.get(MANAGER)
    if isinstance(manager, dict):
        flat[MANAGER] = manager.get("value")
    return flat


def difference(wanted: Flat, stored: Flat) -> Flat:
    """Return the attributes of `wanted` that `stored` doesn't have with the same value and type."""
    return {
        attribute: value
        for attribute, value in wanted.items()
        if not (
            attribute in stored
            and type(stored[attribute]) is type(value)
            and stored[attribute] == value
        )
    }


def patch_body(changes: Flat, stored: Flat, dialect: Dialect) -> dict[str, Any]:
    """Return the PATCH body that makes these changes to the stored user."""
    speak = _flag_operations if dialect == "flag" else _default_operations
    return {"schemas": [PATCH_OP], "Operations": speak(changes, stored)}


def manager_removal(manager_id: str, dialect: Dialect) -> dict[str, Any]:
    """Return the PATCH body that removes a user's manager."""
    operation = (
        {"op": "remove", "path": f'manager[value eq "{manager_id}"]'}
        if dialect == "flag"
        else {"op": "Replace", "path": MANAGER, "value": {"value": ""}}
    )
    return {"schemas": [PATCH_OP], "Operations": [operation]}


def members_patch(op: str, member_ids: list[str], dialect: Dialect) -> dict[str, Any]:
    """Return the PATCH body that adds members to a group (`op` "add") or removes them ("remove")."""
    if dialect == "flag" and op == "remove":
        return {
            "schemas": [PATCH_OP],
            "Operations": [
                {"op": "remove", "path": f'members[value eq "{each}"]'} for each in member_ids
            ],
        }
    value = [{"$ref": None, "value": each} for each in member_ids]
    name = op if dialect == "flag" else op.capitalize()
    return {"schemas": [PATCH_OP], "Operations": [{"op": name, "path": "members", "value": value}]}


def group_patch(changes: Flat, dialect: Dialect) -> dict[str, Any]:
    """Return the PATCH body that changes a group's own attributes."""
    if dialect == "flag":
        return {"schemas": [PATCH_OP], "Operations": [{"op": "replace", "value": changes}]}
    operations = [
        {"op": "Replace", "path": attribute, "value": value} for attribute, value in changes.items()
    ]
    return {"schemas": [PATCH_OP], "Operations": operations}


def _default_operations(changes: Flat, stored: Flat) -> list[dict[str, Any]]:
    """Return one operation per attribute, with `op` capitalised and booleans as strings.

    Entra sends this form without its compliance flag.
    """
    return [
        {
            "op": "Replace" if attribute in stored else "Add",
            "path": attribute,
            "value": str(value) if isinstance(value, bool) else value,
        }
        for attribute, value in changes.items()
    ]


def _flag_operations(changes: Flat, stored: Flat) -> list[dict[str, Any]]:
    """Return the operations that Entra sends with `aadOptscim062020`.

    Single values are in one operation without path, with dotted names and URNs as keys; each
    element of an array, and `active`, has an operation of its own.
    """
    operations: list[dict[str, Any]] = []
    for op in ("add", "replace"):
        mine = {
            name: value for name, value in changes.items() if (name in stored) == (op == "replace")
        }
        plain = {
            name: value
            for name, value in mine.items()
            if not _SELECTED.match(name) and name != "active"
        }
        if plain:
            operations.append({"op": op, "value": plain})
        operations += [
            {"op": op, "path": name, "value": value}
            for name, value in mine.items()
            if name not in plain
        ]
    return operations


def _insert(body: dict[str, Any], attribute: str, value: Any) -> None:
    if selected := _SELECTED.match(attribute):
        name, kind, sub = selected.groups()
        elements = body.setdefault(name, [])
        element = next((each for each in elements if each["type"] == kind), None)
        if element is None:
            elements.append(element := {"type": kind})
        element[sub] = value
    elif attribute.startswith(f"{ENTERPRISE}:"):
        body.setdefault(ENTERPRISE, {})[attribute.removeprefix(f"{ENTERPRISE}:")] = value
    elif "." in attribute:
        name, _, sub = attribute.partition(".")
        body.setdefault(name, {})[sub] = value
    else:
        body[attribute] = value


def _elements(name: str, elements: list[Any]) -> Flat:
    flat: Flat = {}
    for element in elements:
        if isinstance(element, dict) and isinstance(element.get("type"), str):
            for sub, value in element.items():
                if sub != "type":
                    flat.setdefault(f'{name}[type eq "{element["type"]}"].{sub}', value)
    return flat
