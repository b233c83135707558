"""The company's name as a folder name."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casebook.domain.company import MAX_SLUG_CHARACTERS, slugify


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Acme GmbH", "acme_gmbh"),
        ("Müller & Söhne KG", "mueller_and_soehne_kg"),
        ("Mu\u0308ller", "mueller"),
        ("Größe AG", "groesse_ag"),
        ("Łódź Sp. z o.o.", "lodz_sp_z_o_o"),
        ("../../etc/passwd", "etc_passwd"),
        ("株式会社", "company"),
        ("   ", "company"),
        ("CON", "con_company"),
        ("lpt1", "lpt1_company"),
        ("a" * 100, "a" * 40),
        ("🚀 Rocket", "rocket"),
        ("🚀", "company"),
        ("…", "company"),
        ("..", "company"),
        ("\ud800", "company"),
        ("ACME gmbh", "acme_gmbh"),
        ("Ácme GmbH", "acme_gmbh"),
        ("\uff21\uff23\uff2d\uff25", "acme"),  # fullwidth
        ("\u0430cme", "cme"),  # a Cyrillic letter that looks like one of ours
        ("a" * 5000, "a" * 40),
        (".hidden", "hidden"),
        ("-rf", "rf"),
        ("_received", "received"),
    ],
)
def test_a_name_becomes_a_folder_name(name: str, slug: str) -> None:
    assert slugify(name) == slug


@given(st.text(max_size=300))
def test_any_name_becomes_a_safe_folder_name(name: str) -> None:
    slug = slugify(name)
    assert re.fullmatch(r"[a-z0-9]([a-z0-9_]*[a-z0-9])?", slug)
    assert len(slug) <= MAX_SLUG_CHARACTERS + len("_company")
    assert slugify(slug) in {slug, f"{slug}_company"}
