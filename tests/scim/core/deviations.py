"""PATCH cases in which the core deliberately differs from scim2-models, with reason and source.

`example` is a resource and operations for which the two results differ. The test of a deviation
fails as soon as they no longer differ.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from scim.core.schemas import ENTERPRISE_URN

Resource = dict[str, Any]
Operations = list[dict[str, Any]]

_PLURAL = ("emails", "phoneNumbers", "addresses")


def _same(expected: Resource) -> Resource:
    return expected


def _never(resource: Resource, operations: Operations) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Deviation:
    """One deliberate difference from the oracle.

    `adjust` turns the oracle's result into ours. If that isn't possible, `applies` returns True for
    the inputs that the comparison must skip.
    """

    reason: str
    source: str
    example: tuple[Resource, Operations]
    adjust: Callable[[Resource], Resource] = _same
    applies: Callable[[Resource, Operations], bool] = _never


def _plural(resource: Resource, change: Callable[[list[Resource]], list[Resource]]) -> Resource:
    changed = {
        name: change(value) if name in _PLURAL else value for name, value in resource.items()
    }
    return {name: value for name, value in changed.items() if value != []}


def _without_husks(resource: Resource) -> Resource:
    return _plural(
        resource, lambda elements: [e for e in elements if not e.keys() <= {"type", "primary"}]
    )


def _once(elements: list[Resource]) -> list[Resource]:
    kept: list[Resource] = []
    for element in elements:
        same = [k for k in kept if _bare(k) == _bare(element)]
        if not same:
            kept.append(dict(element))
        elif element.get("primary") and not any(k.get("primary") for k in kept):
            same[0]["primary"] = True
    return kept


def _bare(element: Resource) -> Resource:
    return {name: value for name, value in element.items() if name != "primary"}


def _written(operations: Operations, name: str) -> list[Resource]:
    """Return the elements that the operations write to the multi-valued attribute `name`."""
    found: list[Resource] = []
    for operation in operations:
        value, path = operation.get("value"), operation.get("path") or ""
        if not path and isinstance(value, dict):
            value = value.get(name)
        elif path.partition("[")[0].partition(".")[0] != name:
            continue
        listed = value if isinstance(value, list) else [value]
        found += [e if isinstance(e, dict) else {"value": e} for e in listed if e is not None]
    return found


def _adds_known_value(resource: Resource, operations: Operations) -> bool:
    for name in _PLURAL:
        key = "locality" if name == "addresses" else "value"
        elements = [*resource.get(name, []), *_written(operations, name)]
        values = [str(e.get(key)).lower() for e in elements]
        if len(set(values)) < len(values) and any(
            str(o["op"]).lower() == "add" for o in operations
        ):
            return True
    return False


def _writes_part_of_none(resource: Resource, operations: Operations) -> bool:
    for operation in operations:
        name, _, sub = (operation.get("path") or "").partition(".")
        if sub and name in _PLURAL and operation["op"].lower() != "remove":
            others = [
                o for o in operations if str(o.get("path")).startswith(name) and o is not operation
            ]
            if name not in resource or others:
                return True
    return False


def _removes_manager_value(resource: Resource, operations: Operations) -> bool:
    path = f"{ENTERPRISE_URN}:manager.value"
    return any(o.get("path") == path and o["op"].lower() == "remove" for o in operations)


DEVIATIONS = {
    "type is kept as sent": Deviation(
        'The oracle turns a type of "Work" into "work".',
        'Microsoft Learn, "Develop a SCIM endpoint": "Transformations of data shouldn\'t happen".',
        ({}, [{"op": "add", "path": "emails", "value": [{"value": "a@x.com", "type": "Work"}]}]),
        adjust=_same,  # the generated types of a PATCH are canonical
    ),
    "no element without a value": Deviation(
        "An element of which only type and primary are left is dropped: it would show as an empty number.",
        "Logic App template, SCIM_Null_Update_Test: what was cleared must be absent.",
        (
            {"phoneNumbers": [{"type": "work", "value": "1"}]},
            [{"op": "remove", "path": 'phoneNumbers[type eq "work"].value'}],
        ),
        adjust=_without_husks,
    ),
    "no element twice": Deviation(
        "Elements that a replacement made equal become one.",
        "RFC 7643 section 2.4: the same (type, value) SHOULD NOT be returned more than once.",
        (
            {"phoneNumbers": [{"type": "work", "value": "1"}, {"type": "work", "value": "2"}]},
            [{"op": "replace", "path": 'phoneNumbers[type eq "work"].value', "value": "3"}],
        ),
        adjust=lambda resource: _plural(resource, _once),
    ),
    "add completes": Deviation(
        "Adding a value that exists completes its element instead of appending a second one.",
        "RFC 7643 section 2.4, as above; RFC 7644 section 3.5.2.1: a value that exists is not added.",
        (
            {"emails": [{"value": "a@x.com", "type": "work"}]},
            [
                {
                    "op": "add",
                    "path": "emails",
                    "value": [{"value": "a@x.com", "type": "work", "display": "A"}],
                }
            ],
        ),
        applies=_adds_known_value,
    ),
    "a part of no element makes one": Deviation(
        "`emails.value` where there is no e-mail adds one; the oracle does nothing.",
        "RFC 7644 section 3.5.2.3: a replace of what does not exist is an add.",
        ({}, [{"op": "replace", "path": "phoneNumbers.value", "value": "1"}]),
        applies=_writes_part_of_none,
    ),
    "a manager goes with its value": Deviation(
        "Removing the manager's value removes the manager; the oracle takes the value for required.",
        "Entra removes a manager by an empty value (captured); RFC 7643 section 8.7.1: manager.value is not required.",
        (
            {ENTERPRISE_URN: {"manager": {"value": "1"}}},
            [{"op": "remove", "path": f"{ENTERPRISE_URN}:manager.value"}],
        ),
        applies=_removes_manager_value,
    ),
    "empty text clears": Deviation(
        'A value of "" stands for none; the oracle stores it.',
        "Logic App template, SCIM_Null_Update_Test: an expression mapping of Entra can't send null.",
        ({"title": "a"}, [{"op": "replace", "path": "title", "value": ""}]),
    ),
    "text for true and false": Deviation(
        'Without "True" and "False" Entra\'s disable fails; the oracle reads "false", but refuses what has blanks.',
        'Microsoft Learn, "Known issues with SCIM 2.0 compliance".',
        ({}, [{"op": "Replace", "path": "active", "value": " False "}]),
    ),
    "manager as text": Deviation(
        "The bare id is the manager's value; the oracle wants an object.",
        "apache/directory-scimple#1242: Entra sends the id alone.",
        ({}, [{"op": "add", "path": f"{ENTERPRISE_URN}:manager", "value": "1"}]),
    ),
    "manager without URN": Deviation(
        "The path `manager` means the extension's attribute; the oracle does not know it.",
        'Entra: {"op": "remove", "path": "manager[value eq ...]"} (thomaspoignant/scim-patch#453).',
        (
            {ENTERPRISE_URN: {"manager": {"value": "1"}}},
            [{"op": "remove", "path": 'manager[value eq "1"]'}],
        ),
    ),
    "first primary wins": Deviation(
        "Of several values sent as primary the first stays so; the oracle refuses them.",
        "RFC 7643 section 2.4 allows one; refusing would lose the person (Postman collection of Microsoft).",
        (
            {},
            [
                {
                    "op": "add",
                    "path": "emails",
                    "value": [
                        {"value": "a@x.com", "primary": True},
                        {"value": "b@x.com", "primary": True},
                    ],
                }
            ],
        ),
    ),
    "read-only inside a value": Deviation(
        "Read-only attributes inside a path-less value are passed over; the oracle refuses them.",
        "RFC 7644 section 3.3 ignores them in a POST, and Okta sends the id along with a group's name.",
        ({}, [{"op": "replace", "value": {"id": "2", "title": "a"}}]),
    ),
}

# The oracle checks e-mail addresses (pydantic's EmailStr), which `oracle._Email` takes back: random text must be
# stored (Logic App template, SCIM_User_Update_Test).
ANY_ADDRESS = "e-mail addresses are not checked"

# Strings are compared casefolded here and lower-cased there: "ß" equals "SS" here only. The index rows are casefolded.
CASEFOLD = "ß"
