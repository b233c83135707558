"""Setup: every file has an outcome, and nothing is read twice."""

from __future__ import annotations

import msgspec
import pytest

from casebook.domain.document import Document, Manifest, Outcome, Table
from casebook.domain.run import Stage
from casebook.errors import NoReadableDocuments, PermanentError, StorageFailed, TransientError
from casebook.ports import NotRead
from casebook.steps import setup
from tests.fakes import FakeInbox, FakeProgress, FakeReader, FakeStorage
from tests.samples import SUBMISSION, document

ENGLISH = document("The clerks type all of the invoices by hand and that is not what they are for.")
FILES = {"a.txt": b"alpha", "b.txt": b"beta"}
READER = {"a.txt": ENGLISH, "b.txt": document("Something else is late.")}


def prepared(
    inbox: FakeInbox, reader: FakeReader, storage: FakeStorage | None = None, progress: FakeProgress | None = None
) -> Manifest:
    return setup.prepare(
        SUBMISSION,
        inbox=inbox,
        shared_files=None,
        storage=storage or FakeStorage(),
        reader=reader,
        progress=progress or FakeProgress(),
    )


def test_a_file_is_kept_under_its_digest_and_its_text_beside_it() -> None:
    storage = FakeStorage()
    source = prepared(FakeInbox(FILES), FakeReader(READER), storage).sources[0]
    assert (source.id, source.name, source.status, source.language) == ("S1", "a.txt", Outcome.READ, "en")
    assert storage.read(f"acme_gmbh/{source.path}") == b"alpha"
    assert storage.read(f"acme_gmbh/{source.text_path}").decode() == ENGLISH.text
    assert source.path == f"data/files/{source.sha256[:16]}-a.txt"
    assert source.size == 5


def test_sources_are_in_order_of_names_however_they_were_read() -> None:
    manifest = prepared(FakeInbox({"b.txt": b"b", "a.txt": b"a"}), FakeReader(READER))
    assert [(source.id, source.name) for source in manifest.sources] == [("S1", "a.txt"), ("S2", "b.txt")]


def test_what_was_read_before_is_not_read_again() -> None:
    storage, reader = FakeStorage(), FakeReader(READER)
    first = prepared(FakeInbox(FILES), reader, storage)
    again = prepared(FakeInbox(FILES), reader, storage)
    assert first == again
    assert reader.asked == ["b.txt", "a.txt"]


def test_a_text_that_was_damaged_is_read_again() -> None:
    storage, reader = FakeStorage(), FakeReader(READER)
    first = prepared(FakeInbox(FILES), reader, storage)
    storage.kept[f"acme_gmbh/{first.sources[0].text_path}"] = b"half"
    for key in storage.keys("acme_gmbh/data/text"):
        if key.startswith(f"acme_gmbh/data/text/{first.sources[1].sha256[:16]}") and key.endswith(".kept.json"):
            storage.kept[key] = b'{"cut'
    assert prepared(FakeInbox(FILES), reader, storage) == first
    assert sorted(reader.asked) == ["a.txt", "a.txt", "b.txt", "b.txt"]


def test_a_changed_file_changes_the_digest() -> None:
    first = prepared(FakeInbox(FILES), FakeReader(READER))
    second = prepared(FakeInbox({**FILES, "b.txt": b"gamma"}), FakeReader(READER))
    assert first.digest != second.digest


def test_the_same_content_twice_is_read_once() -> None:
    reader = FakeReader(READER)
    manifest = prepared(FakeInbox({"a.txt": b"same", "b.txt": b"same"}), reader)
    assert [source.same_as for source in manifest.sources] == [None, "S1"]
    assert manifest.sources[1].text_path == manifest.sources[0].text_path
    assert [source.id for source in manifest.readable] == ["S1"]
    assert reader.asked == ["a.txt"]


