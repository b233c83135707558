"""What a gated pattern can find it finds: each way of matching has one of its parts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from re import _constants as sre
from re import _parser as sre_parser
from types import ModuleType
from typing import Any

import pytest

from casebook.analysts.extractive import asides, practice
from casebook.analysts.extractive.gated_patterns import GatedPattern


def _gated(module: ModuleType) -> Iterator[tuple[str, GatedPattern]]:
    for name, found in vars(module).items():
        for number, one in enumerate(found if isinstance(found, tuple) else (found,)):
            if isinstance(one, GatedPattern):
                yield f"{module.__name__}.{name} {number}", one


GATED = dict(chain(_gated(asides), _gated(practice)))
BREAK = "\0"  # something that may be anything
WHITE_SPACE = [(sre.IN, [(sre.CATEGORY, sre.CATEGORY_SPACE)])]
MOST_WAYS = 100_000


def ways(pattern: Sequence[Any]) -> Iterator[str]:
    """Yield the literal letters of each way in which a parsed pattern can match, with breaks for all the rest."""
    if not pattern:
        yield ""
        return
    (kind, value), rest = pattern[0], pattern[1:]
    for begin in _of_one(kind, value):
        yield from (begin + end for end in ways(rest))


def _of_one(kind: Any, value: Any) -> Iterator[str]:  # noqa: ANN401 - the parser's own
    if kind is sre.LITERAL:
        yield chr(value).lower()
    elif kind is sre.SUBPATTERN:
        yield from ways(list(value[3]))
    elif kind is sre.BRANCH:
        for branch in value[1]:
            yield from ways(list(branch))
    elif (
        kind is sre.MAX_REPEAT and value[0] == 1 and list(value[2]) == [(sre.IN, [(sre.CATEGORY, sre.CATEGORY_SPACE)])]
    ):
        yield " "  # the text is looked at with one blank for any white space
    elif kind in {sre.MAX_REPEAT, sre.MIN_REPEAT} and value[0] > 0:
        yield from (f"{BREAK}{way}{BREAK}" for way in ways(list(value[2])))
    elif kind is sre.AT:
        yield ""
    else:
        yield BREAK


def unguarded(gated: GatedPattern) -> list[str]:
    """Return ways of matching that have none of the parts."""
    found = list(islice(ways(list(sre_parser.parse(gated.pattern))), MOST_WAYS + 1))
    assert len(found) <= MOST_WAYS
    return [way for way in found if not any(part in way for part in gated.parts)]


@pytest.mark.parametrize("name", GATED)
def test_every_match_has_a_part(name: str) -> None:
    assert unguarded(GATED[name]) == []


def test_a_part_that_is_missing_is_noticed() -> None:
    assert unguarded(GatedPattern(r"(?i)\b(?:re)?solved\b|\bgoes\s+well\b", parts="solved")) == ["goes well"]


def test_a_match_is_found_in_any_case_and_only_behind_a_part() -> None:
    gated = GatedPattern(r"(?i)\bsolved\s+since\b", parts="solved")
    assert re.fullmatch("SOLVED\nsince", (gated.search("All SOLVED\nsince May.") or [""])[0])
    assert gated.search("Solving it takes long.") is None
    assert gated.search("Solved by hand.") is None
