"""Part B: use cases written up, four with a request, each on its own evidence; and the findings of the summary."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec
from msgspec.structs import replace

from casebook.analysts.extractive.claims import Claims
from casebook.analysts.extractive.statements import Statement
from casebook.analysts.model.answers import Stated, SummaryAnswer, UseCasesAnswer, Written
from casebook.analysts.model.checking import Checker
from casebook.analysts.model.planning import Intended
from casebook.analysts.model.pool import Pool, draw
from casebook.analysts.model.prompts import make_prompt, plain
from casebook.analysts.model.sections import keep_stated, stated_faults
from casebook.domain.analysis import Checked, Portfolio
from casebook.domain.prompt import Prompt
from casebook.domain.report import Level, OpenQuestion, UseCase

FOR_ONE_REQUEST = 4  # use cases
MAX_TOKENS = 6_000
SUMMARY_TOKENS = 2_000
MAX_EVIDENCE = 8  # statements of a use case, those that retrieval found included
MAX_PROBLEM = 3
MAX_RISKS = 3
MAX_QUESTIONS = 2
MAX_FINDINGS = 5
SUMMARY_EVIDENCE = 24

Note = Callable[[Checked], None]


class Order(msgspec.Struct, frozen=True):
    """A use case to be written, with the evidence it may cite."""

    number: int
    intended: Intended
    pool: Pool

    def words(self) -> list[str]:
        """The words of its evidence."""
        return [statement.text for statement in self.pool.statements]


def make_orders(intended: Sequence[Intended], retrieved: Callable[[Intended], Sequence[Statement]]) -> list[Order]:
    """Number the use cases and draw the evidence of each: what was cited for it, then what retrieval finds."""
    return [
        Order(number, one, draw(one.statements, retrieved(one), limit=MAX_EVIDENCE))
        for number, one in enumerate(intended, start=1)
    ]


def batches(orders: Sequence[Order]) -> list[Sequence[Order]]:
    """Put the orders together for requests, as even as can be."""
    count = -(-len(orders) // FOR_ONE_REQUEST)
    return [orders[number::count] for number in range(count)]


def use_cases_prompt(orders: Sequence[Order], language: str) -> Prompt:
    """Ask for some use cases."""
    text = "\n".join(_order_text(order) for order in orders)
    return make_prompt("use_cases", text, UseCasesAnswer, max_tokens=MAX_TOKENS, language=language)


def _order_text(order: Order) -> str:
    pattern = order.intended.pattern
    about = f" — {plain(pattern.summary)}" if pattern.summary else ""
    title = plain(order.intended.title or pattern.name)
    return f'<use_case number="{order.number}">\n{title}{about}\n{order.pool.text()}\n</use_case>'


def use_case_faults(answer: UseCasesAnswer, orders: Sequence[Order], checker: Checker) -> list[str]:
    """Say what is wrong with the use cases."""
    written = _by_number(answer, orders)
    faults = [f"Use case {order.number} is missing." for order in orders if order.number not in written]
    for order in orders:
        if order.number in written:
            one = written[order.number]
            found = [*stated_faults(one.problem, order.pool, checker), *_proposal_faults(one, order, checker)]
            faults += [f"Use case {order.number}, {fault}" for fault in found]
    return faults


def _proposal_faults(one: Written, order: Order, checker: Checker) -> Iterator[str]:
    for text in (one.approach, one.users, one.first_step, *one.risks[:MAX_RISKS]):
        if text:
            yield from checker.proposal(text, order.words(), order.intended.pattern)
    for text in one.questions[:MAX_QUESTIONS]:
        yield from checker.question(text, order.words())


def written_by_number(answers: Sequence[tuple[Sequence[Order], UseCasesAnswer]]) -> dict[int, Written]:
    """Collect what was written, by the number of the order."""
    return {number: one for orders, answer in answers for number, one in _by_number(answer, orders).items()}


def _by_number(answer: UseCasesAnswer, orders: Sequence[Order]) -> dict[int, Written]:
    """Find the first text for each order; what nobody ordered is left out."""
    wanted = {order.number for order in orders}
    found: dict[int, Written] = {}
    for one in answer.use_cases:
        if one.number in wanted:
            found.setdefault(one.number, one)
    return found


def write_into(  # noqa: PLR0913 - where the texts go, and what they are checked by
    portfolio: Portfolio,
    orders: Sequence[Order],
    written: Mapping[int, Written],
    *,
    checker: Checker,
    claims: Claims,
    note: Note,
) -> Portfolio:
    """Put what was written into the use cases; what does not pass stays as the catalogue has it."""
    by_evidence = {order.intended.statements[0].key: order for order in orders}
    use_cases: list[UseCase] = []
    questions: list[OpenQuestion] = []
    for use_case in portfolio.use_cases:
        order = by_evidence[use_case.quote_ids[0]]
        titled = replace(use_case, title=order.intended.title or use_case.title)
        one = written.get(order.number)
        if one is None:
            use_cases.append(titled)
            continue
        use_cases.append(_filled(titled, one, order, checker, claims, note))
        questions += _questions(use_case, one, order, checker)
    return replace(
        portfolio,
        use_cases=tuple(use_cases),
        open_questions=(*portfolio.open_questions, *questions),
        claims=claims.claims,
        quotes=claims.quotes,
    )


def _filled(use_case: UseCase, one: Written, order: Order, checker: Checker, claims: Claims, note: Note) -> UseCase:  # noqa: PLR0913, PLR0917
    def sound(text: str, otherwise: str) -> str:
        """Take a proposal if it passes; it is not counted as a claim, for it is none."""
        text = " ".join(text.split())
        return text if text and not checker.proposal(text, order.words(), order.intended.pattern) else otherwise

    stated = keep_stated(
        one.problem,
        order.pool,
        checker,
        claims,
        section=f"use_case_{use_case.rank}",
        at_most=MAX_PROBLEM,
        note=note,
        theme=use_case.function,
    )
    quoted = {claim.id: claim.quote_ids for claim in claims.claims}
    quote_ids = dict.fromkeys((*use_case.quote_ids, *(quote for claim in stated for quote in quoted[claim])))
    risks = [text for risk in one.risks[:MAX_RISKS] if (text := sound(risk, ""))]
    return replace(
        use_case,
        summary=sound(one.approach, use_case.summary),
        users=sound(one.users, use_case.users),
        first_step=sound(one.first_step, use_case.first_step),
        risks=tuple(dict.fromkeys((*use_case.risks, *risks))),
        claim_ids=(*stated, *use_case.claim_ids),
        quote_ids=tuple(quote_ids),
    )


def _questions(use_case: UseCase, one: Written, order: Order, checker: Checker) -> Iterator[OpenQuestion]:
    for text in dict.fromkeys(" ".join(question.split()) for question in one.questions[:MAX_QUESTIONS]):
        if text and not checker.question(text, order.words()):
            yield OpenQuestion(text=text, use_case_id=use_case.id, impact=Level.MEDIUM)


def summary_pool(orders: Sequence[Order]) -> Pool:
    """Draw the evidence of the summary: the strongest of each use case first."""
    most = max((len(order.intended.statements) for order in orders), default=0)
    ranked = (
        [order.intended.statements[place] for order in orders if place < len(order.intended.statements)]
        for place in range(most)
    )
    return draw(*ranked, limit=SUMMARY_EVIDENCE)


def summary_prompt(orders: Sequence[Order], pool: Pool, language: str) -> Prompt:
    """Ask for the findings of the summary."""
    titles = "\n".join(f"- {plain(order.intended.title or order.intended.pattern.name)}" for order in orders)
    text = f"<use_cases>\n{titles}\n</use_cases>\n{pool.text()}"
    return make_prompt("summary", text, SummaryAnswer, max_tokens=SUMMARY_TOKENS, language=language)


def write_headlines(
    findings: Sequence[Stated], pool: Pool, checker: Checker, claims: Claims, note: Note
) -> tuple[str, ...]:
    """Make claims of the findings that pass."""
    return keep_stated(
        findings, pool, checker, claims, section="summary", at_most=MAX_FINDINGS, note=note, theme="summary"
    )
