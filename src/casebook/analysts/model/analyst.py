"""The analyst with a language model: it reads, chooses and writes; code finds the quotes, checks, scores and ranks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

import msgspec
from msgspec.structs import replace

from casebook.analysts.catalogue import Catalogue
from casebook.analysts.extractive.analyst import ExtractiveAnalyst, Matching
from casebook.analysts.extractive.claims import Claims
from casebook.analysts.extractive.proposals import floors_for, write_portfolio
from casebook.analysts.extractive.selection import Candidate, select
from casebook.analysts.extractive.statements import Statement
from casebook.analysts.model import sections, writing
from casebook.analysts.model.answers import Plan, ProfileAnswer, ReadinessAnswer, SummaryAnswer, UseCasesAnswer
from casebook.analysts.model.asking import Answered, Asker
from casebook.analysts.model.budget import Budget
from casebook.analysts.model.checking import Checker
from casebook.analysts.model.estimating import estimate_run
from casebook.analysts.model.planning import Intended, Planning
from casebook.analysts.model.pool import Pool, by_weight, draw
from casebook.analysts.model.prompts import version
from casebook.analysts.model.reading import ReadWindow, read_windows
from casebook.analysts.model.windows import Window, cut_windows
from casebook.domain.analysis import Analysis, AnalystFacts, Checked, Portfolio
from casebook.domain.estimate import Estimate
from casebook.domain.evidence import Evidence, EvidenceBase, Kind, Theme
from casebook.domain.prompt import Spending
from casebook.domain.quote import Quote
from casebook.domain.report import StepCost
from casebook.domain.run import Stage
from casebook.domain.submission import Submission
from casebook.errors import QuoteNotFound
from casebook.ports import Clock, Journal, LanguageModel, Library, Progress, Search

NAME = "model"
PROFILE_EVIDENCE, READINESS_EVIDENCE, PLAN_EVIDENCE = 40, 40, 80  # statements in a prompt
MORE_PRIORS = 6  # patterns beyond those asked for
RETRIEVED = 6  # passages for a use case
_ABOUT_COMPANY = frozenset({"strategy", "goal", "people", "contradiction", "system", "volume", "data"})
_ABOUT_READINESS = frozenset({"strategy", "data", "system", "people", "governance", "goal", "constraint"})
_ABOUT_NEEDS = frozenset({"pain", "goal", "volume", "constraint"})
_KINDS = {kind.value: kind for kind in Kind}


class Thinking(msgspec.Struct, frozen=True, kw_only=True):
    """How a deployment thinks with a model."""

    budget: Budget = msgspec.field(default_factory=Budget)
    language: str = ""  # of the report's general texts: ISO 639-1, empty as the documents or the model choose
    window_tokens: int = 8_000
    at_once: int = 8  # requests


class _Read(msgspec.Struct, frozen=True, dict=True):
    """What is known of one company once its documents are read."""

    matching: Matching
    windows: Sequence[Window]
    found: Sequence[ReadWindow]

    @cached_property
    def notes(self) -> list[str]:
        return [window.notes for window in self.found]

    def marked(self, kinds: Iterable[str]) -> list[Statement]:
        """What was marked as one of these kinds, weightiest first."""
        wanted = frozenset(kinds)
        return by_weight([mark.statement for window in self.found for mark in window.marks if mark.kind in wanted])

    @cached_property
    def needs(self) -> list[Statement]:
        """What sounds like a need by its wording alone: where the model marks nothing, these remain."""
        return sorted(self.matching.corpus.statements, key=lambda found: (-found.need, found.source_id, found.start))


class _Planned(msgspec.Struct, frozen=True):
    """The use cases to be written, and the candidates that were not chosen."""

    intended: Sequence[Intended]
    others: Sequence[Candidate]


@dataclass
class _Memory:
    """What a run need not work out twice; all of it can be had again from the journal."""

    library: Library | None = None
    read: _Read | None = None
    planned: _Planned | None = None
    checker: Checker | None = None


class ModelAnalyst:
    """An `Analyst` that asks a language model and prints only what the documents bear out."""

    def __init__(  # noqa: PLR0913 - what it thinks with
        self,
        catalogue: Catalogue,
        model: LanguageModel,
        journal: Journal,
        *,
        thinking: Thinking,
        clock: Clock,
        progress: Progress,
        say: Callable[[str], None] = lambda _text: None,
        run_id: str = "",
        processes: int | None = None,
        built_in: ExtractiveAnalyst | None = None,
    ) -> None:
        """Think with the patterns of `catalogue` and with `model`; `say` tells people what is about to be spent.

        `processes` are at most started for what needs no model.
        """
        self._catalogue = catalogue
        self._model = model
        self._journal = journal
        self._thinking = thinking
        self._clock = clock
        self._progress = progress
        self._say = say
        self._run_id = run_id
        self._built_in = built_in or ExtractiveAnalyst(catalogue, processes=processes)
        self._memory = _Memory()
        self._expected = 0
        self._asker = Asker(
            model,
            journal,
            run_id=run_id,
            budget=thinking.budget,
            clock=clock,
            at_once=thinking.at_once,
            heard=self._tell,
        )

    def for_run(self, run_id: str) -> ModelAnalyst:
        """Return the analyst of one run."""
        return ModelAnalyst(
            self._catalogue,
            self._model,
            self._journal,
            thinking=self._thinking,
            clock=self._clock,
            progress=self._progress,
            say=self._say,
            run_id=run_id,
            built_in=self._built_in.for_run(run_id),
        )

    def facts(self) -> AnalystFacts:
        """Say who is thinking, and what it cost so far."""
        spent = self._journal.spent_by(self._run_id) if self._run_id else {}
        total = sum(spent.values(), Spending())
        return AnalystFacts(
            name=NAME,
            model=self._model.name,
            catalogue=self._built_in.facts().catalogue,
            remarks=self._built_in.facts().remarks,
            settings=f"{self._model.identity} {version()} {self._thinking.language} {self._thinking.window_tokens}",
            cost_usd=total.cost,
            model_calls=total.calls,
            costs=tuple(
                StepCost(
                    step=stage.value,
                    calls=spent[stage].calls,
                    input_tokens=spent[stage].input_tokens,
                    output_tokens=spent[stage].output_tokens,
                    cost_usd=spent[stage].cost,
                )
                for stage in Stage
                if stage in spent
            ),
        )

    def estimate(self, submission: Submission, library: Library) -> Estimate:
        """Tell what a run would take, without asking the model."""
        windows = cut_windows(library, self._built_in.corpus(library), tokens=self._thinking.window_tokens)
        return estimate_run(
            windows,
            submission,
            model=self._model,
            journal=self._journal,
            at_once=self._thinking.at_once,
            language=self._thinking.language,
        )

    def analyze(self, submission: Submission, library: Library, search: Search) -> Analysis:
        """Part A: profile and readiness written by the model on what was found without it; the plan beside them."""
        self._announce(submission, library)
        read = self._read(submission, library, search)
        found = self._built_in.analyze(submission, library, search)
        claims = Claims("A", known=found)
        profile_pool = draw(read.marked(_ABOUT_COMPANY), read.needs, limit=PROFILE_EVIDENCE)
        readiness_pool = draw(
            read.marked(_ABOUT_READINESS), _shown(found, read, claims), read.needs, limit=READINESS_EVIDENCE
        )
        profiles: list[Answered[ProfileAnswer]] = []
        levels: list[Answered[ReadinessAnswer]] = []
        jobs: list[Callable[[], None]] = [partial(self._plan_ahead, submission, library, search)]
        self._asker.side_by_side(
            [
                *jobs,
                lambda: profiles.append(self._ask_profile(submission, read, profile_pool)),
                lambda: levels.append(self._ask_readiness(submission, readiness_pool)),
            ]
        )
        (profile,), (readiness,) = profiles, levels
        note = partial(self._asker.note, Stage.PART_A)
        new_profile, new_readiness = found.profile, found.readiness
        if profile.value is not None:
            new_profile = sections.write_profile(
                profile.value, found.profile, submission, profile_pool, self._checker(submission), claims, note
            )
        if readiness.value is not None:
            new_readiness = sections.write_readiness(readiness.value, found.readiness, readiness_pool, claims)
        return replace(
            found,
            profile=new_profile,
            readiness=new_readiness,
            claims=claims.claims,
            quotes=claims.quotes,
            checked=self._asker.checked(Stage.PART_A),
        )

    def extract(self, submission: Submission, library: Library, search: Search, analysis: Analysis) -> EvidenceBase:
        """Quotes: what the wording shows and what the model marked, each verbatim."""
        found = self._built_in.extract(submission, library, search, analysis)
        marked = self._read(submission, library, search).found
        known = {item.quote.id for item in found.items}
        more: dict[str, Evidence] = {}
        dropped = 0
        for mark in (mark for window in marked for mark in window.marks):
            if mark.kind not in _KINDS or mark.statement.key in known or mark.statement.key in more:
                continue
            try:
                more[mark.statement.key] = _evidence(mark.statement, _KINDS[mark.kind])
            except QuoteNotFound:
                dropped += 1
        other = Theme("marked", tuple(more))
        return replace(
            found,
            items=(*found.items, *more.values()),
            themes=(*found.themes, *([other] if more else [])),
            dropped_quotes=found.dropped_quotes + dropped,
        )

    def propose(
        self,
        submission: Submission,
        library: Library,
        search: Search,
        analysis: Analysis,
        evidence: EvidenceBase,  # noqa: ARG002 - what it holds was read with the documents
    ) -> Portfolio:
        """Part B: the use cases, written up on their evidence; scored and ranked by code."""
        read = self._read(submission, library, search)
        planned = self._plan(submission, library, search)
        orders = writing.make_orders(planned.intended, partial(_retrieved, read, search))
        pool = writing.summary_pool(orders)
        answers, summary = self._write(submission, orders, pool)
        claims = Claims("B")
        portfolio = write_portfolio(
            [(order.intended.pattern, order.intended.candidate) for order in orders],
            planned.others,
            submission,
            read.matching.corpus,
            read.matching.index,
            readiness=analysis.readiness,
            claims=claims,
        )
        checker, note = self._checker(submission), partial(self._asker.note, Stage.PART_B)
        written = writing.written_by_number(answers)
        portfolio = writing.write_into(portfolio, orders, written, checker=checker, claims=claims, note=note)
        headlines = (
            writing.write_headlines(summary.value.findings, pool, checker, claims, note)
            if summary and summary.value
            else ()
        )
        return replace(
            portfolio,
            headlines=headlines,
            claims=claims.claims,
            quotes=claims.quotes,
            checked=self._asker.checked(Stage.PART_B),
        )

    # Asking

    def _announce(self, submission: Submission, library: Library) -> None:
        """Say what the run will take, and stop before the first request when that is more than the budget."""
        estimate = self.estimate(submission, library)
        self._expected = estimate.calls
        self._say(estimate.describe(self._model.name))
        if estimate.cost_usd is not None and not self._journal.spent_by(self._run_id):
            self._asker.purse.demand(estimate.cost_usd)

    def _tell(self, stage: Stage, spent: Spending) -> None:
        cost = "cost unknown" if spent.cost is None else f"{spent.cost:.4f} USD"
        self._progress(stage, min(spent.calls, self._expected), max(self._expected, 1), f"{spent.calls} calls, {cost}")

    def _read(self, submission: Submission, library: Library, search: Search) -> _Read:
        """Read the documents, or take from memory that they were read."""
        if self._memory.library is not library:
            self._memory = _Memory(library=library)
        if self._memory.read is None:
            corpus = self._built_in.corpus(library)
            windows = cut_windows(library, corpus, tokens=self._thinking.window_tokens)
            slug, language = submission.company_slug, self._thinking.language
            found: list[ReadWindow] = []
            matching: list[Matching] = []
            self._asker.side_by_side(
                [
                    lambda: found.extend(read_windows(windows, self._asker, slug, language)),
                    lambda: matching.append(self._built_in.matching(submission, library, search)),
                ]
            )
            self._memory.read = _Read(matching[0], windows, found)
        return self._memory.read

    def _ask_profile(self, submission: Submission, read: _Read, pool: Pool) -> Answered[ProfileAnswer]:
        if not pool.statements:
            return Answered(None)
        return self._asker.ask(
            sections.profile_prompt(submission, read.notes, pool, self._thinking.language),
            ProfileAnswer,
            Stage.PART_A,
            submission.company_slug,
            lambda answer: sections.profile_faults(answer, pool, self._checker(submission)),
        )

    def _ask_readiness(self, submission: Submission, pool: Pool) -> Answered[ReadinessAnswer]:
        if not pool.statements:
            return Answered(None)
        return self._asker.ask(
            sections.readiness_prompt(pool, self._thinking.language),
            ReadinessAnswer,
            Stage.PART_A,
            submission.company_slug,
            lambda answer: sections.readiness_faults(answer, pool),
        )

    def _plan_ahead(self, submission: Submission, library: Library, search: Search) -> None:
        """Have the plan made beside the sections: Part B finds it in memory, or in the journal."""
        self._plan(submission, library, search)

    def _plan(self, submission: Submission, library: Library, search: Search) -> _Planned:
        """Choose the use cases; where the model chooses none that stands, the matching by words chooses."""
        read = self._read(submission, library, search)
        if self._memory.planned is not None:
            return self._memory.planned
        index, floors = read.matching.index, floors_for(read.matching.corpus)
        limit = submission.use_cases_count
        ranked, rest = select(read.matching.matched, index, 2 * limit + MORE_PRIORS, floors=floors)
        statements = {candidate.pattern: [match.statement for match in candidate.matches] for candidate in ranked}
        priors = [
            sections.Prior(index.catalogue.patterns[number].id, tuple(found)) for number, found in statements.items()
        ]
        first = [found[0] for found in statements.values()]
        second = [one for found in statements.values() for one in found[1:2]]
        pool = draw(first, read.marked(_ABOUT_NEEDS)[: PLAN_EVIDENCE // 2], second, read.needs, limit=PLAN_EVIDENCE)
        if not pool.statements:
            return _Planned([], [])
        planning = Planning(pool, index, self._checker(submission), floor=floors.needs)
        answered = self._asker.ask(
            sections.plan_prompt(submission, read.notes, pool, priors, index.catalogue, self._thinking.language),
            Plan,
            Stage.PART_A,
            submission.company_slug,
            planning.faults,
        )
        note = partial(self._asker.note, Stage.PART_A)
        intended = planning.intended(answered.value, at_most=limit, note=note) if answered.value else []
        if not intended:
            intended = [Intended(index.catalogue.patterns[one.pattern], one, "") for one in ranked[:limit]]
            if intended:
                note(Checked(remarks=(_NO_PLAN,)))
        chosen = {one.candidate.pattern for one in intended}
        others = [candidate for candidate in (*ranked, *rest) if candidate.pattern not in chosen]
        self._memory.planned = _Planned(intended, others)
        return self._memory.planned

    def _write(
        self, submission: Submission, orders: Sequence[writing.Order], pool: Pool
    ) -> tuple[list[tuple[Sequence[writing.Order], UseCasesAnswer]], Answered[SummaryAnswer] | None]:
        """Have the use cases and the summary written side by side; the summary rests on the plan's evidence."""
        if not orders:
            return [], None
        language, slug, checker = self._thinking.language, submission.company_slug, self._checker(submission)
        written: dict[int, Answered[UseCasesAnswer]] = {}
        summaries: list[Answered[SummaryAnswer]] = []

        def write(place: int, batch: Sequence[writing.Order]) -> None:
            written[place] = self._asker.ask(
                writing.use_cases_prompt(batch, language),
                UseCasesAnswer,
                Stage.PART_B,
                slug,
                lambda answer: writing.use_case_faults(answer, batch, checker),
            )

        def summarize() -> None:
            summaries.append(
                self._asker.ask(
                    writing.summary_prompt(orders, pool, language),
                    SummaryAnswer,
                    Stage.PART_B,
                    slug,
                    lambda answer: sections.stated_faults(answer.findings, pool, checker),
                )
            )

        batches = writing.batches(orders)
        jobs: list[Callable[[], None]] = [partial(write, place, batch) for place, batch in enumerate(batches)]
        self._asker.side_by_side([*jobs, summarize])
        answers = [
            (batch, answer) for place, batch in enumerate(batches) if (answer := written[place].value) is not None
        ]
        return answers, summaries[0]

    def _checker(self, submission: Submission) -> Checker:
        if self._memory.checker is None:
            self._memory.checker = Checker(submission.company_name, self._catalogue)
        return self._memory.checker


