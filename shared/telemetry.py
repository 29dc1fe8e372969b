"""OpenTelemetry: sends spans, metrics and log lines to Application Insights if PYTHON_ENABLE_OPENTELEMETRY is on.

If it is off, no OpenTelemetry package is imported. If it is on, the worker continues the trace that
the host started for each call, and the host leaves log lines to the app (azure-functions-runtime:
otel.py; capability WorkerOpenTelemetryEnabled). The exporters read address and identity from the
host's settings, APPLICATIONINSIGHTS_CONNECTION_STRING and
APPLICATIONINSIGHTS_AUTHENTICATION_STRING. Log lines are sent to LOG_CONNECTION_STRING if it is set:
alerts read them there, and many traces can't use up the quota of that resource.
"""

import asyncio
import logging
from typing import Any

from shared import log
from shared.metrics import COUNTERS, GAUGES, Metrics
from shared.settings import Settings

METRICS_EVERY_SECONDS = 60
Span = tuple[Any, Any]  # a span, and the token that makes the previous one current again


def start(settings: Settings, late: log.LateLines) -> "Telemetry | None":
    """Return the exporters, or None if the settings don't request them or they can't be created.

    A fault, such as a missing connection string, doesn't stop the app. It is logged with the first
    call, because the host drops lines that are logged before.
    """
    if settings.open_telemetry:
        try:
            return Telemetry(settings.log_connection_string)
        except Exception as error:
            log.failure("telemetry.off", error, late=late)
    return None


class Telemetry:
    """The exporters of one App. Each one sends in batches from its own thread."""

    def __init__(self, log_connection_string: str = "") -> None:
        from azure.monitor.opentelemetry.exporter import (
            AzureMonitorLogExporter,
            AzureMonitorMetricExporter,
            AzureMonitorTraceExporter,
        )
        from opentelemetry import context, trace
        from opentelemetry.sdk._logs import LoggerProvider
        from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
        from opentelemetry.sdk.metrics import MeterProvider
        from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.sdk.trace.sampling import DEFAULT_ON

        # The host samples (OTEL_TRACES_SAMPLER names a sampler that this SDK doesn't know); spans follow its decision.
        self._spans, self._lines = TracerProvider(sampler=DEFAULT_ON), LoggerProvider()
        self._spans.add_span_processor(BatchSpanProcessor(AzureMonitorTraceExporter()))
        lines = AzureMonitorLogExporter(connection_string=log_connection_string or None)
        self._lines.add_log_record_processor(BatchLogRecordProcessor(lines))
        milliseconds = METRICS_EVERY_SECONDS * 1000
        reader = PeriodicExportingMetricReader(
            AzureMonitorMetricExporter(), export_interval_millis=milliseconds
        )
        self._meters = MeterProvider([reader])
        self._handler = _LogHandler(self._lines.get_logger(log.NAME))
        logging.getLogger(log.NAME).addHandler(self._handler)
        self._tracer = self._spans.get_tracer(log.NAME)
        self._context, self._trace = context, trace
        self._failed = trace.Status(trace.StatusCode.ERROR)

    def export(self, metrics: Metrics) -> None:
        """Export the values of `metrics` once a minute from now on."""
        add_instruments(self._meters.get_meter(log.NAME), metrics)

    def begin(self, operation: str) -> Span:
        """Start a span for a call and make it the current span until `end`, which needs the returned value."""
        span = self._tracer.start_span(operation)
        return span, self._context.attach(self._trace.set_span_in_context(span))

    def end(self, opened: Span, attributes: dict[str, str | int], *, failed: bool) -> None:
        """End the span that `begin` returned, with `attributes`; mark it as an error if `failed`."""
        span, before = opened
        self._context.detach(before)
        span.set_attributes(attributes)
        if failed:
            span.set_status(self._failed)
        span.end()

    async def close(self) -> None:
        """Send the remaining telemetry and stop the exporters."""
        logging.getLogger(log.NAME).removeHandler(self._handler)
        for provider in (self._spans, self._lines, self._meters):
            await asyncio.to_thread(provider.shutdown)


def add_instruments(meter: Any, metrics: Metrics) -> None:
    """Add an observable instrument to `meter` for each sum and each latest value of `metrics`.

    The meter reads the values when it collects, because recording each call would cost ten times as
    much.
    """
    from opentelemetry.metrics import Observation

    def callback(name: str) -> Any:
        return lambda _: [Observation(*observed) for observed in metrics.observe(name)]

    for name, unit in COUNTERS.items():
        meter.create_observable_counter(name, callbacks=[callback(name)], unit=unit)
    for name, unit in GAUGES.items():
        meter.create_observable_gauge(name, callbacks=[callback(name)], unit=unit)


class _LogHandler(logging.Handler):
    """A logging handler that exports the app's log lines unchanged, as part of the current span."""

    def __init__(self, logger: Any) -> None:
        super().__init__()
        from opentelemetry._logs import LogRecord, SeverityNumber

        self._logger, self._record = logger, LogRecord
        self._severity = {
            logging.DEBUG: SeverityNumber.DEBUG,
            logging.INFO: SeverityNumber.INFO,
            logging.WARNING: SeverityNumber.WARN,
            logging.ERROR: SeverityNumber.ERROR,
        }

    def emit(self, record: logging.LogRecord) -> None:
        self._logger.emit(
            self._record(
                timestamp=int(record.created * 1e9),
                severity_number=self._severity.get(record.levelno),
                severity_text=record.levelname,
                body=record.getMessage(),
            )
        )
