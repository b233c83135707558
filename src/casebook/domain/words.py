"""Words for matching: tokens, stop words, light stems and German compounds, for English and German together.

Matching needs no linguistics: a stem only has to be the same for the forms of one word. The English rules are a
small part of Porter's idea; the German ones follow CISTEM (Weissweiler & Fraser, 2017) in what they strip. Both
are applied by the word's look, not by the document's language, so mixed documents need no switch.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

TOKEN = re.compile(r"[^\W\d_]+|\d+(?:[.,]\d+)*")

STOP_WORDS = frozenset(
    """
    a about above after again all also am an and any are as at be because been before being below between both but by
    can could did do does doing down during each few for from further had has have having he her here hers him his how
    i if in into is it its itself just me more most my no nor not now of off on once only or other our ours out over own
    per same she should so some such than that the their theirs them then there these they this those through to too
    under until up us very was we were what when where which while who whom why will with would you your yours may
    might must shall one two via within without upon however therefore thus etc eg ie
    aber alle allem allen aller alles als also am an ander andere anderem anderen anderer anderes auch auf aus bei bin
    bis bist da damit dann das dass dein dem den denn der des dessen dich die dies diese diesem diesen dieser dieses dir
    doch dort du durch ein eine einem einen einer eines er es etwas euch euer für gegen gewesen hab habe haben hat hatte
    hatten hier hin hinter ich ihm ihn ihnen ihr ihre ihrem ihren ihrer ihres im immer in ins ist ja jede jedem jeden
    jeder jedes jener jetzt kann kein keine keinem keinen keiner können könnte machen man manche mehr mein mich mir mit
    muss müssen nach nicht nichts noch nun nur ob oder ohne sehr sein seine seinem seinen seiner seit sich sie sind so
    solche soll sollen sollte sondern sonst sowie über um und uns unser unsere unserem unseren unter viel vom von vor
    während war waren was weg weil weiter welche welcher wenn wer werde werden wie wieder will wir wird wo wollen worden
    monday tuesday wednesday thursday friday saturday sunday january february march april june july august september
    october november december three four five six seven eight nine ten eleven twelve twenty thirty forty
    fifty hundred thousand
    montag montags dienstag dienstags mittwoch mittwochs donnerstag donnerstags freitag freitags samstag sonntag januar
    februar märz mai juni juli oktober dezember zwei drei vier fünf sechs sieben acht neun zehn elf hundert tausend
    zwölf wurde wurden zu zum zur zwar zwischen bzw ca sowohl je dabei dazu daher deren bereits etwa pro sodass
    """.split()
)

_GERMAN_LOOK = re.compile(r"[äöüß]|ung(?:en|s)?$|ungs|heit|keit|schaft|lich|isch|sch(?!ed|oo|em)")
_ENGLISH_SUFFIXES = (
    ("ational", "ate"), ("ization", "ize"), ("isation", "ize"), ("ising", "ize"), ("ised", "ize"), ("ise", "ize"),
    ("ifications", "ify"), ("ification", "ify"), ("ctions", "ct"), ("ction", "ct"),
    ("fulness", "ful"), ("ousness", "ous"), ("iveness", "ive"), ("ements", "e"), ("ement", "e"),
    ("ations", "ate"), ("ation", "ate"), ("ators", "ate"), ("ator", "ate"),
    ("ments", ""), ("ment", ""), ("ness", ""), ("ities", "ity"), ("ically", "ic"), ("ally", "al"),
    ("ies", "y"), ("ied", "y"), ("ying", "y"), ("sses", "ss"), ("ings", ""), ("ing", ""), ("edly", ""), ("ed", ""),
    ("ely", "e"), ("ly", ""), ("ches", "ch"), ("shes", "sh"), ("xes", "x"), ("es", "e"), ("s", ""),
)  # fmt: skip
_GERMAN_SUFFIXES = (
    "ungen", "ung", "heiten", "heit", "keiten", "keit", "lichen", "licher", "liches", "liche", "lich",
    "ischen", "ischer", "isches", "ische", "isch", "innen", "erin", "ern", "est", "end", "ende", "enden",
    "en", "em", "er", "es", "st", "e", "n", "s", "t",
)  # fmt: skip
_ENGLISH_BY_LAST = {
    last: tuple(entry for entry in _ENGLISH_SUFFIXES if entry[0][-1] == last)
    for last in {suffix[-1] for suffix, _ in _ENGLISH_SUFFIXES}
}
_MIN_STEM = 3
_MIN_GERMAN_STEM = 4
_VOWELS = re.compile(r"[aeiouyäöü]")


def tokens(text: str) -> list[str]:
    """Split `text` into stems of all its words and numbers, stop words included, in order."""
    return [stem(word) for word in TOKEN.findall(text)]


def terms(text: str) -> list[str]:
    """Return the stems of the words that carry meaning: no stop words, no single letters, no numbers."""
    return [found for word in TOKEN.findall(text) if (found := _meaning(word))]


@lru_cache(maxsize=200_000)
def stem(word: str) -> str:
    """Cut the endings off `word`, whatever its case: "Rechnungen" -> "rechn", "typing" -> "typ"."""
    lowered = unicodedata.normalize("NFC", word).lower()
    if lowered in STOP_WORDS or len(lowered) <= _MIN_STEM or lowered[0].isdigit():
        return lowered
    root = _stem_german(lowered) if _GERMAN_LOOK.search(lowered) else _stem_english(lowered)
    return lowered if root in STOP_WORDS else root  # "willing" is not "will", "suchen" is not the English "such"


@lru_cache(maxsize=200_000)
def _meaning(word: str) -> str:
    """Return the stem of a word that carries meaning, nothing for others."""
    return "" if len(word) < 2 or word[0].isdigit() or word.lower() in STOP_WORDS else stem(word)  # noqa: PLR2004


def _stem_english(word: str) -> str:
    if not word.endswith(("ss", "us", "is")):
        for suffix, replacement in _ENGLISH_BY_LAST.get(word[-1], ()):
            root = word[: -len(suffix)]
            if len(root) >= _MIN_STEM and word.endswith(suffix) and _VOWELS.search(root):
                word = root + replacement
                break
    if len(word) > _MIN_STEM and word[-1] == word[-2] and word[-1] not in "sl":
        word = word[:-1]
    if len(word) > _MIN_STEM + 1 and word.endswith("e"):
        word = word[:-1]
    elif len(word) > _MIN_STEM + 2 and word.endswith("en"):
        word = word[:-2]  # German plurals and infinitives; in English "written", "broken"
    if len(word) > _MIN_STEM and word.endswith("y"):
        word = word[:-1]
    return word


def _stem_german(word: str) -> str:
    word = word.translate(_PLAIN_LETTERS)
    for suffix in _GERMAN_SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= _MIN_GERMAN_STEM:
            return word[: -len(suffix)]
    return word


_PLAIN_LETTERS = str.maketrans({"ä": "a", "ö": "o", "ü": "u", "ß": "ss"})
