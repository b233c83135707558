"""What is installed, what is missing, and how to get it."""

from __future__ import annotations

import importlib
import importlib.util
import os
import platform
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import msgspec
from msgspec.structs import asdict

from casebook.bootstrap import catalogue, now, report_formats
from casebook.configuration.reading import SettingsFile
from casebook.connections import (
    check_bind,
    check_database,
    open_drive,
    open_launcher,
    open_notifier,
    open_vector_store,
)
from casebook.documents.reader import SandboxedReader
from casebook.documents.reading import HTML
from casebook.domain.document import Document
from casebook.errors import CasebookError
from casebook.extras import EXTRAS, missing_of
from casebook.observability.logs import Log
from casebook.outputs import open_storage
from casebook.ports import ReadRequest
from casebook.settings import FILE_NAME, DoorSettings, Settings, settings_file

PYTHON = (3, 11)
LIBRARIES = {  # module: distribution
    "charset_normalizer": "charset-normalizer",
    "click": "click",
    "msgspec": "msgspec",
    "pypdfium2": "pypdfium2",
    "python_calamine": "python-calamine",
    "rich": "rich",
    "yaml": "pyyaml",
}
HOW_TO_GET_LIBRARIES = "install Casebook again (uv sync, or pip install casebook)"
HOW_TO_GET_OCR = (
    "install the ocr extra (uv sync --extra ocr, or pip install 'casebook[ocr]'), or the program tesseract with the "
    "languages deu and eng"
)
LEAST_FREE_BYTES = 200 * 1024 * 1024
LANGUAGES = ("deu", "eng")

_HOW_TO_GO_ON = "until it is corrected or taken out, other commands end with exit code 2"

_PROBE = b"<p>Casebook reads this.</p>"  # HTML is always read in a worker process
_SECONDS = 10  # that a program may take to say what it can do


class Check(msgspec.Struct, frozen=True):
    """One thing that was looked at."""

    name: str
    ok: bool
    needed: bool  # the main job cannot run without it
    finding: str  # what there is; or what is missing, and how to get it

    @property
    def mark(self) -> str:
        """A mark for people: fine, missing but not needed, missing."""
        if self.ok:
            return "ok"
        return "!!" if self.needed else "--"

    def as_dict(self) -> dict[str, object]:
        """Return the check for machines."""
        return asdict(self)


def examine_settings(environment: Mapping[str, str], given: Path | None) -> tuple[Settings, list[Check]]:
    """Look at the settings, the file of them named or not; where one cannot be used, its default is returned."""
    wrong: list[str] = []
    try:
        file = settings_file(environment, given)
    except CasebookError as error:
        file = SettingsFile()
        checks = [Check("Settings file", ok=False, needed=True, finding=f"{error}; {_HOW_TO_GO_ON}")]
    else:
        found = str(file.path.absolute()) if file.path else f"none: no {FILE_NAME} in {Path.cwd()}, and none is named"
        checks = [Check("Settings file", ok=True, needed=True, finding=found)]
    settings = Settings.from_environment(environment, file, complain=wrong.append)
    checks += [Check("Setting", ok=False, needed=True, finding=f"{message}; {_HOW_TO_GO_ON}") for message in wrong]
    checks += [Check("Variable", ok=False, needed=False, finding=said) for said in Settings.misnamed(environment)]
    return settings, checks


def examine(settings: Settings) -> list[Check]:
    """Look at everything a run needs or could use. Leaves nothing behind."""
    return [
        _python(),
        *_libraries(),
        *([_bucket(settings)] if settings.outputs_url else []),
        _outputs(settings.outputs),
        _disk(settings.outputs),
        _workers(),
        _catalogue(settings),
        _rapid_ocr(),
        _tesseract(),
        *_extras(),
        *_connections(settings),
    ]


def _extras() -> Iterator[Check]:
    for name, (purpose, _) in EXTRAS.items():
        missing = missing_of(name)
        how = f"for {purpose}: pip install 'casebook[{name}]' (lacks {', '.join(missing)})"
        finding = how if missing else purpose
        yield Check(f"Extra {name}", ok=not missing, needed=False, finding=finding)


def _connections(settings: Settings) -> Iterator[Check]:
    """Look at what the settings ask for beyond this machine; what is not asked for is not looked at."""
    log = Log(lambda _: None)
    storage = open_storage(settings)
    asked: list[tuple[str, bool, Callable[[], object]]] = [
        ("Google Drive", settings.drive.is_set or bool(settings.drive.report_folder), lambda: open_drive(settings)),
        (
            "Notices",
            any((settings.notify.to, settings.notify.mail, settings.notify.allow, settings.notify.webhook)),
            lambda: open_notifier(settings, storage, clock=now, log=log),
        ),
        ("Launcher", settings.launcher.kind != "local", lambda: open_launcher(settings)),
        (
            "Vector store",
            settings.vector_store.kind != "embedded",
            lambda: open_vector_store(settings, storage, log),
        ),
        ("Report formats", bool(settings.formats), lambda: report_formats(settings)),
        ("Who may send", True, lambda: check_bind(settings.door)),
        ("Rates", settings.door.rate_storage != "memory://", lambda: _check_rates(settings.door, log)),
        ("Database", settings.engine.database != "sqlite", lambda: check_database(settings)),
    ]
    for name, is_asked_for, look in asked:
        if is_asked_for:
            yield _tried(name, look)


