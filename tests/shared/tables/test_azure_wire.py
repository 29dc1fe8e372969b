"""The bytes sent to the table service, compared with those of the SDK, which the engine
bypasses.
"""

import json
from collections.abc import AsyncIterator, Sequence
from email.message import Message
from email.parser import BytesParser
from typing import Any, cast

import pytest
from azure.core import MatchConditions
from azure.core.credentials import AzureNamedKeyCredential
from azure.core.exceptions import HttpResponseError
from azure.core.rest import HttpRequest
from azure.data.tables import TableTransactionError, UpdateMode
from azure.data.tables.aio import TableClient

from shared.tables import azure_protocol as wire
from shared.tables.azure_account import Account
from shared.tables.port import Delete, Insert, Operation, Replace, Upsert
from tests.shared.tables.canned import Canned, answer, service

KEY: Any = AzureNamedKeyCredential("devstoreaccount1", "a2V5")
TAG = "W/\"datetime'2026-11-25T13%3A33%3A57.7463004Z'\""
KEYS = ["user|a", "find|müller|0 1", "name|o'brien", "a~2Fb+c&d=e;f@g,h$i(j)k!l*m", "中|\ufffd"]
ROWS = [
    b"",
    b'{"v":1,"n":"J\xc3\xbcrgen \\"J\\""}',
    b"x" * 70_000,
    b"line\r\nHTTP/1.1 409 Conflict\r\n\r\n--batch_",
]


def _parts(content_type: str, body: bytes) -> list[tuple[str, dict[str, str], Any]]:
    """Return the requests in a transaction: first line, headers with names in lower case, and
    JSON.
    """
    message = BytesParser().parsebytes(
        b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body
    )
    (changeset,) = cast(list[Message], message.get_payload())
    found = []
    for part in cast(list[Message], changeset.get_payload()):
        assert part.get_content_type() == "application/http"
        head, _, content = cast(bytes, part.get_payload(decode=True)).partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        headers = {
            name.lower(): value for name, _, value in (line.partition(": ") for line in lines)
        }
        found.append((first, headers, json.loads(content) if content.strip() else None))
    return found


@pytest.fixture
async def refusing() -> AsyncIterator[Canned]:
    """Yield a service that refuses each request and records it."""
    async with service(answer(400)) as canned:
        yield canned


def _sdk_operation(partition: str, operation: Operation) -> tuple[Any, ...]:
    row = {"PartitionKey": partition, "RowKey": operation.key}
    if not isinstance(operation, Delete):
        text = operation.value.decode()
        pieces = [text[at : at + 32 * 1024] for at in range(0, len(text), 32 * 1024)] or [""]
        row |= {f"v{index}": piece for index, piece in enumerate(pieces)}
    only = {"etag": TAG, "match_condition": MatchConditions.IfNotModified}
    match operation:
        case Insert():
            return "create", row
        case Upsert():
            return "upsert", row, {"mode": UpdateMode.REPLACE}
        case Replace():
            return "update", row, {"mode": UpdateMode.REPLACE, **only}
        case Delete(_, None):
            return "delete", row
        case _:
            return "delete", row, only


OPERATIONS: list[Operation] = [
    *(Insert(key, ROWS[1]) for key in KEYS),
    *(Insert(f"row{n}", value) for n, value in enumerate(ROWS)),
    *(Upsert(f"u{key}", ROWS[1]) for key in KEYS),
    *(Replace(f"r{key}", ROWS[1], TAG) for key in KEYS),
    *(Delete(f"d{key}") for key in KEYS),
    *(Delete(f"t{key}", TAG) for key in KEYS),
]


@pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning")
async def test_a_transaction_is_sent_as_the_sdk_would(refusing: Canned) -> None:
    """The same requests with the same conditions, for any keys and values.

    Omitted are types of strings, which are the default, and each part's date and length. `Prefer`
    is added, so that rows aren't returned.
    """
    async with TableClient(refusing.url, "contacts", credential=KEY, retry_total=0) as client:
        with pytest.raises(HttpResponseError):
            await client.submit_transaction([_sdk_operation("p'1", each) for each in OPERATIONS])
    head, sent = refusing.requests[0]
    sdk_type = next(
        line for line in head.split("\r\n") if line.lower().startswith("content-type:")
    ).partition(": ")[2]
    content_type, body = wire.transaction(f"{refusing.url}/contacts", "p'1", OPERATIONS)
    assert len(body) < len(sent)
    ours, theirs = _parts(content_type, body), _parts(sdk_type, sent)
    assert len(ours) == len(theirs) == len(OPERATIONS)
    for (first, headers, row), (sdk_first, sdk_headers, sdk_row) in zip(ours, theirs, strict=True):
        assert first == sdk_first
        assert headers.get("if-match") == sdk_headers.get("if-match")
        assert headers.get("content-type") == sdk_headers.get("content-type")
        assert headers["dataserviceversion"] == sdk_headers["dataserviceversion"]
        assert row == (
            sdk_row
            and {name: each for name, each in sdk_row.items() if not name.endswith("@odata.type")}
        )
        assert (headers.get("prefer") == "return-no-content") == (row is not None)


