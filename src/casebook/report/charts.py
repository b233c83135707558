"""The report's charts as SVG: opportunity map, readiness by dimension, roadmap."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from html import unescape

import msgspec

from casebook.domain.report import Level
from casebook.report.blocks import Milestone, OpportunityMap, Point, Rating, ReadinessChart, RoadmapChart
from casebook.report.svg import box, disc, label, line, picture, shortened, width_of, wrapped

WIDTH = 720
_FIELD_HEIGHT = 380
_LEFT, _TOP, _RIGHT, _BOTTOM = 52, 14, 20, 46
_RADIUS = 13
_ROW = 24
_LOOK = {  # of a bubble, by confidence: fill, edge, dashes, colour of its label
    Level.HIGH: ("ch-accent", "ch-edge", "", "ch-paper"),
    Level.MEDIUM: ("ch-tint", "ch-edge", "", "ch-ink"),
    Level.LOW: ("ch-paper", "ch-edge", "3 2", "ch-ink"),
}
LEVELS = 5


def draw(chart: OpportunityMap | ReadinessChart | RoadmapChart) -> str:
    """Draw any chart."""
    match chart:
        case OpportunityMap():
            return opportunity_map(chart)
        case ReadinessChart():
            return readiness(chart)
        case RoadmapChart():
            return roadmap(chart)


def describe(chart: OpportunityMap | ReadinessChart | RoadmapChart) -> str:
    """Return the words for those who cannot see a chart."""
    return ". ".join(unescape(text) for text in re.findall(r"<(?:title|desc) [^>]*>([^<]*)<", draw(chart)))


# The opportunity map


def opportunity_map(chart: OpportunityMap) -> str:
    """Draw value (up) over feasibility (right), and below it the range of ranks each use case may take."""
    scale = _Scale.around(chart.points)
    placed = _placed(chart.points, scale)
    described = "; ".join(
        f"{point.label} {point.title}: value {point.value:.2f}, feasibility {point.feasibility:.2f}, rank "
        f"{_span(point.ranks)}"
        for point in chart.points
    )
    parts = [*_field(scale), *_names(placed)]
    parts += [_bubble(point, x, y) for point, x, y in placed]
    parts += _legend(_FIELD_HEIGHT + 14)
    parts += _ranks(chart.points, _FIELD_HEIGHT + 48)
    height = _FIELD_HEIGHT + 62 + _ROW * len(chart.points)
    title = "Opportunity map: value over feasibility, with rank ranges"
    return picture("map", (WIDTH, height), title=title, description=described, parts=parts)


class _Scale(msgspec.Struct, frozen=True):
    """The stretch of both axes that is shown, in tenths, so that near points have room."""

    low: tuple[int, int]  # feasibility, value
    high: tuple[int, int]

    @classmethod
    def around(cls, points: Sequence[Point]) -> _Scale:
        across = _stretch([point.feasibility for point in points])
        upward = _stretch([point.value for point in points])
        return cls((across[0], upward[0]), (across[1], upward[1]))

    def x(self, feasibility: float) -> float:
        share = (feasibility * 10 - self.low[0]) / (self.high[0] - self.low[0])
        return round(_LEFT + share * (WIDTH - _LEFT - _RIGHT), 1)

    def y(self, value: float) -> float:
        share = (value * 10 - self.low[1]) / (self.high[1] - self.low[1])
        return round(_FIELD_HEIGHT - _BOTTOM - share * (_FIELD_HEIGHT - _TOP - _BOTTOM), 1)


def _stretch(values: Sequence[float]) -> tuple[int, int]:
    """Take whole tenths with half a tenth of room, four at least."""
    low = max(0, math.floor(min(values, default=0) * 10 - 0.5))
    high = min(10, math.ceil(max(values, default=1) * 10 + 0.5))
    while high - low < 4:  # noqa: PLR2004
        low, high = max(0, low - 1), min(10, high + 1)
    return low, high


def _field(scale: _Scale) -> Iterator[str]:
    left, right = _LEFT, WIDTH - _RIGHT
    top, bottom = _TOP, _FIELD_HEIGHT - _BOTTOM
    yield box(left, top, right - left, bottom - top, "ch-field")
    for tenth in range(scale.low[0], scale.high[0] + 1):
        x = scale.x(tenth / 10)
        yield line([(x, bottom), (x, bottom + 4)], "ch-line")
        yield label(f"{tenth / 10:g}", x, bottom + 17, colour="ch-soft", size=11, anchor="middle")
    for tenth in range(scale.low[1], scale.high[1] + 1):
        y = scale.y(tenth / 10)
        yield line([(left - 4, y), (left, y)], "ch-line")
        yield label(f"{tenth / 10:g}", left - 8, y + 4, colour="ch-soft", size=11, anchor="end")
    yield from _equal_priorities(scale)
    yield label("feasibility →", (left + right) / 2, bottom + 36, colour="ch-soft", anchor="middle")
    yield label("value →", 14, (top + bottom) / 2, colour="ch-soft", anchor="middle", turned=True)


def _equal_priorities(scale: _Scale) -> Iterator[str]:
    """Draw where value x feasibility is the same: use cases on one line have one priority."""
    for priority in (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9):
        points = [
            (scale.x(step / 100), scale.y(priority / (step / 100)))
            for step in range(max(1, scale.low[0] * 10), scale.high[0] * 10 + 1)
            if scale.low[1] <= 10 * priority / (step / 100) <= scale.high[1]
        ]
        if len(points) > 8:  # noqa: PLR2004 - a shorter piece in a corner tells nothing
            yield line(points, "ch-line", dashes="2 4")
            x, y = points[-1]
            yield label(f"{priority:g}", x - 4, y - 4, colour="ch-soft", size=9, anchor="end")


def _placed(points: Sequence[Point], scale: _Scale) -> list[tuple[Point, float, float]]:
    """Put each point at its place, or at the nearest place where it lies on no other."""
    placed: list[tuple[Point, float, float]] = []
    for point in points:
        taken = [(x, y) for _, x, y in placed]
        x, y = next(
            place for place in _around(scale.x(point.feasibility), scale.y(point.value)) if _is_free(place, taken)
        )
        placed.append((point, x, y))
    return placed


def _around(x: float, y: float) -> Iterator[tuple[float, float]]:
    """Yield the place itself, then places ever further away that are in the picture."""
    yield x, y
    for ring in range(1, WIDTH):
        for turn in range(8 * ring):
            angle = 2 * math.pi * turn / (8 * ring)
            place = round(x + _RADIUS * ring * math.cos(angle), 1), round(y + _RADIUS * ring * math.sin(angle), 1)
            if _RADIUS < place[0] < WIDTH - _RADIUS and _RADIUS < place[1] < _FIELD_HEIGHT - _BOTTOM + _RADIUS:
                yield place


def _is_free(place: tuple[float, float], taken: Sequence[tuple[float, float]]) -> bool:
    return all(math.dist(place, other) >= 2 * _RADIUS + 2 for other in taken)


def _bubble(point: Point, x: float, y: float) -> str:
    fill, edge, dashes, colour = _LOOK[point.confidence]
    return disc(x, y, _RADIUS, fill, edge, dashes) + label(
        point.label, x, y + 4, colour=colour, size=11, anchor="middle", bold=True
    )


_Box = tuple[float, float, float, float]


def _names(placed: Sequence[tuple[Point, float, float]]) -> Iterator[str]:
    """Write the titles beside the bubbles, where there is room; all of them stand in the list of ranks as well."""
    taken: list[_Box] = [(x - _RADIUS, y - _RADIUS, x + _RADIUS, y + _RADIUS) for _, x, y in placed]
    for point, x, y in placed:
        text = shortened(point.title, 190, 11)
        wide = width_of(text, 11)
        for anchor, at, up in _beside(x, y):
            start = {"start": at, "end": at - wide, "middle": at - wide / 2}[anchor]
            spot = (start, up - 10, start + wide, up + 3)
            if _fits(spot, taken):
                taken.append(spot)
                yield label(text, at, up, size=11, anchor=anchor)
                break


def _beside(x: float, y: float) -> Iterator[tuple[str, float, float]]:
    """Yield where a name may stand: right, left, above, below, and between these."""
    near = _RADIUS + 4
    for lift in (4, -6, 14):
        yield "start", x + near, y + lift
        yield "end", x - near, y + lift
    yield "middle", x, y - near - 1
    yield "middle", x, y + near + 9
    for lift in (-near - 1, near + 9):
        yield "start", x, y + lift
        yield "end", x, y + lift


def _fits(spot: _Box, taken: Sequence[_Box]) -> bool:
    left, top, right, bottom = spot
    inside = left > _LEFT and right < WIDTH - 4 and top > _TOP and bottom < _FIELD_HEIGHT - _BOTTOM
    return inside and not any(
        left < other[2] and other[0] < right and top < other[3] and other[1] < bottom for other in taken
    )


def _legend(y: float) -> Iterator[str]:
    x = float(_LEFT)
    for level, words in ((Level.HIGH, "high"), (Level.MEDIUM, "medium"), (Level.LOW, "low")):
        fill, edge, dashes, _ = _LOOK[level]
        yield disc(x + 6, y - 4, 6, fill, edge, dashes)
        text = f"{words} confidence"
        yield label(text, x + 17, y, colour="ch-soft", size=11)
        x += 36 + width_of(text, 11)
    yield line([(x, y - 4), (x + 20, y - 4)], "ch-line", dashes="2 4")
    yield label("equal priority", x + 26, y, colour="ch-soft", size=11)


def _ranks(points: Sequence[Point], top: float) -> Iterator[str]:
    """List the use cases with the ranks they take when the weights are moved."""
    last = max((point.ranks[1] for point in points), default=1)
    left, right = 380.0, WIDTH - 34.0
    step = (right - left) / max(1, last - 1)
    yield label("Use case", _LEFT, top, colour="ch-soft", size=11)
    yield label("Best to worst rank when each weight moves by a fifth", left - 10, top, colour="ch-soft", size=11)
    for number, point in enumerate(points):
        y = top + 18 + number * _ROW
        yield line([(_LEFT, y + 8), (WIDTH - _RIGHT, y + 8)], "ch-line", width=0.5)
        yield label(point.label, _LEFT, y, bold=True)
        yield label(shortened(point.title, left - _LEFT - 60, 12), _LEFT + 34, y)
        low, high = (left + step * (rank - 1) for rank in point.ranks)
        if high > low:
            yield line([(low, y - 4), (high, y - 4)], "ch-edge", width=5)
        yield disc(low, y - 4, 5, "ch-accent")
        if high > low:
            yield disc(high, y - 4, 5, "ch-accent")
        yield label(_span(point.ranks), high + 10, y, size=11, colour="ch-soft")


def _span(ranks: tuple[int, int]) -> str:
    return str(ranks[0]) if ranks[0] == ranks[1] else f"{ranks[0]}–{ranks[1]}"


# Readiness


def readiness(chart: ReadinessChart) -> str:
    """Draw a level of 1 to 5 for each dimension, and the company's own score beside that of the documents."""
    rows = [*_scores(chart), *(part for number, rating in enumerate(chart.ratings) for part in _rating(rating, number))]
    levels = "; ".join(
        f"{rating.name}: {f'level {rating.level} of {LEVELS}, {rating.label}' if rating.level else rating.label}"
        for rating in chart.ratings
    )
    described = f"{levels}. Own score {_score(chart.own)}, from the documents {_score(chart.found)}, both of 100."
    height = 100 + 30 * len(chart.ratings)
    title = "Readiness by dimension, and the own score beside that of the documents"
    return picture("readiness", (WIDTH, height), title=title, description=described, parts=rows)


