"""Runs whose time is over: all that is of them goes, and nothing that another run uses."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from msgspec.structs import replace

from casebook.backends.engines.durable.queue import DurableQueue
from casebook.backends.locks import company_lock
from casebook.backends.storages.objects import ObjectStorage
from casebook.backends.submission_stores.rows import RowStore
from casebook.bootstrap import (
    company_evidence,
    front_door,
    is_known,
    now,
    open_forgetting,
    open_queue,
    open_records,
    open_store,
    start_worker,
)
from casebook.cli import cli
from casebook.domain.intake import NewSubmission, UploadedFile, uploaded_key
from casebook.domain.prompt import Completion, Finish, JournalEntry
from casebook.domain.run import RunStatus, Stage
from casebook.domain.submission import Submission
from casebook.evaluation import evaluate_report
from casebook.forgetting import Forgetting, FrontDoor, Leaving, Rule
from casebook.observability.logs import Log
from casebook.outputs import open_storage
from casebook.serving import open_server
from casebook.settings import EngineSettings, KeepSettings, Settings
from casebook.thinking import open_journal
from tests.durable import until
from tests.fakes import FakeProgress

BOTH = "Every invoice of our suppliers is typed into the ledger by hand, and that takes eight minutes each.\n"
OLD = "The clerks complain that looking for delivery notes in the cellar costs them two hours a day.\n"
NEW = "We receive 900 complaints a month, and each is copied from the mail into the list by hand.\n"
RULE = Rule(days=30)


@dataclass
class Site:
    """A front door without HTTP: rows, queue and outputs as servers and workers share them."""

    settings: Settings
    store: RowStore
    queue: DurableQueue
    lines: list[str]

    @property
    def company(self) -> Path:
        return self.settings.outputs / "acme_gmbh"

    def submit(self, run_id: str, files: dict[str, str], *, days_ago: int = 0) -> None:
        """Keep a submission, and hand it to the queue."""
        kept = tuple(
            UploadedFile(
                id=f"{n:03}",
                name=name,
                path=f"{n:03}-{name}",
                size=len(text),
                sha256=hashlib.sha256(text.encode()).hexdigest(),
            )
            for n, (name, text) in enumerate(files.items(), 1)
        )
        received_at = (now() - timedelta(days=days_ago)).isoformat(timespec="seconds")
        submission = Submission.parse(company_name="Acme GmbH", use_cases_count=2)
        receipt = self.store.save(
            NewSubmission(
                run_id=run_id,
                principal="local",
                body_sha256=run_id,
                submission=submission,
                files=kept,
                key=run_id,
                received_at=received_at,
            )
        ).result()
        for file, text in zip(kept, files.values(), strict=True):
            key = uploaded_key(receipt.company_slug, run_id, file)
            open_storage(self.settings).write(key, text.encode())
        self.queue.enqueue(run_id, receipt.company_slug)
        self.store.mark_started(run_id)
        until(lambda: run_id not in self.store.waiting(99))

    def work(self, *run_ids: str) -> None:
        worker = start_worker(self.settings, self.store, progress=FakeProgress(), log=Log(self.lines.append))
        until(lambda: all(self.queue.state(run_id) is RunStatus.DONE for run_id in run_ids))
        assert worker.stop(within=30)

    def age(self, *run_ids: str, days: int = 31) -> None:
        """Let runs have ended so many days ago."""
        age(self.settings, *run_ids, days=days)

    def forgetting(self, forget_answers: Callable[[str, Sequence[str] | None], None] | None = None) -> Forgetting:
        known = FrontDoor(
            store=self.store,
            work=self.queue,
            is_known=lambda row: is_known(self.settings, self.queue, open_records(self.settings), row),
        )
        forgetting = open_forgetting(self.settings, Log(self.lines.append), door=known)
        return replace(forgetting, forget_answers=forget_answers) if forget_answers else forgetting

    def expire(self, rule: Rule = RULE) -> list[Leaving]:
        return list(self.forgetting().expire(rule))

    def tree(self) -> dict[str, bytes]:
        return tree(self.company)

    def rows(self) -> list[str]:
        return [row.run_id for row in self.store.after(0, 99)]


def tree(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def age(settings: Settings, *run_ids: str, days: int = 31) -> None:
    records = open_records(settings)
    for run in records.all():
        if run.id in run_ids or not run_ids:
            records.write(replace(run, finished_at=(now() - timedelta(days=days)).isoformat(timespec="seconds")))


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    database = "sqlite" if request.param == "SQLite" else request.getfixturevalue("postgres_url")
    settings = Settings(outputs=tmp_path / "outputs", engine=EngineSettings(database=database))
    with ExitStack() as ending:
        store = open_store(settings)
        ending.callback(store.close)
        queue = open_queue(settings)
        ending.callback(queue.close)
        yield Site(settings, store, queue, [])


@pytest.fixture
def two_runs(site: Site) -> Site:
    """An old run and a new one of a company; one file is of both."""
    site.submit("R-OLD", {"both.md": BOTH, "old.md": OLD}, days_ago=40)
    site.submit("R-NEW", {"both.md": BOTH, "new.md": NEW})
    site.work("R-OLD", "R-NEW")
    site.age("R-OLD")
    return site


def test_an_old_run_goes_with_all_that_is_of_it_and_the_new_one_keeps_all_that_it_uses(two_runs: Site) -> None:
    site, before = two_runs, two_runs.tree()
    assert any(b"delivery notes" in data for data in before.values())
    (announced,) = site.forgetting().due(RULE)
    assert (site.tree(), site.rows()) == (before, ["R-OLD", "R-NEW"])

    (gone,) = site.expire()
    assert (gone.company_slug, list(gone.runs), gone.whole) == ("acme_gmbh", ["R-OLD"], False)
    assert gone.files == announced.files
    after = site.tree()
    assert not [path for path, data in after.items() if "R-OLD" in path or b"R-OLD" in data or b"delivery" in data]
    assert after.items() <= before.items()
    assert {path for path in before if "R-NEW" in path} <= after.keys()
    assert site.rows() == ["R-NEW"]
    assert (site.queue.state("R-OLD"), site.queue.state("R-NEW")) == (None, RunStatus.DONE)
    (report,) = (site.company / "final").glob("*.json")
    assert evaluate_report(report).passed
    assert company_evidence(site.settings, "acme_gmbh").search("complaints mail")
    assert [json.loads(line)["run_id"] for line in site.lines if "run forgotten" in line] == ["R-OLD"]
    assert site.expire() == []


def test_what_a_model_answered_in_an_old_run_goes_and_what_it_cost_stays(two_runs: Site) -> None:
    journal = open_journal(two_runs.settings)
    answer = Completion(text="words", finish=Finish.DONE, input_tokens=5, output_tokens=2, cost_usd=0.5)
    for run_id in ("R-OLD", "R-NEW", "ask acme_gmbh"):
        entry = JournalEntry(
            digest=run_id,
            completion=answer,
            model="m",
            prompt="reading",
            run_id=run_id,
            company_slug="acme_gmbh",
            stage=Stage.PART_A,
            at=now().isoformat(),
        )
        journal.keep(entry)
    two_runs.expire()
    assert [journal.find(run_id) for run_id in ("R-OLD", "R-NEW", "ask acme_gmbh")] == [None, answer, None]
    assert journal.spent_by("R-OLD")["part_a"].cost_usd == 0.5
    journal.close()


def test_a_company_goes_with_its_last_run_unless_the_latest_is_kept(two_runs: Site) -> None:
    site = two_runs
    site.age("R-NEW", days=30)
    (gone,) = site.expire(Rule(days=30, keep_latest=True))
    assert (list(gone.runs), gone.whole) == (["R-OLD"], False)
    (gone,) = site.expire()
    assert (list(gone.runs), gone.whole) == (["R-NEW"], True)
    assert not site.company.exists()
    assert (site.rows(), site.store.find_company("acme_gmbh")) == ([], None)
    assert site.queue.state("R-NEW") is None


def test_nothing_of_a_company_goes_while_a_run_of_it_waits(two_runs: Site) -> None:
    site = two_runs
    site.submit("R-WAITS", {"old.md": OLD}, days_ago=99)
    before = site.tree()
    assert list(site.forgetting().due(RULE)) == site.expire() == []
    assert (site.tree(), site.rows()) == (before, ["R-OLD", "R-NEW", "R-WAITS"])


def test_a_run_that_was_cancelled_before_it_began_counts_from_its_arrival(site: Site) -> None:
    site.submit("R1", {"old.md": OLD}, days_ago=31)
    site.queue.cancel("R1")
    (site.company / "debug").mkdir()
    shown = site.company / "debug" / "submission_R1.json"
    shown.write_text('{"run_id": "R1"}')
    assert site.expire() == []  # shown as a file a moment ago: by that alone nobody knows yet
    os_time = (now() - timedelta(days=31)).timestamp()
    os.utime(shown, (os_time, os_time))
    (gone,) = site.expire()
    assert (list(gone.runs), gone.whole, site.company.exists(), site.rows()) == (["R1"], True, False, [])


def test_what_was_cut_off_is_gone_on_with(two_runs: Site) -> None:
    site = two_runs
    site.store.forget(["R-OLD"])
    site.queue.forget(["R-OLD"])
    assert [list(gone.runs) for gone in site.expire()] == [["R-OLD"]]
    assert not [path for path in site.tree() if "R-OLD" in path]


def test_a_submission_that_comes_meanwhile_finds_all_files(two_runs: Site) -> None:
    site = two_runs
    site.age("R-NEW")

    def submit(_: str, __: Sequence[str] | None) -> None:
        site.submit("R-LATE", {"old.md": OLD})

    before = site.tree()
    assert list(site.forgetting(submit).expire(RULE)) == []
    assert before.keys() - site.tree().keys() == {path for path in before if path.startswith("data/index/")}
    site.work("R-LATE")
    assert {row for gone in site.expire() for row in gone.runs} == {"R-OLD", "R-NEW"}
    assert site.rows() == ["R-LATE"]
    assert not [path for path in site.tree() if "R-OLD" in path or "R-NEW" in path]


def test_a_server_does_it_by_itself(two_runs: Site) -> None:
    site = two_runs
    site.store.close()
    door = dataclasses.replace(site.settings.door, port=0)
    settings = dataclasses.replace(site.settings, keep=KeepSettings(runs_days=30), door=door)
    with open_server(settings, workers_elsewhere=True):
        until(lambda: not [path for path in site.tree() if "R-OLD" in path])
    site.store = open_store(site.settings)
    assert site.rows() == ["R-NEW"]
    site.store.close()


def call(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


def run(folder: Path, outputs: str | Path, text: str) -> str:
    folder.mkdir(exist_ok=True)
    (folder / "a.md").write_text(BOTH)
    (folder / "b.md").write_text(text)
    result = call("run", folder, "--company", "Acme GmbH", "--outputs", outputs, "--json")
    assert result.exit_code == 0, result.output
    return str(json.loads(result.stdout)["run_id"])


def test_runs_of_this_machine_go_by_a_command_and_nothing_is_made_for_it(tmp_path: Path) -> None:
    outputs, folder = tmp_path / "outputs", tmp_path / "documents"
    old, new = run(folder, outputs, OLD), run(folder, outputs, NEW)
    age(Settings(outputs=outputs), old)
    (outputs / "photos").mkdir()
    (outputs / "photos" / "old.jpg").write_bytes(b"of somebody")
    before = tree(outputs)
    shown = call("forget", "--older-than", "30", "--dry-run", "--outputs", outputs)
    assert (shown.exit_code, "1 run would go" in shown.stderr, old in shown.stdout) == (0, True, True)
    assert {path for path in tree(outputs) if not path.startswith("logs/")} == {
        path for path in before if not path.startswith("logs/")
    }
    result = call("forget", "--older-than", "30", "--outputs", outputs, "--json")
    assert result.exit_code == 0, result.output
    (company,) = json.loads(result.stdout)["companies"]
    assert (company["company"], list(company["runs"]), company["everything"]) == ("acme_gmbh", [old], False)
    left = tree(outputs / "acme_gmbh")
    assert not [path for path, data in left.items() if old in path or old.encode() in data or b"cellar" in data]
    assert call("show", new, "--outputs", outputs).exit_code == 0
    age(Settings(outputs=outputs))
    assert call("forget", "--older-than", "30", "--outputs", outputs).exit_code == 0
    assert sorted(path.name for path in outputs.iterdir()) == ["logs", "photos"]


def test_a_run_that_was_cut_off_counts_from_the_last_that_was_written_of_it(tmp_path: Path) -> None:
    outputs = tmp_path / "outputs"
    run_id = run(tmp_path / "documents", outputs, OLD)
    records = open_records(Settings(outputs=outputs))
    (found,) = records.all()
    records.write(replace(found, status=RunStatus.RUNNING, finished_at=None))
    assert json.loads(call("forget", "--older-than", "1", "--outputs", outputs, "--json").stdout)["companies"] == []
    then = (now() - timedelta(days=2)).timestamp()
    os.utime(outputs / "acme_gmbh" / "debug" / f"run_{run_id}.json", (then, then))
    assert call("forget", "--older-than", "1", "--outputs", outputs).exit_code == 0
    assert not (outputs / "acme_gmbh").exists()


def test_a_company_that_is_held_is_left_and_that_is_logged(tmp_path: Path) -> None:
    outputs = tmp_path / "outputs"
    run(tmp_path / "documents", outputs, OLD)
    age(Settings(outputs=outputs))
    with company_lock(outputs, "acme_gmbh"):
        result = call("forget", "--older-than", "30", "--outputs", outputs)
    assert (result.exit_code, "0 runs deleted" in result.stderr) == (0, True)
    assert "not forgotten now" in "".join(path.read_text() for path in (outputs / "logs").iterdir())
    assert (outputs / "acme_gmbh").exists()


def test_runs_in_a_bucket_go_too(bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CASEBOOK_STATE", str(tmp_path / "state"))
    old, _ = run(tmp_path / "documents", bucket, OLD), run(tmp_path / "documents", bucket, NEW)
    settings = Settings(state=tmp_path / "state").at(bucket)
    age(settings, old)
    assert call("forget", "--older-than", "30", "--outputs", bucket).exit_code == 0
    storage = ObjectStorage(bucket, plain_http=True)
    left = {key: storage.read(key) for key in storage.keys("")}
    assert left
    assert not [key for key, data in left.items() if old in key or old.encode() in data or b"cellar" in data]
    age(settings)
    assert call("forget", "--older-than", "30", "--outputs", bucket).exit_code == 0
    assert storage.keys("") == []


def test_without_days_nothing_is_deleted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result = call("forget", "--outputs", tmp_path)
    assert (result.exit_code, "CASEBOOK_KEEP_RUNS_DAYS" in result.stderr) == (2, True)
    assert call("forget", "--older-than", "0", "--outputs", tmp_path).exit_code == 2
    monkeypatch.setenv("CASEBOOK_KEEP_RUNS_DAYS", "30")
    assert call("forget", "--outputs", tmp_path).exit_code == 0


def test_where_nothing_was_submitted_there_is_no_front_door(tmp_path: Path) -> None:
    with front_door(Settings(outputs=tmp_path)) as door:
        assert door is None
    assert list(tmp_path.iterdir()) == []
