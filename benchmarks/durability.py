"""Whether anything acknowledged is ever lost: ``uv run python -m benchmarks.durability`` (as root).

Kills a front door again and again while clients send submissions without files, with files, and with files sent
ahead; cuts the power of its disk (a file system in a file: the process is stopped, the image copied, the copy mounted
and looked at; on the last copy a front door must start all runs); fills the disk, uses up its inodes, lets file
descriptors run out, makes flushes fail. Prints what was lost or kept twice, and exits with 1 if anything was. With
``--mutate`` the store commits without a flush, and the power cuts must find that out. Disks of their own need root and
loop devices.
"""

from __future__ import annotations

import argparse
import hashlib
import http.client
import os
import random
import resource
import secrets
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, Self

import msgspec

from benchmarks.doors import (
    FORM,
    JSON,
    Client,
    Door,
    Flushes,
    build_counter,
    fork_door,
    form_body,
    json_body,
    start_door,
)
from casebook.domain.intake import UploadedFile, received_key, uploaded_key

CLIENTS = 8
TAKEN, KEPT_ONLY, FULL, REFUSED, AWAY = 202, 500, 507, 422, 503  # KEPT_ONLY: its run is not yet started
SETTINGS = {"CASEBOOK_RATE_LIMIT": "1000000/second", "CASEBOOK_MIN_FREE_MB": "0", "CASEBOOK_MAX_WAITING": "1000000"}
MUTATED = {"CASEBOOK_BENCHMARK_MUTATION": "1"}
_FILE_BYTES = 3000


@dataclass
class Load:
    """Clients that send without end, try again until they hear a yes, and remember it."""

    port: int
    acknowledged: dict[str, tuple[str, tuple[str, ...]]] = field(default_factory=dict)  # key: run, files' digests
    errors: int = 0  # answers that nothing was done to foresee
    gone: int = 0  # submissions whose files had been acknowledged and were not there
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

    def surprised(self, refusal: int) -> bool:
        """Tell whether there was any answer but those wanted and `refusal`."""
        return self.errors > 0 or not set(self.statuses) <= {201, TAKEN, KEPT_ONLY, refusal}

    @property
    def with_files(self) -> int:
        """How many submissions with files were acknowledged."""
        return sum(1 for _, digests in list(self.acknowledged.values()) if digests)

    def _send_all(self, number: int) -> None:
        while not self._ended.is_set():
            data = [os.urandom(_FILE_BYTES), os.urandom(10)] if number % 4 != 1 else []
            chance = secrets.randbelow(10**9)
            if number % 2 == 0:
                body, kind = form_body(chance, data), FORM
            else:
                body, kind = json_body(chance, uploads=" ".join(map(self._send_ahead, data))), JSON
            digests = tuple(hashlib.sha256(piece).hexdigest() for piece in data)
            self._send(f"key-{secrets.token_hex(12)}", body, kind, digests)

    def _send_ahead(self, data: bytes) -> str:
        """Send a file until there is a note of it, or the load ends."""
        for status, answer in self._ask(lambda client: client.upload(data)):
            if status == 201:  # noqa: PLR2004 - created
                return str(answer["upload"])
        return ""

    def _send(self, key: str, body: bytes, kind: str, digests: tuple[str, ...]) -> None:
        """Send one submission until it is kept, or the load ends."""
        for status, answer in self._ask(lambda client: client.post(body, kind, key)):
            if status == TAKEN:
                self.acknowledged[key] = (answer["run_id"], digests)
            self.gone += status == REFUSED
            if status in {TAKEN, REFUSED} or (status == KEPT_ONLY and "confirmation_code" in answer):
                return

    def _ask(self, request: Callable[[Client], tuple[int, dict[str, Any]]]) -> Iterator[tuple[int, dict[str, Any]]]:
        """Yield the answers to the same request until the load ends."""
        while not self._ended.is_set():
            client = Client(self.port, timeout=20)
            try:
                answer = request(client)
            except (OSError, http.client.HTTPException, ValueError):
                time.sleep(0.02)
                continue
            finally:
                client.close()
            self.statuses[answer[0]] += 1
            self.errors += answer[0] == KEPT_ONLY and "confirmation_code" not in answer[1]
            yield answer
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


