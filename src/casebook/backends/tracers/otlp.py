"""Spans sent over OTLP/HTTP by OpenTelemetry's SDK, set up by its standard OTEL_* variables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Status, StatusCode


class OtlpTracer:
    """A `Tracer` whose spans are sent in batches from a thread of the SDK's; what is left is sent at the end."""

    def __init__(self, version: str) -> None:
        """Send to where OTEL_EXPORTER_OTLP_ENDPOINT (or …_TRACES_ENDPOINT) says."""
        resource = Resource.create({"service.name": "casebook", "service.version": version})
        self._provider = TracerProvider(resource=resource)
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer("casebook", version)

    @contextmanager
    def __call__(self, name: str, attributes: Mapping[str, str]) -> Iterator[None]:
        """Measure a block; an error is noted by its kind alone, for its message may name files."""
        with self._tracer.start_as_current_span(
            name, attributes=dict(attributes), record_exception=False, set_status_on_exception=False
        ) as span:
            try:
                yield
            except BaseException as error:
                span.set_attribute("error.type", type(error).__name__)
                span.set_status(Status(StatusCode.ERROR))
                raise

    def close(self) -> None:
        """Send what is left."""
        self._provider.shutdown()
