"""Markdown and HTML: the same words, and what comes from documents stays text in both."""

from __future__ import annotations

import html
import re
from collections import Counter
from datetime import timedelta
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casebook.domain.report import Report
from casebook.report.assembly import Findings, assemble
from casebook.report.blocks import Block, Bullets, Cite, Heading, Link, Paragraph, QuoteBlock, Table, Text, words
from casebook.report.html import to_html
from casebook.report.layout import lay_out
from casebook.report.markdown import to_markdown
from casebook.report.printable import visible
from tests import samples
from tests.fakes import FakeLibrary

TAGS = frozenset(
    """
    a bdi blockquote body circle desc div figure footer g h1 h2 h3 h4 head html li main mark meta nav ol p path rect
    section span strong style svg table tbody td text th thead title tr ul
    """.split()
)
HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "</style></title><script>x</script>",
    "&lt;b&gt; &amp; &#60;script&#62;",
    "[click](javascript:alert(1)) ![x](http://evil.example/x.png)",
    "# heading\n\n- list\n1. number\n> quote\n\n---\n```code```",
    "| a | b |\n|---|---|\n| c | d |",
    "**bold** _it_ ~~gone~~ `code` [^1] \\* \\",
    "http://evil.example www.evil.example mailto:a@evil.example",
    "[ref]: http://evil.example <http://evil.example>",
    "\u202egnp.exe\u202c mirrored \u2066inside\u2069",
    "{{ template }} ${shell} %s {0} $(x)",
    "x" * 5_000,
    "word " * 1_000,
    "1. first 2) second + plus - minus",
    "emoji 🚀 and äöü ß ﬁ ½",
]


def report() -> Report:
    found = Findings(
        submission=samples.SUBMISSION,
        manifest=samples.manifest(),
        library=FakeLibrary(),
        analysis=samples.analysis(),
        evidence=samples.evidence(),
        portfolio=samples.portfolio(),
        analyst=samples.FACTS,
    )
    return assemble(found, run_id="R1", started_at=samples.STARTED_AT, now=samples.NOW + timedelta(seconds=1))


