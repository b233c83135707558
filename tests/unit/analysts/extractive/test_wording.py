"""What the wording of a sentence tells."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from casebook.analysts.extractive.wording import Tone, phrases_of, tone, word_lists
from casebook.domain.words import tokens


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("pain", "Every order is typed in by hand."),
        ("pain", "Die Bestellungen sind verspätet."),
        ("goal", "We want to answer sooner."),
        ("goal", "Das ist unser Vorhaben."),
        ("constraint", "The works council has to agree."),
        ("constraint", "Das fällt unter die Schweigepflicht."),
        ("resolved", "The matter has been solved."),
        ("trivia", "The canteen is closed."),
        ("trivia", "Der Betriebsausflug findet im Mai statt."),
        ("actor", "Two clerks sit there."),
        ("circumstance", "It went on for hours."),
    ],
)
def test_each_kind_of_wording_is_heard_in_both_languages(kind: str, text: str) -> None:
    assert getattr(tone(tokens(text)), kind) > 0


def test_a_plain_sentence_has_no_tone() -> None:
    assert tone(tokens("Flensburg is a town of brick.")) == Tone()


@pytest.mark.parametrize(
    ("word", "stop_word"), [("suchen", "such"), ("theme", "them"), ("willing", "will"), ("Meinung", "mein")]
)
def test_a_word_is_not_taken_for_a_stop_word_that_its_stem_looks_like(word: str, stop_word: str) -> None:
    assert tokens(word) != tokens(stop_word)
    assert not tone(tokens(stop_word)).pain


def test_a_weak_word_weighs_less_than_a_strong_one() -> None:
    assert tone(tokens("a delay")).pain < tone(tokens("by hand")).pain


def test_a_phrase_that_is_said_twice_counts_once() -> None:
    assert tone(tokens("by hand and by hand")).pain == tone(tokens("by hand")).pain


def test_sums_do_not_depend_on_the_hash_seed() -> None:
    """Sums of rounded numbers depend on their order, and reports must not."""
    program = (
        "from casebook.analysts.extractive.wording import tone; from casebook.domain.words import tokens;"
        "print(repr(tone(tokens('late by hand slow problem retyped delayed manually issue'))))"
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": str(seed)},
        ).stdout
        for seed in range(4)
    }
    assert len(told) == 1


def test_word_lists_are_known_by_name() -> None:
    assert all(phrases_of(name).first_words for name in word_lists().lists)
    with pytest.raises(KeyError):
        phrases_of("no such list")
