"""Cost and benefit: only quoted numbers, times assumptions that the reader can change."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from casebook.analysts.extractive.statements import Statement
from casebook.domain.evidence import Period, Quantity, Unit
from casebook.domain.report import Assumption, BenefitEstimate

A_YEAR = {Period.DAY: 220, Period.WEEK: 46, Period.MONTH: 12, Period.QUARTER: 4, Period.YEAR: 1}

SHARE = Assumption(
    id="A1",
    text="Share of the quoted time that the use case saves",
    low=0.2,
    base=0.35,
    high=0.5,
    unit="share",
)
COST_SHARE = Assumption(
    id="A2", text="Share of the quoted cost that the use case avoids", low=0.1, base=0.2, high=0.35, unit="share"
)
WORKING_YEAR = Assumption(id="A3", text="Working days in a year (46 weeks)", low=220, base=220, high=220, unit="days")
ASSUMPTIONS = (SHARE, COST_SHARE, WORKING_YEAR)


class Basis(msgspec.Struct, frozen=True):
    """The figures an estimate rests on: hours a year, or money a year, and how they were worked out."""

    statements: tuple[Statement, ...]
    amounts: tuple[float, float, float]  # low, base, high: the ends and the middle where a range is quoted
    unit: str
    working: str

    @property
    def rests_on_working_year(self) -> bool:
        """Whether it was multiplied by the days or weeks of a working year."""
        return any(f"× {A_YEAR[period]} a year" in self.working for period in (Period.DAY, Period.WEEK))


def estimate(use_case_id: str, basis: Basis, claim_ids: Sequence[str]) -> BenefitEstimate:
    """Turn a basis into low, base and high."""
    share = SHARE if basis.unit == "hours a year" else COST_SHARE
    used = (share.id, WORKING_YEAR.id) if basis.rests_on_working_year else (share.id,)
    low, base, high = basis.amounts
    ranges = ", a range by its lower end / middle / upper end," if low < high else ""
    return BenefitEstimate(
        use_case_id=use_case_id,
        claim_ids=tuple(claim_ids),
        calculation=f"{basis.working}{ranges} × {share.low:.0%} / {share.base:.0%} / {share.high:.0%}",
        assumption_ids=used,
        low=_rounded(low * share.low),
        base=_rounded(base * share.base),
        high=_rounded(high * share.high),
        unit=basis.unit,
    )


def find_basis(statements: Sequence[Statement]) -> Basis | None:
    """Find quoted figures that add up to hours or money a year; None when they do not."""
    return _hours_over_time(statements) or _count_times_duration(statements) or _money_over_time(statements)


def _hours_over_time(statements: Sequence[Statement]) -> Basis | None:
    for statement in statements:
        for quantity in statement.quantities:
            if quantity.unit is Unit.HOURS and quantity.period and not quantity.each:
                times = A_YEAR[quantity.period]
                return Basis((statement,), _times(quantity, times), "hours a year", _a_year(quantity, times))
    return None


def _count_times_duration(statements: Sequence[Statement]) -> Basis | None:
    """So many a day, so long each."""
    count = _first(statements, lambda found: found.unit is Unit.ITEMS and found.period is not None)
    duration = _first(statements, lambda found: found.unit is Unit.HOURS and found.each)
    if not count or not duration:
        return None
    times = A_YEAR[count[1].period or Period.YEAR]
    low, base, high = _times(duration[1], times)
    least, middle, most = _times(count[1], 1)
    return Basis(
        tuple(dict.fromkeys((count[0], duration[0]))),
        (low * least, base * middle, high * most),
        "hours a year",
        f"{_a_year(count[1], times)} × “{duration[1].text}”",
    )


def _money_over_time(statements: Sequence[Statement]) -> Basis | None:
    found = _first(statements, lambda money: money.unit is Unit.MONEY and money.period is not None)
    if not found:
        return None
    times = A_YEAR[found[1].period or Period.YEAR]
    return Basis((found[0],), _times(found[1], times), f"{found[1].noun} a year", _a_year(found[1], times))


def _times(quantity: Quantity, times: int) -> tuple[float, float, float]:
    """The lower end, the middle and the upper end of a quantity, so many times."""
    low = quantity.value if quantity.low is None else quantity.low
    high = quantity.value if quantity.high is None else quantity.high
    return low * times, quantity.value * times, high * times


def _a_year(quantity: Quantity, times: int) -> str:
    return f"“{quantity.text}”" if times == 1 else f"“{quantity.text}” × {times} a year"


def _first(statements: Sequence[Statement], test: Callable[[Quantity], bool]) -> tuple[Statement, Quantity] | None:
    return next(
        ((statement, quantity) for statement in statements for quantity in statement.quantities if test(quantity)),
        None,
    )


def _rounded(amount: float) -> float:
    """Two significant digits: the assumptions carry no more."""
    return float(f"{amount:.2g}")
