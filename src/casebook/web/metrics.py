"""Figures for Prometheus."""

from __future__ import annotations

import threading
from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Summary, generate_latest

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """Counts what happens at the front door."""

    def __init__(self) -> None:
        """Begin at nothing."""
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "casebook_http_requests", "Requests answered", ["method", "status"], registry=self._registry
        )
        self._seconds = Histogram("casebook_http_request_seconds", "Time to answer", registry=self._registry)
        self._submissions = Counter(
            "casebook_submissions", "Submissions by outcome", ["outcome"], registry=self._registry
        )
        self._bytes = Counter("casebook_received_bytes", "Bytes of submissions kept", registry=self._registry)
        self._backlog = Gauge("casebook_backlog_runs", "Runs that wait", registry=self._registry)
        self._adding = threading.Lock()
        self._logged: dict[str, Summary] = {}
        self._free = Gauge("casebook_free_disk_bytes", "Free space for submissions", registry=self._registry)

    def request(self, method: str, status: int, seconds: float) -> None:
        """Count a request."""
        known = method if method in {"GET", "POST", "DELETE", "HEAD", "OPTIONS"} else "other"
        self._requests.labels(known, str(status)).inc()
        self._seconds.observe(seconds)

    def submission(self, outcome: str, size: int = 0) -> None:
        """Count a submission: kept, replayed, refused or failed."""
        self._submissions.labels(outcome).inc()
        self._bytes.inc(size)

    def measure(self, name: str, value: float, unit: str, context: Mapping[str, object]) -> None:
        """Take a figure that was logged: its count and its sum, by step and status."""
        step, status = str(context.get("step", "")), str(context.get("status", ""))
        with self._adding:
            if name not in self._logged:
                self._logged[name] = self._summary(name, unit)
        self._logged[name].labels(step, status).observe(value)

    def _summary(self, name: str, unit: str) -> Summary:
        """Make the figure's summary, under another name when one of ours is called so."""
        about = f"{name.replace('_', ' ').capitalize()}, in {unit}, as logged"
        try:
            return Summary(f"casebook_{name}", about, ["step", "status"], registry=self._registry)
        except ValueError:
            return Summary(f"casebook_logged_{name}", about, ["step", "status"], registry=self._registry)

    def text(self, *, backlog: int, free_bytes: int) -> bytes:
        """Return all figures in Prometheus's format."""
        self._backlog.set(backlog)
        self._free.set(free_bytes)
        return generate_latest(self._registry)
