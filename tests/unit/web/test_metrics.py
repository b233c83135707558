"""Figures that are logged are figures for Prometheus too."""

from __future__ import annotations

from casebook.web.metrics import Metrics


def text_of(metrics: Metrics) -> str:
    return metrics.text(backlog=0, free_bytes=0).decode()


def test_a_logged_figure_is_counted_and_summed_by_step_and_status() -> None:
    metrics = Metrics()
    for value in (1.5, 2.5):
        metrics.measure("step_seconds", value, "s", {"step": "part_a", "status": "done", "run_id": "R1"})
    text = text_of(metrics)
    assert 'casebook_step_seconds_count{status="done",step="part_a"} 2.0' in text
    assert 'casebook_step_seconds_sum{status="done",step="part_a"} 4.0' in text
    assert "R1" not in text


def test_a_figure_called_like_one_of_ours_gets_a_name_of_its_own() -> None:
    metrics = Metrics()
    metrics.submission("kept", 10)
    metrics.measure("received_bytes", 7.0, "B", {})
    text = text_of(metrics)
    assert "casebook_received_bytes_total 10.0" in text
    assert "casebook_logged_received_bytes_sum" in text