def _check_rates(door: DoorSettings, log: Log) -> None:
    from casebook.web.rates import Rates  # noqa: PLC0415 - the `serve` extra

    Rates(door.rate, door.rate_storage, log).check()


def _tried(name: str, look: Callable[[], object]) -> Check:
    try:
        look()
    except (CasebookError, ModuleNotFoundError) as error:
        return Check(name, ok=False, needed=True, finding=str(error))
    return Check(name, ok=True, needed=True, finding="set up")


def _python() -> Check:
    found = f"{platform.python_version()} at {sys.executable}"
    if sys.version_info >= PYTHON:
        return Check("Python", ok=True, needed=True, finding=found)
    needed = ".".join(map(str, PYTHON))
    return Check("Python", ok=False, needed=True, finding=f"{found}: Casebook needs {needed} or newer")


def _libraries() -> Iterator[Check]:
    for module, distribution in LIBRARIES.items():
        yield _library(module, distribution)


def _library(module: str, distribution: str) -> Check:
    try:
        importlib.import_module(module)
        found = version(distribution)
    except (ImportError, PackageNotFoundError, OSError) as error:
        finding = f"cannot be loaded ({error}): {HOW_TO_GET_LIBRARIES}"
        return Check(distribution, ok=False, needed=True, finding=finding)
    return Check(distribution, ok=True, needed=True, finding=found)


def _outputs(folder: Path) -> Check:
    place = _existing(folder)
    try:
        with tempfile.TemporaryFile(dir=place) as file:
            file.write(_PROBE)
    except OSError as error:
        finding = f"{place} cannot be written to ({error.strerror}): choose another folder with --outputs"
        return Check("Outputs folder", ok=False, needed=True, finding=finding)
    there = "can be written to" if place == folder.absolute() else "will be made by the first run"
    return Check("Outputs folder", ok=True, needed=True, finding=f"{folder.absolute()} {there}")


def _bucket(settings: Settings) -> Check:
    """Write, find and remove a small object."""
    key = f".casebook-doctor-{secrets.token_hex(4)}"
    try:
        storage = open_storage(settings)
        storage.write(key, _PROBE)
        storage.read(key)
        storage.remove(key)
    except CasebookError as error:
        return Check("Outputs", ok=False, needed=True, finding=str(error))
    return Check("Outputs", ok=True, needed=True, finding=f"{settings.outputs_url} can be written to")


def _disk(folder: Path) -> Check:
    free = shutil.disk_usage(_existing(folder)).free
    ok = free >= LEAST_FREE_BYTES
    advice = "" if ok else ": free some space, or choose another folder with --outputs"
    return Check("Free disk space", ok=ok, needed=True, finding=f"{free / 1e9:.1f} GB{advice}")


def _existing(folder: Path) -> Path:
    """Return the folder, or the nearest one above it that exists."""
    place = folder.absolute()
    while not place.exists() and place != place.parent:
        place = place.parent
    return place


def _workers() -> Check:
    """Read a tiny file the way documents are read: in a process of its own."""
    try:
        with tempfile.TemporaryDirectory(prefix="casebook-") as scratch:
            path = Path(scratch) / "probe.html"
            path.write_bytes(_PROBE)
            request = ReadRequest(source_id="S1", name=path.name, path=path, media_type=HTML)
            [(_, result)] = SandboxedReader(workers=1).read_all([request])
    except OSError as error:
        finding = f"cannot be started ({error.strerror}): allow processes, and writing to {tempfile.gettempdir()}"
        return Check("Worker processes", ok=False, needed=True, finding=finding)
    if isinstance(result, Document):
        return Check("Worker processes", ok=True, needed=True, finding=f"start and read; {os.cpu_count()} cores")
    return Check("Worker processes", ok=False, needed=True, finding=f"a test file was not read: {result.reason}")


def _catalogue(settings: Settings) -> Check:
    try:
        found = catalogue(settings).describe()
    except CasebookError as error:
        return Check("Catalogue", ok=False, needed=True, finding=str(error))
    return Check("Catalogue", ok=True, needed=True, finding=found)


def _rapid_ocr() -> Check:
    name = "Scans: RapidOCR"
    missing = [module for module in ("rapidocr", "onnxruntime") if importlib.util.find_spec(module) is None]
    if missing:
        finding = f"{' and '.join(missing)} not installed; to read scans: {HOW_TO_GET_OCR}"
        return Check(name, ok=False, needed=False, finding=finding)
    return Check(name, ok=True, needed=False, finding=f"rapidocr {version('rapidocr')}")


def _tesseract() -> Check:
    name = "Scans: tesseract"
    program = shutil.which("tesseract")
    if program is None:
        return Check(name, ok=False, needed=False, finding=f"not installed; to read scans: {HOW_TO_GET_OCR}")
    try:
        listed = subprocess.run(  # noqa: S603 - a fixed command
            [program, "--list-langs"], capture_output=True, text=True, timeout=_SECONDS, check=False
        ).stdout.split()
    except (OSError, subprocess.SubprocessError) as error:
        return Check(name, ok=False, needed=False, finding=f"{program} does not run: {error}")
    missing = [language for language in LANGUAGES if language not in listed]
    known = ", ".join(language for language in LANGUAGES if language in listed)
    if missing:
        finding = f"{program} lacks the languages {', '.join(missing)}: install its language packs"
        return Check(name, ok=False, needed=False, finding=finding)
    return Check(name, ok=True, needed=False, finding=f"{program} with {known}")
