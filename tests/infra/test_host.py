"""host.json: what the host must do that the code and the alerts count on."""

import json
from typing import Any

from bench import cost
from tests.infra.bicep import ROOT

TEXT = (ROOT / "host.json").read_text(encoding="utf-8")
HOST: dict[str, Any] = json.loads(TEXT)


def test_no_log_line_is_left_out_by_sampling() -> None:
    """Alerts and `metrics.*` count lines and requests: one left out is one not counted."""
    sampling = HOST["logging"]["applicationInsights"]["samplingSettings"]
    assert {"Request", "Exception", "Trace"} <= set(sampling["excludedTypes"].split(";"))


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
