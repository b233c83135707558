"""The report's charts as blocks: what is drawn, before it is decided how."""

from __future__ import annotations

from casebook.domain.report import Report, RoadmapItem
from casebook.report.blocks import Milestone, OpportunityMap, Point, Rating, ReadinessChart, RoadmapChart


def map_of(report: Report) -> OpportunityMap:
    """Return the opportunity map of a report."""
    return OpportunityMap(
        tuple(
            Point(
                label=use_case.id,
                title=use_case.title,
                value=use_case.value.score,
                feasibility=use_case.feasibility.score,
                ranks=use_case.rank_range,
                confidence=use_case.confidence.level,
            )
            for use_case in report.use_cases
        )
    )


def readiness_of(report: Report) -> ReadinessChart:
    """Return the readiness chart of a report."""
    readiness = report.readiness
    return ReadinessChart(
        ratings=tuple(
            Rating(assessed.dimension.capitalize(), assessed.level, assessed.label) for assessed in readiness.dimensions
        ),
        own=readiness.self_score,
        found=readiness.evidence_score,
    )


def roadmap_of(report: Report) -> RoadmapChart:
    """Return the roadmap of a report."""
    gates = {use_case.id: use_case.gate for use_case in report.use_cases}
    return RoadmapChart(
        tuple(
            (
                str(phase.horizon),
                tuple(_milestone(item, gates.get(item.use_case_id or "")) for item in phase.items),
            )
            for phase in report.roadmap
        )
    )


def _milestone(item: RoadmapItem, gate: str | None) -> Milestone:
    first = tuple(text for text in item.depends_on if text != gate)
    return Milestone(label=item.use_case_id or "", title=item.text, first=first, gate=gate)
