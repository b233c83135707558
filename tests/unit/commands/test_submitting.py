"""What `submit` tells of its sending."""

from __future__ import annotations

import pytest

from casebook.commands.submitting import _Sent


@pytest.mark.parametrize(
    ("total", "said"),
    [(57_300, "Sent 28.6 of 57.3 kB"), (2_400_000, "Sent 1.2 of 2.4 MB"), (0, "Sent 0.0 of 0.0 kB")],
)
def test_sizes_are_told_in_a_unit_that_shows_progress(
    capsys: pytest.CaptureFixture[str], total: int, said: str
) -> None:
    _Sent(quiet=False)(total // 2, total)
    assert capsys.readouterr().err.strip() == said
