"""Regions: deployments that share nothing, and which of them a submission belongs to."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from urllib.parse import urlsplit

import msgspec

from casebook.domain.network import is_loopback
from casebook.errors import NotRouted, PermanentError

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_COUNTRY = re.compile(r"[A-Z]{2}")


class Region(msgspec.Struct, frozen=True):
    """A deployment: its address, and the countries (ISO 3166, two letters) whose submissions are its own."""

    name: str
    url: str  # without a slash at its end
    countries: frozenset[str]


class Regions(msgspec.Struct, frozen=True):
    """All regions, and the one that this deployment is."""

    own: str
    all: Mapping[str, Region]

    def elsewhere(self, region: str = "", country: str = "") -> Region | None:
        """Return the other region that a submission belongs to, None when it is this one's or names none.

        A region that is named comes before the country. Raises NotRouted.
        """
        name, code = region.strip().lower(), country.strip().upper()
        if name:
            if name not in self.all:
                message = f"is one of {', '.join(sorted(self.all))}"
                raise NotRouted(message, field="region")
        elif code:
            name = self._of_country(code)
        return self.all[name] if name and name != self.own else None

    def _of_country(self, code: str) -> str:
        if not _COUNTRY.fullmatch(code):
            message = "is a country's code of two letters, as DE"
            raise NotRouted(message, field="country")
        for region in self.all.values():
            if code in region.countries:
                return region.name
        message = f"is no region's: name one of the regions {', '.join(sorted(self.all))}"
        raise NotRouted(message, field="country")


def parse_regions(text: str, own: str) -> Regions:
    """Read regions.toml. Raises PermanentError, saying what is wrong and where."""
    try:
        tables = tomllib.loads(text).get("regions")
    except tomllib.TOMLDecodeError as error:
        message = f"the regions file is not TOML: {error}"
        raise PermanentError(message) from error
    if not isinstance(tables, dict) or not tables:
        message = 'the regions file has a table for each region, as [regions.eu] with url = "https://…"'
        raise PermanentError(message)
    regions = {name: _region(name, table) for name, table in tables.items()}
    _check_apart(regions)
    if own not in regions:
        message = f"CASEBOOK_REGION says which of the regions this is: one of {', '.join(sorted(regions))}"
        raise PermanentError(message)
    return Regions(own, regions)


def _region(name: str, table: object) -> Region:
    if not _NAME.fullmatch(name):
        message = f"the name of region {name!r} is of a-z, 0-9 and '-'"
        raise PermanentError(message)
    if not isinstance(table, dict) or table.keys() - {"url", "countries"}:
        message = f"region {name} has url and countries, and nothing else"
        raise PermanentError(message)
    countries = table.get("countries", [])
    if not isinstance(countries, list) or not all(isinstance(c, str) and _COUNTRY.fullmatch(c) for c in countries):
        message = f'the countries of region {name} are codes of two capital letters, as ["DE", "AT"]'
        raise PermanentError(message)
    return Region(name, _url(name, table.get("url")), frozenset(countries))


def _url(name: str, url: object) -> str:
    """Check an address that senders, with their keys, are sent to."""
    message = f"the url of region {name} is https://HOST, or http:// on this machine, without path, query and user"
    try:
        parts = urlsplit(url if isinstance(url, str) else "")
        port = f":{parts.port}" if parts.port else ""
    except ValueError as error:
        raise PermanentError(message) from error
    host = parts.hostname or ""
    secure = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))
    more = parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc
    if not secure or more or not re.fullmatch(r"[a-z0-9.:-]+", host):
        raise PermanentError(message)
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{port}"


def _check_apart(regions: Mapping[str, Region]) -> None:
    owners: dict[str, str] = {}
    for region in regions.values():
        for taken in (region.url, *sorted(region.countries)):
            other = owners.setdefault(taken, region.name)
            if other != region.name:
                message = f"{taken} is of region {other} and of region {region.name}: it can be of one only"
                raise PermanentError(message)
