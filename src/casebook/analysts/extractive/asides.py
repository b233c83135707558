"""Asides: sentences that tell of no need of this company, however much they sound like one.

What was settled, what others suffer from, what a rule demands and what stands on an agenda are told in the words in
which needs are told. In doubt a sentence is no aside: a need that is left out is worse than an aside that is quoted.
"""

from __future__ import annotations

import re

from casebook.analysts.extractive.gated_patterns import GatedPattern

_DONE = (
    r"(?:re)?solved|fixed|sorted(?:\s+out)?|settled|remedied|repaired|cleared(?:\s+up)?|put\s+right|dealt\s+with|"
    r"taken\s+care\s+of|eliminated"
)
_DONE_GERMAN = (
    r"behoben|gelöst|geklärt|erledigt|abgestellt|beseitigt|bereinigt|ausgeräumt|abgearbeitet|vom\s+tisch|"
    r"aus\s+der\s+welt"
)
_WELL = r"well|fine|smoothly|perfectly|reliably|without\s+(?:any\s+)?(?:trouble|problems?|a\s+hitch)"
_WELL_GERMAN = (
    r"gut|rund|stabil|reibungslos|problemlos|einwandfrei|bestens|fehlerfrei|zuverlässig|automatisch|wieder|prima"
)
_TROUBLE_GERMAN = r"sorgen?|probleme?|beanstandungen|beschwerden|klagen|schwierigkeiten|ärger|thema|engpass"
_SETTLED = GatedPattern(
    rf"""(?ix)
    \b(?:has|have|had)\s+(?:\w+\s+){{0,2}}?been\s+(?:\w+\s+)?(?:{_DONE})\b
    |\b(?:is|are)\s+(?:(?:now|finally|meanwhile|all|since|already|fully|completely)\s+)*(?:{_DONE})\s*(?=[,.;:!)]|since\b|now\b|$)
    |\b(?:{_DONE})\s+(?:since|now\s+that|in\s+the\s+meantime)\b
    |\bno\s+longer\s+(?:an?\s+|the\s+|any\s+)?(?:problem|issue|trouble|topic|concern|worry|bottleneck)s?\b
    |\bnot\s+(?:an?\s+)?(?:problem|issue|worry)\s+any\s*more\b
    |\b(?:is|are)\s+(?:now\s+)?behind\s+us\b|\bthing\s+of\s+the\s+past\b|\bthat\s+is\s+over\b
    |\bno\s+(?:more\s+)?(?:complaints|problems|trouble|issues|failures)\s+(?:any\s*more|since|so\s+far)\b
    |\b(?:work|run)(?:s|ed|ing)?\s+(?:\w+\s+)?(?:{_WELL})\b|\bgoes\s+(?:smoothly|well|fine)\b
    |\b(?:ist|sind|wurden?|worden)\s+(?:[\w-]+[,\s]+){{0,8}}?(?:{_DONE_GERMAN})\b
    |\b(?:seit|inzwischen|mittlerweile|endlich)\b[^.;]{{0,60}}\b(?:{_DONE_GERMAN})\b
    |\b(?:ist|sind)\s+(?:wieder\s+|inzwischen\s+|mittlerweile\s+)*repariert\b
    |\b(?:läuft|laufen|lief|funktionier(?:t|en)|klapp(?:t|en))\s+(?:\w+\s+){{0,4}}?(?:{_WELL_GERMAN})\b
    |\bkeine?n?\s+(?:\w+\s+)?(?:{_TROUBLE_GERMAN})\s+mehr\b
    |\bgehör(?:t|en)\s+(?:\w+\s+)?der\s+vergangenheit\s+an\b
    """,
    parts="solved, fixed, sorted, settled, remedied, repaired, cleared, right, dealt, taken, eliminated, longer, "
    "more, behind, past, over, complaint, problem, trouble, issue, failure, worry, well, fine, smoothly, "
    "perfectly, reliably, without, behoben, gelöst, geklärt, erledigt, abgestellt, beseitigt, bereinigt, "
    "ausgeräumt, abgearbeitet, tisch, welt, repariert, läuft, laufen, lief, funktionier, klapp, mehr, "
    "vergangenheit",
)
# A settled matter with one of these is none: "has been fixed twice, but it leaks again".
_TURN = re.compile(
    r"""(?ix)\b(?:but|however|although|though|except|unless|until|never|only|yet|while|if|when|twice
    |not(?!\s+(?:an?\s+)?(?:problem|issue|worry)\s+any)
    |nicht|nie|aber|doch|jedoch|allerdings|obwohl|außer|nur|kaum|erst|bis|noch|bisher|sobald|wenn|zweimal|mehrmals)\b"""
)
# So is one that was settled in such a way: what comes before the words of settling is the matter itself.
_POORLY = re.compile(
    r"(?i)\b(?:by\s+hand|manually|late|again|after|slowly|von\s+hand|händisch|manuell|spät|langsam|erneut)\b"
)

