"""The local host responds as azure-functions-host 4.1037 did to 239 recorded raw requests."""

import asyncio
import json
from pathlib import Path

import pytest

from local.host.host import HostOptions
from local.host.hostfile import HostFile
from local.host.running import running

from .conftest import APPS
from .recorded.exchange import differs, send
from .recorded.probes import probes

ANSWERS = json.loads((Path(__file__).parent / "recorded/answers.json").read_text())
SETTINGS = {
    "AzureWebJobsDisableHomepage": "true",
    "FUNCTIONS_REQUEST_BODY_SIZE_LIMIT": "2097152",
}
_PARSER = "llhttp refuses it before the host sees it"
_CHUNKED = "llhttp reads the chunks; Kestrel calls the function before it does, without a body"
KNOWN_DIFFERENCES = {
    "path absolute form, other host": "uvicorn hands on the path alone",
    "path with fragment": "uvicorn drops the fragment, which no client sends",
    "method lower": _PARSER,
    "query empty": "ASGI does not tell an empty query from none",
    "header bad name": _PARSER,
    "header control character": _PARSER,
    "http 1.0 without host": "no provisioning client sends it: 400 is as good as an empty 500",
    "http 2.7": _PARSER,
    "body chunked with trailers": "llhttp hands trailers on as headers",
    "body chunked, bad size": _CHUNKED,
    "body chunked and length": _CHUNKED,
    "answer 600": "uvicorn has no status line for it; the product sends none",
    "answer 999": "uvicorn has no status line for it; the product sends none",
    "answer gzip": "the recording's Python writes another operating system into the gzip header",
}


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, object]]:
    """Return the local host's response to each probe, by the probe's name."""

    async def ask() -> dict[str, dict[str, object]]:
        options = HostOptions(timers=False, platform_sign_in=False)
        async with running(
            APPS / "probe_app.py", SETTINGS, host_file=HostFile(route_prefix=""), options=options
        ) as host:
            return await asyncio.to_thread(
                lambda: {name: send(host.port, raw) for name, raw in probes().items()}
            )

    return asyncio.run(ask())


def test_every_recorded_request_is_sent() -> None:
    """Probes and recording have the same names."""
    assert probes().keys() == ANSWERS.keys()
    assert KNOWN_DIFFERENCES.keys() <= ANSWERS.keys()


@pytest.mark.parametrize("name", sorted(ANSWERS.keys() - KNOWN_DIFFERENCES.keys()))
def test_answers_as_the_real_host_does(name: str, answers: dict[str, dict[str, object]]) -> None:
    """Status, headers, body and the request that the function received equal the recorded ones."""
    assert differs(ANSWERS[name], answers[name]) == ""


@pytest.mark.parametrize("name", sorted(KNOWN_DIFFERENCES))
def test_known_differences_still_exist(name: str, answers: dict[str, dict[str, object]]) -> None:
    """A known difference that no longer exists must be removed from the list."""
    assert differs(ANSWERS[name], answers[name])
