"""The MCP endpoint: revisions, protocol errors, tools, and the caller's rights."""

import re
from typing import Any

import orjson
import pytest
from jsonschema import Draft202012Validator

from directories.rate_limits import UserRateExceeded
from tests.mcp.conftest import META, NUMBER, Server, as_role

TOOLS = ["find_person", "who_is_free", "whose_number"]


async def test_a_modern_client_discovers_the_server(server: Server) -> None:
    """MCP 2026-07-28, server/discover: revisions, capabilities and server information, which may be
    cached for minutes.
    """
    status, answer = await server.call("server/discover")
    result = answer["result"]
    assert (status, answer["id"], result["resultType"]) == (200, 1, "complete")
    assert result["supportedVersions"] == ["2026-07-28", "2025-11-25", "2025-06-18", "2025-03-26"]
    assert (result["capabilities"], result["cacheScope"]) == ({"tools": {}}, "public")
    assert "io.modelcontextprotocol/serverInfo" in result["_meta"]


@pytest.mark.parametrize(
    ("asked", "spoken"),
    [("2025-06-18", "2025-06-18"), ("2024-11-05", "2025-11-25"), (None, "2025-11-25")],
)
async def test_a_legacy_client_initialises_without_a_session(
    server: Server, asked: str | None, spoken: str
) -> None:
    """MCP 2025-11-25, lifecycle: any instance may handle the next request, so there is no session
    id.
    """
    body = {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {"protocolVersion": asked}}
    reply = await server.post(orjson.dumps(body))
    assert orjson.loads(reply.body)["result"]["protocolVersion"] == spoken
    assert "mcp-session-id" not in {name.lower() for name, _ in reply.headers}
    noted = await server.post(b'{"jsonrpc":"2.0","method":"notifications/initialized"}')
    assert (noted.status, noted.body) == (202, b"")
    assert await server.legacy("ping") == (200, {"jsonrpc": "2.0", "id": "a", "result": {}})


async def test_both_revisions_list_the_same_tools(server: Server) -> None:
    """Always in the same order. Schemas are valid JSON Schema 2020-12 with an object at the
    root.
    """
    _, modern = await server.call("tools/list")
    _, legacy = await server.legacy("tools/list")
    assert modern["result"]["tools"] == legacy["result"]["tools"]
    assert [tool["name"] for tool in legacy["result"]["tools"]] == TOOLS
    for tool in legacy["result"]["tools"]:
        for schema in (tool["inputSchema"], tool["outputSchema"]):
            Draft202012Validator.check_schema(schema)
            assert schema["type"] == "object"
            assert "#/components" not in orjson.dumps(schema).decode()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", -32700),
        (b"[]", -32600),
        (b'[{"jsonrpc":"2.0","id":1,"method":"ping"}]', -32600),
        (b'{"id":1,"method":"ping"}', -32600),
        (b'{"jsonrpc":"2.0","id":null,"method":"ping"}', -32600),
        (b'{"jsonrpc":"2.0","id":true,"method":"ping"}', -32600),
        (b'{"jsonrpc":"2.0","id":1,"result":{}}', -32600),
        (b'{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}', -32600),
    ],
)
async def test_a_malformed_message_is_refused(server: Server, body: bytes, code: int) -> None:
    """JSON-RPC 2.0 section 5.1, with 400. MCP permits neither a batch nor a null id."""
    reply = await server.post(body)
    assert (reply.status, orjson.loads(reply.body)["error"]["code"]) == (400, code)


@pytest.mark.parametrize(
    ("headers", "params", "code"),
    [
        ({"Mcp_Method": ""}, {}, -32020),
        ({"Mcp_Method": "tools/call"}, {}, -32020),
        ({"MCP_Protocol_Version": "2025-11-25"}, {}, -32020),
        ({"MCP_Protocol_Version": ""}, {}, -32020),
        ({}, {"_meta": {"io.modelcontextprotocol/protocolVersion": "2026-07-28"}}, -32602),
        ({}, {"_meta": {}}, -32602),
        (
            {"MCP_Protocol_Version": "2099-01-01"},
            {"_meta": {**META, "io.modelcontextprotocol/protocolVersion": "2099-01-01"}},
            -32022,
        ),
    ],
)
async def test_headers_must_agree_with_the_body(
    server: Server, headers: dict[str, str], params: dict[str, Any], code: int
) -> None:
    """MCP 2026-07-28, Streamable HTTP, "Server Validation": 400 with the specified code."""
    status, answer = await server.call("tools/list", params, **headers)
    assert (status, answer["error"]["code"]) == (400, code)


