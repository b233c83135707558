"""The outputs folder: full, read-only, not a folder, inside the documents."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.program import Program, files_below, report_of, stripped

COMPANY = "Brook Parts Ltd"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, with room for the start of a run only."""
    place = tmp_path / "disk"
    place.mkdir()
    mount, umount = shutil.which("mount"), shutil.which("umount")
    if not mount or not umount:
        pytest.skip("a full disk is not tried: there is no mount command here")
    command = [mount, "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"a full disk is not tried: nothing can be mounted here: {done.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run([umount, place], check=True)


def remount(place: Path, option: str) -> None:
    """Change the file system at `place`."""
    subprocess.run([shutil.which("mount") or "", "-o", f"remount,{option}", place], check=True)


def test_a_full_disk_ends_the_run_with_advice_and_it_goes_on_later(
    casebook: Program, brook: Path, small_disk: Path, uncut: bytes
) -> None:
    full = Program(root=casebook.root, outputs=small_disk / "outputs")
    ended = full.run(brook)
    assert ended.code == 1
    assert ended.out == ""
    assert "the disk is full: free some space, then run the same command again" in ended.message
    assert files_below(full.scratch) == []
    (cut,) = full.records()
    remount(small_disk, "size=8m")
    again = full.run(brook)
    assert again.code == 0, again.err
    assert again.object["run_id"] == cut["id"]
    assert not [name for name in files_below(full.outputs) if ".writing-" in name]
    assert stripped(again.object["report"]["json"]) == uncut


def test_a_disk_without_inodes_is_told_from_one_without_space(
    casebook: Program, brook: Path, small_disk: Path, uncut: bytes
) -> None:
    remount(small_disk, "size=8m,nr_inodes=25")
    full = Program(root=casebook.root, outputs=small_disk / "outputs")
    ended = full.run(brook)
    assert ended.code == 1
    assert "the disk takes no more files: remove some, then run the same command again" in ended.message
    remount(small_disk, "nr_inodes=1000")
    again = full.run(brook)
    assert again.code == 0, again.err
    assert stripped(again.object["report"]["json"]) == uncut


def test_a_full_temp_folder_is_not_taken_for_bad_files(casebook: Program, brook: Path, small_disk: Path) -> None:
    (small_disk / "filler").write_bytes(b"." * 60_000)
    (brook / "large.txt").write_text("The stock has grown. " * 20_000, encoding="utf-8")
    ended = casebook("run", brook, "--company", COMPANY, env={"TMPDIR": str(small_disk)})
    assert ended.code == 1
    assert "free some space or set TMPDIR" in ended.message
    assert files_below(small_disk) == ["filler"]
    assert casebook.run(brook).code == 0


@pytest.mark.parametrize("limit", [300, 8_000])
def test_a_file_that_cannot_grow_is_a_message(casebook: Program, brook: Path, limit: int) -> None:
    """As a quota would: no file may be larger than so many bytes."""
    command = [sys.executable, "-m", "casebook", "run", os.fspath(brook), "--company", COMPANY]
    ended = subprocess.run(
        command,
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "CASEBOOK_OUTPUTS": str(casebook.outputs)},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    assert "File too large" in ended.stderr
    assert casebook.run(brook).code == 0


def test_a_read_only_outputs_folder_is_a_message(casebook: Program, brook: Path, small_disk: Path) -> None:
    remount(small_disk, "ro")
    ended = casebook.run(brook, COMPANY, "--outputs", small_disk / "outputs")
    assert ended.code == 1
    assert "choose another folder with --outputs" in ended.message


def test_an_outputs_folder_that_turns_read_only_is_a_message(casebook: Program, brook: Path, small_disk: Path) -> None:
    remount(small_disk, "size=8m")
    program = Program(root=casebook.root, outputs=small_disk / "outputs")
    first = program.run(brook)
    remount(small_disk, "ro")
    ended = program.run(brook)
    assert ended.code == 1
    assert "choose another folder with --outputs" in ended.message
    assert program("show").code == 0
    assert report_of(first)


def test_an_outputs_folder_below_a_file_is_a_message(casebook: Program, brook: Path) -> None:
    ended = casebook.run(brook, COMPANY, "--outputs", brook / "minutes.md" / "outputs")
    assert ended.code == 1
    assert "choose another folder with --outputs" in ended.message
    assert casebook.run(brook, COMPANY, "--outputs", brook / "minutes.md").code == 2


@pytest.mark.parametrize("place", ["deeper/../outputs", "deeper/outputs"])
def test_outputs_inside_the_documents_are_not_read_as_documents(
    casebook: Program, brook: Path, uncut: bytes, place: str
) -> None:
    (brook / "deeper").mkdir()
    for _ in range(2):
        inside = casebook.run(brook, COMPANY, "--outputs", brook / place)
        assert inside.object["files"]["received"] == 3
        assert stripped(inside.object["report"]["json"]) == uncut


def test_outputs_among_the_documents_themselves_are_refused(casebook: Program, brook: Path) -> None:
    ended = casebook.run(brook, COMPANY, "--outputs", brook)
    assert ended.code == 2
    assert "choose another" in ended.message
    assert sorted(path.name for path in brook.iterdir()) == ["minutes.md", "service", "strategy.txt"]


def test_an_outputs_folder_with_any_name_works(casebook: Program, brook: Path) -> None:
    outputs = Path(os.fsdecode(os.fsencode(casebook.root) + b"/aus\xfcgabe \xf0\x9f\x98\x80"))
    ended = casebook.run(brook, COMPANY, "--outputs", outputs)
    assert ended.code == 0
    assert ended.object["outputs"].endswith("gabe 😀/brook_parts_ltd")
    assert casebook("run", brook, "--company", COMPANY, "--outputs", outputs).code == 0
    assert len(list(outputs.glob("brook_parts_ltd/final/*.json"))) == 2
