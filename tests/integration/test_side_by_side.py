"""Fitting statements in several processes."""

from __future__ import annotations

import os
import signal
import subprocess
from typing import Any

import pytest

from casebook.analysts.catalogue import Catalogue, built_in_catalogue
from casebook.analysts.extractive import side_by_side
from casebook.analysts.extractive.fitting import Told, fit_all
from casebook.analysts.extractive.matching import PatternIndex
from casebook.analysts.extractive.prebuilt import open_index
from casebook.analysts.extractive.side_by_side import fit_side_by_side
from casebook.domain.words import tokens

SENTENCES = (
    "Three clerks type every supplier invoice into the ledger by hand and lose two days a week.",
    "Rechnungen werden von Hand abgetippt, das dauert jeden Monat vier Tage.",
    "Nobody finds the right maintenance manual when a machine stops, so the line waits for hours.",
    "The canteen opens at eleven.",
)


@pytest.fixture(autouse=True)
def _little_is_worth_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(side_by_side, "WORTH_A_PROCESS", 4)


def corpus(passages: int) -> list[Told]:
    """Make passages of two sentences, each with a heading."""
    return [
        Told(tuple(tokens(SENTENCES[(number + one) % 4])), number, number, f"Chapter {number % 3}", 0.1 * (number % 9))
        for number in range(passages)
        for one in range(2)
    ]


@pytest.mark.parametrize("catalogue", ["built-in", "a user's"])
@pytest.mark.parametrize("processes", [2, 3])
def test_several_processes_find_what_one_finds(catalogue: str, processes: int) -> None:
    own = Catalogue("own", built_in_catalogue().patterns[:40], "x")
    index = open_index(built_in_catalogue()) if catalogue == "built-in" else PatternIndex(own)
    told = corpus(12)
    wanted = [place for place in range(len(told)) if place % 5]
    weights = [0.9] * len(index.catalogue.patterns)
    alone = fit_all(told, wanted, index, weights)
    assert any(alone)
    assert fit_side_by_side(told, wanted, index, weights, processes=processes) == alone


def test_descriptions_are_weighed_by_the_whole_corpus() -> None:
    described = tuple(
        type(one)(one.id, one.title, one.description) for one in built_in_catalogue().patterns[:30]
    )  # they name no pains
    index = PatternIndex(Catalogue("own", described, "x"))
    told = corpus(12)
    wanted = list(range(len(told)))
    assert fit_side_by_side(told, wanted, index, processes=3) == fit_all(told, wanted, index)


def test_what_a_process_was_ended_over_is_done_here(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[subprocess.Popen[bytes]] = []

    class Ended(subprocess.Popen[bytes]):
        def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401
            super().__init__(*args, **options)
            started.append(self)
            os.kill(self.pid, signal.SIGKILL)

    index = open_index(built_in_catalogue())
    told = corpus(8)
    wanted = list(range(len(told)))
    alone = fit_all(told, wanted, index)
    monkeypatch.setattr(subprocess, "Popen", Ended)
    assert fit_side_by_side(told, wanted, index, processes=3) == alone
    assert [child.returncode for child in started] == [-signal.SIGKILL] * 2


def test_no_process_is_left_behind_when_the_work_here_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[subprocess.Popen[bytes]] = []
    start = side_by_side._start  # noqa: SLF001

    def remembered() -> subprocess.Popen[bytes]:
        started.append(start())
        return started[-1]

    monkeypatch.setattr(side_by_side, "_start", remembered)

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(side_by_side, "_work_on", interrupted)
    told = corpus(8)
    with pytest.raises(KeyboardInterrupt):
        fit_side_by_side(told, list(range(len(told))), open_index(built_in_catalogue()), processes=3)
    assert len(started) == 2
    assert all(child.returncode is not None for child in started)
