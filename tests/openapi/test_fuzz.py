"""Valid and invalid requests generated from the description: no response is a 5xx except those
described.

200 requests, 10,000 with HYPOTHESIS_PROFILE=nightly.
"""

import asyncio
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from local.openapi.document import describe
from shared.http import Response
from tests.openapi.conftest import Deployed, started, stopped
from tests.openapi.schema import resolved
from tests.openapi.test_description import METHODS

DESCRIPTION = describe()
OPERATIONS = [
    (method, path, item, item[method])
    for path, item in DESCRIPTION["paths"].items()
    for method in METHODS
    if method in item
]
EXAMPLES = 10_000 if os.environ.get("HYPOTHESIS_PROFILE") == "nightly" else 200
_SLOW = (
    HealthCheck.too_slow,
    HealthCheck.filter_too_much,
    HealthCheck.data_too_large,
    HealthCheck.large_base_example,
)
FILTERS = st.sampled_from(
    [
        'userName eq "a"',
        "not (",
        'emails[type eq "work"].value sw "a" and active eq true',
        "title pr",
        'id eq "\\ud800"',
    ]
)
TEXTS = st.one_of(
    st.sampled_from(
        [
            "",
            "contoso",
            "nobody",
            ".search",
            "..",
            "0",
            "-1",
            "99999999999999999999",
            "null",
            "*",
            "a,b",
        ]
    ),
    st.text(max_size=40),
    FILTERS,
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3)
    ),
    max_leaves=6,
)


@dataclass(frozen=True, slots=True)
class Sent:
    """A generated request."""

    method: str
    path: str
    body: bytes
    media_type: str
    headers: dict[str, str]


def values(schema: dict[str, Any], depth: int = 0) -> st.SearchStrategy[Any]:
    """Values of a schema, now and then something else."""
    return st.one_of(
        _right(resolved(schema, DESCRIPTION), depth),
        _right(resolved(schema, DESCRIPTION), depth),
        ANYTHING,
    )


def _right(schema: dict[str, Any], depth: int) -> st.SearchStrategy[Any]:
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if "const" in schema:
        return st.just(schema["const"])
    if "oneOf" in schema:
        return st.one_of([values(one, depth + 1) for one in schema["oneOf"]])
    kind = schema.get("type")
    if isinstance(kind, list):
        return st.one_of(st.none(), _right(schema | {"type": kind[0]}, depth))
    match kind:
        case "string":
            return TEXTS
        case "integer" | "number":
            return st.integers(-5, 500)
        case "boolean":
            return st.booleans()
        case "array" if depth < 5:
            return st.lists(values(schema.get("items", {}), depth + 1), max_size=3)
        case "object" if schema.get("properties") and depth < 5:
            properties = {
                name: values(sub, depth + 1) for name, sub in schema["properties"].items()
            }
            required = {
                name: each
                for name, each in properties.items()
                if name in schema.get("required", [])
            }
            optional = {name: each for name, each in properties.items() if name not in required}
            return st.fixed_dictionaries(required, optional=optional)
    return ANYTHING


BODIES = {
    (method, path): values(next(iter(operation["requestBody"]["content"].values()))["schema"])
    for method, path, _, operation in OPERATIONS
    if "requestBody" in operation
}


@st.composite
def requests(draw: st.DrawFn, known: list[str]) -> Sent:
    """A request to one of the operations, or with another method to its path."""
    method, path, item, operation = draw(st.sampled_from(OPERATIONS))
    query: dict[str, str] = {}
    headers: dict[str, str] = {}
    for parameter in (*item.get("parameters", []), *operation.get("parameters", [])):
        name = parameter["name"]
        if parameter["in"] == "path":
            usual = ["contoso"] if name == "directoryId" else known
            value = draw(
                st.one_of(st.sampled_from(usual), st.sampled_from(usual), TEXTS.filter(bool))
            )
            path_value = quote(value.encode("utf-8", "replace"), safe="")
            path = path.replace(f"{{{name}}}", path_value)
        elif draw(st.booleans()):
            value = str(draw(values(parameter["schema"])))
            if parameter["in"] == "query":
                query[name] = value.encode("utf-8", "replace").decode()
            else:
                headers[name.lower()] = (
                    value.encode("ascii", "ignore").decode().replace("\n", "").replace("\r", "")
                )
    if query:
        path += "?" + urlencode(query)
    body, media_type = _body(draw, method, operation, (method, item["x-function"]))
    verb = draw(
        st.sampled_from(
            [method, method, method, "get", "post", "put", "patch", "delete", "head", "options"]
        )
    )
    return Sent(verb.upper(), path, body, media_type, headers)