@pytest.mark.parametrize(
    ("result", "status", "reason"),
    [
        (NotRead("it is encrypted"), Outcome.FAILED, "it is encrypted"),
        (NotRead("it is a program", skipped=True), Outcome.SKIPPED, "it is a program"),
        (Document("", ()), Outcome.FAILED, "it contains no text"),
        (Document(" \n", (), warnings=("2 pages are pictures",)), Outcome.FAILED, "2 pages are pictures"),
        (Document("words", (), warnings=("page 3 is broken", "so is 4")), Outcome.PARTIAL, "page 3 is broken; so is 4"),
    ],
)
def test_every_file_has_an_outcome_with_its_reason(result: Document | NotRead, status: Outcome, reason: str) -> None:
    source = prepared(FakeInbox(FILES), FakeReader({**READER, "b.txt": result})).sources[1]
    assert (source.status, source.reason) == (status, reason)


def test_a_file_that_the_inbox_refuses_is_skipped() -> None:
    reader = FakeReader(READER)
    source = prepared(FakeInbox(FILES, reasons={"b.txt": "a symbolic link"}), reader).sources[1]
    assert (source.status, source.reason, source.path, source.sha256) == (Outcome.SKIPPED, "a symbolic link", None, "")
    assert reader.asked == ["a.txt"]


@pytest.mark.parametrize(
    ("troubles", "reason"),
    [
        ([PermanentError("it was removed")], "it was removed"),
        ([TransientError("it changed")] * 3, "it changed"),
        ([OSError(5, "input/output error")], "input/output error"),
    ],
)
def test_a_file_that_cannot_be_fetched_failed(troubles: list[Exception], reason: str) -> None:
    source = prepared(FakeInbox(FILES, troubles={"b.txt": troubles}), FakeReader(READER)).sources[1]
    assert (source.status, source.reason) == (Outcome.FAILED, reason)


def test_a_file_that_changed_once_is_fetched_again() -> None:
    inbox = FakeInbox(FILES, troubles={"b.txt": [TransientError("it changed"), TransientError("it changed")]})
    assert prepared(inbox, FakeReader(READER)).sources[1].status is Outcome.READ


def test_a_full_disk_is_not_blamed_on_the_file() -> None:
    with pytest.raises(StorageFailed, match="free some space"):
        prepared(FakeInbox(FILES, troubles={"b.txt": [OSError(28, "No space left on device")]}), FakeReader(READER))


def test_tables_are_kept_as_records() -> None:
    storage, table = FakeStorage(), Table("Orders", ("id", "sum"), ((1, 2.5),), 2)
    made = Document(ENGLISH.text, ENGLISH.segments, tables=(table,))
    source = prepared(FakeInbox(FILES), FakeReader({**READER, "a.txt": made}), storage).sources[0]
    assert msgspec.json.decode(storage.read(f"acme_gmbh/{source.records_path}"), type=list[Table]) == [table]


def test_nothing_readable_is_an_error_that_says_why_after_all_is_written_down() -> None:
    storage = FakeStorage()
    names = {f"{number}.txt": bytes([number]) for number in range(7)}
    with pytest.raises(NoReadableDocuments, match=r"None of the 7 files .*0\.txt: it is empty.*and 2 more"):
        prepared(FakeInbox(names), FakeReader(dict.fromkeys(names, NotRead("it is empty"))), storage)
    info = msgspec.json.decode(storage.read("acme_gmbh/data/company_info.json"))
    assert [file["status"] for file in info["files"]] == ["failed"] * 7
    assert info["company_name"] == "Acme GmbH"


def test_no_files_at_all_is_an_error_that_says_what_to_do() -> None:
    with pytest.raises(NoReadableDocuments, match="There are no files: give a folder"):
        prepared(FakeInbox({}), FakeReader({}))


def test_names_are_made_safe_to_print_and_to_keep() -> None:
    name = "Angebote/Müller \u202e\x07 final!.TXT"
    source = prepared(
        FakeInbox({name: b"x"}), FakeReader({name.replace("\u202e\x07", "\ufffd\ufffd"): ENGLISH})
    ).sources[0]
    assert source.name == "Angebote/Müller \ufffd\ufffd final!.TXT"
    assert source.path is not None
    assert source.path.endswith("-mueller_final.txt")


def test_progress_counts_up_to_all_files() -> None:
    progress = FakeProgress()
    prepared(FakeInbox(FILES), FakeReader(READER), progress=progress)
    assert progress.heard == [(Stage.SETUP, 0, 2), (Stage.SETUP, 1, 2), (Stage.SETUP, 2, 2)]