async def test_an_unsupported_version_gets_the_supported_ones(server: Server) -> None:
    """The client can then choose another one."""
    body = b'{"jsonrpc":"2.0","id":1,"method":"tools/list"}'
    reply = await server.post(body, {"MCP-Protocol-Version": "1900-01-01"})
    error = orjson.loads(reply.body)["error"]
    assert (reply.status, error["code"]) == (400, -32022)
    assert error["data"]["requested"] == "1900-01-01"
    assert "2026-07-28" in error["data"]["supported"]


async def test_an_encoded_name_is_decoded_before_it_is_compared(server: Server) -> None:
    """MCP 2026-07-28, "Value Encoding": `=?base64?…?=`."""
    name = "whose_number"
    params = {"name": name, "arguments": {"number": NUMBER}}
    status, _ = await server.call("tools/call", params, Mcp_Name="=?base64?d2hvc2VfbnVtYmVy?=")
    assert status == 200
    status, answer = await server.call("tools/call", params, Mcp_Name="find_person")
    assert (status, answer["error"]["code"]) == (400, -32020)


async def test_unknown_methods_and_tools_are_errors_of_the_protocol(server: Server) -> None:
    """404 for a method, as revision 2026-07-28 requires; 200 for legacy clients."""
    status, answer = await server.call("resources/list")
    assert (status, answer["error"]["code"]) == (404, -32601)
    status, answer = await server.legacy("resources/list")
    assert (status, answer["error"]["code"]) == (200, -32601)
    status, answer = await server.call("tools/call", {"name": "delete_everyone"})
    assert (status, answer["error"]["code"]) == (400, -32602)
    assert "find_person" in answer["error"]["message"]


async def test_streams_and_sessions_are_not_offered(server: Server) -> None:
    """GET and DELETE get 405, by which clients detect that."""
    from tests.local.host.wire import ask

    port = int(server.world.url.rpartition(":")[2])
    for method in ("GET", "DELETE"):
        reply = await ask(port, "/mcp", method=method)
        assert (reply.status, reply.one("Allow")) == (405, "POST")


async def test_whose_number_returns_what_the_api_does(server: Server) -> None:
    """The person as text, and as data that fits the output schema."""
    result = await server.tool("whose_number", number="020 7946 0958")
    assert result["isError"] is False
    assert result["structuredContent"]["person"]["displayName"] == "Anna Adams"
    assert result["content"][0]["text"].startswith(
        "1 person has this number:\n- Anna Adams | Guide"
    )


async def test_find_person_finds_in_any_spelling(server: Server) -> None:
    """A name that only resembles the search text is marked; the cursor requests the next page."""
    result = await server.tool("find_person", query="adams anna")
    assert [one["displayName"] for one in result["structuredContent"]["contacts"]] == ["Anna Adams"]
    similar = await server.tool("find_person", query="anna adems")
    assert similar["structuredContent"]["contacts"][0]["similarTo"]
    nobody = await server.tool("find_person", query="zzzzzz")
    assert nobody["content"][0]["text"].startswith("No one was found.")


async def test_who_is_free_returns_only_confirmed_people(server: Server) -> None:
    """At most as many as requested, each free now with the confirmed status; a cursor requests
    more.
    """
    first = (await server.tool("who_is_free", limit=2))["structuredContent"]
    assert 1 <= len(first["contacts"]) <= 2
    assert all(one["free"] == "now" for one in first["contacts"])
    assert all(one["presence"]["shown"] == "available" for one in first["contacts"])
    if "nextCursor" in first:
        after = await server.tool("who_is_free", limit=2, cursor=first["nextCursor"])
        ids = [one["id"] for one in after["structuredContent"]["contacts"]]
        assert not {one["id"] for one in first["contacts"]} & set(ids)


async def test_results_fit_the_output_schema(server: Server) -> None:
    """Programs rely on it."""
    _, answer = await server.call("tools/list")
    schemas = {tool["name"]: tool["outputSchema"] for tool in answer["result"]["tools"]}
    asked: dict[str, dict[str, Any]] = {
        "find_person": {"query": "a"},
        "who_is_free": {"soon": True},
        "whose_number": {"number": NUMBER},
    }
    for name, arguments in asked.items():
        result = await server.tool(name, **arguments)
        Draft202012Validator(schemas[name]).validate(result["structuredContent"])


