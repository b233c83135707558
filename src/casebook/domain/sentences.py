"""Sentences: where they start and end, in English and German prose."""

from __future__ import annotations

import re

_ABBREVIATIONS = frozenset(
    """
    abs abt allg art bd bsp bspw bzgl bzw ca chr dgl dipl dr dt e.g eg einschl etc evtl exkl ff fig fr frl geb gegr ggf
    hr hrsg i.e ie inc incl inkl ing insb jan feb mrd mio mind mr mrs ms nr no nos o ob p pp prof rd ref resp s sec sog
    st std str tel u usw v vgl vol vs z zzgl approx dept est ext max min mt jr sr ltd co corp gem zit ziff
    """.split()
)
_CANDIDATE = re.compile(r"""[.!?…]+["'”“’»)\]]*(?=\s)|\n(?=\s*(?:[-*•–▪◦·]|\d{1,2}[.)])\s)|\n\s*\n| \| """)
_LAST_WORD = re.compile(r"([^\s(]+?)[.!?…]+[\"'”“’»)\]]*$")
_OPENS_SENTENCE = re.compile(r"""\s+["'„“‚»(\[]*[A-ZÄÖÜÀ-Þ0-9€$£•–-]""")


def sentence_spans(text: str, start: int = 0, end: int | None = None) -> list[tuple[int, int]]:
    """Split ``text[start:end]`` into sentences: spans (start, end) into `text`, trimmed, none empty.

    Line ends inside prose do not end a sentence; blank lines, list marks and the bars between table cells do.
    """
    stop = len(text) if end is None else end
    spans: list[tuple[int, int]] = []
    begin = start
    for match in _CANDIDATE.finditer(text, start, stop):
        if match.group()[0] in ".!?…" and not _ends_sentence(text, match.start(), match.end(), begin):
            continue
        cut = match.end() if match.group()[0] in ".!?…" else match.start()
        _append_trimmed(spans, text, begin, cut)
        begin = match.end()
    _append_trimmed(spans, text, begin, stop)
    return spans


def _append_trimmed(spans: list[tuple[int, int]], text: str, start: int, end: int) -> None:
    piece = text[start:end]
    trimmed = piece.strip(" \t\n|")
    if trimmed:
        offset = start + piece.index(trimmed)
        spans.append((offset, offset + len(trimmed)))


def _ends_sentence(text: str, mark: int, after: int, begin: int) -> bool:
    if not _OPENS_SENTENCE.match(text, after):
        return False
    if text[mark] != ".":
        return True
    word = _LAST_WORD.search(text[max(begin, mark - 30) : after])
    if not word:
        return True
    last = word.group(1).lower().strip("\"'„“‚»([")
    if last in _ABBREVIATIONS or (len(last) == 1 and last.isalpha()):
        return False
    if "." in last and all(len(part) <= 2 for part in last.split(".")):  # noqa: PLR2004 - "z.B", "i.e"
        return False
    return not (last.isdigit() and len(last) <= 2)  # noqa: PLR2004 - "am 3. Mai", "2. Schicht"
