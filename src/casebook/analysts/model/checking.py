"""Checking what a model wrote: against the quotes it rests on, by code, before anything of it is printed.

A verified quote is not yet support: the sentence beside it may say something else. So a claim about the company must
have its numbers, negations, names and most of its words from its own quotes. A proposal states nothing about the
company and so may bring in words, but no numbers, no names and no addresses.

What this cannot find: a claim that puts the words of its quote together in another sense ("staff wait for customers").
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property

import msgspec

from casebook.analysts.catalogue import Catalogue, Pattern
from casebook.analysts.extractive.statements import speaks_to_ai
from casebook.analysts.extractive.systems import named_systems
from casebook.analysts.model.wording import (
    ABBREVIATIONS,
    NEGATIONS,
    NUMBER_WORDS,
    OPPOSITES,
    SOFT_NEGATIONS,
    WORK_WORDS,
)
from casebook.domain.compounds import Compounds
from casebook.domain.language import detect_language
from casebook.domain.words import STOP_WORDS, TOKEN, stem, terms, tokens

MAX_CHARACTERS = 500
LEAST_COVERED = 0.6  # of a claim's words, by its own quotes
LEAST_COVERED_PROPOSAL = 0.4  # of a proposal's words, by quotes, pattern and words of work
SCOPE = 5  # words after a negation that it is about
LANGUAGES = ("en", "de", "und")  # whose capitals and words the checks know

# As the ship gate reads numbers, so that what passes here passes there.
_NUMBER = re.compile(r"\d+(?:[.,\u202f\u00a0' ]\d+)*")
_ADDRESS = re.compile(r"(?i)https?:|www\.|\w@\w|\b[\w-]+\.(?:com|net|org|io|de|eu|ai|co|example)\b|[<>{}\\|`]")
_UNIT = r"%|‰|€|\$|£|¥|(?:per ?cent|prozent|euros?|eur|dollars?|usd|pounds?|gbp|chf)\b"
_MEASURED = re.compile(
    rf"(?i)(?P<before>{_UNIT})?[\u202f\u00a0 -]?(?P<number>{_NUMBER.pattern})(?:[\u202f\u00a0 -]?(?P<after>{_UNIT}))?"
)
_UNITS = {"percent": "%", "per cent": "%", "prozent": "%", "euro": "€", "euros": "€", "eur": "€", "dollar": "$"}
_UNITS |= {"dollars": "$", "usd": "$", "pound": "£", "pounds": "£", "gbp": "£"}
_WORD = re.compile(r"[^\W\d_]+?n['’]t\b|[^\W\d_]+")  # "doesn't" is one word, or it would deny nothing
_NAME = re.compile(r"[^\W\d_](?:[\w&’'.-]*\w)?")


class Checker(msgspec.Struct, frozen=True, dict=True):
    """Checks sentences for one company and catalogue."""

    company_name: str
    catalogue: Catalogue

    def claim(self, text: str, quotes: Sequence[str]) -> list[str]:
        """Say what in a claim about the company its own quotes do not bear out; nothing when all is well."""
        if not quotes:
            return [f"“{_short(text)}” cites no evidence that exists."]
        faults = [*self._form(text), *self._names(text, [*quotes, self.company_name]), *_negations(text, quotes)]
        faults += [*_numbers(text, quotes), *_opposites(text, quotes), *self._uncovered(text, quotes)]
        return [f"“{_short(text)}”: {fault}" for fault in faults]

    def proposal(self, text: str, quotes: Sequence[str], pattern: Pattern) -> list[str]:
        """Say what in a proposal sounds like a fact that nobody stated; nothing when all is well."""
        known = [*quotes, pattern.search_text, pattern.summary, *pattern.risks, pattern.first_step, pattern.users]
        faults = [*self._form(text), *self._names(text, known), *_numbers(text, quotes), *self._about(text, known)]
        return [f"“{_short(text)}”: {fault}" for fault in faults]

    def question(self, text: str, known: Sequence[str] = ()) -> list[str]:
        """Say what in a question sounds like a fact; nothing when all is well."""
        faults = [*self._form(text), *self._names(text, known), *_numbers(text, known)]
        if self.company_name.lower() in text.lower():
            faults.append("a question does not name the company")
        return [f"“{_short(text)}”: {fault}" for fault in faults]

    def _form(self, text: str) -> Iterator[str]:
        if not terms(text) or len(text) > MAX_CHARACTERS:
            yield f"write one sentence of at most {MAX_CHARACTERS} characters"
        if _ADDRESS.search(text):
            yield "no addresses, links or marks"
        if speaks_to_ai(text):
            yield "this speaks to an AI system"

    def _names(self, text: str, known: Sequence[str]) -> Iterator[str]:
        """Find names that do not stand where they are said to come from."""
        familiar = {word for part in known for word in tokens(part)}
        in_german = detect_language(text) in LANGUAGES
        for match in _NAME.finditer(text):
            word = match.group().strip(".'’-")
            if not any(letter.isupper() for letter in word) or word.upper() in ABBREVIATIONS:
                continue
            begins = not text[: match.start()].rstrip(" “\"'(–-") or text[: match.start()].rstrip()[-1:] in ".!?:"
            if not all(self._is_familiar(part, familiar) for part in TOKEN.findall(word)) and (in_german or not begins):
                yield f"“{word}” does not stand in the evidence"
        in_known = {name for part in known for name, _, _ in named_systems(part)}
        for name in {name for name, _, _ in named_systems(text)} - in_known:
            yield f"“{name}” does not stand in the evidence"

    def _is_familiar(self, word: str, familiar: set[str]) -> bool:
        root = stem(word)
        if root in familiar or root in STOP_WORDS or word.isdigit() or len(word) == 1:
            return True
        if word.isupper() and len(word) > 1:
            return False  # an abbreviation that nobody wrote
        known = familiar | self._vocabulary
        return root in known or any(part in known for part in self._compounds.parts(root))

    def _uncovered(self, text: str, quotes: Sequence[str]) -> Iterator[str]:
        """Compare words: most of a claim's must stand in its quotes."""
        said = {word for quote in quotes for word in self._with_parts(terms(quote))}
        wanted = [word for word in dict.fromkeys(terms(text)) if word not in self._company_words]
        missing = [word for word in wanted if word not in said and not said.intersection(self._compounds.parts(word))]
        if len(wanted) - len(missing) < LEAST_COVERED * len(wanted):
            yield f"the evidence cited does not say this ({', '.join(missing[:6])}): keep closer to its words"

    def _about(self, text: str, known: Sequence[str]) -> Iterator[str]:
        """A proposal must be about the use case, and must not speak of the company."""
        if self.company_name.lower() in text.lower():
            yield "a proposal does not speak of the company"
        if detect_language(text) not in LANGUAGES:
            return
        said = {word for part in known for word in self._with_parts(terms(part))} | WORK_WORDS
        wanted = list(dict.fromkeys(terms(text)))
        covered = sum(word in said or bool(said.intersection(self._compounds.parts(word))) for word in wanted)
        if covered < LEAST_COVERED_PROPOSAL * len(wanted):
            yield "this is about something else than the use case"

    def _with_parts(self, words: Iterable[str]) -> Iterator[str]:
        for word in words:
            yield word
            yield from self._compounds.parts(word)

    @cached_property
    def _company_words(self) -> frozenset[str]:
        return frozenset(terms(self.company_name))

    @cached_property
    def _vocabulary(self) -> frozenset[str]:
        """The words of the catalogue: words of business, in English and German, hardly a name among them."""
        return frozenset(word for pattern in self.catalogue.patterns for word in tokens(pattern.search_text))

    @cached_property
    def _compounds(self) -> Compounds:
        return Compounds(self._vocabulary)