@pytest.mark.parametrize(
    ("name", "arguments", "field"),
    [
        ("find_person", {}, "query"),
        ("find_person", {"query": "  "}, "query"),
        ("find_person", {"query": "a", "limit": 26}, "limit"),
        ("find_person", {"query": "a", "limit": "many"}, "limit"),
        ("find_person", {"query": "a", "secret": "hush"}, "secret"),
        ("whose_number", {"number": 442079460958}, "number"),
        ("who_is_free", {"query": "x" * 201}, "query"),
    ],
)
async def test_a_wrong_argument_is_an_error_result(
    server: Server, name: str, arguments: dict[str, Any], field: str
) -> None:
    """MCP 2026-07-28, tools, "Error Handling": `isError`, with the argument, the fault and the
    remedy.
    """
    result = await server.tool(name, **arguments)
    text = result["content"][0]["text"]
    assert (result["isError"], "structuredContent" in result) == (True, False)
    assert re.match(rf"The argument {field} is not valid: .+ Correct it", text)
    assert "hush" not in text


async def test_a_cursor_of_another_query_is_an_error_result(server: Server) -> None:
    """An API response of 400 becomes an error of the tool."""
    result = await server.tool("find_person", query="anna", cursor="nonsense")
    assert result["isError"] is True


async def test_a_user_without_a_role_may_call_nothing(server: Server) -> None:
    """Every message needs an agent's role; the response is a problem, not a result."""
    reply = await Server(server.world, as_role("none")).post(b"{}")
    assert reply.status == 403
    status, answer = await Server(server.world, as_role("reader")).call("tools/list")
    assert (status, len(answer["result"]["tools"])) == (200, 3)


async def test_a_cross_site_request_is_refused(server: Server) -> None:
    """MCP 2026-07-28, "Security & Endpoint": 403 for an Origin other than the app's, against DNS
    rebinding.
    """
    body = b'{"jsonrpc":"2.0","id":1,"method":"tools/list"}'
    assert (await server.post(body, {"Origin": "https://evil.example"})).status == 403


async def test_a_body_that_is_too_large_is_refused(server: Server) -> None:
    """413 before the body is parsed."""
    body = b'{"jsonrpc":"2.0","id":1,"method":"' + b"x" * 70_000 + b'"}'
    assert (await server.post(body)).status == 413


async def test_a_rate_limit_is_an_error_result(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The user's rate limit applies; the result has the remedy, and the response `Retry-After`."""

    def exceeded(*_: object) -> None:
        raise UserRateExceeded(3)

    monkeypatch.setattr("web.mcp.server.limit_user", exceeded)
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "find_person"}}
    reply = await server.post(orjson.dumps(body))
    result = orjson.loads(reply.body)["result"]
    assert (reply.status, result["isError"], reply.one("Retry-After")) == (200, True, "3")
    assert "3" in result["content"][0]["text"]


async def test_a_failure_is_an_error_of_the_protocol(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """500 and code -32603 with the id of the log line, without details of the failure."""

    def fail(*_: object) -> None:
        raise RuntimeError("a secret of the code")

    monkeypatch.setattr("web.mcp.server.limit_user", fail)
    status, answer = await server.call("tools/call", {"name": "find_person", "arguments": {}})
    assert (status, answer["error"]["code"]) == (500, -32603)
    assert "secret" not in answer["error"]["message"]


async def test_a_directory_limited_to_other_agents_is_not_found(server: Server) -> None:
    """The tools return the directories that the user sees on the Organisation page."""
    listed = server.world.call("GET", "/api/directories")["directories"]
    (northwind,) = [one["id"] for one in listed if one["name"] == "Northwind"]
    path = f"/api/directories/{northwind}"
    reader = Server(server.world, as_role("reader"))
    server.world.call("PATCH", path, {"readers": {"roles": ["Front.Desk"], "groups": []}})
    try:
        found = await reader.tool("whose_number", number=NUMBER)
        assert found["structuredContent"]["outcome"] == "none"
        found = await reader.tool("find_person", query="anna adams")
        assert found["structuredContent"]["contacts"] == []
        mine = await server.tool("whose_number", number=NUMBER)
        assert mine["structuredContent"]["outcome"] == "person"
    finally:
        server.world.call("PATCH", path, {"readers": None})
    found = await reader.tool("whose_number", number=NUMBER)
    assert found["structuredContent"]["outcome"] == "person"
