"""What is logged of requests: on every route, whether it answers or fails, no line holds what was sent or stored."""

import logging
from dataclasses import replace

import orjson
import pytest

from shared.app import App
from tests.engine.compare import Outcome, Step, outcomes
from tests.engine.requests import REQUESTS
from tests.openapi.conftest import Deployed

# What the requests hold of a person, a directory, a search or a secret, in any form that a line could have it.
PERSONAL = (
    "zo",
    "ller",
    "example.com",
    "7946",
    "0a21f0f2",
    "guide",
    "tours",
    "mul",
    "bearer",
    "extdir",
)
WITHOUT_STORAGE = {"page_static", "page_directories", "api_description"}


def _said(app: App, caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the lines of all loggers but the event loop's, which are about sockets only."""
    app.metrics.report()
    return [
        record.getMessage()
        for record in caplog.records
        if record.name not in ("asyncio", "aiosqlite")
    ]


def _found(lines: list[str]) -> list[tuple[str, str]]:
    return [(word, line) for word in PERSONAL for line in lines if word in line.lower()]


def _again(found: list[Outcome]) -> list[Step]:
    """The same requests for the directory that the first ones made."""
    made = next(
        orjson.loads(each.body) for each in found if each.request == "POST /api/directories"
    )
    known = {"<directory>": made["id"], "<token>": made["token"]}

    def fill(text: str) -> str:
        for name, value in known.items():
            text = text.replace(name, value)
        return text

    return [
        replace(
            step,
            target=fill(step.target),
            headers={k: fill(v) for k, v in step.headers.items()},
            keep={},
        )
        for step in REQUESTS
    ]


async def test_no_request_is_logged_with_what_it_holds(
    deployed: Deployed, caplog: pytest.LogCaptureFixture
) -> None:
    """Right and wrong requests to every function (tests/engine), with all loggers at their most talkative."""
    caplog.set_level(logging.DEBUG)
    await outcomes(deployed.host.http, REQUESTS)
    lines = _said(deployed.app, caplog)
    assert len(lines) > 40
    assert _found(lines) == []


async def test_no_failure_is_logged_with_what_it_holds(
    deployed: Deployed, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where storage fails with people's data in its error, each function logs that it failed, and nothing of them."""
    steps = _again(await outcomes(deployed.host.http, REQUESTS[:3]))

    async def broken(*_: object, **__: object) -> None:
        raise RuntimeError("Zoë Müller, zoe@example.com, +44 20 7946 0018")

    for call in ("get", "query", "transact"):
        monkeypatch.setattr(type(deployed.app.tables), call, broken)
    caplog.set_level(logging.DEBUG)
    caplog.clear()
    await outcomes(deployed.host.http, steps)
    lines = _said(deployed.app, caplog)
    assert _found(lines) == []
    events = [orjson.loads(line) for line in lines if line.startswith("{")]
    failed = {event["operation"] for event in events if event["event"].endswith(".error")}
    assert {function.name for function in deployed.host.functions.http} - failed == WITHOUT_STORAGE
