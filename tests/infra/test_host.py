"""host.json has the host settings on which the code and the alerts rely."""

import json
from typing import Any

from bench import cost
from local.host_levels import function_names, host_file
from tests.infra.bicep import ROOT

TEXT = (ROOT / "host.json").read_text(encoding="utf-8")
HOST: dict[str, Any] = json.loads(TEXT)


def test_no_line_of_the_app_is_left_out_by_sampling() -> None:
    """The app's log lines (traces) are never sampled, because alerts and `metrics.*` count them."""
    sampling = HOST["logging"]["applicationInsights"]["samplingSettings"]
    assert sampling["excludedTypes"] == "Trace"


def test_strangers_cannot_fill_the_log_with_requests() -> None:
    """Requests and exceptions are sampled, because every unauthenticated request would else be stored.

    20 instances that are flooded all day then write less than the quota of 1 GB, at 1.2 kB a row.
    """
    sampling = HOST["logging"]["applicationInsights"]["samplingSettings"]
    assert sampling["isEnabled"] is True
    assert not {"Request", "Exception"} & set(sampling["excludedTypes"].split(";"))
    rows = sampling["maxTelemetryItemsPerSecond"] * 86_400 * 19
    assert rows * cost.ROW_BYTES < 1e9


def test_every_function_has_its_log_levels() -> None:
    """host.json is the output of `python -m local host-levels`: it switches off the host's two lines for
    each call and keeps the app's own lines.
    """
    names = function_names()
    assert len(names) > 40
    assert host_file(TEXT, names) == TEXT
    level = HOST["logging"]["logLevel"]
    assert all(level[f"Function.{name}"] == "Warning" for name in names)
    assert all(level[f"Function.{name}.User"] == "Information" for name in names)
    assert "Host.Results" not in level  # requests stay, sampled
    assert len(level) == 2 * len(names) + 1


def test_a_new_function_makes_the_file_stale() -> None:
    """A function without log levels changes the generated file, so the test above finds it."""
    assert host_file(TEXT, [*function_names(), "another"]) != TEXT


def test_query_strings_are_not_logged() -> None:
    """The host doesn't log query strings, because a SCIM filter contains a name; it does so only if
    `enableQueryStringTracing` is set (azure-webjobs-sdk #3026).
    """
    assert "enablequerystringtracing" not in TEXT.lower()


def test_messages_are_tried_as_often_as_documented() -> None:
    """A message is tried five times before it goes to the poison queue (docs/operations.md), and
    `batchSize` is the one that the cost table assumes.
    """
    queues = HOST["extensions"]["queues"]
    assert queues["maxDequeueCount"] == 5
    assert queues["batchSize"] == cost.BATCH
    assert queues["messageEncoding"] == "base64"


def test_extensions_are_those_of_the_current_bundle() -> None:
    """The extension bundle is of version 4, which queue triggers with a managed identity need."""
    assert HOST["extensionBundle"]["version"] == "[4.*, 5.0.0)"
