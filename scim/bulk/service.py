"""Runs the operations of a bulk request one after the other, each as if it were a request of its own."""

import asyncio
import re
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from scim.bulk import bulk_ids
from scim.context import Context, Preconditions
from scim.core.errors import ScimError, error_body
from scim.core.patch_body import parse_patch
from scim.core.projection import parse_attributes
from scim.groups.service import GroupService
from scim.http import as_scim_error, too_deep
from scim.rejection_log import log_rejection
from scim.resource_service import ResourceService
from scim.users.service import UserService
from shared import log
from shared.azure_functions import describe_failure
from shared.concurrency import TimeSlice
from shared.messages import Message
from shared.tables.port import LimitExceeded

BULK_RESPONSE = "urn:ietf:params:scim:api:messages:2.0:BulkResponse"
MAX_OPERATIONS = 1000
_SERVICES: dict[str, Callable[[Context], ResourceService[Any]]] = {
    "users": UserService,
    "groups": GroupService,
}
_ON_COLLECTION, _ON_RESOURCE = ("POST",), ("PUT", "PATCH", "DELETE")


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkOperation:
    """One operation as sent; `index` is its index in the request, `names` are the bulkIds to which it refers.

    `fault` is the error of an operation that can't be parsed; it fails alone.
    """

    index: int
    method: str
    path: str
    bulk_id: str
    version: str
    data: Any
    names: frozenset[str] = frozenset()
    fault: ScimError | None = None


def parse_bulk(body: Any) -> tuple[list[BulkOperation], int]:
    """Parse the body into operations and `failOnErrors` (0: never stop); raise ScimError if it is malformed."""
    sent = _folded(body)
    operations = sent.get("operations")
    if isinstance(operations, dict) and operations:
        operations = [operations]  # one object is read as an array of one, as in a PATCH
    if not isinstance(operations, list):
        raise ScimError(400, Message("bulk_no_object"), "invalidSyntax")
    if len(operations) > MAX_OPERATIONS:
        raise ScimError(413, Message("bulk_too_many", count=len(operations), most=MAX_OPERATIONS))
    limit = _limit(sent.get("failonerrors"))
    return [_operation(index, each) for index, each in enumerate(operations)], limit


def _limit(sent: Any) -> int:
    """Return `failOnErrors`; 0 if it wasn't sent.

    Raise ScimError invalidValue if it isn't a whole number. A text of digits is one: `count` in the
    body of a search may be text, too.
    """
    if isinstance(sent, float) and sent.is_integer():
        sent = int(sent)
    if isinstance(sent, str) and re.fullmatch("[0-9]{1,9}", sent.strip()):
        sent = int(sent)
    limit = sent or 0
    if not isinstance(limit, int) or isinstance(limit, bool) or limit < 0:
        raise ScimError(400, Message("fail_on_errors"), "invalidValue")
    return limit


def _folded(sent: Any) -> dict[str, Any]:
    """Return the members of an object with their names in lower case; {} if `sent` isn't an object."""
    return {name.lower(): value for name, value in sent.items()} if isinstance(sent, dict) else {}


def _operation(index: int, sent: Any) -> BulkOperation:
    """Parse an operation; if that fails, return it with its `fault` and those of its members that are text.

    RFC 7644 section 3.7.3: a service provider makes as many changes as possible, so one malformed
    operation doesn't refuse the others.
    """
    try:
        return _parse_operation(index, sent)
    except ScimError as error:
        given = _folded(sent)
        method, path, bulk_id = (
            _text_or_empty(given, name) for name in ("method", "path", "bulkid")
        )
        return BulkOperation(
            index=index,
            method=method.upper(),
            path=path,
            bulk_id=bulk_id,
            version="",
            data=None,
            fault=error,
        )


def _text_or_empty(given: dict[str, Any], name: str) -> str:
    value = given.get(name)
    return value if isinstance(value, str) else ""


