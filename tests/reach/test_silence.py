"""No log line about a request, whether it succeeds or fails, contains sent or stored data."""

import logging
import re
from dataclasses import replace

import orjson
import pytest

from shared.app import App
from tests.engine.compare import Outcome, Step, outcomes
from tests.engine.requests import REQUESTS
from tests.openapi.conftest import Deployed

# Data of a person, a directory, a search or a secret in the requests, in any form that a line
# could have it. Random ids must not contain one by chance, so none is short letters and digits.
PERSONAL = re.compile(
    r"(?<![a-z0-9])zo(e\b|ë|%c3|\\u)|m(ü|u|ue|%c3%bc|\\u00fc)ller|example\.com|20\W?7946"
    r"|7946\W?0018|0a21f0f2|guide|tours|\bmul\b|bearer|extdir"
)
WITHOUT_STORAGE = {
    "page_static",
    "page_directories",
    "api_description",
    "security_txt",
    "oauth_metadata",
    "scim_oauth_metadata",
    "zz_unknown_address",
    "page_setup_start",
    "page_embed",  # refused: no origin may embed the page
    "mcp",  # a list of tools
}


def _said(app: App, caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the log lines of all loggers, except those of the event loop, which concern sockets
    only.
    """
    app.metrics.report()
    return [
        record.getMessage()
        for record in caplog.records
        if record.name not in ("asyncio", "aiosqlite")
    ]


def _found(lines: list[str]) -> list[tuple[str, str]]:
    return [(found[0], line) for line in lines for found in PERSONAL.finditer(line.lower())]


def _again(found: list[Outcome]) -> list[Step]:
    """Return the same requests for the directory that the first ones created."""
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


@pytest.mark.parametrize(
    "line",
    [
        "Zoë Müller",
        "zo%C3%AB.m%C3%BCller",
        '"zo\\u00eb"',
        "GET /contacts?q=mul HTTP/1.1",
        "02079460018",
        "+44 20 7946 0018",
        "Bearer x",
    ],
)
def test_the_search_for_personal_data_finds_each_form(line: str) -> None:
    """A name or number may be escaped, encoded or cut in a log line."""
    assert _found([line])


def test_a_random_id_is_no_personal_data() -> None:
    """It contains letters and digits in any order."""
    assert _found(["zo7946mul", "1zoq", "m7946", "amulet1", "0018"]) == []


async def test_no_request_is_logged_with_its_data(
    deployed: Deployed, caplog: pytest.LogCaptureFixture
) -> None:
    """Valid and invalid requests to every function (tests/engine), with all loggers at DEBUG."""
    caplog.set_level(logging.DEBUG)
    await outcomes(deployed.host.http, REQUESTS)
    lines = _said(deployed.app, caplog)
    assert len(lines) > 40
    assert _found(lines) == []


async def test_no_failure_is_logged_with_its_data(
    deployed: Deployed, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Storage fails with personal data in its error: each function logs the failure without it."""
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
