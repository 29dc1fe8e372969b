"""One setting makes the engine's process send OpenTelemetry data to Application Insights, here a
receiver on loopback.
"""

import gzip
import json
import os
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from local.host.running import ROOT

from .sending import PARENT, TRACE

KEY = "00000000-0000-4000-8000-00000000aaaa"
LOG_KEY = "00000000-0000-4000-8000-00000000bbbb"


class _Ingestion(BaseHTTPRequestHandler):
    """Receives telemetry as the ingestion endpoint of Application Insights (Breeze, /v2.1/track)."""

    received: list[dict[str, Any]]

    def log_message(self, *_: Any) -> None:
        """Print nothing."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        text = gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body
        items = json.loads(text)
        self.received.extend(items)
        answer = json.dumps(
            {"itemsReceived": len(items), "itemsAccepted": len(items), "errors": []}
        ).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """Return all telemetry items that one run of sending.py sends."""
    received: list[dict[str, Any]] = []
    handler = type("Handler", (_Ingestion,), {"received": received})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        endpoint = f"http://127.0.0.1:{server.server_address[1]}/"
        done = run(tmp_path_factory.mktemp("sent"), address(endpoint), address(endpoint, LOG_KEY))
        server.shutdown()
        thread.join()
    assert done.returncode == 0, done.stderr
    return received


def address(endpoint: str, key: str = KEY) -> str:
    """Return a connection string in the form of the template's output."""
    return f"InstrumentationKey={key};IngestionEndpoint={endpoint}"


def run(
    folder: Path, connection_string: str, log_connection_string: str = ""
) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "PYTHON_ENABLE_OPENTELEMETRY": "true",
        "APPLICATIONINSIGHTS_CONNECTION_STRING": connection_string,
        "LOG_CONNECTION_STRING": log_connection_string,
        "OTEL_TRACES_SAMPLER": "microsoft.rate_limited",
        "OTEL_TRACES_SAMPLER_ARG": "0.016",
        "APPLICATIONINSIGHTS_STATSBEAT_DISABLED_ALL": "true",
        "APPLICATIONINSIGHTS_CONTROLPLANE_DISABLED": "true",
        "OTEL_SERVICE_NAME": "func-test",
        "TMPDIR": str(folder),
    }
    command = [sys.executable, "-m", "tests.engine.sending", str(folder)]
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60
    )


def of(sent: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [item for item in sent if item["data"]["baseType"] == kind]


def test_each_call_is_a_span_in_the_trace_that_the_host_began(sent: list[dict[str, Any]]) -> None:
    """The host's span is the parent of each invocation's span (W3C Trace Context), for requests, timers
    and messages.
    """
    spans = {item["data"]["baseData"]["name"]: item for item in of(sent, "RemoteDependencyData")}
    assert set(spans) == {"presence_health", "scim_users", "maintenance_timer"}
    for span in spans.values():
        assert span["tags"]["ai.operation.id"] == TRACE
        assert span["tags"]["ai.operation.parentId"] == PARENT
        assert span["tags"]["ai.cloud.role"] == "func-test"
    properties = spans["scim_users"]["data"]["baseData"]["properties"]
    assert properties["directory_id"] == "contoso"
    assert properties["status"] == "401"
    assert int(properties["round_trips"]) == 1


def test_no_span_is_sent_as_a_request(sent: list[dict[str, Any]]) -> None:
    """No span is sent as a request, because the host reports requests already, and the alert *Server
    errors* would count each error twice.
    """
    assert of(sent, "RequestData") == []


def test_log_lines_arrive_unchanged(sent: list[dict[str, Any]]) -> None:
    """AppTraces.Message is the JSON object that the alerts parse, with the trace ID of its invocation."""
    lines = {
        json.loads(item["data"]["baseData"]["message"])["event"]: item
        for item in of(sent, "MessageData")
    }
    assert {"timer.run", "maintenance.done", "metrics.calls"} <= set(lines)
    assert lines["timer.run"]["tags"]["ai.operation.id"] == TRACE
    assert (
        json.loads(lines["timer.run"]["data"]["baseData"]["message"])["operation"]
        == "maintenance_timer"
    )


def test_metrics_are_the_instruments_of_the_documentation(sent: list[dict[str, Any]]) -> None:
    """docs/operations.md names every metric, and each data point has its operation."""
    points = [
        point for item in of(sent, "MetricData") for point in item["data"]["baseData"]["metrics"]
    ]
    assert {point["name"] for point in points} >= {"directories.calls", "directories.calls.p95"}
    operations = {
        item["data"]["baseData"]["properties"].get("operation") for item in of(sent, "MetricData")
    }
    assert operations >= {"presence_health", "scim_users", "maintenance_timer"}


def test_a_call_that_the_host_does_not_sample_sends_its_lines_alone(
    sent: list[dict[str, Any]],
) -> None:
    """An invocation that the host doesn't sample (OTEL_TRACES_SAMPLER) sends its log lines, but no span,
    so that a flood of requests isn't a flood of spans.
    """
    spans = {item["data"]["baseData"]["name"] for item in of(sent, "RemoteDependencyData")}
    lines = [json.loads(item["data"]["baseData"]["message"]) for item in of(sent, "MessageData")]
    assert "security_txt" not in spans
    assert any(
        line["event"] == "metrics.calls" and line["operation"] == "security_txt" for line in lines
    )


def test_no_line_of_a_library_and_no_exception_is_sent(sent: list[dict[str, Any]]) -> None:
    """No log line of a library and no text of an exception is sent; log lines go to the resource of the
    alerts, and all other items to the resource of the traces.
    """
    assert {item["data"]["baseType"] for item in sent} == {
        "RemoteDependencyData",
        "MessageData",
        "MetricData",
    }
    assert {item["iKey"] for item in of(sent, "MessageData")} == {LOG_KEY}
    assert {item["iKey"] for item in sent if item not in of(sent, "MessageData")} == {KEY}


@pytest.mark.parametrize("connection_string", [address("http://127.0.0.1:9/"), "nonsense", ""])
def test_the_app_works_if_telemetry_can_not_be_sent(tmp_path: Path, connection_string: str) -> None:
    """If the receiver is unreachable, or the address or setting is missing, requests succeed nevertheless."""
    done = run(tmp_path, connection_string)
    assert done.returncode == 0, done.stderr
    assert "/scim/contoso/v2/Users 401" in done.stdout
