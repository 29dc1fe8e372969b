"""The body of a PATCH request (RFC 7644 section 3.5.2)."""

from dataclasses import dataclass
from typing import Any

from scim.core import interop
from scim.core.errors import ScimError, bad_path, bad_syntax, bad_value
from shared.messages import Message

MAX_OPERATIONS = 1000
_NAMES = ("add", "remove", "replace")
PATCH_URN = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
_EXAMPLE = f'{{"schemas": ["{PATCH_URN}"], "Operations": [{{"op": …, "path": …, "value": …}}]}}'


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation; `op` is add, remove or replace; `path` is None if none was sent.

    `fault` is the error of an operation that can't be parsed: its `op` is "" and it changes nothing.
    """

    op: str
    path: str | None
    value: Any = None
    fault: ScimError | None = None


def parse_patch(body: object) -> list[Operation]:
    """Parse a PATCH body into its operations. Names are case-insensitive; `schemas` may be missing.

    An operation that can't be parsed is returned with its `fault`, because whether it is refused
    depends on the others: see `patch.check_faults`.

    Raises:
        ScimError: invalidSyntax if the body isn't a PatchOp, 413 for more than MAX_OPERATIONS.
    """
    if isinstance(body, list):
        body = {
            "operations": body
        }  # as in the example of RFC 7644 section 3.7 (wso2/product-is#6887)
    if not isinstance(body, dict):
        raise bad_syntax("patch_no_object", example=_EXAMPLE)
    operations = _member(body, "operations")
    if isinstance(operations, dict):
        operations = [operations]
    if operations == []:
        raise bad_syntax("patch_empty", example=_EXAMPLE)
    if not isinstance(operations, list):
        raise bad_syntax("patch_no_operations", example=_EXAMPLE)
    if len(operations) > MAX_OPERATIONS:
        raise ScimError(
            413, Message("too_many_operations", count=len(operations), most=MAX_OPERATIONS)
        )
    return [_operation(operation, number) for number, operation in enumerate(operations, 1)]


def _operation(sent: object, number: int) -> Operation:
    """Return the operation, or one with a `fault` that has the sent path if that is text."""
    try:
        return _parse_operation(sent, number)
    except ScimError as error:
        path = _member(sent, "path") if isinstance(sent, dict) else None
        return Operation("", path if isinstance(path, str) else None, fault=error)


def _member(body: dict[str, Any], name: str) -> Any:
    for key, value in body.items():
        if key.lower() == name:
            return value
    return None


def _parse_operation(operation: object, number: int) -> Operation:
    if not isinstance(operation, dict):
        raise bad_syntax("operation_no_object", number=number, example=_EXAMPLE)
    fields = {key.lower(): value for key, value in operation.items()}
    op, path = fields.get("op"), fields.get("path")
    name = interop.operation_name(op) if isinstance(op, str) else ""
    if name not in _NAMES:
        raise bad_syntax("operation_unknown", number=number)
    if path is not None and not isinstance(path, str):
        raise bad_path("operation_path", number=number)
    if name != "remove" and "value" not in fields:
        raise _without_value(name, path or "", number)
    # A blank path is none: a form or template of a client has the field, but nothing is in it.
    return Operation(name, path if path and path.strip() else None, fields.get("value"))


def _without_value(name: str, path: str, number: int) -> ScimError:
    return bad_value(path or f"Operation {number}", "without_value", number=number, op=name)
