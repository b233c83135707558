"""Progress on the terminal."""

from __future__ import annotations

import pytest

from casebook import progress
from casebook.domain.run import Stage
from casebook.progress import Bar, Lines, Silent, open_display


def test_every_stage_has_words() -> None:
    assert set(progress.WORDS) == set(Stage)


def test_a_line_is_written_once_a_step(capsys: pytest.CaptureFixture[str]) -> None:
    with Lines() as lines:
        lines(Stage.SETUP, 0, 9)
        lines(Stage.SETUP, 1, 9, "a.txt")
        lines(Stage.PART_A, 1, 1, "done before")
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == ["[1/7] Reading the files …", "[3/7] Analysing the company … (done before)"]


def test_a_long_step_says_how_far_it_is(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "_SECONDS_BETWEEN_LINES", 0.0)
    lines = Lines()
    lines(Stage.SETUP, 0, 9)
    lines(Stage.SETUP, 5, 9)
    assert capsys.readouterr().err.splitlines()[1] == "[1/7] Reading the files: 5 of 9"


def test_the_bar_goes_to_stderr_and_takes_names_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    with Bar() as bar:
        bar(Stage.SETUP, 1, 2, "[bold]file[/bold].txt")
        bar(Stage.SETUP, 2, 2, "[/] x")
    out, err = capsys.readouterr()
    assert out == ""
    assert "Reading the files" in err
    assert "[/] x" in err


@pytest.mark.parametrize(("quiet", "kind"), [(True, Silent), (False, Lines)])
def test_the_display_fits_where_it_goes(quiet: bool, kind: type) -> None:  # noqa: FBT001 - a case
    with open_display(quiet=quiet) as display:
        assert type(display) is kind
        display(Stage.SETUP, 1, 1)


def test_silence_is_silent(capsys: pytest.CaptureFixture[str]) -> None:
    with Silent() as silent:
        silent(Stage.SETUP, 1, 2)
    assert capsys.readouterr() == ("", "")
