"""Claims: sentences of the report with the quotes they rest on."""

from __future__ import annotations

from collections.abc import Sequence

from casebook.analysts.extractive.statements import Statement
from casebook.domain.analysis import Analysis
from casebook.domain.evidence import Quantity
from casebook.domain.quote import Quote
from casebook.domain.report import Claim, ClaimKind
from casebook.errors import QuoteNotFound


class Claims:
    """Collects claims and cuts their quotes; a quote that cannot be cut is dropped and counted."""

    def __init__(self, prefix: str, known: Analysis | None = None) -> None:
        """Number the claims ``{prefix}1``, ``{prefix}2``, ..., going on after those that `known` has."""
        self._prefix = prefix
        self._quotes: dict[str, Quote] = {quote.id: quote for quote in known.quotes} if known else {}
        self._claims: list[Claim] = list(known.claims) if known else []
        self.dropped = 0

    def company(self, section: str, statements: Sequence[Statement], *, lead: str = "", theme: str = "") -> str | None:
        """Add a claim that says what `statements` say, in their words; None when none of them can be quoted.

        `lead` introduces the quotes and must state nothing of the company by itself.
        """
        quotes = [quote for statement in statements if (quote := self.quote(statement, theme=theme))]
        if not quotes:
            return None
        words = " ".join(f"“{one_line(quote.text)}”" for quote in quotes)
        return self._add(section, f"{lead} {words}".strip(), [quote.id for quote in quotes])

    def stated(self, section: str, text: str, statements: Sequence[Statement], *, theme: str = "") -> str | None:
        """Add a claim in other words than those it rests on; None when none of its statements can be quoted.

        Whoever writes `text` answers for it: it must say nothing that the statements do not say.
        """
        quotes = [quote for statement in statements if (quote := self.quote(statement, theme=theme))]
        return self._add(section, one_line(text), [quote.id for quote in quotes]) if quotes else None

    def figure(self, section: str, statement: Statement, quantity: Quantity, *, theme: str = "") -> str | None:
        """Add a claim that is one figure of a statement, in its words; None when the statement cannot be quoted."""
        quote = self.quote(statement, theme=theme)
        return self._add(section, f"“{one_line(quantity.text)}”", [quote.id]) if quote else None

    def quote(self, statement: Statement, *, theme: str = "") -> Quote | None:
        """Cut the statement's words out of its passage."""
        known = self._quotes.get(statement.key)
        if known:
            return known
        try:
            quote = Quote.cut(statement.text, statement.passage, id=statement.key, theme=theme)
        except QuoteNotFound:
            self.dropped += 1
            return None
        self._quotes[statement.key] = quote
        return quote

    @property
    def claims(self) -> tuple[Claim, ...]:
        """All claims so far."""
        return tuple(self._claims)

    @property
    def quotes(self) -> tuple[Quote, ...]:
        """All quotes so far, each once."""
        return tuple(self._quotes.values())

    def _add(self, section: str, text: str, quote_ids: Sequence[str]) -> str:
        claim_id = f"{self._prefix}{len(self._claims) + 1}"
        self._claims.append(
            Claim(id=claim_id, section=section, text=text, quote_ids=tuple(quote_ids), kind=ClaimKind.COMPANY)
        )
        return claim_id


def one_line(text: str) -> str:
    """Put a quote on one line, as it is printed inside a sentence."""
    return " ".join(text.split())
