"""Carries out the operations of a bulk request one after the other, each as its own request would be."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from scim.bulk import bulk_ids
from scim.context import Context
from scim.core.errors import ScimError
from scim.dispatch import Endpoint
from scim.groups import endpoints as groups
from scim.http import error_response, too_deep
from scim.rejection_log import log_rejection
from scim.users import endpoints as users
from shared.concurrency import TimeSlice
from shared.http import Request, Response
from shared.messages import Message

BULK_RESPONSE = "urn:ietf:params:scim:api:messages:2.0:BulkResponse"
MAX_OPERATIONS = 1000
_COLLECTIONS = {"users": users.COLLECTION, "groups": groups.COLLECTION}
_ONES = {"users": users.ONE, "groups": groups.ONE}
_METHODS = ("POST", "PUT", "PATCH", "DELETE")


@dataclass(frozen=True, slots=True)
class BulkOperation:
    """One operation as the client sent it; `place` is its position in the request, `names` the bulkIds it refers to."""

    place: int
    method: str
    path: str
    bulk_id: str
    version: str
    data: Any
    names: frozenset[str]


def read_bulk(body: Any) -> tuple[list[BulkOperation], int]:
    """The operations and `failOnErrors` (0: never stop); ScimError for a request that is none or too long."""
    if not isinstance(body, dict) or not isinstance(body.get("Operations"), list):
        raise ScimError(400, Message("bulk_no_object"), "invalidSyntax")
    operations = body["Operations"]
    if len(operations) > MAX_OPERATIONS:
        raise ScimError(413, Message("bulk_too_many", count=len(operations), most=MAX_OPERATIONS))
    limit = body.get("failOnErrors") or 0
    if not isinstance(limit, int) or isinstance(limit, bool) or limit < 0:
        raise ScimError(
            400,
            Message("fail_on_errors"),
            "invalidValue",
        )
    return [_read_operation(place, each) for place, each in enumerate(operations)], limit


def _read_operation(place: int, given: Any) -> BulkOperation:
    if not isinstance(given, dict):
        raise ScimError(400, Message("bulk_operation_no_object", place=place), "invalidSyntax")
    texts = [given.get(name) or "" for name in ("method", "path", "bulkId", "version")]
    if not all(isinstance(text, str) for text in texts):
        raise ScimError(400, Message("bulk_operation_strings", place=place), "invalidSyntax")
    method, path, bulk_id, version = texts
    data = given.get("data")
    names = bulk_ids.names_in(data) | bulk_ids.names_in(path)
    return BulkOperation(place, method.upper(), path, bulk_id, version, data, frozenset(names))


async def carry_out(
    context: Context, operations: list[BulkOperation], fail_on_errors: int
) -> list[dict[str, Any]]:
    """The result of each operation, in the order of the request, up to the one with which `fail_on_errors` is reached.

    An operation that refers to a bulkId waits until that resource is there; where it can't come (it failed, it is
    missing, or two wait for each other), the operation fails with 409 (RFC 7644 section 3.7.1).
    """
    ids: dict[str, str] = {}
    results: dict[int, dict[str, Any]] = {}
    waiting, errors, stuck = deque(operations), 0, 0
    time_slice = TimeSlice(context.app.clock)
    while waiting and not (fail_on_errors and errors >= fail_on_errors):
        await time_slice.yield_when_over()  # an operation that is refused waits for nothing
        operation = waiting.popleft()
        open_references = operation.names.difference(ids)
        if open_references and stuck < len(waiting):
            waiting.append(operation)
            stuck += 1
            continue
        stuck = 0
        if open_references:
            response = _unresolved(operation, open_references, operations, results)
        else:
            response = await _one(context, operation, ids)
        results[operation.place] = _result(context, operation, response, ids)
        errors += response.status >= 400
    return [results[place] for place in sorted(results)]


async def _one(context: Context, operation: BulkOperation, ids: dict[str, str]) -> Response:
    try:
        endpoint, identifier = _endpoint(operation, bulk_ids.resolve(operation.path, ids), ids)
        data = bulk_ids.resolve(operation.data, ids)
        request = Request(
            operation.method,
            context.base_url,
            {"if-match": operation.version} if operation.version else {},
            _body(data),
            {"id": identifier},
        )
        try:
            return await endpoint(context, request)
        except ScimError as error:
            await log_rejection(context, request, error, operation.path)
            raise
    except Exception as error:
        return error_response(error)


def _body(data: Any) -> bytes:
    try:
        return b"" if data is None else orjson.dumps(data)
    except (
        orjson.JSONEncodeError
    ):  # of what was read a moment ago, only too much depth cannot be written
        raise too_deep() from None


def _endpoint(operation: BulkOperation, path: str, ids: dict[str, str]) -> tuple[Endpoint, str]:
    kind, _, identifier = path.strip("/").partition("/")
    endpoints = (_ONES if identifier else _COLLECTIONS).get(kind.lower())
    if endpoints is None or "/" in identifier or identifier == ".search":
        raise ScimError(400, Message("bulk_path", path=path), "invalidPath")
    if operation.method not in _METHODS or operation.method not in endpoints:
        raise ScimError(
            400, Message("bulk_method", method=operation.method, path=path), "invalidValue"
        )
    if operation.method == "POST" and not operation.bulk_id:
        raise ScimError(
            400,
            Message("bulk_id_missing"),
            "invalidValue",
        )
    if operation.method == "POST" and operation.bulk_id in ids:
        raise ScimError(400, Message("bulk_id_taken", id=operation.bulk_id), "invalidValue")
    return endpoints[operation.method], identifier


def _unresolved(
    operation: BulkOperation,
    names: frozenset[str],
    operations: Sequence[BulkOperation],
    results: Mapping[int, dict[str, Any]],
) -> Response:
    """Return 409 for an operation whose references can't be resolved, with the reason that is true of them."""
    creating = {one.bulk_id: one for one in operations if one.method == "POST" and one.bulk_id}
    missing = sorted(name for name in names if name not in creating)
    failed = sorted(name for name in names if name in creating and creating[name].place in results)
    if missing:
        detail = Message("bulk_id_nowhere", ids=", ".join(missing))
    elif operation.bulk_id in names:
        detail = Message("bulk_id_itself", ids=operation.bulk_id)
    elif _is_circular(operation, creating):
        detail = Message(
            "bulk_id_circle",
            ids=", ".join(sorted(names)),
        )
    else:
        detail = Message(
            "bulk_id_failed",
            ids=", ".join(failed or sorted(names)),
        )
    return error_response(ScimError(409, detail, "invalidValue"))


def _is_circular(operation: BulkOperation, creating: Mapping[str, BulkOperation]) -> bool:
    """Return whether the references that an operation waits for lead back to it."""
    seen, ahead = set[str](), list(operation.names)
    while ahead:
        name = ahead.pop()
        if name == operation.bulk_id:
            return True
        if name not in seen and name in creating:
            seen.add(name)
            ahead += creating[name].names
    return False


def _result(
    context: Context, operation: BulkOperation, response: Response, ids: dict[str, str]
) -> dict[str, Any]:
    result: dict[str, Any] = {"method": operation.method, "status": str(response.status)}
    if operation.bulk_id:
        result["bulkId"] = operation.bulk_id
    if (
        operation.method != "POST"
    ):  # what is changed or deleted has an address, also where that failed
        result["location"] = (
            f"{context.base_url}/{bulk_ids.resolve(operation.path, ids).strip('/')}"
        )
    if location := response.headers.get("Location"):
        result["location"] = location
    if version := response.headers.get("ETag"):
        result["version"] = version
    if response.status >= 400:
        result["response"] = orjson.loads(response.body)
    elif operation.method == "POST":
        ids[operation.bulk_id] = orjson.loads(response.body)["id"]
    return result