def look(outputs: Path, acknowledged: dict[str, tuple[str, tuple[str, ...]]], *, gone: int = 0) -> Found:
    """Look for all acknowledged submissions and their files; `gone` is what was missed before."""
    found = Found(looked_for=len(acknowledged), lost=gone)
    kept: dict[str, list[tuple[Any, ...]]] = {}
    try:
        with closing(sqlite3.connect(outputs / "casebook.sqlite3", timeout=30)) as connection:  # else nothing unmounts
            rows = connection.execute(
                """SELECT idempotency_key, run_id, slug, files
                    FROM submissions JOIN companies ON companies.id = company_id"""
            ).fetchall()
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
    """Start a front door without workers; when asked for, one whose store does not flush, or with other settings."""
    if not mutate and not settings:
        return fork_door(outputs, "--workers-elsewhere", settings=SETTINGS, port=port)
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
    found = look(outputs, load.acknowledged, gone=load.gone)
    print(
        f"{number} kills: {found.looked_for} acknowledged, {found.lost} lost, {found.twice} kept twice; "
        f"answers {dict(load.statuses)}",
        flush=True,
    )
    return found


@contextmanager
def disk(root: Path, mebibytes: int, *options: str) -> Iterator[tuple[Path, Path]]:
    """Lend a small file system in a file: its image, and where it is mounted. Raises OSError without root.

    `options` are for making it.
    """
    image, place = root / "disk.img", root / "disk"
    with image.open("wb") as file:
        file.truncate(mebibytes * 1024 * 1024)
    _run("mkfs.ext4", "-q", "-F", "-m", "0", *options, str(image))
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
        copy, acknowledged = root / "copy.img", dict(load.acknowledged)
        for _ in range(number):
            time.sleep(random.uniform(0.2, 1.0))  # noqa: S311 - as above
            acknowledged = dict(load.acknowledged)  # before the cut: an answer on its way then may be lost
            os.kill(door.pid, signal.SIGSTOP)
            _run("cp", "--sparse=always", str(image), str(copy))
            with _mounted(copy, root / "copy"):
                found += look(root / "copy" / "outputs", acknowledged)
            os.kill(door.pid, signal.SIGCONT)  # only now, or there would be ever more to look for
        if not mutate:
            with _mounted(copy, root / "copy"):
                found.lost += _never_started(root / "copy" / "outputs", {run_id for run_id, _ in acknowledged.values()})
    print(
        f"{number} power cuts{', store without flushes' if mutate else ''}: {found.looked_for} looked for, "
        f"{found.lost} lost, {found.twice} kept twice",
        flush=True,
    )
    return found


def _never_started(outputs: Path, runs: Collection[str]) -> int:
    """Start a front door after a power cut; return how many runs do not come to the queue all the same."""
    door = start(outputs)
    waiting = set(runs)

    def all_come() -> bool:
        with closing(sqlite3.connect(outputs / "queue.sqlite3", timeout=30)) as connection:
            waiting.difference_update(
                run_id for (run_id,) in connection.execute("SELECT workflow_uuid FROM workflow_status")
            )
        return not waiting

    try:
        with suppress(RuntimeError):  # it took too long
            _until(all_come, seconds=600)
    finally:
        door.kill()
    if waiting:
        print(f"{len(waiting)} acknowledged runs were not started after the last cut", flush=True)
    return len(waiting)


def full_disk(root: Path) -> Found:
    """Fill the disk, free some of it again."""
    with disk(root, 16) as (_, place):
        ballast = place / "ballast"
        ballast.write_bytes(os.urandom(2 * 1024 * 1024))
        return _filled("full disk", place, ballast.unlink)


