"""A company that is deleted is forgotten by the journal of answers too; what it cost stays in the sums."""

from __future__ import annotations

from pathlib import Path

from casebook.bootstrap import costs, forget_answers
from casebook.domain.prompt import Completion, Finish, JournalEntry
from casebook.domain.run import Stage
from casebook.settings import Settings
from casebook.thinking import open_journal


def test_answers_are_forgotten_and_sums_stay(tmp_path: Path) -> None:
    settings = Settings(outputs=tmp_path)
    journal = open_journal(settings)
    for slug in ("acme", "beta"):
        completion = Completion(
            text=f"words of {slug}", finish=Finish.DONE, input_tokens=5, output_tokens=2, cost_usd=0.5
        )
        journal.keep(
            JournalEntry(
                digest=slug,
                completion=completion,
                model="m",
                prompt="reading",
                run_id=f"run of {slug}",
                company_slug=slug,
                stage=Stage.PART_A,
                at="2026-01-02T03:04:05+00:00",
            )
        )
    forget_answers(settings, "acme")
    assert journal.find("acme") is None
    assert journal.find("beta") is not None
    assert costs(settings, "run of acme")[Stage.PART_A].cost_usd == 0.5
    assert b"words of acme" not in b"".join(path.read_bytes() for path in tmp_path.glob("journal.sqlite3"))


def test_nothing_is_made_where_no_model_was_ever_asked(tmp_path: Path) -> None:
    forget_answers(Settings(outputs=tmp_path), "acme")
    assert list(tmp_path.iterdir()) == []
