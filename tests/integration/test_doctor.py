"""What the doctor finds on a sound machine and on a broken one."""

from __future__ import annotations

import json
import sys
import tomllib
from pathlib import Path

import pytest

from casebook import doctor
from casebook.backends.storages.objects import ObjectStorage
from casebook.doctor import Check, examine
from casebook.extras import EXTRAS
from casebook.settings import (
    DoorSettings,
    DriveSettings,
    EngineSettings,
    LauncherSettings,
    NotifySettings,
    Settings,
    VectorStoreSettings,
)

PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"


def _checks(settings: Settings) -> dict[str, Check]:
    return {check.name: check for check in examine(settings)}


def test_a_sound_machine_has_all_that_is_needed_and_nothing_is_left_behind(tmp_path: Path) -> None:
    checks = _checks(Settings(outputs=tmp_path / "outputs"))
    assert [check.name for check in checks.values() if check.needed and not check.ok] == []
    assert {"Python", "msgspec", "Outputs folder", "Free disk space", "Worker processes", "Catalogue"} <= checks.keys()
    assert list(tmp_path.iterdir()) == []


def test_a_bucket_is_tried_out_and_left_as_it_was(bucket: str, tmp_path: Path) -> None:
    settings = Settings(state=tmp_path)
    tried = doctor._bucket(settings.at(f"{bucket}/outputs"))  # noqa: SLF001 - the others take seconds
    assert (tried.ok, tried.finding) == (True, f"{bucket}/outputs can be written to")
    assert ObjectStorage(bucket, plain_http=True).keys("") == []
    missing = doctor._bucket(settings.at(f"{bucket}-missing"))  # noqa: SLF001
    assert (missing.ok, "create it" in missing.finding) == (False, True)


def test_the_libraries_looked_for_are_those_that_are_required() -> None:
    pyproject = (Path(__file__).resolve().parents[2] / "pyproject.toml").read_text(encoding="utf-8")
    required = pyproject.partition("\ndependencies = [")[2].partition("]")[0]
    assert all(f'"{distribution}>=' in required for distribution in doctor.LIBRARIES.values())
    assert required.count(">=") == len(doctor.LIBRARIES)


def test_a_missing_library_is_named_with_the_way_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rich", None)  # Python's own way to make an import fail
    check = _checks(Settings(outputs=tmp_path))["rich"]
    assert (check.ok, check.needed, check.mark) == (False, True, "!!")
    assert doctor.HOW_TO_GET_LIBRARIES in check.finding


def test_an_outputs_folder_that_is_a_file_is_explained(tmp_path: Path) -> None:
    (tmp_path / "outputs").write_text("x", encoding="utf-8")
    check = _checks(Settings(outputs=tmp_path / "outputs"))["Outputs folder"]
    assert not check.ok
    assert "choose another folder with --outputs" in check.finding


def test_a_catalogue_that_does_not_load_is_explained(tmp_path: Path) -> None:
    check = _checks(Settings(outputs=tmp_path, catalogue=tmp_path / "none.json"))["Catalogue"]
    assert not check.ok
    assert "cannot read the catalogue" in check.finding


def test_workers_that_cannot_start_are_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "no-python"))
    check = _checks(Settings(outputs=tmp_path))["Worker processes"]
    assert not check.ok


def test_scans_are_optional_and_the_way_to_read_them_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    check = _checks(Settings(outputs=tmp_path))["Scans: tesseract"]
    assert (check.ok, check.needed, check.mark) == (False, False, "--")
    assert "uv sync --extra ocr" in check.finding


@pytest.mark.parametrize(("listed", "ok"), [("deu\neng\nosd", True), ("eng", False)])
def test_the_languages_of_tesseract_are_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, listed: str, *, ok: bool
) -> None:
    program = tmp_path / "tesseract"
    program.write_text(f"#!/bin/sh\necho '{listed}'\n", encoding="utf-8")
    program.chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    check = _checks(Settings(outputs=tmp_path))["Scans: tesseract"]
    assert check.ok is ok


def test_a_check_is_plain_json() -> None:
    check = Check("x", ok=True, needed=False, finding="y")
    assert json.loads(json.dumps(check.as_dict())) == {"name": "x", "ok": True, "needed": False, "finding": "y"}
    assert check.mark == "ok"


def test_every_extra_is_listed_with_how_to_get_it() -> None:
    declared = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    assert sorted(EXTRAS) == sorted(declared)
    checks = {check.name: check for check in examine(Settings())}
    for name in EXTRAS:
        check = checks[f"Extra {name}"]
        assert check.ok or f"casebook[{name}]" in check.finding
        assert not check.needed


@pytest.mark.parametrize(
    ("settings", "name", "says"),
    [
        (Settings(door=DoorSettings(host="0.0.0.0")), "Who may send", "set CASEBOOK_API_KEYS"),  # noqa: S104 - the fault
        (Settings(drive=DriveSettings(report_folder="x" * 20)), "Google Drive", "nothing to sign in with"),
        (Settings(launcher=LauncherSettings(kind="kubernetes")), "Launcher", "needs CASEBOOK_JOB_IMAGE"),
        (Settings(vector_store=VectorStoreSettings(kind="openai")), "Vector store", "needs OPENAI_API_KEY"),
        (Settings(notify=NotifySettings(webhook="ftp://x")), "Notices", "CASEBOOK_NOTIFY_WEBHOOK"),
        (
            Settings(engine=EngineSettings(database="postgresql://user:secret-word@127.0.0.1:9/x")),
            "Database",
            "the database does not answer",
        ),
    ],
)
def test_what_is_set_up_but_cannot_work_is_told(settings: Settings, name: str, says: str) -> None:
    found = {check.name: check for check in examine(settings)}
    assert not found[name].ok
    assert found[name].needed
    assert says in found[name].finding
    assert "secret-word" not in found[name].finding


def test_what_is_not_asked_for_is_not_looked_at() -> None:
    names = {check.name for check in examine(Settings())}
    assert not names & {"Google Drive", "Notices", "Launcher", "Vector store", "Database"}