def no_inodes(root: Path) -> Found:
    """Let a disk run out of inodes, not of space; free some of them again."""
    with disk(root, 64, "-N", "800") as (_, place):
        ballast = [place / f"ballast{number}" for number in range(100)]
        for path in ballast:
            path.touch()

        def free() -> None:
            left = os.statvfs(place)
            print(f"{left.f_favail} inodes and {left.f_bavail * left.f_frsize // 2**20} MiB left", flush=True)
            for path in ballast:
                path.unlink()

        return _filled("no inodes", place, free)


def _filled(name: str, place: Path, free: Callable[[], None]) -> Found:
    """Send until the disk at `place` takes no more files, `free` some, send until it takes them again."""
    with ExitStack() as stack:
        door = start(place / "outputs")
        stack.callback(door.kill)
        load = Load(door.port)
        load.start()
        stack.callback(load.stop)
        _until(lambda: load.statuses[FULL] > CLIENTS)
        client = Client(door.port)
        health, _ = client.get("/health/live")
        client.close()
        free()
        kept = load.with_files
        _until(lambda: load.with_files > kept)
        load.stop()
        code = door.stop()
        found = look(place / "outputs", load.acknowledged, gone=load.gone)
    found.lost += load.surprised(FULL) + (code != 0) + (health != 200)  # noqa: PLR2004 - well
    print(
        f"{name}: answers {dict(load.statuses)}, alive meanwhile: {health == 200}, files taken again when there was "  # noqa: PLR2004
        f"space; {found.looked_for} acknowledged, {found.lost} lost",
        flush=True,
    )
    return found


def few_descriptors(root: Path, number: int) -> Found:
    """Let a front door run out of file descriptors under load, again and again."""
    outputs = root / "squeezed"
    door = start(outputs)
    load = Load(door.port)
    load.start()
    limits = resource.prlimit(door.pid, resource.RLIMIT_NOFILE)
    for _ in range(number):
        kept = load.with_files
        _until(lambda: load.with_files > kept)  # noqa: B023 - awaited here
        taken = {int(path.name) for path in Path(f"/proc/{door.pid}/fd").iterdir()}
        first_free = next(number for number in count() if number not in taken)
        resource.prlimit(door.pid, resource.RLIMIT_NOFILE, (first_free + secrets.randbelow(6), limits[1]))
        time.sleep(random.uniform(0.5, 2.0))  # noqa: S311 - as above
        resource.prlimit(door.pid, resource.RLIMIT_NOFILE, limits)
    kept = load.with_files
    _until(lambda: load.with_files > kept)
    load.stop()
    code = door.stop()
    found = look(outputs, load.acknowledged, gone=load.gone)
    found.lost += load.surprised(AWAY) + (code != 0)
    print(
        f"{number} times no file descriptors: answers {dict(load.statuses)}, files taken again each time; "
        f"{found.looked_for} acknowledged, {found.lost} lost",
        flush=True,
    )
    return found


def failing_flush(root: Path) -> Found:
    """Let flushes fail: the answer is 503 and the process ends; the next one takes the same again."""
    flushes = Flushes(build_counter(root), root / "flushes")
    outputs = root / "failing"
    door = start(outputs, settings=flushes.environment)
    load = Load(door.port)
    load.start()
    _until(lambda: len(load.acknowledged) > 2 * CLIENTS)
    flushes.fail.touch()
    code = door.popen.wait(timeout=60)
    flushes.fail.unlink()
    kept = len(load.acknowledged)
    again = start(outputs, port=door.port)
    _until(lambda: len(load.acknowledged) > kept + 2 * CLIENTS)
    load.stop()
    again.stop()
    found = look(outputs, load.acknowledged, gone=load.gone)
    if code == 0 or not load.statuses[AWAY]:
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
        found += few_descriptors(root, 20)
        try:
            for try_out in (full_disk, no_inodes, partial(power_cuts, number=options.cuts)):
                found += try_out(root)
        except OSError as error:
            print(f"power cuts and full disks need root and loop devices: {error}", flush=True)
            found.lost += 1  # what was not looked at is not shown to be kept
        found += kills(root, options.kills)
    sys.exit(found.lost + found.twice > 0)


if __name__ == "__main__":
    main()
