"""OpenTelemetry, while PYTHON_ENABLE_OPENTELEMETRY is on: a span for each call, the sums of `shared.metrics` and the
log lines go to Application Insights. While it is off nothing of it is imported.

The engine then hands each call the trace that the host began, and the host leaves the log lines to the app
(azure-functions-runtime: otel.py; capability WorkerOpenTelemetryEnabled). Address and identity are the host's own
settings, APPLICATIONINSIGHTS_CONNECTION_STRING and APPLICATIONINSIGHTS_AUTHENTICATION_STRING, which the exporters read.
"""

import logging
from typing import Any

from shared import log
from shared.settings import Settings

METRICS_EVERY_SECONDS = 60
Open = tuple[Any, Any]  # a span and what makes the one before it current again


def start(settings: Settings) -> None:
    """Begin to send, where the settings say so. What can't be sent never keeps the app from working."""
    global _sending
    if settings.open_telemetry and _sending is None:
        try:
            _sending = _Sending()
        except Exception as error:  # a connection string that is missing or none
            log.failure("telemetry.off", error)


def begin(operation: str) -> Open | None:
    """A span for a call, current until its `end`; None while nothing is sent."""
    return None if _sending is None else _sending.begin(operation)


def end(opened: Open | None, attributes: dict[str, str | int], *, failed: bool) -> None:
    """The call is over."""
    if opened is not None and _sending is not None:
        _sending.end(opened, attributes, failed=failed)


class _Sending:
    """The exporters, and the parts of the API that a call needs."""

    def __init__(self) -> None:
        from azure.monitor.opentelemetry.exporter import (
            AzureMonitorLogExporter,
            AzureMonitorMetricExporter,
            AzureMonitorTraceExporter,
        )
        from opentelemetry import context, metrics, trace
        from opentelemetry.sdk._logs import LoggerProvider
        from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
        from opentelemetry.sdk.metrics import MeterProvider
        from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        # Each sends in batches from a thread of its own, and what is left when the process ends.
        spans, lines = TracerProvider(), LoggerProvider()
        spans.add_span_processor(BatchSpanProcessor(AzureMonitorTraceExporter()))
        lines.add_log_record_processor(BatchLogRecordProcessor(AzureMonitorLogExporter()))
        every = METRICS_EVERY_SECONDS * 1000
        reader = PeriodicExportingMetricReader(
            AzureMonitorMetricExporter(), export_interval_millis=every
        )
        metrics.set_meter_provider(MeterProvider([reader]))
        logging.getLogger(log.NAME).addHandler(_Lines(lines.get_logger(log.NAME)))
        self._tracer = spans.get_tracer(log.NAME)
        self._context, self._trace, self._failed = (
            context,
            trace,
            trace.Status(trace.StatusCode.ERROR),
        )

    def begin(self, operation: str) -> Open:
        span = self._tracer.start_span(operation)
        return span, self._context.attach(self._trace.set_span_in_context(span))

    def end(self, opened: Open, attributes: dict[str, str | int], *, failed: bool) -> None:
        span, before = opened
        self._context.detach(before)
        span.set_attributes(attributes)
        if failed:
            span.set_status(self._failed)
        span.end()


class _Lines(logging.Handler):
    """Sends the app's own lines as they are; they belong to the span that is current."""

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


_sending: _Sending | None = None
