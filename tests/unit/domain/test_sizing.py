"""Sizing: the class by documents and size, money by hours."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import casebook
from casebook.domain.sizing import SizingTable, choose, size

TABLE = msgspec.json.decode((Path(casebook.__file__).parent / "sizing.json").read_bytes(), type=SizingTable)


@pytest.mark.parametrize(
    ("documents", "megabytes", "name"),
    [
        (0, 0, "small"),
        (99, 50, "small"),
        (100, 1, "medium"),
        (500, 1, "medium"),
        (501, 1, "large"),
        (5, 5_000, "large"),
    ],
)
def test_the_class_is_chosen_by_documents_and_size(documents: int, megabytes: float, name: str) -> None:
    assert choose(TABLE, documents, megabytes).name == name


def test_a_month_as_jobs_pays_for_the_runs_and_always_on_for_every_hour() -> None:
    sized = size(TABLE, documents=50, megabytes=10, megabytes_of_text=1, waiting_seconds=120, companies=20)
    assert sized.seconds == pytest.approx(1.5 + 50 * 0.012 + 4.0 + 120)
    assert sized.compute_usd == pytest.approx(sized.seconds / 3600 * 0.08)
    assert sized.month_as_jobs_usd == pytest.approx(20 * (sized.seconds + 60) / 3600 * 0.08)
    assert sized.month_always_on_usd == pytest.approx(730 * 0.08)


def test_a_graphics_card_costs_more_and_changes_nothing() -> None:
    sized = size(TABLE, documents=50, megabytes=10, megabytes_of_text=1, waiting_seconds=120)
    assert sized.compute_usd_on_gpu / sized.compute_usd == pytest.approx(0.51 / 0.08)


@given(st.integers(0, 10_000), st.floats(0, 10_000), st.integers(0, 10_000))
def test_more_documents_never_make_a_smaller_machine(documents: int, megabytes: float, more: int) -> None:
    names = [entry.name for entry in TABLE.classes]
    before, after = choose(TABLE, documents, megabytes), choose(TABLE, documents + more, megabytes)
    assert names.index(after.name) >= names.index(before.name)
