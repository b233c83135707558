"""Documents of any size: invented prose in English and German that no two sentences share.

The words come from the texts under benchmarks/corpora; each next word follows the two before it somewhere there. So
sentences look like those of a company, and are nearly all different.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from benchmarks.runs import ROOT
from tests.data.hostile_files import docx, package, text_pdf, xlsx

_TEXTS = ("*.txt", "*.md")
_LINES_A_PAGE = 44
_CHARACTERS_A_LINE = 84
_MAX_WORDS = 32

Pair = tuple[str, str]


class Writer:
    """Writes sentences, the same ones for the same seed."""

    def __init__(self, seed: int) -> None:
        """Start with `seed`."""
        self.chance = random.Random(seed)  # noqa: S311 - reproducible, not secret

    def sentence(self) -> str:
        """Write one sentence."""
        starts, following = _chain()
        words = list(self.chance.choice(starts))
        while len(words) < _MAX_WORDS and not words[-1].endswith((".", "!", "?")):
            after = following.get((words[-2], words[-1]))
            if not after:
                break
            words.append(self.chance.choice(after))
        return f"{' '.join(words).rstrip('.,;:!?')}."

    def paragraph(self, sentences: int = 5) -> str:
        """Write some sentences."""
        return " ".join(self.sentence() for _ in range(sentences))

    def paragraphs(self, characters: int) -> Iterator[str]:
        """Write paragraphs of about `characters` in all."""
        while characters > 0:
            paragraph = self.paragraph()
            characters -= len(paragraph)
            yield paragraph


@cache
def _chain() -> tuple[list[Pair], dict[Pair, list[str]]]:
    """Learn which words follow each pair of words, and which pairs begin a sentence."""
    starts: list[Pair] = []
    following: dict[Pair, list[str]] = defaultdict(list)
    paths = [path for pattern in _TEXTS for path in sorted((ROOT / "benchmarks" / "corpora").rglob(pattern))]
    for path in paths:
        words = path.read_text(encoding="utf-8").replace("#", " ").replace("|", " ").split()
        for first, second, third in zip(words, words[1:], words[2:], strict=False):
            following[first, second].append(third)
            if first.endswith(".") and second[0].isupper():
                starts.append((second, third))
    return starts, following


def handbook(folder: Path, files: int, characters: int) -> None:
    """Write Markdown files of `characters` each, with headings, lists and a table."""
    writer = Writer(files)
    for number in range(files):
        parts = [f"# Chapter {number + 1}: {writer.sentence()[:50]}"]
        for section, paragraph in enumerate(writer.paragraphs(characters)):
            parts.append(paragraph)
            if section % 3 == 0:
                parts.append(f"## {writer.sentence()[:40]}")
                parts.append(f"- {writer.sentence()}\n- {writer.sentence()}")
                parts.append(f"| Step | Who |\n|---|---|\n| {writer.sentence()} | clerk |")
        text = "\n\n".join(parts)[:characters]
        (folder / f"chapter {number + 1:04}.md").write_text(f"{text}\n", encoding="utf-8")


def long_pdf(path: Path, pages: int) -> None:
    """Write a PDF of full pages of text."""
    writer = Writer(pages)
    path.write_bytes(text_pdf(_page(writer, number + 1) for number in range(pages)))


def _page(writer: Writer, number: int) -> list[tuple[int, int, int, str]]:
    lines = [(60, 800, 9, "Handbook"), (290, 30, 9, f"Page {number}"), (60, 770, 15, f"Chapter {number}")]
    words = writer.paragraph(60).encode("cp1252", "ignore").decode("cp1252").split()  # what its font can show
    line, height = "", 745
    for word in words:
        if len(line) + len(word) >= _CHARACTERS_A_LINE:
            lines.append((60, height, 10, line))
            line, height = "", height - 15
        if len(lines) > _LINES_A_PAGE:
            break
        line = f"{line} {word}".strip()
    return lines


def five_documents(folder: Path, characters: int) -> None:
    """Write a text, a Markdown file, a table, a Word document and a workbook: together `characters` of text."""
    share, writer = characters // 5, Writer(5)
    (folder / "minutes.txt").write_text("\n\n".join(writer.paragraphs(share)), encoding="utf-8")
    (folder / "handbook.md").write_text("# Handbook\n\n" + "\n\n".join(writer.paragraphs(share)), encoding="utf-8")
    rows = "\n".join(f'{number},"{text}"' for number, text in enumerate(_sentences(writer, share)))
    (folder / "tickets.csv").write_text(f"number,text\n{rows}\n", encoding="utf-8")
    package(docx("".join(f"<w:p><w:r><w:t>{_xml(text)}</w:t></w:r></w:p>" for text in writer.paragraphs(share))),
            folder / "report.docx")  # fmt: skip
    cells = "".join(
        f'<row r="{row}"><c r="A{row}" t="inlineStr"><is><t>{_xml(text)}</t></is></c></row>'
        for row, text in enumerate(["remark", *_sentences(writer, share)], start=1)
    )
    package(xlsx(cells), folder / "remarks.xlsx")


def _sentences(writer: Writer, characters: int) -> Iterator[str]:
    while characters > 0:
        sentence = writer.sentence().replace('"', "'")
        characters -= len(sentence)
        yield sentence


def _xml(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
