"""The record of a run."""

from __future__ import annotations

from casebook.domain.run import FOLDER_OF_STAGE, Run, RunStatus, Stage, StepRecord


def test_every_stage_has_a_folder() -> None:
    assert set(FOLDER_OF_STAGE) == set(Stage)


def test_a_step_is_found_once_it_was_started() -> None:
    record = StepRecord(stage=Stage.SETUP, status=RunStatus.DONE, started_at="")
    run = Run(
        id="1",
        company_name="Acme",
        company_slug="acme",
        inputs_digest="",
        status=RunStatus.RUNNING,
        started_at="",
        steps=(record,),
    )
    assert run.step(Stage.SETUP) is record
    assert run.step(Stage.UPLOAD) is None
