"""The words of the pages, in each language: JSON files of keys and texts, all with the same keys."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Final

import msgspec
from starlette.requests import Request

LANGUAGES: Final = {"en": "English", "de": "Deutsch"}  # the first is spoken when nothing fits
COOKIE: Final = "casebook_language"


class Words(msgspec.Struct, frozen=True):
    """One language's texts."""

    language: str
    texts: Mapping[str, str]

    def __call__(self, key: str, /, **values: object) -> str:
        """Return the text with `values` put in. Raises KeyError for a key that is missing: tests find it."""
        return self.texts[key].format(**values) if values else self.texts[key]

    def has(self, key: str) -> bool:
        """Tell whether there is such a text."""
        return key in self.texts

    def date(self, iso: str | None) -> str:
        """Write a UTC time as people do, to the minute."""
        if not iso:
            return "–"
        day, time = iso[:10], iso[11:16]
        year, month, number = day.split("-")
        written = f"{int(number)}. {int(month)}. {year}" if self.language == "de" else day
        return f"{written}, {time} UTC"

    def span(self, seconds: float) -> str:
        """Write a length of time in at most two units."""
        whole = round(seconds)
        if seconds < 10:  # noqa: PLR2004 - below, tenths matter
            return f"{self.number(seconds, 1)} s"
        if whole < 60:  # noqa: PLR2004
            return f"{whole} s"
        if whole < 3600:  # noqa: PLR2004
            return f"{whole // 60} min {whole % 60} s"
        return f"{whole // 3600} h {whole % 3600 // 60} min"

    def size(self, size: float) -> str:
        """Write a number of bytes."""
        for unit in ("B", "kB", "MB"):
            if size < 1000:  # noqa: PLR2004
                return f"{self.number(size, 0 if unit == 'B' or size >= 100 else 1)} {unit}"  # noqa: PLR2004
            size /= 1000
        return f"{self.number(size, 1)} GB"

    def number(self, value: float, places: int = 0) -> str:
        """Write a number with the language's own marks."""
        written = f"{value:,.{places}f}"
        return written.translate({44: ".", 46: ","}) if self.language == "de" else written


@cache
def words(language: str) -> Words:
    """Return a language's texts."""
    data = files("casebook.web.pages").joinpath("messages", f"{language}.json").read_bytes()
    return Words(language, msgspec.json.decode(data, type=dict[str, str]))


def language_of(request: Request) -> str:
    """Choose the language: what was asked for in the address, then before, then what the browser prefers."""
    for asked in (request.query_params.get("lang"), request.cookies.get(COOKIE)):
        if asked in LANGUAGES:
            return str(asked)
    return preferred(request.headers.get("accept-language", ""))


def preferred(accept: str) -> str:
    """Return the language that an Accept-Language header likes best, among ours."""
    liked: list[tuple[float, str]] = []
    for part in accept[:1000].split(","):
        name, _, weight = part.partition(";q=")
        language = name.strip().lower().partition("-")[0]
        if language in LANGUAGES:
            liked.append((-_weight(weight), language))
    return min(liked, default=(0.0, next(iter(LANGUAGES))), key=lambda pair: pair[0])[1]


def _weight(text: str) -> float:
    try:
        return float(text) if text else 1.0
    except ValueError:
        return 0.0
