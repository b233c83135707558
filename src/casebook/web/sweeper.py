"""What happens after a submission is kept: it is started, shown as files, and what nobody needs is cleared away."""

from __future__ import annotations

import hashlib
import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from functools import partial

import msgspec

from casebook.domain.intake import RECEIVED, StoredSubmission, WorkState, received_key, uploaded_key
from casebook.domain.run import Folder
from casebook.errors import CasebookError, QueueFull
from casebook.observability.logs import Log
from casebook.ports import Order, Storage, SubmissionStore, WorkQueue
from casebook.web.intake import ReceivedFolder

_Ordered = tuple[Order, Future[None]]

_AT_ONCE = 200  # rows that are looked at together
ORPHAN_SECONDS = 3600.0  # for which a file without a submission may still be on its way
STAGED_SECONDS = 24 * 3600.0  # for which a file that was sent before its form waits for it
STAGED = "upload-"  # what the names of such files begin with


class Outbox:
    """Hands runs to the queue, one thread, first come first served; what failed is tried again by itself."""

    def __init__(
        self,
        store: SubmissionStore,
        work: WorkQueue,
        log: Log,
        *,
        priorities: Mapping[str, int] | None = None,
        again_after: float = 5.0,
    ) -> None:
        """Start at once with what waits from before; `priorities` of senders, lower ones first, are 0 unless given."""
        self._store = store
        self._work = work
        self._log = log
        self._priorities = priorities or {}
        self._again_after = again_after
        self._orders: queue.SimpleQueue[tuple[Order, Future[None]] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._deliver_all, name="outbox", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Tell whether runs are started at all."""
        return self._thread.is_alive()

    def start(self, run_id: str, company_slug: str, principal: str) -> Future[None]:
        """Hand over a run now; the future tells how it went. A failure is tried again later."""
        future: Future[None] = Future()
        self._orders.put((self._order(run_id, company_slug, principal), future))
        return future

    def close(self) -> None:
        """End after what was ordered."""
        self._orders.put(None)
        self._thread.join()

    def _order(self, run_id: str, company_slug: str, principal: str) -> Order:
        return Order(run_id, company_slug, self._priorities.get(principal, 0))

    def _deliver_all(self) -> None:
        look_again = 0.0
        while True:
            try:
                first = self._orders.get(timeout=max(look_again - time.monotonic(), 0))
            except queue.Empty:
                self._deliver_waiting()
                look_again = time.monotonic() + self._again_after
                continue
            orders, going = self._with_those_behind(first)
            self._deliver(orders)
            if not going:
                return

    def _with_those_behind(self, first: _Ordered | None) -> tuple[list[_Ordered], bool]:
        """Take what was ordered meanwhile, so that one commit is enough; and tell whether there will be more."""
        orders: list[_Ordered] = []
        following = first
        while following is not None:
            orders.append(following)
            if len(orders) == _AT_ONCE:
                return orders, True
            try:
                following = self._orders.get_nowait()
            except queue.Empty:
                return orders, True
        return orders, False

    def _deliver(self, ordered: Sequence[_Ordered]) -> None:
        try:
            self._hand_over([order for order, _ in ordered])
        except Exception as error:  # noqa: BLE001 - the thread must go on, whatever a queue does
            if len(ordered) > 1:  # one of them may be to blame, or there is room for some
                for one in ordered:
                    self._deliver([one])
                return
            [(order, future)] = ordered
            self._log.error("run not started", run_id=order.run_id, company=order.company_slug, error=str(error))
            future.set_exception(error)
            return
        for _, future in ordered:
            future.set_result(None)

    def _deliver_waiting(self) -> None:
        try:
            found = [self._store.find(run_id) for run_id in self._store.waiting(_AT_ONCE)]
            orders = [self._order(row.run_id, row.company_slug, row.principal) for row in found if row]
            if not orders:
                return
            try:
                self._hand_over(orders)
            except QueueFull:
                for order in orders:  # as many as there is room for
                    self._hand_over([order])
        except Exception as error:  # noqa: BLE001 - as above; the next look tries again
            self._log.warning("runs not started, trying again", error=str(error))

    def _hand_over(self, orders: Sequence[Order]) -> None:
        self._work.enqueue_all(orders)
        for order in orders:
            self._store.mark_started(order.run_id)


class Sweeper:
    """Keeps the files beside the rows true: rows are the truth, files are made again when they differ."""

    def __init__(  # noqa: PLR0913 - what it looks after
        self,
        store: SubmissionStore,
        storage: Storage,
        received: ReceivedFolder,
        log: Log,
        *,
        outbox: Outbox,
        is_known: Callable[[StoredSubmission], bool],
        remote: bool = False,
        every: float = 3600.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Sweep at once, then every `every` seconds; `is_known` tells whether the queue or a record has the run.

        In a `remote` storage what is there is whole, and each look at it costs a request.
        """
        self._store = store
        self._storage = storage
        self._received = received
        self._log = log
        self._outbox = outbox
        self._is_known = is_known
        self._remote = remote
        self._shown_to = 0  # rows up to this one were shown by this process
        self._every = every
        self._clock = clock
        self._orders: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._one_at_a_time = threading.Lock()
        self._thread = threading.Thread(target=self._work_all, name="sweeper", daemon=True)
        self._thread.start()

    def project(self, run_id: str) -> None:
        """Show a submission as files, soon."""
        self._orders.put(run_id)

    def close(self) -> None:
        """End after what was ordered."""
        self._orders.put(None)
        self._thread.join()

    def sweep(self) -> None:
        """Look at all rows and all received files."""
        sequence, all_shown = 0, True
        while rows := self._store.after(sequence, _AT_ONCE):
            for stored in rows:
                if not self._remote or stored.sequence > self._shown_to:
                    all_shown &= self._try(partial(self._project, stored))
                self._try(partial(self._start_again, stored))
            sequence = rows[-1].sequence
        if all_shown:
            self._shown_to = sequence
        self._clear_orphans()
        if self._remote:
            self._clear_handed_over()

    def _start_again(self, stored: StoredSubmission) -> None:
        """Hand a run over once more that the queue has lost, as when its file was removed."""
        if stored.state is WorkState.STARTED and not self._is_known(stored):
            self._log.warning("run lost by the queue, started again", run_id=stored.run_id)
            self._outbox.start(stored.run_id, stored.company_slug, stored.principal)

    def _work_all(self) -> None:
        next_sweep = 0.0
        while True:
            try:
                run_id = self._orders.get(timeout=max(next_sweep - time.monotonic(), 0))
            except queue.Empty:
                self._try(self.sweep)
                next_sweep = time.monotonic() + self._every
                continue
            if run_id is None:
                return
            self._try(partial(self._project_one, run_id))

    def _try(self, work: Callable[[], None]) -> bool:
        try:
            work()
        except (CasebookError, OSError) as error:
            self._log.warning("not all files could be written, trying again at the next sweep", error=str(error))
            return False
        return True

    def _project_one(self, run_id: str) -> None:
        stored = self._store.find(run_id)
        if stored is not None:
            self._project(stored)

    def _project(self, stored: StoredSubmission) -> None:
        """Write ``submission_*.json`` unless it is there and true, and move the uploads to the company."""
        with self._one_at_a_time:
            self._show(stored)

    def _show(self, stored: StoredSubmission) -> None:
        key = projection_key(stored)
        data = projection(stored)
        there = self._storage.exists(key)
        # Without a flush a power cut leaves files of the right name and no content: so the content is compared.
        if there and not self._remote:
            there = hashlib.sha256(self._storage.read(key)).digest() == hashlib.sha256(data).digest()
        if not there:
            self._storage.write(key, data)
        for file in stored.files:
            received = received_key(stored.run_id, file)
            if self._storage.look(received) is not None:  # else it was moved before
                self._storage.move(received, uploaded_key(stored.company_slug, stored.run_id, file))

    def _clear_handed_over(self) -> None:
        """Remove what was handed to the storage and is of no submission."""
        for kept in list(self._storage.entries(RECEIVED)):
            run_id = kept.key.removeprefix(f"{RECEIVED}/").partition(".")[0]
            old = self._clock() - kept.written_at.timestamp() > ORPHAN_SECONDS
            if old and self._store.find(run_id) is None:
                self._log.info("orphan removed", file=kept.key)
                self._storage.remove(kept.key)

    def _clear_orphans(self) -> None:
        """Remove received files that no submission has: their sender never got an answer."""
        for path in self._received.path.iterdir():
            with suppress(FileNotFoundError):
                wait = STAGED_SECONDS if path.name.startswith(STAGED) else ORPHAN_SECONDS
                old = self._clock() - path.lstat().st_mtime > wait
                if old and self._store.find(path.name.partition(".")[0]) is None:
                    self._log.info("orphan removed", file=path.name)
                    self._received.remove(path.name)


def projection_key(stored: StoredSubmission) -> str:
    """Return where a submission is shown as a file."""
    return f"{stored.company_slug}/{Folder.DEBUG}/submission_{stored.run_id}.json"


def projection(stored: StoredSubmission) -> bytes:
    """Return what is shown of a submission."""
    shown = {
        "run_id": stored.run_id,
        "company_slug": stored.company_slug,
        "received_at": stored.received_at,
        **msgspec.to_builtins(stored.submission),
        "files": [msgspec.to_builtins(file) for file in stored.files],
    }
    return msgspec.json.format(msgspec.json.encode(shown), indent=2)