def _numbers(text: str, quotes: Sequence[str]) -> Iterator[str]:
    """Find numbers, in digits or in words, that the quotes do not have."""
    quoted = {number for quote in quotes for number in _NUMBER.findall(quote)}
    for number in dict.fromkeys(_NUMBER.findall(text)):
        if number not in quoted:
            yield f"the number {number} does not stand in the evidence"
    measured = {found for quote in quotes for found in _measured(quote)}
    for number, unit in dict.fromkeys(_measured(text)):
        if number in quoted and (number, unit) not in measured:
            yield f"the number {number} does not stand with {unit} in the evidence"
    spelled = {word for quote in quotes for word in _spelled(quote)} | {_digits(number) for number in quoted}
    for word, value in _spelled_with_values(text):
        if word not in spelled and value not in spelled:
            yield f"the number “{word}” does not stand in the evidence"


def _measured(text: str) -> Iterator[tuple[str, str]]:
    """Find numbers with a unit that makes another figure of them: 12 orders are not 12 % of the orders."""
    for match in _MEASURED.finditer(text):
        for unit in filter(None, (match["before"], match["after"])):
            yield match["number"], _UNITS.get(unit.lower(), unit.lower())


def _spelled(text: str) -> Iterator[str]:
    for word, value in _spelled_with_values(text):
        yield word
        yield value


def _spelled_with_values(text: str) -> Iterator[tuple[str, str]]:
    for word in TOKEN.findall(text.lower()):
        if word in NUMBER_WORDS:
            yield word, NUMBER_WORDS[word]


def _digits(number: str) -> str:
    return re.sub(r"[^\d]", "", number)


def _negations(text: str, quotes: Sequence[str]) -> Iterator[str]:
    """A claim denies what its quotes deny, and nothing else."""
    words = _words(text)
    quoted = [_words(quote) for quote in quotes]
    claims_no = bool(NEGATIONS.intersection(words)) or _is_soft(words)
    quotes_no = any(NEGATIONS.intersection(quote) or _is_soft(quote) for quote in quoted)
    denied = sum(word in NEGATIONS or _is_soft([word]) for quote in quoted for word in quote)
    if (claims_no and not quotes_no) or sum(word in NEGATIONS for word in words) > denied:
        yield "the evidence does not deny this"
    if claims_no:
        return
    roots = {stem(word) for word in words} - STOP_WORDS
    for quote in quoted:
        for place, word in enumerate(quote):
            if word in NEGATIONS and roots.intersection(stem(other) for other in _scope(quote, place)):
                yield "the evidence says that it is not so"
                return


def _scope(words: Sequence[str], place: int) -> list[str]:
    return [word for word in words[max(0, place - 2) : place + 1 + SCOPE] if word not in STOP_WORDS]


def _is_soft(words: Sequence[str]) -> bool:
    return any(word.startswith(SOFT_NEGATIONS) for word in words)


def _words(text: str) -> list[str]:
    return [word.replace("’", "'") for word in _WORD.findall(text.lower())]


def _opposites(text: str, quotes: Sequence[str]) -> Iterator[str]:
    """Find a word whose opposite is what the quotes say."""
    words = set(_words(text))
    quoted = {word for quote in quotes for word in _words(quote)}
    for one, other in (*OPPOSITES, *((second, first) for first, second in OPPOSITES)):
        if words & one and not words & other and quoted & other and not quoted & one:
            yield f"the evidence says the opposite of “{min(words & one)}”"


def _short(text: str) -> str:
    return " ".join(text.split())[:80]
