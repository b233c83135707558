"""The opportunity map as SVG: small, the same bytes each time, no script."""

from __future__ import annotations

from html import escape

from casebook.report.blocks import OpportunityMap, Point

WIDTH, HEIGHT = 640, 400
_LEFT, _TOP, _RIGHT, _BOTTOM = 56, 16, 16, 44
_RADIUS = 13


def opportunity_map(chart: OpportunityMap) -> str:
    """Draw value (up) over feasibility (right); points that would lie on each other are moved apart."""
    marks = "".join(_mark(point, x, y) for point, x, y in _placed(chart.points))
    middle_x, middle_y = _x(0.5), _y(0.5)
    described = "; ".join(
        f"{point.label} {point.title}: value {point.value:.2f}, feasibility {point.feasibility:.2f}"
        for point in chart.points
    )
    return (
        f'<svg class="map" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(described)}">'
        f'<rect class="field" x="{_x(0)}" y="{_y(1)}" width="{_x(1) - _x(0)}" height="{_y(0) - _y(1)}"/>'
        f'<rect class="best" x="{middle_x}" y="{_y(1)}" width="{_x(1) - middle_x}" height="{middle_y - _y(1)}"/>'
        f'<path class="axis" d="M{middle_x} {_y(1)}V{_y(0)}M{_x(0)} {middle_y}H{_x(1)}"/>'
        f'<text class="axis-name" x="{_x(0.5)}" y="{HEIGHT - 10}" text-anchor="middle">feasibility →</text>'
        f'<text class="axis-name" transform="translate(18 {_y(0.5)}) rotate(-90)" text-anchor="middle">value →</text>'
        f'<text class="tick" x="{_x(0)}" y="{_y(0) + 16}">0</text>'
        f'<text class="tick" x="{_x(1)}" y="{_y(0) + 16}" text-anchor="end">1</text>'
        f'<text class="tick" x="{_x(0) - 6}" y="{_y(1) + 10}" text-anchor="end">1</text>'
        f"{marks}</svg>"
    )


def _x(feasibility: float) -> float:
    return round(_LEFT + feasibility * (WIDTH - _LEFT - _RIGHT), 1)


def _y(value: float) -> float:
    return round(HEIGHT - _BOTTOM - value * (HEIGHT - _TOP - _BOTTOM), 1)


def _placed(points: tuple[Point, ...]) -> list[tuple[Point, float, float]]:
    placed: list[tuple[Point, float, float]] = []
    for point in points:
        x, y = _x(point.feasibility), _y(point.value)
        while any(abs(x - other_x) < 2 * _RADIUS and abs(y - other_y) < 2 * _RADIUS for _, other_x, other_y in placed):
            x += _RADIUS
            if x > WIDTH - _RADIUS:
                x, y = _x(point.feasibility), y + 2 * _RADIUS
        placed.append((point, round(x, 1), round(y, 1)))
    return placed


def _mark(point: Point, x: float, y: float) -> str:
    return (
        f'<g class="mark"><title>{escape(f"{point.label} {point.title}")}</title>'
        f'<circle cx="{x}" cy="{y}" r="{_RADIUS}"/>'
        f'<text x="{x}" y="{y + 4}" text-anchor="middle">{escape(point.label)}</text></g>'
    )
