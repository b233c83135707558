"""How things are said to be done, and that they are not done so: the use of a system, of paper, of one platform.

A practice is said of all or of the company as a whole; its denial of somebody who does otherwise. Wishes, plans and the
past are neither.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

import msgspec

from casebook.analysts.extractive.gated_patterns import GatedPattern, has_part
from casebook.analysts.extractive.systems import named_systems

_NAME = r"(?P<name>[A-ZÄÖÜ][\w./+-]*\w)"
_ALL = r"(?:all|every(?:one|body)?|each|the\s+whole|entire|alle[rnsm]?|sämtliche\w*|jede[rnsm]?|die\s+ganze)"

_USED = (  # a system is used: "planned in Roundsman", "Wodis wird von allen genutzt"
    GatedPattern(
        rf"\b(?:plan(?:ned|s)?|works?|runs?|processed|recorded|entered|scanned|held|kept|handled|managed|booked|documented"
        rf"|laufen|läuft|geplant|gepflegt|erfasst|gescannt|arbeite\w*|bearbeitet|abgewickelt|dokumentiert|verwaltet|gebucht"
        rf"|digital)\b[^.;,]{{0,40}}?\b(?:in|with|on|through|via|mit|über|im)\s+{_NAME}",
        parts="plan, work, run, processed, recorded, entered, scanned, held, kept, handled, managed, booked, "
        "documented, laufen, läuft, gepflegt, erfasst, gescannt, arbeite, bearbeitet, abgewickelt, "
        "dokumentiert, verwaltet, gebucht, digital",
    ),
    GatedPattern(
        rf"\b(?:in|mit|über|im)\s+{_NAME}\s+(?:\w+\s+){{0,3}}?(?:erfasst|geplant|gepflegt|gebucht|verwaltet|bearbeitet"
        rf"|abgewickelt|dokumentiert|gescannt|geführt)\b",
        parts="erfasst, geplant, gepflegt, gebucht, verwaltet, bearbeitet, abgewickelt, dokumentiert, gescannt, "
        "geführt",
    ),
    GatedPattern(
        rf"{_NAME}\s+(?:is|are)\s+(?:now\s+)?used\s+(?:by\s+(?:all|every|the)|everywhere|throughout)\b", parts="used"
    ),
    GatedPattern(
        rf"{_NAME}\s+wird\s+(?:inzwischen\s+)?(?:von\s+alle|überall|durchgängig|flächendeckend)", parts="wird"
    ),
    GatedPattern(
        rf"(?i:\b{_ALL}\b)[^.;]{{0,50}}\b(?:use|uses|nutz\w+|verwende\w+|arbeiten\s+mit|work\s+(?:in|with))\s+{_NAME}",
        parts="use, nutz, verwende, arbeiten, work",
    ),
)
_UNUSED = (
    GatedPattern(
        rf"{_NAME}\b[^.;]{{0,60}}\b(?:never|not(?:\s+yet)?|hardly|barely|no\s+longer)\s+(?:been\s+)?(?:switched\s+on|used"
        rf"|rolled\s+out|introduced|in\s+use|live|installed|set\s+up|connected|maintained|filled|adopted)\b",
        parts="never, not, hardly, barely, no longer",
    ),
    GatedPattern(
        rf"(?i:\b(?:nobody|no\s+one|none\s+of\s+[\w\s]{{1,30}}?|hardly\s+any(?:one|body)))\s+(?:\w+\s+){{0,3}}?"
        rf"(?:uses?|opens?|works?\s+(?:in|with)|fills?(?:\s+in)?)\s+(?:the\s+)?{_NAME}",
        parts="nobody, no one, none of, hardly any",
    ),
    GatedPattern(rf"\b(?:stopped\s+using|gave\s+up|given\s+up)\s+{_NAME}", parts="stopped using, gave up, given up"),
    GatedPattern(
        rf"{_NAME}\s+(?:is|stands|stays)\s+(?:\w+\s+)?(?:empty|unused|switched\s+off)\b",
        parts="empty, unused, switched off",
    ),
    GatedPattern(
        rf"{_NAME}\s+(?:nutz|benutz|verwende|pfleg|öffne)\w*\s+(?:[\w-]+\s+){{0,6}}?(?:keine[rsn]?|niemand|kaum|nicht|nie)\b",
        parts="keine, niemand, kaum, nicht, nie",
    ),
    GatedPattern(
        rf"(?i:\b(?:keine[rs]?|niemand|kaum\s+(?:jemand|einer)))\s+(?:[\w-]+\s+){{0,5}}?"
        rf"(?:nutzt|benutzt|verwendet|pflegt|arbeitet\s+(?:in|mit))\s+(?:das\s+|dem\s+)?{_NAME}",
        parts="keine, niemand, kaum",
    ),
    GatedPattern(
        rf"{_NAME}\b[^.;]{{0,60}}\b(?:nie|nicht(?:\s+mehr)?|noch\s+nicht|kaum)\s+(?:[\w-]+\s+){{0,3}}?(?:eingeführt|genutzt"
        rf"|eingeschaltet|in\s+betrieb|freigeschaltet|gepflegt|angeschlossen|benutzt|verwendet|im\s+einsatz)\b",
        parts="nie, nicht, kaum",
    ),
    GatedPattern(rf"{_NAME}\s+(?:ist|steht|bleibt)\s+(?:\w+\s+)?leer\b", parts="leer"),
)
_PAPERLESS = GatedPattern(
    r"""(?ix)\bpaperless\b|\bpapierlos\w*|\bno\s+(?:more\s+)?paper\b|\bwithout\s+(?:any\s+)?paper\b
    |\bpapier\w*\s+gibt\s+es\s+(?:nicht\s+mehr|keine?s?)\b|\bkein\w*\s+papier\w*|\bohne\s+papier\b
    |\b(?:fully|entirely|completely|vollständig|komplett|durchgängig)\s+(?:digital|elektronisch)\w*
    |\ball\b[^.;]{0,40}\bare\s+digital\b|\balle\b[^.;]{0,40}\b(?:laufen|sind)\s+digital\b""",
    parts="paper, papier, digital, elektronisch",
)
_ON_PAPER = GatedPattern(
    r"(?i)\bon\s+paper\b|\bpaper\s+(?:files?|forms?|slips?|notes?)\b|\bauf\s+papier\b|\bin\s+papierform\b|\bhandwritten\b"
    r"|\bhandschriftlich\w*|\bpapier(?:akten?|formulare?n?|zettel)\b",
    parts="on paper, paper f, paper s, paper n, auf papier, papierform, papierakte, papierformular, papierzettel, "
    "handwritten, handschriftlich",
)
_ONE_SYSTEM = GatedPattern(
    r"(?i)\b(?:one|single|integrated|zentrale[nr]?|integrierte[nr]?|einheitliche[nr]?|gemeinsame[nr]?|einzigen?)[\s,]+(?:[\w-]+,?\s+){0,2}?"
    r"(?:platform|system|database|view\s+of|plattform|datenbank|datenbasis)\b",
    parts="platform, system, database, view, plattform, datenbank, datenbasis",
)
_APART = GatedPattern(
    r"""(?ix)\b(?:do(?:es)?\s+not|don't|doesn't|cannot|can't)\s+(?:share|talk\s+to|exchange)\b
    |\b(?:is|are)\s+not\s+(?:connected|linked|integrated)\b|\bno\s+(?:interface|data\s+warehouse|common|shared)\b
    |\bkeine?\s+(?:schnittstelle|gemeinsame\w*|einheitliche\w*)\b|\bsprechen\s+nicht\s+miteinander\b
    |\bnicht\s+(?:miteinander\s+)?(?:verbunden|integriert|verknüpft|angebunden)\b""",
    parts="not share, not talk, not exchange, n't share, n't talk, n't exchange, not connected, not linked, "
    "not integrated, no interface, no data, no common, no shared, schnittstelle, gemeinsame, einheitliche, "
    "nicht miteinander, verbunden, integriert, verknüpft, angebunden",
)
_NOT_NOW = GatedPattern(
    r"(?i)\b(?:goal|target|plan(?:ned)?\s+(?:for|to)|until\s+20|by\s+20|used\s+to|formerly|ziel|soll(?:en|te)?|(?:ist|sind|war|waren)\s+(?:\w+\s+){0,3}?geplant|früher|"
    r"künftig|bis\s+20|würde|wäre|would|if|wenn|in\s+the\s+past|damals)\b",
    parts="goal, target, plan, until 20, by 20, used to, formerly, ziel, soll, früher, künftig, bis 20, würde, "
    "wäre, would, if, wenn, in the past, damals",
)
_KEEP = (
    r"(?:still|continues?\s+to|keeps?|remains?|weiter(?:hin)?|noch(?:\s+immer)?|nach\s+wie\s+vor|immer\s+noch|lieber|own|"
    r"eigene[nr]?)"
)
_INSTEAD = r"(?:excel|spreadsheets?|whiteboards?|paper|papier|zettel|notebooks?|ordner|outlook)"
_OTHERWISE = GatedPattern(
    rf"(?i)\b{_KEEP}\b[^.;]{{0,30}}\b(?:in|with|on|by|mit|auf|per|über)\s+(?:\w+\s+){{0,3}}?{_INSTEAD}\w*\b",
    parts="excel, spreadsheet, whiteboard, paper, papier, zettel, notebook, ordner, outlook",
)
_EVERYONE = GatedPattern(
    rf"(?i)\b(?:{_ALL}|only|exclusively|ausschließlich|durchgängig|flächendeckend)\b",
    parts="all, every, each, whole, entire, sämtliche, jede, ganze, only, exclusively, ausschließlich, durchgängig, "
    "flächendeckend",
)
_TOOL = re.compile(
    r"(?i)\b(?:crm|erp|system|app|software|tablets?|platform|plattform|portal|tool|digital\w*)\b|\bdms\b"
)
_CREWS = {
    "sales": r"sales|vertrieb\w*|reps?|außendienst\w*|field\s+staff",
    "purchasing": r"purchasing|buyers?|einkauf\w*|einkäufer\w*",
    "accounting": r"accounting|accounts|finance|buchhaltung|rechnungswesen",
    "service": r"(?:customer\s+)?service|kundendienst|kundenservice|service-?team",
    "drivers": r"drivers?|fahrer\w*",
    "warehouse": r"warehouse|lager(?:isten|mitarbeiter\w*)?",
    "technicians": r"technicians?|fitters?|engineers?|techniker\w*|monteur\w*|hausmeister\w*|caretakers?",
    "nurses": r"nurses?|wards?|pflege(?:kräfte|kraft|rinnen)?|station(?:en)?",
    "production": r"production|shop\s+floor|produktion|fertigung|werkstatt|workshop",
    "human resources": r"hr|human\s+resources|personalabteilung|personalwesen",
}


class Practice(msgspec.Struct, frozen=True):
    """How something is done, or is not done: `about` is the same for a practice and its denial."""

    about: str
    denied: bool
    question: str
    is_of_some: bool = (
        False  # told of a system or a crew; what is told of all, only the form can tell of the whole company
    )


def may_deny(text: str) -> bool:
    """Tell whether a sentence has parts of words without which it denies no practice: most have none."""
    return has_part(text, _OF_DENIALS)


def may_tell_of(text: str, about: Collection[str]) -> bool:
    """Tell whether a sentence may tell of one of the practices `about`, by the systems named there."""
    return any(name.startswith(_OF_A_CREW) for name in about) or has_part(text, about)


def practices(text: str) -> list[Practice]:
    """Return the practices that a sentence tells of or denies."""
    told = [*_systems(text), *_paper(text), *_platform(text), *_crews(text)]
    return told if told and not _NOT_NOW.search(text) else []


def _paper(text: str) -> Iterator[Practice]:
    if _PAPERLESS.search(text):
        yield Practice("paper", denied=False, question=_PAPER)
    elif _ON_PAPER.search(text):
        yield Practice("paper", denied=True, question=_PAPER)


def _platform(text: str) -> Iterator[Practice]:
    if _APART.search(text):
        yield Practice("platform", denied=True, question=_PLATFORM)
    elif _ONE_SYSTEM.search(text):
        yield Practice("platform", denied=False, question=_PLATFORM)


_PAPER = "Which records are still kept on paper, and since when are the others not?"
_PLATFORM = "Which systems exchange data today, and which do not?"
_OF_A_CREW = "crew: "
_OF_DENIALS = frozenset(part for pattern in (*_UNUSED, _ON_PAPER, _APART, _OTHERWISE) for part in pattern.parts)


def _systems(text: str) -> Iterator[Practice]:
    unused = {found["name"] for pattern in _UNUSED for found in pattern.finditer(text)}
    used = {found["name"] for pattern in _USED for found in pattern.finditer(text)} - unused
    for names, denied in ((unused, True), (used, False)):
        for name in sorted(names):
            yield Practice(
                name.lower(),
                denied=denied,
                question=f"Who uses {name} today, for what, and who does not?",
                is_of_some=True,
            )


def _crews(text: str) -> Iterator[Practice]:
    """A whole crew uses a tool; the same crew keeps to lists."""
    otherwise = _OTHERWISE.search(text)
    if not otherwise and not (
        _EVERYONE.search(text) and (_TOOL.search(text) or any(True for _ in named_systems(text)))
    ):
        return
    for crew, words in _CREWS.items():
        if re.search(rf"(?i)\b(?:{words})\b", text):
            question = f"Which tool does {crew} really work with, and who keeps lists beside it?"
            yield Practice(f"{_OF_A_CREW}{crew}", denied=bool(otherwise), question=question, is_of_some=True)