_TRACK_LEFT, _TRACK_WIDTH = 170.0, 360.0


def _scores(chart: ReadinessChart) -> Iterator[str]:
    for number, (name, score, fill) in enumerate(
        (("Own score", chart.own, "ch-soft"), ("From the documents", chart.found, "ch-accent"))
    ):
        y = 12 + 28 * number
        yield label(name, 0, y + 12, bold=True)
        yield box(_TRACK_LEFT, y, _TRACK_WIDTH, 16, "ch-field", "ch-line")
        if score is not None:
            yield box(_TRACK_LEFT, y, _TRACK_WIDTH * min(100, max(0, score)) / 100, 16, fill)
        yield label(_score(score, " of 100"), _TRACK_LEFT + _TRACK_WIDTH + 14, y + 12)
    yield line([(0, 76), (WIDTH, 76)], "ch-line")


def _score(score: float | None, of: str = "") -> str:
    return "none" if score is None else f"{score:g}{of}"


def _rating(rating: Rating, number: int) -> Iterator[str]:
    y = 90 + 30 * number
    gap = 4
    width = (_TRACK_WIDTH - gap * (LEVELS - 1)) / LEVELS
    yield label(shortened(rating.name, _TRACK_LEFT - 10), 0, y + 14)
    for step in range(LEVELS):
        reached = rating.level is not None and step < rating.level
        fill, edge = ("ch-accent", None) if reached else ("ch-field", "ch-line")
        yield box(_TRACK_LEFT + step * (width + gap), y, width, 20, fill, edge, 2)
    if rating.level is None:
        middle = _TRACK_LEFT + _TRACK_WIDTH / 2
        yield line([(_TRACK_LEFT, y + 10), (_TRACK_LEFT + _TRACK_WIDTH, y + 10)], "ch-line", dashes="4 4")
        yield box(middle - 70, y + 1, 140, 18, "ch-field")
        yield label(shortened(rating.label, 130, 11), middle, y + 14, colour="ch-soft", size=11, anchor="middle")
        yield label("—", _TRACK_LEFT + _TRACK_WIDTH + 14, y + 14, colour="ch-soft")
    else:
        yield label(shortened(f"{rating.level} {rating.label}", 170), _TRACK_LEFT + _TRACK_WIDTH + 14, y + 14)


