"""The language of a text, told by its function words."""

from __future__ import annotations

import re
from collections import Counter

UNDETERMINED = "und"
ANALYSED = ("en", "de")  # the languages whose wording the built-in analyst knows

NAMES = {
    "en": "English",
    "de": "German",
    "fr": "French",
    "es": "Spanish",
    "it": "Italian",
    "nl": "Dutch",
    "pl": "Polish",
    "pt": "Portuguese",
    "sv": "Swedish",
    "da": "Danish",
}

_MIN_WORDS = 8
_MIN_SHARE = 0.08
_MIN_DIFFERENT = 2  # function words: one alone may be the name of a column, as “van” is
_WORD = re.compile(r"[^\W\d_]+")
_FUNCTION_WORDS = {
    "en": "the and of to in is that for with on are be this by not or from have which at as we it our was were has "
    "will",
    "de": "der die und das den von zu mit sich des auf für ist im dem nicht ein eine als auch es an werden aus er hat "
    "dass wir sind bei nach wird oder einer um am haben nur über wenn noch kann durch",
    "fr": "le la les et des du une est dans pour que qui sur pas plus au avec par nous vous ce sont il elle cette aux "
    "ou",
    "es": "el la los las y del una es en para que por con no se su al como más pero sus este esta entre ser son",
    "it": "il la le gli e di che è per un una in con non del della sono da al si come più ma nel alla questo anche",
    "nl": "de het een en van is dat op te voor met zijn niet aan er om ook als bij door naar wordt uit deze worden",
    "pl": "i w na z się do nie jest to że o jak po co tak za od przez dla są oraz przy być tym który jego",
    "pt": "o a os as e do da dos das um uma em para com não que por mais se como no na ao são foi pelo pela",
    "sv": "och att det som en på är av för med till den har inte om ett men var sig så vi kan från eller",
    "da": "og at det som en på er af for med til den har ikke om et men var sig så vi kan fra eller der",
}
_LANGUAGES_OF: dict[str, list[str]] = {}
for _code, _words in _FUNCTION_WORDS.items():
    for _one in set(_words.split()):
        _LANGUAGES_OF.setdefault(_one, []).append(_code)
_SAMPLE_WORDS = 3_000
_SAMPLE_CHARACTERS = 20 * _SAMPLE_WORDS


def detect_language(text: str) -> str:
    """Tell the language of `text` as an ISO 639-1 code, or ``und`` when too few words tell it."""
    words = _WORD.findall(text[:_SAMPLE_CHARACTERS].lower())[:_SAMPLE_WORDS]
    if len(words) < _MIN_WORDS:
        return UNDETERMINED
    found = dict.fromkeys(_FUNCTION_WORDS, 0)
    different = dict.fromkeys(_FUNCTION_WORDS, 0)
    for word, count in Counter(words).items():
        for code in _LANGUAGES_OF.get(word, ()):
            found[code] += count
            different[code] += 1
    best = max(found, key=lambda code: (found[code], code == "en"))
    is_told = found[best] >= _MIN_SHARE * len(words) and different[best] >= _MIN_DIFFERENT
    return best if is_told else UNDETERMINED
