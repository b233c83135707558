"""Keys, bodies and principals in any order: the store in the database answers as the simple model does."""

from __future__ import annotations

from datetime import timedelta
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from casebook.backends.submission_stores.rows import SCHEMA, RowStore
from casebook.backends.submission_stores.sqlite import SqliteDatabase
from casebook.domain.intake import ANONYMOUS
from casebook.domain.submission import Submission
from tests.fakes import FakeSubmissionStore
from tests.samples import NOW, new_submission


class Stores(RuleBasedStateMachine):
    """Does the same to both stores and compares what they say."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = TemporaryDirectory()
        self._real = RowStore(SqliteDatabase(Path(self._folder.name, "casebook.sqlite3"), SCHEMA))
        self._model = FakeSubmissionStore()
        self._numbers = count(1)
        self._minutes = 0

    @rule(
        principal=st.sampled_from(["local", "other", ANONYMOUS]),
        key=st.sampled_from([None, "k1", "k2"]),
        body=st.sampled_from(["d1", "d2"]),
        name=st.sampled_from(["Acme", "ACME", "Brook"]),
        minutes=st.integers(0, 8),
    )
    def submit(self, principal: str, key: str | None, body: str, name: str, minutes: int) -> None:
        self._minutes += minutes
        new = new_submission(
            f"R{next(self._numbers)}",
            principal=principal,
            key=key,
            body_sha256=body,
            submission=Submission.parse(company_name=name),
            received_at=(NOW + timedelta(minutes=self._minutes)).isoformat(timespec="seconds"),
        )
        real, model = self._real.save(new), self._model.save(new)
        assert type(real.exception(timeout=30)) is type(model.exception())
        if model.exception() is None:
            assert (real.result().run_id, real.result().replayed) == (model.result().run_id, model.result().replayed)

    @rule()
    def start(self) -> None:
        for run_id in self._model.waiting(1):
            self._real.mark_started(run_id)
            self._model.mark_started(run_id)

    @invariant()
    def both_hold_the_same(self) -> None:
        assert list(self._real.waiting(99)) == list(self._model.waiting(99))
        assert [row.run_id for row in self._real.after(0, 99)] == [row.run_id for row in self._model.after(0, 99)]

    @invariant()
    def no_folder_belongs_to_two_principals(self) -> None:
        owners = {(row.company_slug, row.principal, row.company_id) for row in self._real.after(0, 99)}
        assert len(owners) == len({slug for slug, _, _ in owners})

    def teardown(self) -> None:
        self._real.close()
        self._folder.cleanup()


test_any_order_of_submissions = Stores.TestCase
test_any_order_of_submissions.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
