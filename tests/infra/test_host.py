"""host.json: settings of the host that the code and the alerts rely on."""

import json
from typing import Any

from bench import cost
from local.host_levels import function_names, host_file
from tests.infra.bicep import ROOT

TEXT = (ROOT / "host.json").read_text(encoding="utf-8")
HOST: dict[str, Any] = json.loads(TEXT)


def test_no_line_of_the_app_is_left_out_by_sampling() -> None:
    """Alerts and `metrics.*` count lines: one left out is one not counted."""
    sampling = HOST["logging"]["applicationInsights"]["samplingSettings"]
    assert sampling["excludedTypes"] == "Trace"


def test_strangers_cannot_fill_the_log_with_requests() -> None:
    """Each request, and each body above the host's limit with its exception, is a row unless they are sampled.

    20 instances that are flooded all day write less than the quota of 1 GB, at 1.2 kB a row.
    """
    sampling = HOST["logging"]["applicationInsights"]["samplingSettings"]
    assert sampling["isEnabled"] is True
    assert not {"Request", "Exception"} & set(sampling["excludedTypes"].split(";"))
    rows = sampling["maxTelemetryItemsPerSecond"] * 86_400 * 19
    assert rows * cost.ROW_BYTES < 1e9


def test_every_function_has_its_log_levels() -> None:
    """The host's two lines for each call are off, the app's own are on: `python -m local host-levels` writes them."""
    names = function_names()
    assert len(names) > 40
    assert host_file(TEXT, names) == TEXT
    level = HOST["logging"]["logLevel"]
    assert all(level[f"Function.{name}"] == "Warning" for name in names)
    assert all(level[f"Function.{name}.User"] == "Information" for name in names)
    assert "Host.Results" not in level  # requests stay, sampled
    assert len(level) == 2 * len(names) + 1


def test_a_new_function_makes_the_file_stale() -> None:
    """So that its lines are not forgotten."""
    assert host_file(TEXT, [*function_names(), "another"]) != TEXT


def test_query_strings_are_not_logged() -> None:
    """A SCIM filter holds a name; the host logs no query unless told to (azure-webjobs-sdk #3026)."""
    assert "enablequerystringtracing" not in TEXT.lower()


def test_messages_are_tried_as_often_as_documented() -> None:
    """Five times, then the poison queue (docs/operations.md); as many at once as the cost table reckons with."""
    queues = HOST["extensions"]["queues"]
    assert queues["maxDequeueCount"] == 5
    assert queues["batchSize"] == cost.BATCH
    assert queues["messageEncoding"] == "base64"


def test_extensions_are_those_of_the_current_bundle() -> None:
    """Queues by identity need version 4 of the extension bundle."""
    assert HOST["extensionBundle"]["version"] == "[4.*, 5.0.0)"
