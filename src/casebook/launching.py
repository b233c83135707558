"""Let another machine work on a run, and watch it to its end: started once, however often this process dies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

import msgspec
from msgspec.structs import replace

from casebook.domain.launch import JobName, Launch, LaunchState
from casebook.domain.run import Folder, Run, RunStatus
from casebook.errors import PermanentError, RunCancelled, TransientError
from casebook.ports import Launcher, Storage

T = TypeVar("T")

LOOK_SECONDS: Final = 5.0
_MORE_TRIES: Final = 2  # of a look that fails for the moment
_FIRST_WAIT: Final = 5.0


class Watch(msgspec.Struct, frozen=True, kw_only=True):
    """What watching takes: where it is noted, how to wait, and what the run's record and its owner say."""

    launcher: Launcher
    storage: Storage
    find_run: Callable[[], Run | None]
    is_cancelled: Callable[[], bool]
    wait: Callable[[float], None]


def carry_out(run_id: str, company_slug: str, watch: Watch) -> None:
    """Have a run worked on elsewhere; returns when it is done.

    Raises PermanentError with the run's own reason when it failed, RunCancelled when somebody asked for it.
    """
    key = f"{company_slug}/{Folder.DEBUG}/launch_{run_id}.json"
    launch = _started(run_id, key, watch)
    while True:
        state = _patiently(lambda: watch.launcher.state(launch.handle or ""), watch)
        if state.ended:
            break
        if watch.is_cancelled():
            _patiently(lambda: watch.launcher.cancel(launch.handle or ""), watch)
            _note(key, replace(launch, handle=None), watch)
            raise RunCancelled
        watch.wait(LOOK_SECONDS)
    run = watch.find_run()
    if run is not None and run.status is RunStatus.DONE:
        return
    _note(key, replace(launch, handle=None), watch)  # so that running it again starts a new one
    raise PermanentError(_why(state, run, watch.launcher.name))


def _started(run_id: str, key: str, watch: Watch) -> Launch:
    """Find what was started for the run, or start it: noted at once, and looked for before a second is started."""
    launcher = watch.launcher
    known = msgspec.json.decode(watch.storage.read(key), type=Launch) if watch.storage.exists(key) else None
    if known and known.handle and known.launcher == launcher.name:
        return known
    attempt = known.attempt + 1 if known else 1
    job = JobName(run_id, attempt)
    handle = _patiently(lambda: launcher.find(job), watch) or launcher.start(job)
    launch = Launch(launcher=launcher.name, attempt=attempt, handle=handle)
    _note(key, launch, watch)
    return launch


def _note(key: str, launch: Launch, watch: Watch) -> None:
    watch.storage.write(key, msgspec.json.encode(launch), durable=True)


def _patiently(ask: Callable[[], T], watch: Watch) -> T:
    """Ask again when it fails for the moment; what asks changes nothing on the other side."""
    for attempt in range(_MORE_TRIES):
        try:
            return ask()
        except TransientError as error:
            watch.wait(error.retry_after if error.retry_after is not None else _FIRST_WAIT * 2**attempt)
    return ask()


def _why(state: LaunchState, run: Run | None, launcher: str) -> str:
    if run is not None and run.status is RunStatus.FAILED and run.error:
        return run.error
    if state is LaunchState.GONE:
        return f"the job on {launcher} was deleted or cancelled there: run it again"
    return f"the job on {launcher} ended without finishing the run: look at its logs there, then run it again"
