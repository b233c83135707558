"""The charts: opportunity map, readiness, roadmap."""

from __future__ import annotations

import math
import re
from itertools import combinations
from xml.etree import ElementTree as ET

import pytest

from casebook.domain.report import Level
from casebook.report.blocks import (
    Chart,
    Milestone,
    OpportunityMap,
    Point,
    Rating,
    ReadinessChart,
    RoadmapChart,
)
from casebook.report.charts import WIDTH, draw, opportunity_map, readiness, roadmap
from casebook.report.markdown import to_markdown
from casebook.report.svg import standalone

HOSTILE = '<script>alert("x")</script> & \u05d0\u05d1 \U0001f680 ' + "y" * 5_000
NAMED = OpportunityMap(
    (
        Point("U1", "Order capture", 0.84, 0.85),
        Point("U2", "Defect inspection", 0.74, 0.68, (2, 4), Level.MEDIUM),
        Point("U3", "Certificate check", 0.73, 0.68, (2, 4), Level.LOW),
    )
)
RATINGS = ReadinessChart((Rating("Data", 3, "defined"), Rating("People", None, "no evidence found")), 71.0, None)
PLAN = RoadmapChart(
    (
        ("0-3 months", (Milestone("U1", "Order capture", ("clean master data",)),)),
        ("12+ months", (Milestone("U2", "Skills", ("a", "b", "c", "d", "e"), "only with controls"),)),
    )
)
CHARTS: list[Chart] = [NAMED, RATINGS, PLAN]
CLUSTER = OpportunityMap(tuple(Point(f"U{number}", "Title", 0.5, 0.5) for number in range(1, 13)))


def centres(svg: str) -> list[tuple[float, float]]:
    """Return where the bubbles are; the discs of legend and ranks are smaller."""
    return [(float(x), float(y)) for x, y in re.findall(r'cx="([\d.-]+)" cy="([\d.-]+)" r="13"', svg)]


def shown(svg: str) -> list[str]:
    return [text.text or "" for text in ET.fromstring(svg).iter("text")]  # noqa: S314 - our own


def test_more_value_is_higher_and_more_feasible_is_further_right() -> None:
    low, high = centres(opportunity_map(OpportunityMap((Point("U1", "a", 0.1, 0.2), Point("U2", "b", 0.9, 0.8)))))
    assert low[0] < high[0]
    assert low[1] > high[1]


def test_points_that_would_lie_on_each_other_are_moved_apart() -> None:
    found = centres(opportunity_map(CLUSTER))
    assert len(found) == 12
    assert all(math.dist(a, b) >= 26 for a, b in combinations(found, 2))


@pytest.mark.parametrize("corner", [(0.0, 0.0), (1.0, 1.0), (0.0, 1.0), (1.0, 0.0)])
def test_points_in_the_corners_stay_in_the_picture(corner: tuple[float, float]) -> None:
    ((x, y),) = centres(opportunity_map(OpportunityMap((Point("U1", "a", *corner),))))
    assert 0 < x < WIDTH
    assert 0 < y < 380


@pytest.mark.parametrize("chart", CHARTS)
def test_a_picture_is_the_same_each_time_and_says_in_words_what_it_shows(chart: Chart) -> None:
    svg = draw(chart)
    assert svg == draw(chart)
    root = ET.fromstring(svg)  # noqa: S314 - our own
    assert root.get("role") == "img"
    words = {child.get("id"): child.text for child in root}
    assert all(words[name] for name in str(root.get("aria-labelledby")).split())
    assert not {"style", "href", "onload"} & {name for part in root.iter() for name in part.keys()}  # noqa: SIM118
    assert {part.tag for part in root.iter()} <= set("svg title desc text rect circle path".split())


