"""Whether a person can see text of a colour and a size on its ground."""

from __future__ import annotations

import re
from typing import Final

WHITE: Final = "ffffff"
LEAST_POINTS: Final = 2.0  # smaller type is not read by anyone
_ALIKE: Final = 16  # of 255 in each colour
_HEX = re.compile(r"[0-9a-f]{6}")


def is_seen(colour: str | None, ground: str | None) -> bool:
    """Say whether text of a colour can be told from its ground, both as "rrggbb"; what is not known can be."""
    if colour is None or ground is None or not (_HEX.fullmatch(colour) and _HEX.fullmatch(ground)):
        return True
    pairs = ((int(colour[place : place + 2], 16), int(ground[place : place + 2], 16)) for place in (0, 2, 4))
    return any(abs(one - other) > _ALIKE for one, other in pairs)
