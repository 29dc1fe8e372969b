"""The description is complete and true: every function is described, and responses fit it."""

import re
from collections.abc import Iterator
from typing import Any

import orjson

from tests.openapi.conftest import Deployed
from tests.openapi.schema import faults

METHODS = ("get", "post", "put", "patch", "delete")
# Addresses with only a text about the fault of the request.
NOT_AN_ADDRESS = "scim_wrong_"


def operations(description: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield the method, path and description of each operation."""
    for path, item in description["paths"].items():
        for method in METHODS:
            if method in item:
                yield method, path, item[method]


def plain(path: str) -> str:
    """Return the path with values for its parameters."""
    return re.sub(
        r"\{(\w+)\}", lambda match: "contoso" if match[1] == "directoryId" else "nobody", path
    )


async def test_every_function_is_described_and_nothing_else(
    deployed: Deployed, description: dict[str, Any]
) -> None:
    """Each HTTP function below /api and /scim, by name and route, and no other operation."""
    registered = {
        function.name: function.template.text
        for function in deployed.host.functions.http
        if function.template.text.startswith(("api/", "scim/"))
        and not function.name.startswith(NOT_AN_ADDRESS)
    }
    described: dict[str, set[str]] = {}
    for path, item in description["paths"].items():
        described.setdefault(item["x-function"], set()).add(path)
    assert set(described) == set(registered)
    for name, route in registered.items():
        bare = "/" + re.sub(r"/\{\w+\?\}$", "", route)
        whole = "/" + route.replace("?", "")
        allowed = {
            bare,
            whole,
            *(
                [f"{bare.rpartition('/')[0]}/.search"]
                if name in ("scim_user", "scim_group")
                else []
            ),
        }
        assert described[name] <= allowed, name
        assert whole in described[name], name


async def test_every_supported_method_is_described(
    deployed: Deployed, description: dict[str, Any]
) -> None:
    """A described method never gets 405; any other one does, with Allow."""
    for path, item in description["paths"].items():
        for method in METHODS:
            response = await deployed.call(method.upper(), plain(path))
            if method in item:
                assert response.status != 405, (method, path)
            elif not path.endswith("/.search"):
                assert response.status == 405 or (method == "post" and "{id}" in path), (
                    method,
                    path,
                    response.status,
                )
                assert response.headers.get("allow") or response.status == 405, (method, path)


def test_every_reference_names_a_schema(description: dict[str, Any]) -> None:
    """Every schema is used, and every operation has a unique id."""
    text = orjson.dumps(description).decode()
    named = set(re.findall(r'"#/components/schemas/(\w+)"', text))
    assert named == set(description["components"]["schemas"])
    ids = [operation["operationId"] for _, _, operation in operations(description)]
    assert len(ids) == len(set(ids))


def test_path_parameters_are_described(description: dict[str, Any]) -> None:
    """OpenAPI 3.1 section 4.8.12.1: each part of a path template has its parameter."""
    for _, path, operation in operations(description):
        listed = [
            *description["paths"][path].get("parameters", []),
            *operation.get("parameters", []),
        ]
        named = {one["name"] for one in listed if one["in"] == "path"}
        assert named == set(re.findall(r"\{(\w+)\}", path)), path


def test_examples_fit_their_schemas(description: dict[str, Any]) -> None:
    """A request copied from an example is accepted."""
    for method, path, operation in operations(description):
        contents = [operation.get("requestBody", {}).get("content", {})]
        contents += [response.get("content", {}) for response in operation["responses"].values()]
        for content in contents:
            for media in content.values():
                if "example" in media:
                    assert list(faults(media["example"], media["schema"], description)) == [], (
                        method,
                        path,
                    )


async def _lived(deployed: Deployed) -> tuple[str, str]:
    """People, a group, refusals, a secret, a trust: so that answers have something in them."""
    base = "/scim/contoso/v2"
    for number, phone in enumerate(("+44 20 7946 0018", "not a number")):
        user = {
            "userName": f"p{number}@example.com",
            "name": {"givenName": "Anna", "familyName": "Müller"},
            "emails": [{"type": "work", "value": f"p{number}@example.com"}],
            "phoneNumbers": [{"type": "work", "value": phone}],
        }
        made = await deployed.json("POST", f"{base}/Users", user)
    group = await deployed.json(
        "POST", f"{base}/Groups", {"displayName": "Sales", "members": [{"value": made["id"]}]}
    )
    assert (await deployed.call("POST", f"{base}/Users", b'{"userName":""}')).status == 400
    assert (await deployed.call("GET", f"{base}/Users", authorization="Bearer wrong")).status == 401
    await deployed.json("POST", "/api/directories/contoso/secrets", {})
    trust = {
        "tenantId": "0" * 8 + "-0000-4000-8000-" + "0" * 12,
        "subject": "0" * 8 + "-0000-4000-8000-" + "1" * 12,
    }
    await deployed.json(
        "PUT", "/api/directories/contoso/trust", {**trust, "audiences": ["api://contoso"]}
    )
    return made["id"], group["id"]


async def test_responses_are_as_described(deployed: Deployed, description: dict[str, Any]) -> None:
    """Every successful GET fits its schema: no member is missing or undescribed."""
    user, group = await _lived(deployed)
    seen = 0
    for method, path, operation in operations(description):
        if method != "get" or path.startswith("/scim/") or path.endswith("openapi.json"):
            continue
        address = path.replace("{directoryId}", "contoso").replace("{contactId}", user)
        response = await deployed.call("GET", address)
        assert response.status == 200, (path, response.body)
        media = operation["responses"]["200"]["content"]
        if "application/json" in media:
            found = list(
                faults(
                    orjson.loads(response.body), media["application/json"]["schema"], description
                )
            )
            assert found == [], path
            seen += 1
    assert seen >= 11
    for kind, identifier in (("User", user), ("Group", group)):
        resource = await deployed.json("GET", f"/scim/contoso/v2/{kind}s/{identifier}")
        assert list(faults(resource, {"$ref": f"#/components/schemas/{kind}"}, description)) == []
        listed = await deployed.json("GET", f"/scim/contoso/v2/{kind}s")
        assert list(faults(listed, {"$ref": f"#/components/schemas/{kind}List"}, description)) == []


async def test_responses_to_changes_are_as_described(
    deployed: Deployed, description: dict[str, Any]
) -> None:
    """Those of POST, PATCH, PUT and DELETE of the API."""
    await _lived(deployed)
    calls: list[tuple[str, str, Any]] = [
        ("post", "/api/directories", {"name": "Fabrikam"}),
        ("patch", "/api/directories/{directoryId}", {"name": "Contoso Ltd"}),
        ("post", "/api/directories/{directoryId}/tokens", {"overlapHours": 1}),
        ("post", "/api/directories/{directoryId}/secrets", {"overlapHours": 1}),
        ("post", "/api/contacts/lookup", {"numbers": ["020 7946 0018", "+1"]}),
        ("post", "/api/directories/{directoryId}/presence", {"action": "check"}),
        ("post", "/api/directories/{directoryId}/presence", {"action": "remove"}),
        ("delete", "/api/directories/{directoryId}", None),
        ("post", "/api/directories/{directoryId}/restore", None),
    ]
    for method, path, body in calls:
        raw = b"" if body is None else orjson.dumps(body)
        response = await deployed.call(
            method.upper(), path.replace("{directoryId}", "contoso"), raw
        )
        operation = description["paths"][path][method]
        schema = operation["responses"][str(response.status)]["content"]["application/json"][
            "schema"
        ]
        assert list(faults(orjson.loads(response.body), schema, description)) == [], (method, path)


async def test_refusals_are_as_described(deployed: Deployed, description: dict[str, Any]) -> None:
    """RFC 9457 problems with the described members."""
    for method, path, body in (
        ("GET", "/api/directories/nobody", b""),
        ("POST", "/api/directories", b"{"),
        ("POST", "/api/directories", b'{"name":7}'),
        ("GET", "/api/contacts?limit=x", b""),
        ("POST", "/api/contacts/lookup", b"[]"),
        ("POST", "/api/directories/contoso/presence", b'{"action":"x"}'),
    ):
        response = await deployed.call(method, path, body)
        assert response.headers["content-type"] == "application/problem+json"
        problem = orjson.loads(response.body)
        assert list(faults(problem, {"$ref": "#/components/schemas/Problem"}, description)) == [], (
            method,
            path,
        )