_OTHERS = GatedPattern(
    r"""(?ix)
    \b(?:(?:our|my|unsere[mnrs]?|a|an|the|eine?[mnrs]?|de[mrn]|die|das|bei)\s+)?
    (?:competitors?|rival\s+(?:firm|company|business)|rivals|mitbewerber\w*|wettbewerber\w*|konkurrent\w*|konkurrenz
      |nachbar(?:betrieb|firma|unternehmen|genossenschaft|gemeinde|klinik)\w*)\b
    |\b(?:our|my)\s+(?:friends?|neighbou?rs?|acquaintances?)\s+(?:at|of|from)\s+(?=[A-Z])
    |\bunsere[mnr]?\s+(?:freunde?n?|nachbarn?|bekannten)\s+(?:von|bei|in)\b
    |\b(?:at|in)\s+other\s+(?:firms|companies|businesses|houses|hospitals|organi[sz]ations)\b
    |\bbei\s+anderen\s+(?:firmen|unternehmen|betrieben|häusern|kliniken)\b
    """,
    parts="competitor, rival, mitbewerber, wettbewerber, konkurren, nachbar, friend, neighb, acquaintance, freund, "
    "bekannten, other, anderen",
)
_OURSELVES = re.compile(r"(?i)\b(?:we|us|our|ours|ourselves|i|my|wir|uns|unser(?:e[mnrs]?)?|ich|bei\s+uns)\b")

_LABELLED = re.compile(
    r"""(?ix)^\W*(?:top\s*\d+|(?:agenda\s+)?item\s+\d+|tagesordnung|agenda|present|attend(?:ees|ance|ing)|participants|apologies
    |distribution|next\s+meeting|anwesend\w*|teilnehm\w+|entschuldigt|verteiler|nächste[rs]?\s+(?:termin|sitzung|treffen)
    |subject|betreff|re|aw|wg|fwd?)\s*[:.–-]?\s(?!.*[.!?…]\W*$)"""
)

_NAME_OF_RULES = re.compile(
    r"(?i)polic(?:y|ies)|richtlinie|code.of.conduct|ordnung|hausregeln|leitlinie|\brules\b|regelwerk|satzung|reglement"
)
_NAME_OF_SHOW = re.compile(
    r"(?i)karriere|\bcareers?\b|(?:about|join|why)[ _-]*us\b|über[ _-]*uns|(?:company|our|firm|op)[ _-]*history|chronik"
    r"|(?:unternehmens|firmen|(?<![a-zäöü]))geschichte|jubil(?:äum|ee)|anniversary|brosch|brochure|leaflet|flyer"
    r"|stellen(?:angebot|anzeige|ausschreibung)|job[ _-]*(?:ad\b|advert|offer)|imprint|impressum"
)
_DEMAND = re.compile(
    r"(?i)\b(?:must|shall|(?:is|are)\s+to\s+be|may\s+(?:not|only)|muss|müssen|dürfen|darf|(?:ist|sind)\b[^.;]*\bzu\s+\w+en\b)"
)
_NAME_OF_PRESS = re.compile(
    r"(?i)magazine|clipping|cutting|presse(?:spiegel|schau|artikel)|zeitungs(?:artikel|ausschnitt|bericht)"
    r"|fach(?:zeitschrift|presse|artikel|magazin)|branchen(?:blatt|magazin|news|report)"
    r"|competitor|wettbewerber|mitbewerber|konkurren(?:t|z)"
)


def is_settled(text: str) -> bool:
    """Tell whether a sentence says that a matter is settled or goes well, and nothing else."""
    found = _SETTLED.search(text)
    return found is not None and not _TURN.search(text) and not _POORLY.search(text, found.start())


def is_of_others(text: str) -> bool:
    """Tell whether a sentence tells of competitors or neighbours alone."""
    found = _OTHERS.search(text)
    return found is not None and not _OURSELVES.search(text[: found.start()] + " " + text[found.end() :])


def is_title(text: str) -> bool:
    """Tell whether words are an item of an agenda, a list of those present or a subject line: no sentence at all."""
    return bool(_LABELLED.match(" ".join(text.split())))


def is_aside(text: str) -> bool:
    """Tell whether a sentence tells of no need, wherever it stands."""
    return is_title(text) or is_settled(text)


def is_of_rules(name: str) -> bool:
    """Tell whether a document, by its name, sets rules."""
    return bool(_NAME_OF_RULES.search(name))


def is_rule(text: str, *, tells_pain: bool) -> bool:
    """Tell whether a sentence of a document that sets rules is one: what has to be done hurts nobody yet."""
    return not tells_pain or (bool(_DEMAND.search(text)) and not _OURSELVES.search(text))


def is_for_show(name: str) -> bool:
    """Tell whether a document, by its name, is written for applicants, customers or the family album."""
    return bool(_NAME_OF_SHOW.search(name))


def is_from_outside(name: str, text: str) -> bool:
    """Tell whether a whole document, by its name, is a cutting on others: nobody in it speaks for the company."""
    return bool(_NAME_OF_PRESS.search(name)) and not _OURSELVES.search(text)
