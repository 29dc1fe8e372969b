"""The checked-in descriptions: current, valid for their version, alike, and fit for generators of clients."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from openapi_spec_validator import OpenAPIV30SpecValidator, OpenAPIV31SpecValidator

from local.__main__ import main
from shared.app import App
from shared.http import HttpError, Request
from shared.settings import Settings
from shared.tables.port import Tables
from tests.clock import FixedClock
from tests.openapi.conftest import Deployed
from web.openapi.endpoints import VERSIONS, handler, path_of


def _read(version: str) -> dict[str, Any]:
    document: dict[str, Any] = orjson.loads(path_of(version).read_bytes())
    return document


@pytest.mark.parametrize("version", VERSIONS)
def test_the_file_is_current(version: str, capsys: pytest.CaptureFixture[str]) -> None:
    """It is generated from the operations and models: run `python -m local api --write`."""
    arguments = ["api", "--version", version, "--compare", str(path_of(version))]
    assert main(arguments) == 0, capsys.readouterr().err


def test_the_description_is_valid_for_3_1() -> None:
    """By the schema of the OpenAPI Initiative."""
    assert not list(OpenAPIV31SpecValidator(_read("3.1")).iter_errors())


def test_the_description_is_valid_for_3_0() -> None:
    """By the schema of the OpenAPI Initiative."""
    assert not list(OpenAPIV30SpecValidator(_read("3.0")).iter_errors())


def _schemas(part: Any) -> Iterator[dict[str, Any]]:
    """Yield every object of a document, examples aside."""
    if isinstance(part, dict):
        yield part
        for name, value in part.items():
            if name != "example":
                yield from _schemas(value)
    elif isinstance(part, list):
        for one in part:
            yield from _schemas(one)


def test_null_is_a_type_in_3_1() -> None:
    """NSwag and Kiota make wrappers, or unreadable members, of `anyOf` with null."""
    assert not [one for one in _schemas(_read("3.1")) if "anyOf" in one]


def test_3_0_has_nothing_of_3_1() -> None:
    """OpenAPI 3.0.3 section 4.7.24: one type, `nullable`, no `const`; 4.7.23: nothing next to a
    reference.
    """
    for one in _schemas(_read("3.0")):
        assert not isinstance(one.get("type"), list)
        assert one.get("type") != "null"
        assert "const" not in one or isinstance(one["const"], dict)
        if isinstance(one.get("$ref"), str):
            assert len(one) == 1


def _common(part: Any) -> Any:
    """Return the meaning of a part of either version, in one form."""
    if isinstance(part, list):
        return [_common(one) for one in part]
    if not isinstance(part, dict):
        return part
    if "properties" in part and isinstance(part["properties"], dict):
        members = {name: _common(schema) for name, schema in part["properties"].items()}
        rest = {name: value for name, value in part.items() if name != "properties"}
        return {**_common(rest), "properties": members}
    found = {name: value if name == "example" else _common(value) for name, value in part.items()}
    kind = found.get("type")
    if isinstance(kind, list):
        found["type"], found["nullable"] = kind[0], True
    if "oneOf" in found and {"type": "null"} in found["oneOf"]:
        found["nullable"] = True
        found["$ref"] = next(one["$ref"] for one in found.pop("oneOf") if "$ref" in one)
    if "allOf" in found:
        found["$ref"] = found.pop("allOf")[0]["$ref"]
    if "const" in found:
        found["enum"] = [found.pop("const")]
    if found.pop("contentEncoding", ""):
        found["format"] = "byte"
    found.pop("openapi", None)
    return found


def test_both_versions_say_the_same() -> None:
    """Paths, parameters, answers and schemas, apart from how null and references are written."""
    assert _common(_read("3.0")) == _common(_read("3.1"))


def _answers(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method in ("get", "post", "put", "patch", "delete"):
            for status, answer in item.get(method, {}).get("responses", {}).items():
                for content in answer.get("content", {}).values():
                    yield f"{method} {path}", status, content["schema"]


@pytest.mark.parametrize("version", VERSIONS)
def test_every_answer_is_a_named_schema(version: str) -> None:
    """Else generators make up names, such as Response3; a file is text."""
    for operation, status, schema in _answers(_read(version)):
        assert set(schema) == {"$ref"} or schema == {"type": "string"}, (operation, status)


@pytest.mark.parametrize("version", VERSIONS)
def test_what_has_several_forms_has_a_discriminator(version: str) -> None:
    """OpenAPI section "Discriminator Object": a generated client reads the right form."""
    found = [
        (name, schema)
        for name, schema in _read(version)["components"]["schemas"].items()
        if "oneOf" in schema
    ]
    assert [name for name, _ in found] == ["ActOnConnectionResult"]
    assert set(found[0][1]["discriminator"]["mapping"]) == {
        "connect",
        "check",
        "confirm",
        "retry",
        "remove",
        "check-gone",
    }


@pytest.mark.parametrize("version", VERSIONS)
def test_the_message_of_an_error_is_its_detail(version: str) -> None:
    """Kiota's exceptions take their message from the member that is marked so."""
    schemas = _read(version)["components"]["schemas"]
    for name, member in (
        ("Problem", "detail"),
        ("ScimError", "detail"),
        ("TokenError", "error_description"),
    ):
        assert schemas[name]["properties"][member]["x-ms-primary-error-message"] is True


