"""The catalogue: the built-in one is whole, a user's own is read or its fault is named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from casebook.analysts.catalogue import Catalogue, Pattern, built_in_catalogue, load_catalogue
from casebook.errors import InvalidCatalogue

LEAST = {"id": "p1", "title": "Read invoices", "description": "Invoices are read and booked."}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def load(folder: Path, name: str, content: str, *, with_built_in: bool = False) -> Catalogue:
    path = folder / name
    path.write_text(content, "utf-8")
    return load_catalogue(path, with_built_in=with_built_in)


def test_the_built_in_catalogue_has_many_patterns_each_with_its_own_id() -> None:
    patterns = built_in_catalogue().patterns
    assert len(patterns) >= 80
    assert len({pattern.id for pattern in patterns}) == len(patterns)
    assert len({pattern.function for pattern in patterns}) >= 10


def test_columns_of_a_csv_file_that_are_not_used_are_named(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_text("id,title,description,owner,empty,risks\np1,A,Text.,Jo,,Wrong sums\n", encoding="utf-8")
    (remark,) = load_catalogue(path).remarks
    assert "own.csv: owner, risks." in remark
    path.write_text("id,title,description\np1,A,Text.,more\n", encoding="utf-8")
    assert "cells without a header" in load_catalogue(path).remarks[0]
    path.write_text("id,title,description\np1,A,Text.\n", encoding="utf-8")
    assert load_catalogue(path).remarks == ()


@pytest.mark.parametrize("pattern", built_in_catalogue().patterns, ids=lambda pattern: pattern.id)
def test_every_built_in_pattern_is_whole(pattern: Pattern) -> None:
    assert isinstance(pattern.title, dict)
    assert isinstance(pattern.description, dict)
    assert set(pattern.title) == set(pattern.description) == {"en", "de"}
    assert all(pattern.title.values())
    assert pattern.summary
    assert set(pattern.signals.pain) == {"en", "de"}
    assert all(pattern.signals.pain.values())
    assert pattern.data_needed
    assert all(kpi.name and kpi.formula and kpi.unit and kpi.direction for kpi in pattern.kpis)
    assert pattern.kpis
    assert pattern.baseline_question.endswith("?")
    assert pattern.effort in {"S", "M", "L"}
    assert pattern.build_or_buy in {"buy", "configure", "build"}
    assert pattern.risks
    assert pattern.ai_act is not None
    assert pattern.ai_act.level in {"minimal", "limited", "high", "prohibited", "context_dependent"}
    assert pattern.ai_act.source
    assert pattern.ai_act.as_of
    assert pattern.nist is not None
    assert pattern.human_review
    assert pattern.when_not_ai
    assert pattern.first_step
    assert pattern.stop_rule
    assert pattern.success_signal


def test_a_pattern_is_found_by_its_id() -> None:
    catalogue = built_in_catalogue()
    last = catalogue.patterns[-1]
    assert catalogue.pattern(last.id) is last
    with pytest.raises((KeyError, StopIteration)):
        catalogue.pattern("no such pattern")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("own.json", json.dumps([LEAST])),
        ("own.json", "\ufeff" + json.dumps({"patterns": [LEAST]})),
        ("own.yaml", "- id: p1\n  title: Read invoices\n  description: Invoices are read and booked.\n"),
        ("own.YML", "patterns:\n- {id: p1, title: Read invoices, description: Invoices are read and booked.}\n"),
        ("own.csv", "id,title,description,other\np1,Read invoices,Invoices are read and booked.,x\n"),
    ],
)
def test_the_least_entry_is_id_title_and_description_in_any_format(folder: Path, name: str, content: str) -> None:
    catalogue = load(folder, name, content)
    (pattern,) = catalogue.patterns
    assert (pattern.id, pattern.name, pattern.function_name) == ("p1", "Read invoices", "Other")
    assert list(pattern.texts(pattern.description)) == ["Invoices are read and booked."]
    assert catalogue.describe().startswith("own, 1 patterns, ")


def test_texts_may_come_in_languages(folder: Path) -> None:
    entry = {**LEAST, "title": {"de": "Rechnungen lesen"}, "function_title": {"de": "Einkauf", "en": "Purchase"}}
    (pattern,) = load(folder, "own.json", json.dumps([entry])).patterns
    assert (pattern.name, pattern.function_name) == ("Rechnungen lesen", "Purchase")


def test_an_own_entry_comes_before_a_built_in_one_of_the_same_id(folder: Path) -> None:
    built_in = built_in_catalogue()
    own = json.dumps([{**LEAST, "id": built_in.patterns[0].id}])
    catalogue = load(folder, "own.json", own, with_built_in=True)
    assert len(catalogue.patterns) == len(built_in.patterns)
    assert catalogue.patterns[0].name == "Read invoices"
    assert catalogue.digest != load(folder, "own.json", own).digest


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("own.json", "[]", "has no entries"),
        ("own.json", "{", r"not valid \.json"),
        ("own", "{", "not valid JSON"),
        ("own.json", "7", "not a list of entries"),
        ("own.json", '{"entries": []}', "not a list of entries"),
        ("own.yaml", "a: [", r"not valid \.yaml"),
        ("own.json", json.dumps([LEAST, LEAST]), "entry 2: the id 'p1' stands there twice"),
        ("own.json", json.dumps([LEAST, {"id": "p2", "title": "x"}]), "entry 2: .*`description`"),
        ("own.json", json.dumps([{**LEAST, "sumary": "x"}]), "entry 1: .*`sumary`"),
        ("own.json", json.dumps([{**LEAST, "kpis": "x"}]), r"entry 1: .*kpis"),
        ("own.json", json.dumps(["p1"]), "entry 1: "),
        ("own.csv", "id,title\np1,x\n", "entry 1: .*`description`"),
    ],
)
def test_a_fault_is_named_with_the_entry_it_is_in(folder: Path, name: str, content: str, message: str) -> None:
    with pytest.raises(InvalidCatalogue, match=message):
        load(folder, name, content)


def test_bytes_that_are_no_text_are_a_fault(folder: Path) -> None:
    (folder / "own.csv").write_bytes(b"id,title\n\xff\xfe")
    with pytest.raises(InvalidCatalogue, match=r"not valid \.csv"):
        load_catalogue(folder / "own.csv")


def test_a_catalogue_that_is_not_there_is_a_fault(folder: Path) -> None:
    with pytest.raises(InvalidCatalogue, match="cannot read the catalogue"):
        load_catalogue(folder / "none.json")
