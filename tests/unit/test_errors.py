"""Errors say what happened."""

from __future__ import annotations

import pytest

from casebook import errors


@pytest.mark.parametrize(
    "kind", [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)]
)
def test_the_docstring_is_the_default_message(kind: type[errors.CasebookError]) -> None:
    assert kind.__doc__ is not None
    assert str(kind()) == kind.__doc__.strip()
    assert str(kind("other")) == "other"
    assert issubclass(kind, errors.CasebookError)


def test_a_transient_error_keeps_how_long_to_wait() -> None:
    assert errors.TransientError(retry_after=2.5).retry_after == 2.5