@pytest.mark.parametrize("key", KEYS)
async def test_a_read_is_sent_as_the_sdk_would(refusing: Canned, key: str) -> None:
    """The same URL and headers for a row, a range and a range of keys."""
    async with TableClient(refusing.url, "contacts", credential=KEY, retry_total=0) as client:
        with pytest.raises(HttpResponseError):
            await client.get_entity("p'1", key)
        condition = f"PartitionKey eq 'p''1' and RowKey ge '{key.replace(chr(39), chr(39) * 2)}' and RowKey lt 'z'"
        for select in (None, ["RowKey"]):
            with pytest.raises(HttpResponseError):
                await anext(
                    client.query_entities(condition, results_per_page=7, select=select).by_page()
                )
    place = f"{refusing.url}/contacts"
    urls = [wire.row_url(place, "p'1", key)]
    urls += [wire.range_url(place, "p'1", key, "z", 7, keys_only) for keys_only in (False, True)]
    account = Account(refusing.url, KEY)
    for url in urls:
        await account.send(HttpRequest("GET", url, headers=wire.READ))
    await account.close()
    heads = [head.split("\r\n") for head, _ in refusing.requests]
    assert [head[0] for head in heads[:3]] == [head[0] for head in heads[3:]]
    for name, value in wire.READ.items():
        assert all(
            any(line.lower() == f"{name}: {value}".lower() for line in head) for head in heads[:3]
        )


def test_keys_are_requested_without_their_etags() -> None:
    """A thousand unused ETags would be two thirds of the response."""
    assert wire.READ_KEYS == {**wire.READ, "Accept": "application/json;odata=nometadata"}


def _changeset(*parts: str, boundary: str = "boundary=changesetresponse_1") -> bytes:
    around = "--changesetresponse_1\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n"
    inner = "".join(f"{around}{part}\r\n" for part in parts)
    head = f"--batchresponse_1\r\nContent-Type: multipart/mixed; {boundary}\r\n\r\n"
    return f"{head}{inner}--changesetresponse_1--\r\n--batchresponse_1--\r\n".encode()


_DONE = f"HTTP/1.1 204 No Content\r\nContent-ID: 0\r\nPreference-Applied: return-no-content\r\nETag: {TAG}\r\n\r\n"
_GONE = (
    "HTTP/1.1 204 No Content\r\nX-Content-Type-Options: nosniff\r\nDataServiceVersion: 1.0;\r\n\r\n"
)
_ECHO = (
    f"HTTP/1.1 201 Created\r\netag: {TAG}\r\nContent-Type: application/json\r\n\r\n"
    '{"v0":"HTTP/1.1 500 X\\r\\n\\r\\nETag: W/\\"1\\""}'
)


def _error(status: int, code: str, message: str) -> str:
    body = json.dumps(
        {"odata.error": {"code": code, "message": {"lang": "en-US", "value": message}}}
    )
    return f"HTTP/1.1 {status} X\r\nContent-ID: 1\r\nContent-Type: application/json\r\n\r\n{body}"


DONE: dict[str, tuple[bytes, Sequence[str]]] = {
    "written, removed": (_changeset(_DONE, _GONE), [TAG, ""]),
    "sent back all the same": (_changeset(_ECHO, _DONE), [TAG, TAG]),
    "a boundary in quotes": (_changeset(_DONE, boundary='boundary="changesetresponse_1"'), [TAG]),
}


@pytest.mark.parametrize("name", DONE)
async def test_responses_are_parsed_as_the_sdk_does(name: str) -> None:
    """They give the rows' ETags in the order of the operations, whatever else the response has."""
    body, tags = DONE[name]
    assert [part.etag for part in wire.parse_transaction(body)] == tags
    async with (
        service(
            answer(202, body, Content_Type="multipart/mixed; boundary=batchresponse_1")
        ) as canned,
        TableClient(canned.url, "contacts", credential=KEY) as client,
    ):
        done = await client.submit_transaction([("create", {"PartitionKey": "p", "RowKey": "a"})])
        assert [part.get("etag", "") for part in done] == tags


@pytest.mark.parametrize(
    ("status", "code", "message", "place"),
    [
        (409, "EntityAlreadyExists", "17:The specified entity already exists.\nRequestId:1", 17),
        (412, "UpdateConditionNotSatisfied", "The update condition was not satisfied: 3", 0),
        (404, "ResourceNotFound", "0:The specified resource does not exist.", 0),
    ],
)
async def test_an_error_is_parsed_as_the_sdk_does(
    status: int, code: str, message: str, place: int
) -> None:
    """It gives the status, the code, and the index of the operation."""
    body = _changeset(_error(status, code, message))
    assert wire.parse_transaction(body) == [wire.Part(status, "", code, place)]
    async with (
        service(
            answer(202, body, Content_Type="multipart/mixed; boundary=batchresponse_1")
        ) as canned,
        TableClient(canned.url, "contacts", credential=KEY) as client,
    ):
        with pytest.raises(TableTransactionError) as refusal:
            await client.submit_transaction([("create", {"PartitionKey": "p", "RowKey": "a"})])
    error: Any = refusal.value
    assert (error.status_code, error.error_code, error.index) == (status, code, place)


def test_an_error_without_a_change_set_is_parsed() -> None:
    """If a batch is refused before its change set is parsed, the batch itself has the error,
    perhaps as XML.
    """
    body = (
        b"--batchresponse_1\r\nContent-Type: application/http\r\n\r\nHTTP/1.1 400 Bad Request\r\n"
        b"Content-Type: application/xml\r\n\r\n<error><code>InvalidInput</code></error>\r\n--batchresponse_1--\r\n"
    )
    assert wire.parse_transaction(body) == [wire.Part(400)]


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"odata.error":{}}', _changeset("HTTP/1.1")])
def test_a_malformed_response_to_a_transaction_raises_value_error(body: bytes) -> None:
    """A proxy's page mustn't look like the result of an empty transaction."""
    with pytest.raises(ValueError):
        wire.parse_transaction(body)