def _parse_operation(index: int, sent: Any) -> BulkOperation:
    given = _folded(sent)
    if not given:
        raise ScimError(400, Message("bulk_operation_no_object", place=index), "invalidSyntax")
    bulk_id = given.get("bulkid")
    if isinstance(bulk_id, float) and bulk_id.is_integer() and abs(bulk_id) < 1e15:
        bulk_id = int(bulk_id)
    if isinstance(bulk_id, int) and not isinstance(bulk_id, bool):
        given["bulkid"] = str(bulk_id)  # clients number operations; a reference is text: bulkId:1
    texts = [given.get(name) or "" for name in ("method", "path", "bulkid", "version")]
    if not all(isinstance(text, str) for text in texts):
        raise ScimError(400, Message("bulk_operation_strings", place=index), "invalidSyntax")
    method, path, bulk_id, version = texts
    data = given.get("data")
    names = bulk_ids.names_in(data) | bulk_ids.names_in(path)
    return BulkOperation(
        index=index,
        method=method.upper(),
        path=path,
        bulk_id=bulk_id,
        version=version,
        data=data,
        names=frozenset(names),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outcome:
    """The outcome of an operation: `identifier` is the id of the resource, `error` the response body of a failure."""

    status: int
    location: str = ""
    etag: str = ""
    identifier: str = ""
    error: Mapping[str, Any] | None = None


async def carry_out(
    context: Context, operations: list[BulkOperation], fail_on_errors: int
) -> list[dict[str, Any]]:
    """Run the operations, and return their results in order; stop after `fail_on_errors` failures (0: never stop).

    An operation that refers to a bulkId waits until that resource exists. If it never will (its creation failed, it
    isn't in the request, or two operations wait for each other), the operation fails with 409 (RFC 7644 section
    3.7.1).
    """
    creating = {one.bulk_id: one for one in operations if one.method == "POST" and one.bulk_id}
    ids: dict[str, str] = {}
    results: dict[int, dict[str, Any]] = {}
    waiting, errors, stuck = deque(operations), 0, 0
    time_slice = TimeSlice(context.app)
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
            outcome = _failed(_unresolved(operation, open_references, creating, results))
            await asyncio.sleep(0)  # to look through many references takes long
        else:
            outcome = await _one(context, operation, ids)
        results[operation.index] = _result(context, operation, outcome, ids)
        errors += outcome.status >= 400
    return [results[index] for index in sorted(results)]


async def _one(context: Context, operation: BulkOperation, ids: dict[str, str]) -> _Outcome:
    """Run one operation as if it were a request of its own. An error is written to the provisioning log."""
    identifier, data = "", None
    try:
        if operation.fault is not None:
            raise operation.fault
        path = bulk_ids.resolve(operation.path, ids)
        service, identifier = _target(context, operation, path, ids)
        data = bulk_ids.resolve(operation.data, ids)
        return await _call(service, operation, identifier, data)
    except (ScimError, RecursionError, LimitExceeded) as error:
        refusal = as_scim_error(error)
        method, path = operation.method, operation.path
        await log_rejection(context, refusal, method, path, identifier, data)
        return _failed(refusal)
    except Exception as error:
        failure = describe_failure(error)
        if failure.status == 500:
            log.failure("scim.error", error)
        body = error_body(failure.status, failure.message)
        return _Outcome(status=failure.status, error=body)


async def _call(
    service: ResourceService[Any], operation: BulkOperation, identifier: str, data: Any
) -> _Outcome:
    conditions = Preconditions.parse({"if-match": operation.version} if operation.version else {})
    if operation.method == "DELETE":
        await service.delete(identifier, conditions)
        return _Outcome(status=204)
    if data is None:
        raise ScimError(400, Message("bulk_data_missing"), "invalidSyntax")
    _check_size(data, service.max_body_bytes)
    status = 200
    if operation.method == "POST":
        stored, status = await service.create(data), 201
    elif operation.method == "PUT":
        stored = await service.replace(identifier, data, conditions)
    else:
        stored = await service.patch(identifier, parse_patch(data), conditions)
        if not service.returns_patched:
            return _Outcome(status=204, etag=stored.etag)
    # Only the attributes that the service adds are used: don't read the members of a group.
    meta_only = parse_attributes("meta", None, service.resource_type)
    meta = (await service.represent(stored, meta_only))["meta"]
    return _Outcome(
        status=status, location=meta["location"], etag=meta["version"], identifier=stored.id
    )


def _check_size(data: Any, most: int) -> None:
    """Raise 413 for an operation that would be too large as a request of its own."""
    try:
        size = len(orjson.dumps(data))
    except orjson.JSONEncodeError:
        # The value was just parsed, so too much depth is the only reason.
        raise too_deep() from None
    if size > most:
        raise ScimError(413, Message("body_too_large", count=size, most=most))


def _target(
    context: Context, operation: BulkOperation, path: str, ids: Mapping[str, str]
) -> tuple[ResourceService[Any], str]:
    """Return the service that runs an operation, and the id of the resource ("" for the collection)."""
    collection, _, identifier = path.strip("/").partition("/")
    service = _SERVICES.get(collection.lower())
    if service is None or "/" in identifier or identifier == ".search":
        raise ScimError(400, Message("bulk_path", path=path), "invalidPath")
    if operation.method not in (_ON_RESOURCE if identifier else _ON_COLLECTION):
        raise ScimError(
            400, Message("bulk_method", method=operation.method, path=path), "invalidValue"
        )
    if operation.method == "POST" and not operation.bulk_id:
        raise ScimError(400, Message("bulk_id_missing"), "invalidValue")
    if operation.method == "POST" and operation.bulk_id in ids:
        raise ScimError(400, Message("bulk_id_taken", id=operation.bulk_id), "invalidValue")
    return service(context), identifier


def _failed(error: ScimError) -> _Outcome:
    return _Outcome(status=error.status, error=error.body())


def _unresolved(
    operation: BulkOperation,
    names: frozenset[str],
    creating: Mapping[str, BulkOperation],
    results: Mapping[int, dict[str, Any]],
) -> ScimError:
    """Return the error 409 for an operation with references that can't be resolved; its message says why."""
    missing = sorted(name for name in names if name not in creating)
    failed = sorted(name for name in names if name in creating and creating[name].index in results)
    if missing:
        detail = Message("bulk_id_nowhere", ids=", ".join(missing))
    elif operation.bulk_id in names:
        detail = Message("bulk_id_itself", ids=operation.bulk_id)
    elif _is_circular(operation, creating):
        detail = Message("bulk_id_circle", ids=", ".join(sorted(names)))
    else:
        detail = Message("bulk_id_failed", ids=", ".join(failed or sorted(names)))
    return ScimError(409, detail, "invalidValue")


def _is_circular(operation: BulkOperation, creating: Mapping[str, BulkOperation]) -> bool:
    """Return whether the operation refers, directly or through others, to itself."""
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
    context: Context, operation: BulkOperation, outcome: _Outcome, ids: dict[str, str]
) -> dict[str, Any]:
    """Return the operation's entry in the BulkResponse, and add the id of a created resource to `ids`."""
    result: dict[str, Any] = {"status": str(outcome.status)}
    if operation.method:
        result = {"method": operation.method, **result}
    if operation.bulk_id:
        result["bulkId"] = operation.bulk_id
    if outcome.location:
        result["location"] = outcome.location
    elif operation.method != "POST" and operation.path:
        # A changed or deleted resource has an address, also if the operation failed.
        path = bulk_ids.resolve(operation.path, ids).strip("/")
        result["location"] = f"{context.base_url}/{path}"
    if outcome.etag:
        result["version"] = outcome.etag
    if outcome.error is not None:
        result["response"] = outcome.error
    elif operation.method == "POST":
        ids[operation.bulk_id] = outcome.identifier
    return result