@pytest.mark.parametrize(
    "chart",
    [
        OpportunityMap((Point("U1", HOSTILE, 0.4, 0.4),)),
        ReadinessChart((Rating(HOSTILE, 2, HOSTILE),), 1.0, 2.0),
        RoadmapChart(((HOSTILE, (Milestone("U1", HOSTILE, (HOSTILE,), HOSTILE),)),)),
    ],
)
def test_hostile_words_stay_words_in_a_picture(chart: Chart) -> None:
    svg = draw(chart)
    assert "<script" not in svg
    described = next(ET.fromstring(svg).iter("desc")).text or ""  # noqa: S314 - our own
    assert "<script>" in described
    assert all(len(text) < 200 for text in shown(svg))


def test_names_on_the_map_do_not_lie_on_each_other_or_on_a_bubble() -> None:
    points = tuple(
        Point(f"U{number}", f"Use case {number} with a name", 0.4 + (number * 7 % 5) / 12, 0.4 + number / 30)
        for number in range(1, 13)
    )
    svg = opportunity_map(OpportunityMap(points))
    pattern = r'x="([\d.]+)" y="([\d.]+)" fill="#1d2430" font-size="11"(?: text-anchor="(\w+)")?>(Use[^<]*)'
    spots = [(float(x), float(y), anchor, len(text) * 5.0) for x, y, anchor, text in re.findall(pattern, svg)]
    assert len(spots) >= 8
    left = {"": 0.0, "end": -1.0, "middle": -0.5}
    boxes = [(x + left[anchor] * width, y - 9, x + (left[anchor] + 1) * width, y) for x, y, anchor, width in spots]
    boxes += [(x - 12, y - 12, x + 12, y + 12) for x, y in centres(svg)]
    assert not [
        (a, b) for a, b in combinations(boxes, 2) if a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
    ]


def test_the_range_of_ranks_is_written_beside_each_use_case() -> None:
    assert [text for text in shown(opportunity_map(NAMED)) if re.fullmatch(r"\d+–\d+", text)] == ["2–4", "2–4"]


def test_a_dimension_without_evidence_has_no_level() -> None:
    svg = readiness(RATINGS)
    assert {"3 defined", "no evidence found", "71 of 100", "none"} <= set(shown(svg))
    assert svg.count('class="ch-accent"') == 3


def test_a_gate_stands_on_the_roadmap_and_what_is_left_out_is_counted() -> None:
    texts = shown(roadmap(PLAN))
    assert "only with controls" in texts
    assert "– clean master data" in texts
    assert texts[-1] == "– and 1 more, listed below"


def test_a_full_roadmap_stays_on_one_page() -> None:
    milestones = tuple(
        Milestone(f"U{number}", "A use case of two lines or so", ("a", "b", "c")) for number in range(12)
    )
    tall = ET.fromstring(roadmap(RoadmapChart((("a", milestones), ("b", ()), ("c", ())))))  # noqa: S314 - our own
    assert float(str(tall.get("viewBox")).split()[3]) <= 900


def test_a_picture_in_a_file_of_its_own_says_that_it_is_svg() -> None:
    assert ET.fromstring(standalone(draw(PLAN))).tag == "{http://www.w3.org/2000/svg}svg"  # noqa: S314 - our own


@pytest.mark.parametrize("chart", [OpportunityMap(()), ReadinessChart((), None, None), RoadmapChart(())])
def test_a_chart_of_nothing_is_still_a_picture(chart: Chart) -> None:
    ET.fromstring(draw(chart))  # noqa: S314 - our own
    assert WIDTH == 720


@pytest.mark.parametrize("number", [1, 12])
def test_the_map_in_letters_shows_every_point_once(number: int) -> None:
    drawn = to_markdown([OpportunityMap(CLUSTER.points[:number])])
    assert sorted(re.findall(r"U\d+", drawn)) == sorted(f"U{one}" for one in range(1, number + 1))


def test_levels_and_plan_in_letters_show_every_dimension_and_use_case() -> None:
    drawn = to_markdown([RATINGS, PLAN])
    assert "Data               ███░░ 3" in drawn
    assert "People             ░░░░░ -" in drawn
    assert "12+ months   U2!" in drawn
