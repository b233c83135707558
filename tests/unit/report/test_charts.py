"""The opportunity map."""

from __future__ import annotations

import re
from itertools import combinations
from xml.etree import ElementTree as ET

import pytest

from casebook.report.blocks import OpportunityMap, Point
from casebook.report.charts import HEIGHT, WIDTH, opportunity_map
from casebook.report.markdown import to_markdown

CLUSTER = OpportunityMap(tuple(Point(f"U{number}", "Title", 0.5, 0.5) for number in range(1, 13)))


def centres(svg: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r'<circle cx="([\d.-]+)" cy="([\d.-]+)"', svg)]


def test_more_value_is_higher_and_more_feasible_is_further_right() -> None:
    low, high = centres(opportunity_map(OpportunityMap((Point("U1", "a", 0.1, 0.2), Point("U2", "b", 0.9, 0.8)))))
    assert low[0] < high[0]
    assert low[1] > high[1]


def test_points_that_would_lie_on_each_other_are_moved_apart() -> None:
    found = centres(opportunity_map(CLUSTER))
    assert len(found) == 12
    assert all(abs(a[0] - b[0]) >= 26 or abs(a[1] - b[1]) >= 26 for a, b in combinations(found, 2))


@pytest.mark.parametrize("corner", [(0.0, 0.0), (1.0, 1.0), (0.0, 1.0), (1.0, 0.0)])
def test_points_in_the_corners_stay_in_the_picture(corner: tuple[float, float]) -> None:
    ((x, y),) = centres(opportunity_map(OpportunityMap((Point("U1", "a", *corner),))))
    assert 0 < x < WIDTH
    assert 0 < y < HEIGHT


def test_the_picture_is_well_formed_and_the_same_each_time() -> None:
    chart = OpportunityMap((Point("U1", '<script>"&', 0.4, 0.4),))
    svg = opportunity_map(chart)
    assert svg == opportunity_map(chart)
    assert "<script>" not in svg
    assert ET.fromstring(svg).get("aria-label") == 'U1 <script>"&: value 0.40, feasibility 0.40'  # noqa: S314


def test_the_map_in_letters_shows_every_point_once() -> None:
    drawn = to_markdown([CLUSTER])
    assert sorted(re.findall(r"U\d+", drawn)) == sorted(f"U{number}" for number in range(1, 13))