class Page(HTMLParser):
    """What a browser would make of a page: its tags, its attributes and its words."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: dict[str, set[str]] = {}
        self.pieces: list[str] = []
        self._silent = 0
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            self.attributes.setdefault(name, set()).add(value or "")
        self._silent += tag in {"head", "nav", "svg"}

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in {"head", "nav", "svg"}

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.pieces.append(data)

    @property
    def text(self) -> str:
        """All words as they stand in the file."""
        return "".join(self.pieces)

    @property
    def shown(self) -> str:
        """All words, those of different elements apart."""
        return " ".join(self.pieces)


def markdown_text(markdown: str) -> str:
    """Take the marks off, as a renderer would."""
    text = re.sub(r"```text\n.*?\n```", " ", markdown, flags=re.DOTALL)
    text = re.sub(r'<a id="[^"]*"></a>', " ", text)
    text = re.sub(r"((?<!\\)(?:\\\\)*)\]\([^)]*\)", r"\1 ", text)  # where links lead
    text = re.sub(r"(?m)^(?:> )?\d+\. ", "", text)
    return html.unescape(re.sub(r"\\([\\`*_{}\[\]#|~!().+-])", r"\1", text)).replace("\u2060", "")


def word_counts(text: str) -> Counter[str]:
    return Counter(re.findall(r"[^\W_]+", text.replace("\u2060", "")))


def test_both_formats_have_the_same_words() -> None:
    blocks = lay_out(report())
    assert word_counts(Page(to_html(blocks, title="x")).shown) == word_counts(markdown_text(to_markdown(blocks)))


@pytest.mark.parametrize("text", HOSTILE)
def test_both_formats_have_the_same_words_whatever_the_documents_say(text: str) -> None:
    blocks = lay_out(samples.saying(report(), text))
    in_page = word_counts(Page(to_html(blocks, title="x")).shown)
    in_markdown = word_counts(markdown_text(to_markdown(blocks)))
    assert in_page == in_markdown


@pytest.mark.parametrize("text", HOSTILE)
def test_a_page_has_no_tag_and_no_attribute_of_a_document(text: str) -> None:
    page = Page(to_html(lay_out(samples.saying(report(), text)), title=text))
    assert page.tags <= TAGS
    assert not {name for name in page.attributes if name.startswith("on")}
    assert all(target.startswith(("#", "../data/")) for target in page.attributes["href"])
    assert "src" not in page.attributes
    assert visible(text) in page.text


@pytest.mark.parametrize("text", HOSTILE)
def test_markdown_has_no_markup_of_a_document(text: str) -> None:
    markdown = to_markdown(lay_out(samples.saying(report(), text)))
    tags = re.findall(r"(?<!\\)<[^>\n]*>?", re.sub(r"```text\n.*?\n```", "", markdown, flags=re.DOTALL))
    assert all(re.fullmatch(r'<a id="[\w-]*">|</a>', tag) for tag in tags)
    targets = re.findall(r"(?<!\\)\]\(([^)]*)\)", markdown)
    assert targets
    assert all(target.startswith(("#", "../data/")) for target in targets)
    assert not re.search(r"(?i)\b(https?|ftp|javascript|mailto|data):(?=\S)", markdown)
    assert "```code" not in markdown
    assert not re.search(r"(?<!\\)!\[", markdown)


@given(st.text(max_size=60))
def test_any_text_stays_one_table_cell(text: str) -> None:
    line = to_markdown([Table(("head",), ((words(text),),))]).splitlines()[2]
    assert re.fullmatch(r"\| (?:[^|\\]|\\.)* \|", line)


@given(st.text(max_size=60))
def test_any_text_is_the_same_again_in_a_page(text: str) -> None:
    page = Page(to_html([Paragraph((Text(text), Text("end")))], title="x"))
    assert page.text.strip() == (text.replace("\r\n", "\n").replace("\r", "\n") + "end").strip() or "\r" in text


@pytest.mark.parametrize(
    "mark", ["# one", "- one", "+ one", "* one", "1. one", "> one", "| one", "~~~ one", "---", "1.", "-"]
)
def test_a_paragraph_that_begins_like_markup_stays_a_paragraph(mark: str) -> None:
    first = to_markdown([Paragraph(words(mark))]).split(" ")[0]
    assert first.startswith(("\\", "&gt;", "1\\.")), first


@pytest.mark.parametrize(
    ("block", "markdown"),
    [
        (Heading(2, "Title", "t"), '<a id="t"></a>\n\n## Title'),
        (Heading(1, "Title"), "# Title"),
        (Paragraph(words("Known."), general=True), "_Known._"),
        (Paragraph((Text("Bold ", strong=True), Text("plain"))), "**Bold** plain"),
        (Bullets((words("a"), words("b")), numbered=True), "1. a\n2. b"),
        (Bullets((words("a"),)), "- a"),
        (Paragraph((Link("file", "#a"),)), "[file](#a)"),
        (Paragraph((Text("Said"), Cite("Q1"))), "Said\u2060 [\\[Q1\\]](#q1)"),
        (QuoteBlock("Words", "Q1", "a.md", "en"), "> “Words”\u2060 [\\[Q1\\]](#q1)  \n> — a.md"),
        (Table(("A", "B"), ((words("1"), words("2")),), numeric=frozenset({1})), "| A | B |\n|---|---:|\n| 1 | 2 |"),
    ],
)
def test_a_block_is_written_in_markdown(block: Block, markdown: str) -> None:
    assert to_markdown([block]) == f"{markdown}\n"


def test_a_page_loads_nothing_and_runs_nothing() -> None:
    page = to_html(lay_out(report()), title="Acme & Co")
    assert "default-src 'none'" in page
    assert "<script" not in page
    assert "<title>Acme &amp; Co</title>" in page
    assert not re.search(r"https?://", page)


def test_every_mark_in_a_page_leads_to_a_place_in_it() -> None:
    page = Page(to_html(lay_out(report()), title="x"))
    inside = {target[1:] for target in page.attributes["href"] if target.startswith("#")}
    assert inside <= page.attributes["id"]


def test_every_mark_in_markdown_leads_to_a_place_in_it() -> None:
    markdown = to_markdown(lay_out(report()))
    assert set(re.findall(r"\]\(#([^)]*)\)", markdown)) <= set(re.findall(r'<a id="([^"]*)">', markdown))