@pytest.mark.parametrize(
    ("query", "begins"), [("", "3.1."), ("?version=3.1", "3.1."), ("?version=3.0", "3.0.")]
)
async def test_both_versions_are_served(deployed: Deployed, query: str, begins: str) -> None:
    """`GET /api/openapi.json`, with this deployment's address as server."""
    response = await deployed.call("GET", f"/api/openapi.json{query}")
    assert (response.status, response.headers["content-type"]) == (200, "application/json")
    served = orjson.loads(response.body)
    assert served["openapi"].startswith(begins)
    assert served["servers"] == [{"url": "http://127.0.0.1:7071"}]
    assert served["paths"] == _read(begins[:3])["paths"]


async def test_the_server_is_the_public_address(tables: Tables, clock: FixedClock) -> None:
    """A proxy in front of the app has another name than the app."""
    settings = Settings.read({"PUBLIC_URL": "https://directories.example"})
    app = App(settings, clock, tables)
    answer = await handler(app)(Request("GET", "http://10.0.0.1/api/openapi.json"))
    assert orjson.loads(answer.body)["servers"] == [{"url": "https://directories.example"}]


async def test_another_version_is_refused(tables: Tables, clock: FixedClock) -> None:
    """The error names the versions that there are."""
    app = App(Settings(), clock, tables)
    with pytest.raises(HttpError) as raised:
        await handler(app)(Request("GET", "http://10.0.0.1/api/openapi.json?version=2.0"))
    assert raised.value.extra == {"field": "version"}
    assert "3.1, 3.0" in raised.value.message.text()


def test_the_guide_calls_what_there_is() -> None:
    """The names in the C#, TypeScript and Python examples of docs/api.md are those that the generators make."""
    guide = (Path(__file__).parents[2] / "docs/api.md").read_text(encoding="utf-8")
    description = _read(VERSIONS[0])
    operation = description["paths"]["/api/contacts"]["get"]
    parameters = {one["name"] for one in operation["parameters"]}
    (method, named) = re.findall(r"client\.(\w+)Async\(([^)]*)\)", guide)[0]
    assert method[0].lower() + method[1:] == operation["operationId"]
    assert set(re.findall(r"(\w+): ", named)) <= parameters
    assert "/generateOptionalParameters:true" in guide
    assert 'client.GET("/api/contacts"' in guide
    package = description["info"]["title"].lower().replace(" ", "-") + "-client"
    assert f"pip install ./{package}\n" in guide
    module, function = re.findall(r"from (\w+\.api\.\w+) import (\w+)", guide)[0]
    assert module == f"{package.replace('-', '_')}.api.{operation['tags'][0].lower()}"
    assert function.replace("_", "") == operation["operationId"].lower()
    assert set(re.findall(rf"{function}\.sync\(client=client, (\w+)=", guide)) <= parameters


def test_the_guide_for_integrators_is_prose() -> None:
    """docs/api.md shows how to make a client; the description itself is served by the app."""
    guide = (Path(__file__).parents[2] / "docs/api.md").read_text(encoding="utf-8")
    assert guide.startswith("# API\n")
    assert all(tool in guide for tool in ("NSwag", "openapi-typescript", "openapi-python-client"))
