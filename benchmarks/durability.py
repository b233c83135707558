"""Whether anything acknowledged is ever lost: ``uv run python -m benchmarks.durability`` (as root).

Kills a front door again and again while clients send submissions with and without files; cuts the power of its disk (a
file system in a file: the process is stopped, the image copied, the copy mounted and looked at); fills the disk; makes
flushes fail. Prints what was lost or kept twice, and exits with 1 if anything was. With ``--mutate`` the store commits
without a flush, and the power cuts must find that out. Power cuts and the full disk need root and loop devices.
"""

from __future__ import annotations

import argparse
import hashlib
import http.client
import os
import random
import secrets
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import msgspec

from benchmarks.doors import FORM, JSON, Client, Door, Flushes, build_counter, form_body, json_body, start_door
from casebook.domain.intake import UploadedFile, received_key, uploaded_key

CLIENTS = 8
KEPT = {202, 500}  # 500: kept, its run not yet started
SETTINGS = {"CASEBOOK_RATE_LIMIT": "1000000/second", "CASEBOOK_MIN_FREE_MB": "0", "CASEBOOK_MAX_WAITING": "1000000"}
MUTATED = {"CASEBOOK_BENCHMARK_MUTATION": "1"}
_FILE_BYTES = 3000


@dataclass
class Load:
    """Clients that send without end, try again until they hear a yes, and remember it."""

    port: int
    acknowledged: dict[str, tuple[str, tuple[str, ...]]] = field(default_factory=dict)  # key: run, files' digests
    contradictions: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    _threads: list[threading.Thread] = field(default_factory=list)
    _ended: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        """Let the clients begin."""
        for number in range(CLIENTS):
            thread = threading.Thread(target=self._send_all, args=(number,), daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """Let each client end with its next answer."""
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def _send_all(self, number: int) -> None:
        with_files = number % 2 == 0
        while not self._ended.is_set():
            data = [os.urandom(_FILE_BYTES), os.urandom(10)] if with_files else []
            body = form_body(secrets.randbelow(10**9), data) if with_files else json_body(secrets.randbelow(10**9))
            digests = tuple(hashlib.sha256(piece).hexdigest() for piece in data)
            self.send(f"key-{secrets.token_hex(12)}", body, FORM if with_files else JSON, digests)

    def send(self, key: str, body: bytes, kind: str, digests: tuple[str, ...]) -> None:
        """Send one submission until it is kept, or the load ends."""
        while not self._ended.is_set():
            client = Client(self.port, timeout=20)
            try:
                status, answer = client.post(body, kind, key)
            except (OSError, http.client.HTTPException, ValueError):
                time.sleep(0.02)
                continue
            finally:
                client.close()
            self.statuses[status] += 1
            if status in KEPT and "confirmation_code" in answer:
                if status == 202:  # noqa: PLR2004 - accepted
                    self.acknowledged[key] = (answer["run_id"], digests)
                return
            time.sleep(0.05)


@dataclass
class Found:
    """What a look at the store found."""

    looked_for: int = 0
    lost: int = 0
    twice: int = 0

    def __iadd__(self, other: Found) -> Self:
        """Add up."""
        self.looked_for += other.looked_for
        self.lost += other.lost
        self.twice += other.twice
        return self


def look(outputs: Path, acknowledged: dict[str, tuple[str, tuple[str, ...]]]) -> Found:
    """Look for all acknowledged submissions and their files."""
    found = Found(looked_for=len(acknowledged))
    kept: dict[str, list[tuple[Any, ...]]] = {}
    try:
        connection = sqlite3.connect(outputs / "casebook.sqlite3", timeout=30)
        rows = connection.execute(
            "SELECT idempotency_key, run_id, slug, files FROM submissions JOIN companies ON companies.id = company_id"
        ).fetchall()
        connection.close()
    except sqlite3.Error as error:
        print(f"the store cannot be read: {error}")
        rows = []
    for key, *facts in rows:
        kept.setdefault(key, []).append(tuple(facts))
    for key, (run_id, digests) in acknowledged.items():
        found.twice += len(kept.get(key, ())) > 1
        found.lost += not any(_is_whole(outputs, row, run_id, digests) for row in kept.get(key, ()))
    return found


def _is_whole(outputs: Path, row: Sequence[Any], run_id: str, digests: Sequence[str]) -> bool:
    stored_run, slug, files = row
    if stored_run != run_id:
        return False
    there = []
    for file in msgspec.json.decode(files, type=tuple[UploadedFile, ...]):
        for key in (received_key(run_id, file), uploaded_key(slug, run_id, file)):
            with suppress(FileNotFoundError):
                there.append(hashlib.sha256((outputs / key).read_bytes()).hexdigest())
                break
    return there == list(digests)


def start(outputs: Path, *, port: int = 0, mutate: bool = False, settings: dict[str, str] | None = None) -> Door:
    """Start a front door without workers; when asked for, one whose store does not flush."""
    changed = {**SETTINGS, **(settings or {}), **(MUTATED if mutate else {})}
    program = [sys.executable, "-m", "benchmarks.durability"] if mutate else None
    return start_door(outputs, "--workers-elsewhere", settings=changed, port=port, program=program)


def kills(root: Path, number: int) -> Found:
    """Kill a front door under load, again and again."""
    outputs, port = root / "killed", 0
    load: Load | None = None
    for _ in range(number):
        door = start(outputs, port=port)
        if load is None:
            port, load = door.port, Load(door.port)
            load.start()
        time.sleep(random.uniform(0.1, 0.9))  # noqa: S311 - when it happens is to be left to chance
        door.kill()
    assert load is not None  # noqa: S101 - there is at least one
    door = start(outputs, port=port)
    time.sleep(1)
    load.stop()
    door.stop()
    found = look(outputs, load.acknowledged)
    print(
        f"{number} kills: {found.looked_for} acknowledged, {found.lost} lost, {found.twice} kept twice; "
        f"answers {dict(load.statuses)}",
        flush=True,
    )
    return found


@contextmanager
def disk(root: Path, mebibytes: int) -> Iterator[tuple[Path, Path]]:
    """Lend a small file system in a file: its image, and where it is mounted. Raises OSError without root."""
    image, place = root / "disk.img", root / "disk"
    with image.open("wb") as file:
        file.truncate(mebibytes * 1024 * 1024)
    _run("mkfs.ext4", "-q", "-F", "-m", "0", str(image))
    with _mounted(image, place):
        yield image, place


@contextmanager
def _mounted(image: Path, place: Path) -> Iterator[None]:
    place.mkdir(exist_ok=True)
    _run("mount", "-o", "loop", str(image), str(place))
    try:
        yield
    finally:
        _run("umount", str(place))


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        message = f"{' '.join(command)}: {done.stderr.strip()}"
        raise OSError(message)


def power_cuts(root: Path, number: int, *, mutate: bool = False) -> Found:
    """Cut the power of the disk under a front door under load, again and again."""
    found = Found()
    with disk(root, 400) as (image, place), ExitStack() as stack:
        outputs = place / "outputs"
        door = start(outputs, mutate=mutate)
        stack.callback(door.kill)
        load = Load(door.port)
        load.start()
        stack.callback(load.stop)
        for _ in range(number):
            time.sleep(random.uniform(0.2, 1.0))  # noqa: S311 - as above
            acknowledged = dict(load.acknowledged)  # before the cut: an answer on its way then may be lost
            os.kill(door.pid, signal.SIGSTOP)
            copy = root / "copy.img"
            _run("cp", "--sparse=always", str(image), str(copy))
            os.kill(door.pid, signal.SIGCONT)
            with _mounted(copy, root / "copy"):
                found += look(root / "copy" / "outputs", acknowledged)
    print(
        f"{number} power cuts{', store without flushes' if mutate else ''}: {found.looked_for} looked for, "
        f"{found.lost} lost, {found.twice} kept twice",
        flush=True,
    )
    return found


def full_disk(root: Path) -> Found:
    """Fill the disk, free some of it again."""
    with disk(root, 16) as (_, place), ExitStack() as stack:
        ballast = place / "ballast"
        ballast.write_bytes(os.urandom(2 * 1024 * 1024))
        door = start(place / "outputs")
        stack.callback(door.kill)
        load = Load(door.port)
        load.start()
        _until(lambda: load.statuses[507] > CLIENTS)
        client = Client(door.port)
        health, _ = client.get("/health/live")
        ballast.unlink()
        kept = load.statuses[202]
        _until(lambda: load.statuses[202] > kept)
        load.stop()
        found = look(place / "outputs", load.acknowledged)
    print(
        f"full disk: answers {dict(load.statuses)}, alive meanwhile: {health == 200}, taken again when there was "  # noqa: PLR2004
        f"space; {found.looked_for} acknowledged, {found.lost} lost",
        flush=True,
    )
    return found


def failing_flush(root: Path) -> Found:
    """Let flushes fail: the answer is 503 and the process ends."""
    flushes = Flushes(build_counter(root), root / "flushes")
    outputs = root / "failing"
    door = start(outputs, settings=flushes.environment)
    load = Load(door.port)
    load.start()
    _until(lambda: len(load.acknowledged) > 2 * CLIENTS)
    flushes.fail.touch()
    code = door.popen.wait(timeout=60)
    load.stop()
    found = look(outputs, load.acknowledged)
    flushes.fail.unlink()
    again = start(outputs, port=door.port)
    found += look(outputs, load.acknowledged)
    again.stop()
    if code == 0 or not load.statuses[503]:
        found.lost += 1
    print(
        f"flushes that fail: answers {dict(load.statuses)}, the process ends with {code}; "
        f"{len(load.acknowledged)} acknowledged, {found.lost} lost",
        flush=True,
    )
    return found


def _until(condition: Any, seconds: float = 120) -> None:  # noqa: ANN401 - called for its truth
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            message = "it did not come to that"
            raise RuntimeError(message)
        time.sleep(0.05)


def _serve_mutated() -> None:
    """Be a front door whose store commits without a flush."""
    from casebook import cli  # noqa: PLC0415 - changed before it starts
    from casebook.backends.submission_stores.sqlite import SqliteDatabase  # noqa: PLC0415

    opened = SqliteDatabase._open  # noqa: SLF001 - the mutation

    def open_without_flush(self: SqliteDatabase, synchronous: str) -> sqlite3.Connection:  # noqa: ARG001
        return opened(self, "NORMAL")

    SqliteDatabase._open = open_without_flush  # type: ignore[method-assign]  # noqa: SLF001
    cli.main()


def main() -> None:
    """Measure and print."""
    if os.environ.get(next(iter(MUTATED))):
        _serve_mutated()
        return
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--cuts", type=int, default=50)
    parser.add_argument("--mutate", action="store_true", help="only the power cuts, on a store that does not flush")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="casebook-benchmark-") as name:
        root = Path(name)
        if options.mutate:
            sys.exit(power_cuts(root, options.cuts, mutate=True).lost == 0)
        found = failing_flush(root)
        try:
            found += full_disk(root)
            found += power_cuts(root, options.cuts)
        except OSError as error:
            print(f"power cuts and the full disk need root and loop devices: {error}", flush=True)
            found.lost += 1  # what was not looked at is not shown to be kept
        found += kills(root, options.kills)
    sys.exit(found.lost + found.twice > 0)


if __name__ == "__main__":
    main()
