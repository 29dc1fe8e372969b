"""Generated clients parse every response of the running product: openapi-python-client and
openapi-typescript.
"""

import asyncio
import importlib
import json
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest

from local.host.running import ROOT, running
from web.openapi.endpoints import VERSIONS

_TOOLS = ROOT / ".tools/clients"
_USER = {
    "userName": "anna@contoso.example",
    "externalId": "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef",
    "displayName": "Anna Müller",
    "emails": [{"type": "work", "value": "anna@contoso.example"}],
    "phoneNumbers": [
        {"type": "work", "value": "+44 20 7946 0018"},
        {"type": "home", "value": "not a number"},
    ],
}
_TRUST = {
    "tenantId": "7f0c7c5e-8f5d-4a0e-9d6c-1d5f3a2b4c6d",
    "subject": "0b3d4f6a-2c1e-4b7a-8f9d-5e6a7b8c9d0e",
    "audiences": ["api://contoso"],
}


@dataclass
class Product:
    """A running product with a directory, and its responses: operation, status, JSON."""

    client: httpx.AsyncClient
    directory_id: str = ""
    contact_id: str = ""
    credential_id: str = ""
    note_id: str = ""
    answers: list[tuple[str, str, int, Any]] = field(default_factory=list)

    async def call(self, method: str, path: str, body: Any = None) -> Any:
        """Send a request to the API, record the response, and return its JSON."""
        address = path.format(
            directoryId=self.directory_id, contactId=self.contact_id, noteId=self.note_id
        )
        response = await self.client.request(method, address, json=body)
        content = response.json() if response.content else None
        assert response.status_code < 300, content
        self.answers.append((method.lower(), path.partition("?")[0], response.status_code, content))
        return content


@dataclass(frozen=True)
class Recorded:
    """The recorded responses of a product at `url`, and its descriptions by version."""

    url: str
    answers: list[tuple[str, str, int, Any]]
    documents: dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    """Return the responses of the product over HTTP, first with empty storage; all clients share
    them.
    """
    settings = {"TABLES": f"sqlite:///{tmp_path_factory.mktemp('clients')}/app.db"}

    async def record() -> Recorded:
        async with (
            running(ROOT / "function_app.py", settings) as run,
            httpx.AsyncClient(base_url=run.url) as client,
        ):
            product = Product(client)
            await _use(product)
            documents = {version: await _description(product, version) for version in VERSIONS}
            return Recorded(run.url, product.answers, documents)

    return asyncio.run(record())


async def _use(product: Product) -> None:
    """Call every operation that returns JSON, without data and with data."""
    one = "/api/directories/{directoryId}"
    await product.call("GET", "/api/directories?deleted=1")
    made = await product.call("POST", "/api/directories", {"name": "Contoso"})
    product.directory_id = made["id"]
    await _read(product)
    base = f"/scim/{product.directory_id}/v2"
    product.contact_id = await _provision(product.client, base, made["token"])
    await product.call("POST", f"{one}/tokens", {"overlapHours": 1, "expiresInDays": 30})
    await product.call("POST", f"{one}/secrets", {})
    await product.call("PUT", f"{one}/trust", _TRUST)
    await product.call("PATCH", one, {"name": "Contoso Ltd", "strictNumbers": True})
    await product.call("POST", "/api/contacts/lookup", {"numbers": ["020 7946 0018", "+1"]})
    notes = f"{one}/contacts/{{contactId}}/notes"
    product.note_id = (await product.call("POST", notes, {"text": "After 10."}))["id"]
    await product.call("PUT", f"{notes}/{{noteId}}", {"text": "After 11."})
    await product.call("GET", notes)
    await product.call("GET", "/api/contacts/noted?q=after")
    await product.call("POST", f"{one}/links")
    await product.call("GET", f"{one}/links")
    await _read(product)
    await product.call("GET", f"{one}/contacts/{{contactId}}")
    await product.call("GET", f"{one}/events?limit=1")
    await product.call("GET", f"{one}/contacts/{{contactId}}/team")
    await product.call("POST", "/api/contacts/pop", {"number": "020 7946 0018"})
    await product.call("POST", f"{one}/dry-run", {"user": _USER})
    await product.call("GET", "/api/audit")
    await product.call("GET", f"{one}/audit")
    await product.call("PUT", f"{one}/inspector")
    await product.call("GET", f"{one}/inspector")
    for action in ("check", "retry", "remove"):
        await product.call("POST", f"{one}/presence", {"action": action})
    await product.call("DELETE", one)
    await product.call("GET", "/api/directories?deleted=1")
    await product.call("POST", f"{one}/restore")


