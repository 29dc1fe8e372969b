"""The local host treats the sample apps as the platform's engine does (azure-functions-runtime 1.3.0)."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from local.host.host import Host
from local.host.hostfile import HostFile
from local.host.loading import find_app, load_module
from tests.local.host.conftest import APPS

from .compare import Outcome, Step, outcomes
from .engine import Engine, EngineError

JOBS = {"EVERY": "*/30 * * * * *", "QUEUE": "work"}
NO_PREFIX = HostFile(route_prefix="")

HTTP = [
    Step("GET", "/echo"),
    Step(
        "POST",
        "/ECHO/M%C3%BCller%2F%20x/?x=1&x=2&X=3&y=&z&a%20b=c+d",
        b"\x00\xff",
        {"X-Mixed": "A,b", "X-Empty": ""},
    ),
    Step("BREW", "/echo/%FF"),
    Step("GET", "/a/../echo/."),
    Step("GET", "/echo/1", headers={"X-MS-CLIENT-PRINCIPAL": "forged"}),
    Step("GET", "/anonymous/a/b/?q=%C3%BC"),
    Step("GET", "/anonymous"),
    Step("POST", "/length", b"x" * 100_000),
    Step("GET", "/length"),
    Step("HEAD", "/length"),
    Step("GET", "/nothing"),
    Step("GET", "/health"),
    Step("GET", "/scim/1/v2/ServiceProviderConfig"),
    *(
        Step("GET", f"/answer/{kind}")
        for kind in (
            "none",
            "raise",
            "text",
            "str",
            "204",
            "304",
            "scim",
            "repeated",
            "thread",
            "context",
        )
    ),
]
ROUTES = [
    Step(method, target)
    for method in ("GET", "POST", "HEAD", "PUT")
    for target in (
        "/pick/1",
        "/Users",
        "/Users/.search",
        "/Users/a/b",
        "/only",
        "/typed/abcde",
        "/typed",
        "/files/a.b.json",
        "/by_name",
        "/by_empty",
        "/administrator",
    )
]


async def through_engine(path: Path, steps: list[Step]) -> list[Outcome]:
    engine = await Engine.load(path, {})
    try:
        return await outcomes(engine, steps)
    finally:
        engine.close()


async def through_local_host(path: Path, steps: list[Step]) -> list[Outcome]:
    host = Host(find_app(load_module(path, {})), environment={}, host_file=NO_PREFIX)
    try:
        return await outcomes(host.http, steps)
    finally:
        await host.stop()


@pytest.mark.parametrize(
    ("name", "steps"), [("sample_http.py", HTTP), ("sample_routes.py", ROUTES)]
)
async def test_local_host_answers_as_the_engine_does(name: str, steps: list[Step]) -> None:
    """Status, headers and body of every response are equal byte for byte."""
    expected = await through_engine(APPS / name, steps)
    found = await through_local_host(APPS / name, steps)
    assert found == expected
    assert {outcome.status for outcome in found} >= {200, 404}


@pytest.fixture
async def jobs() -> AsyncIterator[Engine]:
    """Yield `sample_jobs.py`, loaded into the engine."""
    engine = await Engine.load(APPS / "sample_jobs.py", JOBS)
    yield engine
    engine.close()


async def test_each_item_of_an_output_becomes_a_message(jobs: Engine) -> None:
    """Each item of an `Out[list[str]]` becomes one message."""
    assert await jobs.timer("plan", past_due=True) == {"work": ["one", "two"]}
    assert "plan past_due=True" in jobs.module(APPS / "sample_jobs.py").seen


async def test_queue_functions_get_messages_and_text(jobs: Engine) -> None:
    """A queue function gets a message with its dequeue count, or as text if annotated so; its return value
    is an output, and its exception becomes the engine's error.
    """
    await jobs.queue("work", "hello", dequeue_count=3)
    assert "work hello 3" in jobs.module(APPS / "sample_jobs.py").seen
    assert await jobs.queue("hand_on", "x") == {"$return": ["x!"]}
    with pytest.raises(EngineError, match="RuntimeError: bad"):
        await jobs.queue("work", "bad")


@pytest.mark.parametrize(
    "code",
    [
        "@app.route(route='x')\ndef wrong(req: func.HttpRequest) -> dict: return {}",
        "@app.route(route='x')\ndef wrong(req: func.HttpRequest, other: str) -> func.HttpResponse: return None",
        "@app.route(route='x')\n@app.queue_output(arg_name='o', queue_name='q', connection='c')\n"
        "def wrong(req: func.HttpRequest, o: func.Out[list[str]]) -> str: return ''",
        "other = func.FunctionApp()\n@app.route(route='x')\ndef right(req: func.HttpRequest) -> str: return ''",
    ],
)
async def test_engine_refuses_what_the_local_host_refuses(tmp_path: Path, code: str) -> None:
    """The engine refuses each app that the local host refuses to load; tests/local/host has the same
    cases.
    """
    path = tmp_path / f"wrong_app_{abs(hash(code))}.py"
    path.write_text(f"import azure.functions as func\napp = func.FunctionApp()\n{code}\n")
    with pytest.raises(EngineError):
        await Engine.load(path, {})