_NO_PLAN = (
    "The model chose no use case that its evidence bears out: those in this report were chosen by matching words, as "
    "without a model."
)


def _shown(found: Analysis, read: _Read, claims: Claims) -> list[Statement]:
    """The statements that show readiness by their wording."""
    ids = {claim for assessed in found.readiness.dimensions for claim in assessed.claim_ids}
    keys = {quote for claim in claims.claims if claim.id in ids for quote in claim.quote_ids}
    return [statement for statement in read.matching.corpus.statements if statement.key in keys]


def _retrieved(read: _Read, search: Search, one: Intended) -> list[Statement]:
    """Find more evidence in the vector store: of each passage found, the statement that tells most of a need."""
    query = " ".join((one.title, one.pattern.name, *(statement.text for statement in one.statements[:2])))
    best: dict[str, Statement] = {}
    for statement in read.matching.corpus.statements:
        known = best.get(statement.passage.id)
        if known is None or statement.need > known.need:
            best[statement.passage.id] = statement
    return [best[hit.passage_id] for hit in search(query, RETRIEVED) if hit.passage_id in best]


def _evidence(statement: Statement, kind: Kind) -> Evidence:
    return Evidence(
        quote=Quote.cut(statement.text, statement.passage, id=statement.key, theme="marked"),
        kinds=(kind,),
        strength=round(statement.need, 3),
        quantities=statement.quantities,
        origins=statement.origins,
    )