# Roadmap

_GAP, _PAD = 18.0, 10.0
_PAGE = 900  # the height of a picture that fits on a page with its heading


def roadmap(chart: RoadmapChart) -> str:
    """Draw the use cases under the stretch of time they are due in, each with what must come first.

    A full roadmap names fewer of the things that come first, so that the picture fits on a page.
    """
    parts, height = next(
        drawn
        for shown in (4, 3, 2, 1, 0)
        if (drawn := _columns(chart, shown))[1] <= _PAGE or shown == 0  # no more can be left out
    )
    described = " ".join(
        f"{horizon}: {'; '.join(_told(milestone) for milestone in milestones)}." for horizon, milestones in chart.phases
    )
    title = "Roadmap: which use case is due when, and what must come first"
    return picture("roadmap", (WIDTH, round(height, 1)), title=title, description=described, parts=parts)


def _columns(chart: RoadmapChart, shown: int) -> tuple[list[str], float]:
    columns = max(1, len(chart.phases))
    width = (WIDTH - _GAP * (columns - 1)) / columns
    parts: list[str] = []
    bottom = 0.0
    for number, (horizon, milestones) in enumerate(chart.phases):
        left = number * (width + _GAP)
        parts.append(_arrow(left, width, horizon))
        y = 46.0
        for milestone in milestones:
            card, height = _card(milestone, left, y, width, shown)
            parts += card
            y += height + 10
        bottom = max(bottom, y)
    return parts, bottom


