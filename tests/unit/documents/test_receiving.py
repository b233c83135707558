"""Files shared by a link: each with an outcome, none fetched twice, and trouble with the link loses no upload."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from casebook.documents.receiving import receive
from casebook.domain.document import Outcome, Source
from casebook.errors import PermanentError, TransientError
from tests.fakes import FakeInbox, FakeSharedFiles, FakeStorage
from tests.samples import SUBMISSION

LINK = "https://drive.google.com/drive/folders/1AbC-dEf_GhIj"
HANDED_IN = FakeInbox({"a.txt": b"alpha"})


def received(shared: FakeSharedFiles | None, storage: FakeStorage | None = None, link: str = LINK) -> list[Source]:
    return receive(
        replace(SUBMISSION, google_drive_link=link),
        inbox=HANDED_IN,
        shared_files=shared,
        storage=storage or FakeStorage(),
        detect=lambda name, _: f"text/{name.rpartition('.')[2]}",
    )


def test_shared_files_come_after_those_handed_in_and_say_where_they_are_from() -> None:
    shared = FakeSharedFiles({LINK: FakeInbox({"b.txt": b"beta", "c.txt": b"gamma"}, reasons={"c.txt": "too large"})})
    sources = received(shared)
    assert [(source.id, source.name, source.status) for source in sources] == [
        ("S1", "a.txt", Outcome.READ),
        ("S2", "Google Drive/b.txt", Outcome.READ),
        ("S3", "Google Drive/c.txt", Outcome.SKIPPED),
    ]


def test_a_shared_copy_of_an_upload_is_its_twin() -> None:
    sources = received(FakeSharedFiles({LINK: FakeInbox({"z.txt": b"alpha"})}))
    assert [source.same_as for source in sources] == [None, "S1"]


def test_an_unchanged_version_is_not_fetched_again_and_a_changed_one_is() -> None:
    storage = FakeStorage()
    first = FakeInbox({"b.txt": b"beta", "c.txt": b"c"}, versions={"b.txt": "b 1", "c.txt": "c 1"})
    before = received(FakeSharedFiles({LINK: first}), storage)
    second = FakeInbox({"b.txt": b"beta", "c.txt": b"changed"}, versions={"b.txt": "b 1", "c.txt": "c 2"})
    after = received(FakeSharedFiles({LINK: second}), storage)
    assert sorted(first.fetched) == ["b.txt", "c.txt"]
    assert second.fetched == ["c.txt"]
    assert after[:2] == before[:2]
    assert after[2].sha256 != before[2].sha256


def test_a_version_whose_copy_is_gone_or_whose_notes_are_damaged_is_fetched_again() -> None:
    storage = FakeStorage()
    inbox = FakeInbox({"b.txt": b"beta"}, versions={"b.txt": "b 1"})
    source = received(FakeSharedFiles({LINK: inbox}), storage)[1]
    storage.remove(f"acme_gmbh/{source.path}")
    received(FakeSharedFiles({LINK: inbox}), storage)
    storage.write("acme_gmbh/data/fetched.json", b"{cut")
    received(FakeSharedFiles({LINK: inbox}), storage)
    assert inbox.fetched == ["b.txt"] * 3


@pytest.mark.parametrize(
    ("shared", "reason"),
    [
        (None, "no access to Google Drive"),
        (FakeSharedFiles({}), "is not a link"),
        (FakeSharedFiles({LINK: PermanentError("not shared with bot@example")}), "not shared with bot@example"),
        (FakeSharedFiles({LINK: FakeInbox({})}), "the folder behind the link is empty"),
    ],
)
def test_a_link_that_cannot_be_opened_is_a_failed_source_beside_the_uploads(
    shared: FakeSharedFiles | None, reason: str
) -> None:
    upload, link = received(shared)
    assert upload.status is Outcome.READ
    assert (link.id, link.name, link.status) == ("S2", "Google Drive", Outcome.FAILED)
    assert reason in str(link.reason)


def test_a_drive_that_does_not_answer_now_leaves_the_step_to_be_tried_again() -> None:
    with pytest.raises(TransientError):
        received(FakeSharedFiles({LINK: TransientError("busy")}))


def test_without_a_link_nothing_is_opened() -> None:
    shared = FakeSharedFiles({})
    assert len(received(shared, link="")) == 1
    assert shared.opened == []
