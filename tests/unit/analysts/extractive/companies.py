"""Small companies for the built-in analyst: statements, corpora and a catalogue of four patterns."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from casebook.analysts.catalogue import Catalogue, DataNeed, Pattern, Signals
from casebook.analysts.extractive.corpus import Corpus
from casebook.analysts.extractive.matches import Match
from casebook.analysts.extractive.selection import Candidate
from casebook.analysts.extractive.statements import Statement, read_statements
from casebook.domain.document import Locator
from casebook.domain.passage import Hit
from casebook.domain.report import Readiness, Screening
from casebook.domain.submission import Submission
from casebook.ports import Search
from tests.fakes import FakeLibrary
from tests.samples import passage

INVOICES = "Every invoice from our suppliers is typed into the ledger by hand, which takes two clerks all day."
MAILS = "Customers wait three days for an answer because all e-mails are sorted by hand and many get lost."
DEFECTS = "Scratches on the castings are found too late, because one inspector looks at every part by eye."
HOLIDAY = "The summer party takes place on the lawn behind the canteen, and there will be ice cream."

INVOICE_PATTERN = Pattern(
    id="invoice-reading",
    title={"en": "Invoice reading", "de": "Rechnungen lesen"},
    description={
        "en": "Supplier invoices are read, checked against orders and booked in the ledger.",
        "de": "Eingangsrechnungen werden gelesen, gegen Bestellungen geprüft und gebucht.",
    },
    function="finance",
    signals=Signals(pain={"en": ["invoice typed by hand"], "de": ["Rechnungen abtippen"]}),
    anti_signals={"en": ["voice mail"]},
    data_needed=[
        DataNeed("Invoices", {"en": ["invoice"], "de": ["Rechnung"]}),
        DataNeed("Photographs of machines", {"en": ["photograph"]}),
    ],
    baseline_question="How many invoices come in a month?",
    effort="S",
)
MAIL_PATTERN = Pattern(
    id="mail-sorting",
    title={"en": "Sorting of customer e-mails"},
    description={"en": "E-mails from customers are sorted, routed and given a draft answer."},
    function="customer_service",
    signals=Signals(pain={"en": ["customers wait for an answer", "e-mails sorted by hand"]}),
    baseline_question="How long does a customer wait for an answer?",
    effort="M",
)
DEFECT_PATTERN = Pattern(
    id="visual-inspection",
    title={"en": "Visual inspection of castings"},
    description={"en": "Cameras find scratches and defects on castings before an inspector looks at them."},
    function="quality",
    signals=Signals(pain={"en": ["found too late", "inspector looks at every part"]}),
    baseline_question="How many defects does the inspector miss?",
    effort="L",
    ai_act=Screening(level="high", rule="r", source="s", as_of="2026-01-01"),
)
POWER_PATTERN = Pattern(
    id="power-forecast",
    title={"en": "Power forecast for wind farms"},
    description={"en": "The yield of turbines is forecast from weather and sold on the spot market."},
    function="energy",
    signals=Signals(pain={"en": ["forecast error of the wind farm"]}),
)
CATALOGUE = Catalogue("small", (INVOICE_PATTERN, MAIL_PATTERN, DEFECT_PATTERN, POWER_PATTERN), "0123")


def statement(  # noqa: PLR0913 - one parameter a property
    text: str = INVOICES,
    *,
    source_id: str = "S1",
    number: int = 0,
    start: int = 0,
    need: float | None = None,
    heading: str | None = None,
) -> Statement:
    """Read one statement, which is a passage of its own; `need` replaces what its wording tells."""
    found = read_statements([passage(text, source_id=source_id, start=start, locator=Locator(heading=heading))])[0]
    return replace(found, number=number, need=found.need if need is None else need)


def corpus(*texts: str) -> Corpus:
    """Read a corpus with a document for each text."""
    return Corpus.read(library(*texts))


def library(*texts: str) -> FakeLibrary:
    """Make a library with a document for each text."""
    return FakeLibrary({f"{number}.txt": text for number, text in enumerate(texts, start=1)})


def candidate(*statements: Statement, fit: float = 0.2, pattern: int = 0, runner_up: float = 0.0) -> Candidate:
    """Make a candidate of statements that fit equally well."""
    matches = tuple(Match(found, fit, fit, fit * found.need) for found in statements)
    return Candidate(pattern, sum(match.score for match in matches), matches, runner_up)


def form(description: str = "", *, score: float | None = None, use_cases: int = 3) -> Submission:
    """Fill in the form."""
    return Submission.parse(
        company_name="Acme", company_description=description, readiness_score=score, use_cases_count=use_cases
    )


def readiness(evidence_score: float | None = 50.0) -> Readiness:
    """Make an assessment without dimensions."""
    return Readiness(
        dimensions=(), self_score=None, self_category="", evidence_score=evidence_score, comment="Little is said."
    )


def search_all(found: FakeLibrary) -> Search:
    """Make a search that finds every passage, whatever is asked."""

    def search(query: str, limit: int) -> Sequence[Hit]:  # noqa: ARG001
        return [Hit(passage.id, 1.0) for passage in found.passages()]

    return search


def no_search(query: str, limit: int) -> Sequence[Hit]:  # noqa: ARG001
    """Be a search that finds nothing."""
    return ()
