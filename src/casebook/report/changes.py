"""What changed between two reports on the same company."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from casebook.domain.report import Report, ReportSource, UseCase

_NOTICED = 0.05  # of a score: less is noise of wording


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """A figure that is another one now; None when there was or is none."""

    title: str
    what: str  # rank, value, feasibility, level
    before: float | None
    after: float | None


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """What is new, gone and different. Use cases are told apart by their pattern, files by their names."""

    since: str  # when the earlier report was made
    run_id: str
    new: tuple[str, ...]
    gone: tuple[str, ...]
    moved: tuple[Moved, ...]
    readiness: tuple[Moved, ...]
    files_new: tuple[str, ...]
    files_gone: tuple[str, ...]
    files_changed: tuple[str, ...]

    @property
    def nothing(self) -> bool:
        """Tell whether the reports say the same."""
        return not (
            self.new
            or self.gone
            or self.moved
            or self.readiness
            or self.files_new
            or self.files_gone
            or self.files_changed
        )


def compare(before: Report, after: Report) -> Changes:
    """Compare a report with the one before it."""
    old, new = _by_pattern(before), _by_pattern(after)
    old_files, new_files = _by_name(before), _by_name(after)
    return Changes(
        since=before.run.created_at,
        run_id=before.run.id,
        new=tuple(case.title for key, case in new.items() if key not in old),
        gone=tuple(case.title for key, case in old.items() if key not in new),
        moved=tuple(moved for key, case in new.items() if key in old for moved in _moved(old[key], case)),
        readiness=tuple(_readiness(before, after)),
        files_new=tuple(name for name in new_files if name not in old_files),
        files_gone=tuple(name for name in old_files if name not in new_files),
        files_changed=tuple(
            name for name, file in new_files.items() if name in old_files and file.sha256 != old_files[name].sha256
        ),
    )


def _by_pattern(report: Report) -> dict[str, UseCase]:
    return {use_case.pattern_id or use_case.title: use_case for use_case in report.use_cases}


def _by_name(report: Report) -> dict[str, ReportSource]:
    return {source.name: source for source in report.sources}


def _moved(before: UseCase, after: UseCase) -> Iterator[Moved]:
    if before.rank != after.rank:
        yield Moved(title=after.title, what="rank", before=before.rank, after=after.rank)
    for what, old, new in (
        ("value", before.value.score, after.value.score),
        ("feasibility", before.feasibility.score, after.feasibility.score),
    ):
        if abs(old - new) >= _NOTICED:
            yield Moved(title=after.title, what=what, before=old, after=new)


def _readiness(before: Report, after: Report) -> Iterator[Moved]:
    old = {found.dimension: found.level for found in before.readiness.dimensions}
    for found in after.readiness.dimensions:
        if found.level != old.get(found.dimension):
            yield Moved(title=found.dimension, what="level", before=old.get(found.dimension), after=found.level)