async def _provision(client: httpx.AsyncClient, base: str, token: str) -> str:
    """Create a user and a group, and cause a log line of each kind; return the user's id."""
    own = {"Authorization": f"Bearer {token}"}
    user = (await client.post(f"{base}/Users", json=_USER, headers=own)).json()
    group = {"displayName": "Sales", "members": [{"value": user["id"]}]}
    assert (await client.post(f"{base}/Groups", json=group, headers=own)).status_code == 201
    refused = await client.post(f"{base}/Users", json={"userName": ""}, headers=own)
    assert refused.status_code == 400
    assert (await client.get(base, headers={"Authorization": "Bearer x"})).status_code == 401
    return str(user["id"])


async def _read(product: Product) -> None:
    one = "/api/directories/{directoryId}"
    await product.call("GET", "/api/contacts")
    await product.call("GET", "/api/directories")
    await product.call("GET", one)
    for part in ("state", "events", "trust", "tokens", "secrets", "contacts", "numbers", "groups"):
        await product.call("GET", f"{one}/{part}")
    await product.call("GET", f"{one}/presence")


def _operations(document: dict[str, Any]) -> dict[tuple[str, str], str]:
    """Return the ID of each operation of the API that answers JSON, by method and path."""
    return {
        (method, path): operation["operationId"]
        for path, item in document["paths"].items()
        if path.startswith("/api/") and path != "/api/openapi.json"
        for method, operation in item.items()
        if isinstance(operation, dict)
        and any(
            "application/json" in answer.get("content", {})
            for answer in operation["responses"].values()
        )
    }


async def _description(product: Product, version: str) -> dict[str, Any]:
    found = await product.client.get("/api/openapi.json", params={"version": version})
    document: dict[str, Any] = found.json()
    assert document["servers"] == [{"url": str(product.client.base_url).rstrip("/")}]
    return document


async def _run(*command: str | Path, cwd: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    printed, _ = await process.communicate()
    assert process.returncode == 0, printed.decode()


def _models(folder: Path, name: str) -> ModuleType:
    sys.path.insert(0, str(folder))
    try:
        return importlib.import_module(f"{name}.models")
    finally:
        sys.path.remove(str(folder))


def _plain_times(content: Any) -> Any:
    """Return JSON with times as the product writes them: the client leaves out a fraction of 0."""
    written = re.sub(r"(\.\d{3})000\+00:00", r"\1Z", json.dumps(content))
    return json.loads(re.sub(r"(T\d\d:\d\d:\d\d)\+00:00", r"\1.000Z", written))


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


@pytest.mark.slow
@pytest.mark.parametrize("version", VERSIONS)
async def test_a_python_client_parses_every_response(
    recorded: Recorded, version: str, tmp_path: Path
) -> None:
    """The models of openapi-python-client parse each response and encode it again, null
    included.
    """
    document = recorded.documents[version]
    name = f"client_of_{version.replace('.', '_')}"
    (tmp_path / "openapi.json").write_text(json.dumps(document))
    await _run(
        Path(sys.executable).with_name("openapi-python-client"),
        *("generate", "--meta", "none", "--path", "openapi.json", "--output-path", name),
        cwd=tmp_path,
    )
    _models(tmp_path, name)
    operations = _operations(document)
    assert {(method, path) for method, path, _, _ in recorded.answers} == operations.keys()
    tags = {
        one["operationId"]: one["tags"][0].lower()
        for item in document["paths"].values()
        for one in item.values()
        if isinstance(one, dict)
    }
    client_module = importlib.import_module(f"{name}.client")
    client = client_module.Client(base_url=recorded.url)
    for method, path, status, content in recorded.answers:
        operation = operations[method, path]
        module = importlib.import_module(f"{name}.api.{tags[operation]}.{_snake(operation)}")
        answer = httpx.Response(status, json=content)
        parsed = module._parse_response(client=client, response=answer)
        assert parsed is not None, operation
        assert _plain_times(parsed.to_dict()) == content, operation


@pytest.mark.slow
@pytest.mark.parametrize("version", VERSIONS)
async def test_typescript_types_fit_every_response(
    recorded: Recorded, version: str, tmp_path: Path
) -> None:
    """Each response can be assigned to the types of openapi-typescript, without unknown members."""
    if not (_TOOLS / "node_modules").exists():
        pytest.fail("openapi-typescript is missing; make setup gets it")
    document = recorded.documents[version]
    (tmp_path / "openapi.json").write_text(json.dumps(document))
    binaries = _TOOLS / "node_modules/.bin"
    await _run(binaries / "openapi-typescript", "openapi.json", "-o", "api.ts", cwd=tmp_path)
    lines = ['import type { paths } from "./api";']
    for number, (method, path, status, content) in enumerate(recorded.answers):
        kind = f'paths["{path}"]["{method}"]["responses"][{status}]["content"]["application/json"]'
        lines.append(f"export const answer{number}: {kind} = {json.dumps(content)};")
    (tmp_path / "answers.ts").write_text("\n".join(lines))
    await _run(
        binaries / "tsc",
        *("--noEmit", "--strict", "--skipLibCheck", "--target", "es2022", "answers.ts"),
        cwd=tmp_path,
    )