def _body(
    draw: st.DrawFn, method: str, operation: dict[str, Any], _: tuple[str, str]
) -> tuple[bytes, str]:
    content = operation.get("requestBody", {}).get("content")
    if content is None:
        return b"", "application/json"
    (media_type, media), *_rest = content.items()
    kind = draw(st.sampled_from(["example", "made", "made", "mutated", "bytes"]))
    if kind == "bytes":
        return draw(st.binary(max_size=60)), media_type
    value = media["example"] if kind == "example" else draw(values(media["schema"]))
    if kind == "mutated" and isinstance(media["example"], dict):
        name = draw(st.sampled_from(sorted(media["example"])))
        value = {**media["example"], name: draw(ANYTHING)}
    if "form" in media_type:
        fields = value if isinstance(value, dict) else {}
        return urlencode(
            {name: str(each).encode("utf-8", "replace") for name, each in fields.items()}
        ).encode(), media_type
    try:
        return orjson.dumps(value), media_type
    except TypeError:  # a surrogate or a number beyond 64 bits
        return b'{"userName": "\\ud800"}', media_type


@pytest.fixture(scope="module")
def running(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Deployed, asyncio.Runner, list[str]]]:
    """Return one app for all requests, so that they meet the results of earlier ones."""
    with asyncio.Runner() as runner:
        deployed = runner.run(started(tmp_path_factory.mktemp("fuzz")))
        known = ["User", ".search"]
        for number in range(3):
            user = {
                "userName": f"p{number}@example.com",
                "phoneNumbers": [{"value": f"+44 20 7946 00{number}"}],
            }
            known.append(runner.run(deployed.json("POST", "/scim/contoso/v2/Users", user))["id"])
        members = [{"value": known[-1]}]
        group = runner.run(
            deployed.json(
                "POST", "/scim/contoso/v2/Groups", {"displayName": "Sales", "members": members}
            )
        )
        yield deployed, runner, [*known, group["id"]]
        runner.run(stopped(deployed))


@pytest.mark.slow
def test_no_request_causes_a_500(running: tuple[Deployed, asyncio.Runner, list[str]]) -> None:
    """Described exceptions are 501 for /Me, and 503 if Microsoft can't be reached."""
    deployed, runner, known = running
    calls = 0

    async def answered(sent: Sent) -> Response:
        deployed.app.clock.advance(1)  # type: ignore[attr-defined]  # the directory is not flooded
        await _restored(deployed)
        return await deployed.call(
            sent.method, sent.path, sent.body, sent.media_type, **sent.headers
        )

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=EXAMPLES == 200,
        suppress_health_check=_SLOW,
    )
    @given(sent=requests(known))
    def fuzz(sent: Sent) -> None:
        nonlocal calls
        calls += 1
        response = runner.run(answered(sent))
        assert response.status < 500 or response.status in (501, 503), (sent, response)
        if response.status >= 400 and sent.method != "HEAD" and response.body:
            assert isinstance(orjson.loads(response.body), dict)

    fuzz()
    assert calls >= EXAMPLES


async def _restored(deployed: Deployed) -> None:
    """Restore the directory if the last request deleted it."""
    await deployed.call("POST", "/api/directories/contoso/restore")


def test_any_body_of_every_operation_causes_no_500(
    running: tuple[Deployed, asyncio.Runner, list[str]],
) -> None:
    """Each operation gets each kind of malformed body: it is accepted, or refused with a standard
    error.
    """
    deployed, runner, known = running
    nonsense = [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"x"',
        b"7",
        b"\xff",
        b"[" * 3000,
        b'{"a":' * 500,
        b'{"\\ud800": 1}',
        b"{}",
    ]
    for method, path, _, operation in OPERATIONS:
        if "requestBody" not in operation:
            continue
        address = path.replace("{directoryId}", "contoso").replace("{id}", known[2])
        for body in nonsense:
            deployed.app.clock.advance(1)  # type: ignore[attr-defined]
            media_type = next(iter(operation["requestBody"]["content"]))
            response = runner.run(deployed.call(method.upper(), address, body, media_type))
            assert response.status < 500, (method, path, body, response)


def test_any_value_of_every_parameter_causes_no_500(
    running: tuple[Deployed, asyncio.Runner, list[str]], tmp_path: Path
) -> None:
    """Each query parameter of each operation gets values of other types."""
    deployed, runner, known = running
    for method, path, item, operation in OPERATIONS:
        if method != "get":
            continue
        address = (
            path.replace("{directoryId}", "contoso")
            .replace("{id}", known[2])
            .replace("{contactId}", known[2])
        )
        for parameter in (*item.get("parameters", []), *operation.get("parameters", [])):
            if parameter["in"] != "query":
                continue
            for value in (
                "",
                "x",
                "-1",
                "0",
                "1e9",
                "9" * 30,
                "é\ud83d\ude00"[:1],
                "%",
                '"',
                "\x00",
                "a" * 3000,
            ):
                deployed.app.clock.advance(1)  # type: ignore[attr-defined]
                response = runner.run(
                    deployed.call("GET", f"{address}?{urlencode({parameter['name']: value})}")
                )
                assert response.status < 500, (path, parameter["name"], value, response)
