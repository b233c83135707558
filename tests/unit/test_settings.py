"""Settings from the environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from casebook.errors import PermanentError
from casebook.settings import Settings


def test_an_empty_environment_gives_the_defaults() -> None:
    assert Settings.from_environment({}) == Settings()
    assert Settings.from_environment({"CASEBOOK_OUTPUTS": "", "CASEBOOK_CATALOGUE": ""}) == Settings()


def test_every_setting_has_a_variable() -> None:
    environment = {
        "CASEBOOK_OUTPUTS": "/out",
        "CASEBOOK_CATALOGUE": "own.csv",
        "CASEBOOK_CATALOGUE_MODE": "add",
        "CASEBOOK_WORKERS": "3",
        "CASEBOOK_DATABASE": "postgresql://db/casebook",
        "CASEBOOK_RUNS_AT_ONCE": "4",
        "CASEBOOK_RUNS_PER_HOUR": "5",
        "CASEBOOK_MAX_WAITING": "6",
        "CASEBOOK_LEASE_SECONDS": "7",
        "CASEBOOK_KEEP_QUEUE_DAYS": "8",
    }
    assert Settings.from_environment(environment) == Settings(
        Path("/out"),
        Path("own.csv"),
        with_built_in=True,
        workers=3,
        database="postgresql://db/casebook",
        runs_at_once=4,
        runs_per_hour=5,
        max_waiting=6,
        lease_seconds=7,
        keep_queue_days=8,
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CASEBOOK_WORKERS", "-1"),
        ("CASEBOOK_WORKERS", "two"),
        ("CASEBOOK_CATALOGUE_MODE", "both"),
        ("CASEBOOK_DATABASE", "mysql://db"),
        ("CASEBOOK_RUNS_AT_ONCE", "0"),
        ("CASEBOOK_MAX_WAITING", "²"),
        ("CASEBOOK_LEASE_SECONDS", "0"),
    ],
)
def test_a_wrong_value_is_named_with_what_it_takes(name: str, value: str) -> None:
    with pytest.raises(PermanentError, match=f"{name} is "):
        Settings.from_environment({name: value})
