"""Regions and who belongs where."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casebook.domain.region import parse_regions
from casebook.errors import CasebookError, NotRouted, PermanentError

FILE = """
[regions.eu]
url = "https://eu.example.org/"
countries = ["DE", "AT"]

[regions.us]
url = "https://US.example.org:8443"
countries = ["US"]

[regions.here]
url = "http://[::1]:8000"
"""


@pytest.mark.parametrize(
    ("region", "country", "found"),
    [
        ("", "", None),
        ("eu", "", None),
        (" EU ", "", None),
        ("us", "", "us"),
        ("", "de", None),
        ("", "US", "us"),
        ("us", "DE", "us"),  # what is named comes before the country
        ("eu", "US", None),
    ],
)
def test_a_submission_belongs_to_the_region_it_names_else_to_its_countrys(
    region: str, country: str, found: str | None
) -> None:
    elsewhere = parse_regions(FILE, "eu").elsewhere(region, country)
    assert (elsewhere.name if elsewhere else None) == found


@pytest.mark.parametrize(
    ("region", "country", "field", "said"),
    [
        ("mars", "", "region", "is one of eu, here, us"),
        ("", "FR", "country", "is no region's"),
        ("", "Germany", "country", "two letters"),
    ],
)
def test_what_no_region_goes_by_is_not_taken_here(region: str, country: str, field: str, said: str) -> None:
    with pytest.raises(NotRouted, match=said) as raised:
        parse_regions(FILE, "eu").elsewhere(region, country)
    assert raised.value.field == field


def test_addresses_are_written_in_one_way() -> None:
    found = parse_regions(FILE, "eu").all
    assert [region.url for region in found.values()] == [
        "https://eu.example.org",
        "https://us.example.org:8443",
        "http://[::1]:8000",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[", "not TOML"),
        ("", "a table for each region"),
        ("regions = 1", "a table for each region"),
        ("[regions.eu]", "the url of region eu"),
        ('[regions."E U"]\nurl = "https://a.test"', "the name of region"),
        ('[regions.eu]\nurl = "https://a.test"\nurls = 1', "nothing else"),
        ('[regions.eu]\nurl = "https://a.test"\ncountries = ["de"]', "capital letters"),
        ('[regions.eu]\nurl = "https://a.test"\n[regions.b]\nurl = "https://a.test"', "of region eu and of region b"),
        (
            (
                '[regions.eu]\nurl = "https://a.test"\ncountries = ["DE"]\n'
                '[regions.b]\nurl = "https://b.test"\ncountries = ["DE"]'
            ),
            "DE is of region eu and of region b",
        ),
        ('[regions.b]\nurl = "https://b.test"', "CASEBOOK_REGION says which"),
    ],
)
def test_a_file_that_cannot_be_followed_is_refused(text: str, said: str) -> None:
    with pytest.raises(PermanentError, match=said):
        parse_regions(text, "eu")


@pytest.mark.parametrize(
    "url",
    [
        "http://eu.example.org",
        "ftp://eu.example.org",
        "https://",
        "https://user@eu.example.org",
        "https://eu.example.org/path",
        "https://eu.example.org?x",
        "https://eu.example.org:port",
        "https://eu.example.org\\\\@evil.test",
        "eu.example.org",
    ],
)
def test_keys_are_sent_to_encrypted_addresses_only(url: str) -> None:
    with pytest.raises(PermanentError, match="the url of region eu"):
        parse_regions(f'[regions.eu]\nurl = "{url}"', "eu")


@given(st.text(max_size=30), st.text(max_size=30))
def test_whatever_is_named_leads_to_a_region_of_the_file_or_nowhere(region: str, country: str) -> None:
    regions = parse_regions(FILE, "eu")
    try:
        found = regions.elsewhere(region, country)
    except CasebookError:
        return
    assert found is None or found in regions.all.values()
