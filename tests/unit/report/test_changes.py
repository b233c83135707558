"""What changed between two reports."""

from __future__ import annotations

from msgspec.structs import replace

from casebook.domain.report import Score
from casebook.report.changes import compare
from tests import samples
from tests.reports import report


def test_the_same_report_has_no_changes() -> None:
    changes = compare(report(), report())
    assert changes.nothing
    assert (changes.run_id, changes.since) == (report().run.id, report().run.created_at)


def test_use_cases_are_new_gone_or_moved_by_their_pattern() -> None:
    first = replace(samples.use_case(), pattern_id="a", title="A", rank=1)
    second = replace(samples.use_case(), pattern_id="b", title="B", rank=2)
    third = replace(samples.use_case(), pattern_id="c", title="C", rank=2)
    worse = replace(first, title="A again", rank=3, value=Score(score=0.2, parts=()))
    before = replace(report(), use_cases=(first, second))
    changes = compare(before, replace(report(), use_cases=(worse, third)))
    assert (changes.new, changes.gone) == (("C",), ("B",))
    assert [(found.title, found.what, found.before, found.after) for found in changes.moved] == [
        ("A again", "rank", 1, 3),
        ("A again", "value", 0.6, 0.2),
    ]
    assert not changes.nothing


def test_a_score_that_hardly_moved_is_not_told() -> None:
    nearly = replace(samples.use_case(), value=Score(score=0.63, parts=()))
    changes = compare(replace(report(), use_cases=(samples.use_case(),)), replace(report(), use_cases=(nearly,)))
    assert changes.moved == ()


def test_files_and_readiness_are_compared_too() -> None:
    before = report()
    first, *rest = before.sources
    changed = replace(first, sha256="another")
    added = replace(first, id="S9", name="added.txt")
    dimensions = before.readiness.dimensions
    lower = replace(dimensions[0], level=None)
    after = replace(
        before,
        sources=(changed, *rest[1:], added),
        readiness=replace(before.readiness, dimensions=(lower, *dimensions[1:])),
    )
    changes = compare(before, after)
    assert changes.files_new == ("added.txt",)
    assert changes.files_changed == (first.name,)
    assert changes.files_gone == tuple(source.name for source in rest[:1])
    assert [(found.what, found.before, found.after) for found in changes.readiness] == [
        ("level", dimensions[0].level, None)
    ]