def _told(milestone: Milestone) -> str:
    first = f" (first: {', '.join(milestone.first)})" if milestone.first else ""
    return f"{milestone.label} {milestone.title}{first}"


def _arrow(left: float, width: float, horizon: str) -> str:
    shape = [(left, 4), (left + width - 12, 4), (left + width, 18), (left + width - 12, 32), (left, 32), (left, 4)]
    path = "L".join(f"{x:g} {y:g}" for x, y in shape)
    return f'<path class="ch-accent" d="M{path}Z" fill="#0b5c7a"/>' + label(
        shortened(horizon, width - 30, 13), left + _PAD, 23, colour="ch-paper", bold=True, size=13
    )


def _card(milestone: Milestone, left: float, top: float, width: float, shown: int) -> tuple[list[str], float]:
    """Draw one use case with the first `shown` of the things before it; return its height too."""
    inner = width - 2 * _PAD
    texts = [(text, "ch-ink", 12.5, True) for text in wrapped(f"{milestone.label} {milestone.title}", inner, 12.5)]
    if milestone.gate:
        texts += [(text, "ch-warn", 10.5, False) for text in wrapped(milestone.gate, inner, 10.5, lines=3)]
    texts += [(text, "ch-soft", 10.5, False) for text in _first(milestone.first, inner, shown)]
    parts: list[str] = []
    y = top + 4
    for text, colour, size, bold in texts:
        y += 15.5 if bold else 14
        parts.append(label(text, left + _PAD, y, colour=colour, size=size, bold=bold))
    height = y + 9 - top
    return [box(left, top, width, height, "ch-field", "ch-bound" if milestone.gate else "ch-line", 4), *parts], height


def _first(texts: Sequence[str], width: float, shown: int) -> Iterator[str]:
    """Name what must come first, a line each, and how much more there is."""
    for text in texts[:shown]:
        yield shortened(f"– {text}", width, 10.5)
    more = len(texts) - min(shown, len(texts))
    if more:
        yield f"– {f'and {more} more' if shown else f'{more} things first'}, listed below"
