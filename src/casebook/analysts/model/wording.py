"""Words that the checks look for, in English and German."""

from __future__ import annotations

from typing import Final

from casebook.domain.words import stem

NEGATIONS: Final = frozenset(
    """
    not no never none nobody nothing neither nor without cannot isn't aren't wasn't weren't don't doesn't didn't won't
    can't couldn't hasn't haven't hadn't shouldn't wouldn't mustn't needn't nicht kein keine keinen keinem
    keiner keines nie niemals niemand nichts ohne weder
    """.split()
)
SOFT_NEGATIONS: Final = ("lack", "missing", "fail", "unable", "impossible", "absent", "fehl", "mangel", "unmöglich")
NUMBER_WORDS: Final = {
    "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8", "nine": "9",
    "ten": "10", "eleven": "11", "twelve": "12", "thirteen": "13", "fourteen": "14", "fifteen": "15", "sixteen": "16",
    "seventeen": "17", "eighteen": "18", "nineteen": "19", "twenty": "20", "thirty": "30", "forty": "40",
    "fifty": "50", "sixty": "60", "seventy": "70", "eighty": "80", "ninety": "90", "hundred": "100", "thousand": "1000",
    "million": "1000000", "billion": "1000000000", "dozen": "12", "dozens": "dozens", "hundreds": "hundreds",
    "thousands": "thousands", "millions": "millions", "half": "1/2", "halve": "1/2", "halved": "1/2", "twice": "2x",
    "double": "2x", "doubled": "2x", "doubles": "2x", "triple": "3x", "tripled": "3x", "quarter": "1/4",
    "quarters": "1/4", "thirds": "1/3", "percent": "%", "tenfold": "10x",
    "zwei": "2", "drei": "3", "vier": "4", "fünf": "5", "sechs": "6", "sieben": "7", "acht": "8", "neun": "9",
    "zehn": "10", "elf": "11", "zwölf": "12", "zwanzig": "20", "dreißig": "30", "vierzig": "40", "fünfzig": "50",
    "sechzig": "60", "siebzig": "70", "achtzig": "80", "neunzig": "90", "hundert": "100", "tausend": "1000",
    "millionen": "1000000", "milliarden": "1000000000", "dutzend": "12", "hälfte": "1/2", "halb": "1/2",
    "halbe": "1/2", "doppelt": "2x", "verdoppelt": "2x", "dreifach": "3x", "viertel": "1/4", "drittel": "1/3",
    "prozent": "%",
}  # fmt: skip
OPPOSITES: Final = tuple(
    (frozenset(first.split()), frozenset(second.split()))
    for first, second in (
        ("more mehr", "less fewer weniger"),
        ("increase increases increased rising rise rises rose grow grows grew growing steigt steigen stieg zugenommen",
         "decrease decreases decreased falling fall falls fell shrink shrinks sinkt sinken sank abgenommen reduced"),
        ("fast quick quickly schnell rasch", "slow slowly langsam"),
        ("always immer", "never nie niemals seldom selten"),
        ("everyone everybody all alle jeder", "nobody none niemand keiner"),
        ("many viele often häufig oft", "few wenige rarely seldom selten"),
        ("before vor vorher", "after nach nachher"),
        ("high higher hoch höher", "low lower niedrig niedriger gering"),
        ("good gut reliable zuverlässig correct richtig", "bad schlecht unreliable unzuverlässig wrong falsch"),
        ("manual manually hand händisch manuell", "automatic automatically automated automatisch automatisiert"),
        ("internal intern", "external extern"),
        ("cheap cheaper günstig billig", "expensive costly teuer"),
        ("allowed permitted erlaubt", "forbidden prohibited verboten untersagt"),
        ("win wins won gain gains gained", "lose loses lost verliert verlieren verloren"),
    )
)  # fmt: skip
ABBREVIATIONS: Final = frozenset(
    "AI KI IT ERP CRM OCR PDF API KPI EU HR FAQ ID LLM ML NLP QA DPO CSV SQL UI GDPR DSGVO EDV MA GF".split()
)
WORK_WORDS: Final = frozenset(
    stem(word)
    for word in """
    assistant model system tool draft suggest propose recommend classify sort route extract read recognise recognize
    capture summarise summarize answer search find match compare check verify flag detect predict forecast plan schedule
    prioritise prioritize rank translate write generate prepare fill enter record review approve confirm correct decide
    person people human staff team employee clerk user expert colleague customer supplier manager reviewer owner
    document text record data entry list case example sample file form message mail question reply note report field
    pilot test trial measure baseline label collect gather choose select week day first step start small train rule
    error mistake wrong quality privacy protection consent bias trust acceptance integration interface access security
    process task work use case time effort cost draft automatic automatically automate learn past history source quote
    assistent modell entwurf vorschlag vorschlagen klassifizieren sortieren zuordnen auslesen lesen erkennen erfassen
    zusammenfassen beantworten suchen finden vergleichen prüfen kontrollieren markieren vorhersagen prognose planen
    priorisieren übersetzen schreiben erzeugen vorbereiten ausfüllen freigeben bestätigen korrigieren entscheiden mensch
    mitarbeiter mitarbeitende fachkraft sachbearbeiter nutzer anwender kunde lieferant dokument daten eintrag fall
    beispiel datei formular nachricht frage antwort bericht feld pilot testen messen sammeln auswählen woche schritt
    beginnen fehler qualität datenschutz akzeptanz anbindung schnittstelle zugriff sicherheit prozess aufgabe arbeit
    zeit aufwand automatisch lernen quelle
    """.split()
)
