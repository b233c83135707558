"""What the report says, in which order. Formats only decide how it looks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from urllib.parse import quote as url_quote

from casebook.domain.document import Outcome
from casebook.domain.report import Claim, Report, ReportQuote, ReportSource, UseCase
from casebook.report.blocks import (
    Block,
    Bullets,
    Cite,
    Evidence,
    Heading,
    Inline,
    Line,
    Link,
    Paragraph,
    QuoteBlock,
    Table,
    Text,
    words,
)
from casebook.report.figures import map_of, readiness_of, roadmap_of
from casebook.report.printable import printable

EFFORT = {"S": "small (weeks)", "M": "medium (one to three months)", "L": "large (more than three months)"}
BUY = {"buy": "buy", "configure": "configure a product", "build": "build"}
FIELDS = {
    "company_name": "Name",
    "company_description": "Description",
    "report_expectations": "Expectations of this report",
    "readiness_score": "Readiness score",
    "documents": "Two documents",
}
OUTCOMES = {
    Outcome.READ: "read",
    Outcome.PARTIAL: "read in part",
    Outcome.FAILED: "failed",
    Outcome.SKIPPED: "not tried",
}


def lay_out(report: Report) -> tuple[Block, ...]:
    """Lay the report out as blocks."""
    return tuple(_Layout(printable(report)).blocks())


class _Layout:
    """One report being laid out; looks up claims, quotes and sources by id."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.claims = {claim.id: claim for claim in report.claims}
        self.quotes = {quote.id: quote for quote in report.quotes}
        self.sources = {source.id: source for source in report.sources}
        self.use_cases = {use_case.id: use_case for use_case in report.use_cases}

    def blocks(self) -> Iterator[Block]:
        yield from self.front_matter()
        yield from self.summary()
        yield from self.profile()
        yield from self.readiness()
        yield from self.opportunity_map()
        yield Heading(2, "Use cases", "use-cases")
        if not self.report.use_cases:
            yield Paragraph(words("The evidence carries no use case. See what was asked for under Open questions."))
        for use_case in self.report.use_cases:
            yield from self.use_case(use_case)
        yield from self.rejected()
        yield from self.data_gaps()
        yield from self.roadmap()
        yield from self.economics()
        yield from self.governance()
        yield from self.open_questions()
        yield from self.method()
        yield from self.source_table()
        yield from self.evidence()

    # Front page

    def front_matter(self) -> Iterator[Block]:
        run, coverage, grounding = self.report.run, self.report.coverage, self.report.grounding
        yield Heading(1, f"AI use cases for {run.company}")
        thinking = f"{run.analyst} analyst" + (f" with {run.model}" if run.model else ", no language model")
        cost = f"{run.model_calls} model calls, {_usd(run.cost_usd)}" if run.model else "no model calls, no cost"
        removed = (
            f"; sentences of the model removed because their quotes did not bear them out {grounding.removed_claims}"
            if run.model
            else ""
        )
        yield Table(
            ("", ""),
            tuple(
                (words(name, strong=True), words(value))
                for name, value in (
                    ("Date", run.created_at[:10]),
                    ("Run", run.id),
                    ("Made by", f"Casebook, {thinking}; catalogue: {run.catalogue}"),
                    ("Files", self.coverage_line()),
                    (
                        "Grounding",
                        (
                            f"claims about the company {grounding.claims}, quoted {grounding.quoted}, "
                            f"verified {grounding.verified}; quotes dropped {grounding.dropped_quotes}{removed}. "
                            "Whether a use case suits its quotes is a judgement: see its confidence"
                        ),
                    ),
                    ("Evidence", f"{coverage.statements} statements from {coverage.passages} passages"),
                    ("Cost and time", f"{cost}; {run.seconds:.1f} s"),
                    ("Inputs", f"sha256 {run.inputs_digest[:16]}… (each file's digest: see Sources)"),
                )
            ),
        )
        yield Paragraph(
            (
                Text("How to read this. ", strong=True),
                Text(
                    "Every statement about the company is a quote from its own documents, or a sentence of the model "
                    "that code checked against such quotes, marked like this"
                    if run.model
                    else "Every statement about the company is a quote from its own documents, marked like this"
                ),
                *([Cite(self.report.quotes[0].id)] if self.report.quotes else []),
                Text(
                    "; the mark leads to the quote with its surroundings and the file it stands in. Everything else is "
                    "general knowledge about a kind of use case, and is set in italics or under a heading that says so."
                ),
            )
        )

    def coverage_line(self) -> str:
        coverage = self.report.coverage
        line = f"read {coverage.files_read} of {coverage.files_received}, quoted {coverage.files_used}"
        troubled = [source for source in self.report.sources if source.status in {Outcome.FAILED, Outcome.SKIPPED}]
        reasons = "; ".join(f"{source.name}: {source.reason}" for source in troubled[:3])
        more = f"; and {len(troubled) - 3} more" if len(troubled) > 3 else ""  # noqa: PLR2004
        return f"{line}; {len(troubled)} not read ({reasons}{more})" if troubled else line

    def summary(self) -> Iterator[Block]:
        summary = self.report.summary
        yield Heading(2, "Executive summary", "summary")
        if summary.findings:
            yield Paragraph(words("What the documents say most clearly:", strong=True))
            yield Bullets(tuple(self.finding(claim_id) for claim_id in summary.findings))
        if summary.top_use_cases:
            yield Paragraph(words("Where to start:", strong=True))
            yield Bullets(
                tuple(self.pitch(self.use_cases[use_case_id]) for use_case_id in summary.top_use_cases), numbered=True
            )
        if summary.first_90_days:
            yield Paragraph(words("The first 90 days:", strong=True))
            yield Bullets(tuple(words(text) for text in summary.first_90_days), general=True)
        if summary.biggest_risk:
            yield Paragraph((Text("Biggest risk. ", strong=True), Text(summary.biggest_risk)))
        if summary.not_established:
            yield Paragraph(words("What could not be established:", strong=True))
            yield Bullets(tuple(words(text) for text in summary.not_established))

    def finding(self, claim_id: str) -> Line:
        """A statement with the use case it speaks for, if it speaks for one."""
        use_case = next((found for found in self.report.use_cases if claim_id in found.claim_ids), None)
        if use_case is None:
            return self.claim(claim_id)
        named = f"closest pattern: {use_case.title}" if use_case.is_guess else use_case.title
        return (Text(f"{use_case.function} — {named}: ", strong=True), *self.claim(claim_id))

    def pitch(self, use_case: UseCase) -> Line:
        return (
            Link(use_case.title, f"#{use_case.id.lower()}"),
            Text(
                f" — {use_case.function}; value {use_case.value.score:.2f}, feasibility "
                f"{use_case.feasibility.score:.2f}, confidence {use_case.confidence.level}"
                f"{' (the closest pattern, not a sure one)' if use_case.is_guess else ''}, start {use_case.horizon}"
            ),
        )

    # The company

    def profile(self) -> Iterator[Block]:
        profile, inventory = self.report.profile, self.report.inventory
        yield Heading(2, "Company profile", "profile")
        if profile.portrait:
            yield Bullets(tuple(self.claim(claim_id) for claim_id in profile.portrait))
        if profile.fields:
            yield Table(
                ("The form says", "The documents say"),
                tuple(
                    (words(field.form_says), self.joined(field.claim_ids) or words("nothing found on this"))
                    for field in profile.fields
                ),
            )
        else:
            yield Paragraph(words("The form gave no description to compare with."))
        yield Heading(3, "Statements that do not fit together")
        if profile.contradictions:
            yield Table(
                ("Where", "One side", "Other side", "To be asked"),
                tuple(
                    (
                        words(FIELDS.get(found.field, found.field)),
                        words(f"Form: {found.form_says}") if found.form_says else self.claim(found.claim_ids[0]),
                        self.joined(found.claim_ids if found.form_says else found.claim_ids[1:]),
                        words(found.question),
                    )
                    for found in profile.contradictions
                ),
            )
        else:
            yield Paragraph(words("None were found. That does not mean that there are none."))
        if inventory.systems or inventory.data:
            yield Heading(3, "Systems and data in use")
        if inventory.systems:
            yield Table(
                ("System", "As the documents speak of it"),
                tuple((words(system.name, strong=True), self.joined(system.claim_ids)) for system in inventory.systems),
            )
        tables = [asset for asset in inventory.data if asset.source_id]
        if tables:
            yield Table(
                ("Table handed in", "Records", "Fields"),
                tuple(
                    (words(asset.name), words(str(asset.records)), words(", ".join(asset.fields[:12])))
                    for asset in tables
                ),
                numeric=frozenset({1}),
            )
        spoken = [asset for asset in inventory.data if not asset.source_id]
        if spoken:
            yield Paragraph(words("Data that the documents speak of:", strong=True))
            yield Bullets(tuple(self.joined(asset.claim_ids) for asset in spoken))

    def readiness(self) -> Iterator[Block]:
        readiness = self.report.readiness
        yield Heading(2, "Readiness", "readiness")
        own = f"{readiness.self_score:g} of 100" if readiness.self_score is not None else "not given"
        category = f" ({readiness.self_category})" if readiness.self_category else ""
        found = f"{readiness.evidence_score:g} of 100" if readiness.evidence_score is not None else "cannot be told"
        yield Paragraph(
            (
                Text("Own score: ", strong=True),
                Text(f"{own}{category}. "),
                Text("From the documents: ", strong=True),
                Text(f"{found}. {readiness.comment}"),
            )
        )
        yield readiness_of(self.report)
        yield Table(
            ("Dimension", "Level", "What shows it", "What would raise it (general)"),
            tuple(
                (
                    words(assessed.dimension.capitalize(), strong=True),
                    words(f"{assessed.level} {assessed.label}" if assessed.level else assessed.label),
                    self.joined(assessed.claim_ids) or words("—"),
                    words(assessed.next_level),
                )
                for assessed in readiness.dimensions
            ),
        )

    # The use cases

    def opportunity_map(self) -> Iterator[Block]:
        use_cases = self.report.use_cases
        if not use_cases:
            return
        yield Heading(2, "Opportunity map", "map")
        yield map_of(self.report)
        yield Table(
            ("", "Use case", "Function", "Value", "Feasibility", "Priority", "Rank range", "Confidence", "Start"),
            tuple(
                (
                    words(use_case.id),
                    (Link(use_case.title, f"#{use_case.id.lower()}"),),
                    words(use_case.function),
                    words(f"{use_case.value.score:.2f}"),
                    words(f"{use_case.feasibility.score:.2f}"),
                    words(f"{use_case.priority:.2f}"),
                    words(_span(use_case.rank_range)),
                    words(use_case.confidence.level),
                    words(use_case.horizon),
                )
                for use_case in use_cases
            ),
            numeric=frozenset({3, 4, 5, 6}),
        )
        yield Paragraph(
            words(
                "Priority is value × feasibility. The rank range shows the best and the worst rank when each weight is "
                "moved by a fifth, up or down: overlapping ranges mean that the order between two use cases is "
                "not settled. Use cases of low confidence stand behind all others, whatever their priority: their "
                "quotes tell of a need, and whether the use case answers it is open."
            )
        )

    def use_case(self, use_case: UseCase) -> Iterator[Block]:
        yield Heading(3, f"{use_case.id} · {use_case.title}", use_case.id.lower())
        yield Table(
            ("Rank", "Function", "Value", "Feasibility", "Effort", "Way", "Start", "Confidence"),
            (
                (
                    words(f"{use_case.rank} ({_span(use_case.rank_range)})"),
                    words(use_case.function),
                    words(f"{use_case.value.score:.2f}"),
                    words(f"{use_case.feasibility.score:.2f}"),
                    words(EFFORT.get(use_case.effort, use_case.effort)),
                    words(BUY.get(use_case.build_or_buy, use_case.build_or_buy)),
                    words(use_case.horizon),
                    words(use_case.confidence.level),
                ),
            ),
            tiles=True,
        )
        if use_case.gate:
            yield Paragraph((Text("Gate. ", strong=True), Text(use_case.gate)))
        if use_case.is_guess:
            yield Paragraph(
                (
                    Text("The closest pattern, not a sure one. ", strong=True),
                    Text(
                        "The quotes tell of a need, and no pattern of the catalogue fits their words well. Read them "
                        "first: what helps may be something else, and what is written below of data, measures and "
                        "risks holds only if this is the answer."
                    ),
                )
            )
        yield Heading(4, "The problem, in the company's words")
        claims = [self.claims[claim_id] for claim_id in use_case.claim_ids]
        for claim in claims:
            if not self.is_quotation(claim):
                yield Paragraph(self.claim(claim.id))
        for quote_id in dict.fromkeys(quote_id for claim in claims for quote_id in claim.quote_ids):
            yield self.quote_block(quote_id)
        yield from self.today(use_case)
        yield from self.solution(use_case)
        yield from self.needs(use_case)
        yield from self.measures(use_case)
        yield from self.guard_rails(use_case)
        yield from self.scores(use_case)

    def today(self, use_case: UseCase) -> Iterator[Block]:
        yield Heading(4, "Today's figures")
        figures = use_case.baseline.claim_ids
        if figures:
            yield Bullets(tuple(self.claim(claim_id) for claim_id in figures))
        elif use_case.baseline.question:
            yield Paragraph((Text("Unknown, to be asked: ", strong=True), Text(use_case.baseline.question)))
        else:
            yield Paragraph(words("Unknown"))

    def solution(self, use_case: UseCase) -> Iterator[Block]:
        facts = (
            ("What it does", use_case.summary),
            ("For whom", use_case.users),
            ("Worth", use_case.value_formula),
            ("Is AI needed at all?", use_case.ai_needed),
            ("A person decides", use_case.human_review),
            ("Systems usually involved", ", ".join(use_case.usual_systems)),
            ("Before it starts", "; ".join(use_case.prerequisites)),
        )
        rows = tuple((words(name, strong=True), words(text)) for name, text in facts if text)
        if rows:
            yield Heading(4, "What AI would do (general knowledge)")
            yield Table(("", ""), rows)

    def needs(self, use_case: UseCase) -> Iterator[Block]:
        rows = tuple(
            (
                words(need.name),
                words("mentioned" if need.found else "not mentioned: ask"),
                self.joined(need.claim_ids) or words("—"),
            )
            for need in use_case.data
        )
        yield Heading(4, "Data and systems")
        if rows:
            yield Table(("Data it needs", "In the documents", "Where"), rows)
        if use_case.systems:
            named = Text("Systems named in the quotes: ", strong=True)
            yield Paragraph((named, Text(", ".join(use_case.systems)), *self.cites_of_systems(use_case)))

    def cites_of_systems(self, use_case: UseCase) -> Iterator[Cite]:
        """Cite the quotes of a use case that name one of its systems as it is listed."""
        names = [name.lower() for name in use_case.systems]
        for quote_id in use_case.quote_ids:
            if any(name in self.quotes[quote_id].text.lower() for name in names):
                yield Cite(quote_id)

    def measures(self, use_case: UseCase) -> Iterator[Block]:
        if use_case.kpis:
            yield Heading(4, "How success is measured (general knowledge)")
            yield Table(
                ("Figure", "Formula", "Unit", "Should go"),
                tuple(
                    (words(kpi.name), words(kpi.formula), words(kpi.unit), words(kpi.direction))
                    for kpi in use_case.kpis
                ),
            )
        facts = (
            ("First two weeks", use_case.first_step),
            ("Success signal", use_case.success_signal),
            ("Stop when", use_case.stop_rule),
        )
        rows = tuple((words(name, strong=True), words(text)) for name, text in facts if text)
        if rows:
            yield Table(("", ""), rows)

    def guard_rails(self, use_case: UseCase) -> Iterator[Block]:
        screening, nist = use_case.ai_act, use_case.nist
        source = f" ({screening.source}; as of {screening.as_of})" if screening.source else ""
        notes = (("govern", nist.govern), ("map", nist.map), ("measure", nist.measure), ("manage", nist.manage))
        facts = (
            ("What can go wrong", "; ".join(use_case.risks)),
            (f"EU AI Act, screened as {screening.level.replace('_', ' ')}", screening.rule + source),
            *((f"NIST AI RMF: {name}", note) for name, note in notes),
        )
        yield Heading(4, "Risks and rules (general knowledge)")
        yield Table(("", ""), tuple((words(name, strong=True), words(text)) for name, text in facts if text))

    def scores(self, use_case: UseCase) -> Iterator[Block]:
        yield Heading(4, "How it was scored")
        rows = [
            (f"{name}: {part.name}", f"{part.weight:.2f}", f"{part.value:.2f}", part.why)
            for name, score in (("Value", use_case.value), ("Feasibility", use_case.feasibility))
            for part in score.parts
        ]
        rows.append(("Confidence", "", f"{use_case.confidence.score:.2f}", use_case.confidence.why))
        yield Table(
            ("Part", "Weight", "Value", "Why"),
            tuple(tuple(words(cell) for cell in row) for row in rows),
            numeric=frozenset({1, 2}),
        )

    # What follows from it

    def rejected(self) -> Iterator[Block]:
        yield Heading(2, "Looked at and left out", "rejected")
        if not self.report.rejected:
            yield Paragraph(words("No other pattern came near."))
            return
        yield Table(
            ("Candidate", "Why not", "Its best quote"),
            tuple(
                (words(found.title), words(found.reason), self.quoted(found.quote_ids))
                for found in self.report.rejected
            ),
        )

    def data_gaps(self) -> Iterator[Block]:
        if not self.report.use_cases:
            return
        yield Heading(2, "Data gaps", "data-gaps")
        if not self.report.data_gaps:
            yield Paragraph(
                words("The documents speak of all data that the use cases need; its quality is still to be seen.")
            )
            return
        yield Paragraph(words("The documents do not speak of this data; it may exist all the same:"))
        yield Table(
            ("Data", "Holds up"),
            tuple((words(gap.text), self.use_case_links(gap.use_case_ids)) for gap in self.report.data_gaps),
        )

    def roadmap(self) -> Iterator[Block]:
        if not self.report.roadmap:
            return
        yield Heading(2, "Roadmap", "roadmap")
        yield roadmap_of(self.report)
        yield Table(
            ("Start", "Use case", "What comes first"),
            tuple(
                (
                    words(phase.horizon),
                    (Link(item.text, f"#{item.use_case_id.lower()}") if item.use_case_id else Text(item.text),),
                    words("; ".join(item.depends_on) or "—"),
                )
                for phase in self.report.roadmap
                for item in phase.items
            ),
        )

    def economics(self) -> Iterator[Block]:
        economics = self.report.economics
        if not self.report.use_cases:
            return
        yield Heading(2, "Cost and benefit", "economics")
        if economics.estimates:
            yield Paragraph(
                words(
                    "Only figures that the documents state are used, times the assumptions below. Replace the "
                    "assumptions by your own; the calculation is shown in full."
                )
            )
            yield Table(
                ("Use case", "Calculation", "Low", "Base", "High", "Unit"),
                tuple(
                    (
                        self.use_case_links((found.use_case_id,)),
                        (Text(found.calculation), *self.cites(found.claim_ids)),
                        words(f"{found.low:,.0f}"),
                        words(f"{found.base:,.0f}"),
                        words(f"{found.high:,.0f}"),
                        words(found.unit),
                    )
                    for found in economics.estimates
                ),
                numeric=frozenset({2, 3, 4}),
            )
            yield Table(
                ("", "Assumption", "Low", "Base", "High", "Unit"),
                tuple(
                    (
                        words(assumed.id),
                        words(assumed.text),
                        words(f"{assumed.low:g}"),
                        words(f"{assumed.base:g}"),
                        words(f"{assumed.high:g}"),
                        words(assumed.unit),
                    )
                    for assumed in economics.assumptions
                ),
                numeric=frozenset({2, 3, 4}),
            )
        if economics.not_estimated:
            yield Paragraph(
                (
                    Text("Not estimated, because no figures are quoted that carry a calculation: "),
                    *self.use_case_links(economics.not_estimated),
                )
            )

    def governance(self) -> Iterator[Block]:
        governance = self.report.governance
        yield Heading(2, "Risks and governance", "governance")
        yield Paragraph(words(governance.notice))
        if self.report.use_cases:
            yield Table(
                ("Use case", "EU AI Act: screened as", "Source", "As of"),
                tuple(
                    (
                        self.use_case_links((use_case.id,)),
                        words(use_case.ai_act.level.replace("_", " ")),
                        words(use_case.ai_act.source),
                        words(use_case.ai_act.as_of),
                    )
                    for use_case in self.report.use_cases
                ),
            )
        yield Paragraph(words("Duties to plan for:", strong=True))
        yield Bullets(tuple(words(duty) for duty in governance.duties), general=True)
        if governance.flags:
            yield Paragraph(
                words("What the documents say on data protection, employees' representation and secrecy:", strong=True)
            )
            yield Bullets(tuple(self.claim(claim_id) for claim_id in governance.flags))

    def open_questions(self) -> Iterator[Block]:
        yield Heading(2, "Open questions", "questions")
        yield Paragraph(words("In the order in which the answers could change the ranking."))
        yield Table(
            ("Impact", "Question", "Use case"),
            tuple(
                (
                    words(question.impact),
                    words(question.text),
                    self.use_case_links((question.use_case_id,) if question.use_case_id else ()),
                )
                for question in self.report.open_questions
            ),
        )

    def method(self) -> Iterator[Block]:
        yield Heading(2, "Method and limits", "method")
        yield Bullets(tuple(words(text) for text in self.report.method.steps), numbered=True)
        yield Paragraph(words("Limits:", strong=True))
        yield Bullets(tuple(words(text) for text in self.report.method.limits))
        if self.report.run.costs:
            yield Paragraph(words("What the language model was paid for:", strong=True))
            yield Table(
                ("Step", "Calls", "Tokens in", "Tokens out", "Cost"),
                tuple(
                    (
                        words(step.step),
                        words(str(step.calls)),
                        words(f"{step.input_tokens:,}"),
                        words(f"{step.output_tokens:,}"),
                        words(_usd(step.cost_usd)),
                    )
                    for step in self.report.run.costs
                ),
                numeric=frozenset({1, 2, 3}),
            )

    # Sources

    def source_table(self) -> Iterator[Block]:
        yield Heading(2, "Sources", "sources")
        yield Table(
            ("", "File", "Outcome", "Pages", "Words", "Language", "Quoted", "sha256"),
            tuple(self.source_row(source) for source in self.report.sources),
            numeric=frozenset({3, 4}),
        )

    def source_row(self, source: ReportSource) -> tuple[Line, ...]:
        outcome = OUTCOMES[source.status]
        if source.same_as:
            outcome = f"same content as {source.same_as}"
        name: Inline = Link(source.name, _target(source, None)) if source.path else Text(source.name)
        return (
            words(source.id),
            (name,),
            words(f"{outcome}: {source.reason}" if source.reason else outcome),
            words(str(source.pages) if source.pages else ""),
            words(str(source.words) if source.words else ""),
            words(source.language or ""),
            words("yes" if source.used else "no"),
            words(source.sha256[:12]),
        )

    def evidence(self) -> Iterator[Block]:
        yield Heading(2, "Evidence", "evidence")
        yield Paragraph(
            words("Every quote, letter by letter as it stands in the text of its source, with what stands around it.")
        )
        for quote in self.report.quotes:
            source = self.sources[quote.source_id]
            yield Evidence(
                quote_id=quote.id,
                before=quote.before,
                text=quote.text,
                after=quote.after,
                place=self.place(quote),
                target=_target(source, quote) if source.path else None,
                language=source.language or "",
            )

    # Parts

    def quoted(self, quote_ids: Sequence[str]) -> Line:
        """Quotes in a table cell, on one line each."""
        parts: list[Inline] = []
        for quote_id in quote_ids:
            parts.extend((Text(f"“{' '.join(self.quotes[quote_id].text.split())}”"), Cite(quote_id)))
        return tuple(parts)

    def is_quotation(self, claim: Claim) -> bool:
        """Tell whether a claim is nothing but its quotes."""
        quotes = (f"“{' '.join(self.quotes[quote_id].text.split())}”" for quote_id in claim.quote_ids)
        return claim.text == " ".join(quotes)

    def claim(self, claim_id: str) -> Line:
        claim = self.claims[claim_id]
        return (Text(claim.text), *(Cite(quote_id) for quote_id in claim.quote_ids))

    def joined(self, claim_ids: Sequence[str]) -> Line:
        parts: list[Inline] = []
        for claim_id in claim_ids:
            parts.extend([Text(" ")] if parts else [])
            parts.extend(self.claim(claim_id))
        return tuple(parts)

    def cites(self, claim_ids: Sequence[str]) -> Line:
        found: list[Claim] = [self.claims[claim_id] for claim_id in claim_ids]
        return tuple(Cite(quote_id) for claim in found for quote_id in claim.quote_ids)

    def use_case_links(self, use_case_ids: Sequence[str]) -> Line:
        parts: list[Inline] = []
        for use_case_id in use_case_ids:
            parts.extend([Text(", ")] if parts else [])
            parts.append(Link(f"{use_case_id} {self.use_cases[use_case_id].title}", f"#{use_case_id.lower()}"))
        return tuple(parts)

    def quote_block(self, quote_id: str) -> QuoteBlock:
        quote = self.quotes[quote_id]
        language = self.sources[quote.source_id].language or ""
        return QuoteBlock(text=quote.text, quote_id=quote_id, place=self.place(quote), language=language)

    def place(self, quote: ReportQuote) -> str:
        """Say where a quote stands; where the format has no pages or lines, under which heading."""
        place = quote.locator.describe()
        if not place and quote.locator.heading:
            place = f"under “{quote.locator.heading.rsplit(' > ', 1)[-1]}”"
        name = self.sources[quote.source_id].name
        return f"{name}, {place}" if place else name


def _usd(cost: float | None) -> str:
    """Write a cost; what is not known is not nothing."""
    return "cost unknown" if cost is None else f"{cost:.2f} USD" if cost >= 1 or not cost else f"{cost:.4f} USD"


def _span(ranks: tuple[int, int]) -> str:
    return str(ranks[0]) if ranks[0] == ranks[1] else f"{ranks[0]}–{ranks[1]}"


def _target(source: ReportSource, quote: ReportQuote | None) -> str:
    """Link from ``final/`` to the kept file, at the page where the format has pages."""
    page = f"#page={quote.locator.page}" if quote and quote.locator.page else ""
    return f"../{url_quote(source.path or '')}{page}"
