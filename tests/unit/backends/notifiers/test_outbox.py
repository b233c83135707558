"""The outbox: kept first, sent from a thread of its own, tried again as the receiver asks, forgotten when sent."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from datetime import timedelta

import pytest

from casebook.backends.notifiers.outbox import FOLDER, NoticeOutbox
from casebook.domain.company import slugify
from casebook.domain.notice import Notice
from casebook.errors import PermanentError, TransientError
from casebook.observability.logs import Log
from tests.fakes import FakeClock, FakeStorage
from tests.unit.domain.test_notice import DONE


class FakeMessenger:
    """A `Messenger` that remembers what it sent; `troubles` are raised one a try."""

    def __init__(self, name: str = "chat", troubles: Sequence[Exception] = ()) -> None:
        self.name = name
        self.sent: list[Notice] = []
        self.tries = 0
        self._troubles = list(troubles)

    def send(self, notice: Notice) -> None:
        self.tries += 1
        if self._troubles:
            raise self._troubles.pop(0)
        self.sent.append(notice)


class Outbox(NoticeOutbox):
    """An outbox on fakes whose waits are remembered instead of waited."""

    def __init__(self, storage: FakeStorage, *messengers: FakeMessenger) -> None:
        self.lines: list[str] = []
        super().__init__(storage, messengers, clock=FakeClock(), log=Log(self.lines.append), wait=self._skip)
        self.waits: list[float] = []

    def settle(self) -> None:
        """Wait until every notice is sent or given up."""
        for _ in range(2000):
            if not self._storage.keys(FOLDER):
                break
            time.sleep(0.005)
        self.close(10)

    def _skip(self, _: threading.Event, seconds: float) -> bool:
        self.waits.append(round(seconds))
        with self._lock:
            self._due = {key: (0.0, waiting) for key, (_, waiting) in self._due.items()}
        return True


def test_a_notice_is_sent_by_each_messenger_and_forgotten() -> None:
    storage, chat, webhook = FakeStorage(), FakeMessenger(), FakeMessenger("webhook")
    outbox = Outbox(storage, chat, webhook)
    outbox.notify(DONE)
    outbox.settle()
    assert chat.sent == webhook.sent == [DONE]
    assert storage.keys(FOLDER) == []


def test_a_busy_receiver_is_tried_again_when_it_says() -> None:
    messenger = FakeMessenger(troubles=[TransientError(retry_after=40.0), TransientError()])
    outbox = Outbox(FakeStorage(), messenger)
    outbox.notify(DONE)
    outbox.settle()
    assert messenger.sent == [DONE]
    assert 40 in outbox.waits
    assert 60 in outbox.waits


@pytest.mark.parametrize(
    ("troubles", "tries", "says"),
    [
        ([TransientError("busy")] * 9, 3, "notice given up"),
        ([PermanentError("gone")], 1, "notice refused"),
        ([ValueError("a fault of the library")], 1, "notice refused"),
    ],
)
def test_what_cannot_be_sent_is_logged_and_holds_up_no_other(troubles: list[Exception], tries: int, says: str) -> None:
    storage, broken, other = FakeStorage(), FakeMessenger("chat", troubles), FakeMessenger("webhook")
    outbox = Outbox(storage, broken, other)
    outbox.notify(DONE)
    outbox.settle()
    assert broken.tries == tries
    assert other.sent == [DONE]
    assert any(says in line for line in outbox.lines)
    assert storage.keys(FOLDER) == []


def test_a_full_disk_does_not_keep_the_notice_from_being_sent() -> None:
    storage, messenger = FakeStorage(), FakeMessenger()
    storage.full = True
    outbox = Outbox(storage, messenger)
    outbox.notify(DONE)
    outbox.close(10)
    assert messenger.sent == [DONE]


@pytest.mark.parametrize(("age", "sent"), [(timedelta(minutes=1), 0), (timedelta(hours=1), 1)])
def test_what_a_process_that_died_left_is_sent_by_the_next(age: timedelta, sent: int) -> None:
    storage = FakeStorage()
    Kept(storage, FakeMessenger()).notify(DONE)
    assert len(storage.keys(FOLDER)) == 1
    messenger = FakeMessenger()
    outbox = Outbox(storage, messenger)
    outbox._clock = lambda: FakeClock()() + age  # noqa: SLF001 - the time goes on
    outbox.pick_up()
    outbox.close(10)
    assert len(messenger.sent) == sent


class Kept(Outbox):
    """An outbox whose process dies before it sends."""

    def _plan(self, key: str, waiting: object, delay: float) -> None:
        """Do nothing."""


@pytest.mark.parametrize("name", ["Notices", "_notices", "notices", "NOTICES!"])
def test_no_company_has_the_folder_in_which_notices_wait(name: str) -> None:
    assert slugify(name) != FOLDER
