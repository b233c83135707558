"""What was read a moment ago is not read again."""

from __future__ import annotations

from msgspec.structs import replace

from casebook.domain.run import Run, RunStatus
from casebook.web.remembering import RememberedRuns

RUN = Run(
    id="R1", company_name="Acme", company_slug="acme", inputs_digest="", status=RunStatus.RUNNING, started_at="2026"
)


class World:
    """A clock, a record, and how often it was read."""

    def __init__(self, run: Run | None) -> None:
        self.run = run
        self.now = 0.0
        self.reads: list[str] = []
        self.find = RememberedRuns(self._find, clock=lambda: self.now)

    def _find(self, company_slug: str, run_id: str) -> Run | None:
        self.reads.append(f"{company_slug} {run_id}")
        return self.run


def test_a_run_that_is_watched_by_many_is_read_once_a_second() -> None:
    world = World(RUN)
    assert [world.find("acme", "R1") for _ in range(10)] == [RUN] * 10
    world.now = 1.0
    world.run = replace(RUN, status=RunStatus.DONE)
    assert world.find("acme", "R1") == world.run
    assert len(world.reads) == 2


def test_a_run_that_has_ended_is_read_less_often_but_again() -> None:
    world = World(replace(RUN, status=RunStatus.DONE))
    world.find("acme", "R1")
    world.now = 9.0
    world.find("acme", "R1")
    assert len(world.reads) == 1
    world.now = 11.0
    world.run = RUN
    assert world.find("acme", "R1") == RUN


def test_a_record_that_is_not_there_yet_is_looked_for_again() -> None:
    world = World(None)
    assert world.find("acme", "R1") is None
    world.now, world.run = 1.0, RUN
    assert world.find("acme", "R1") == RUN


def test_no_more_is_remembered_than_there_is_room_for() -> None:
    world = World(RUN)
    for number in range(1001):
        world.find("acme", f"R{number}")
    world.find("acme", "R1000")
    world.find("acme", "R0")
    assert world.reads[-2:] == ["acme R1000", "acme R0"]
