"""A written answer to a question: sentences that rest on quotes, each checked against its own before it is shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from casebook.analysts.model.answers import Stated
from casebook.analysts.model.asking import Asker
from casebook.analysts.model.checking import Checker
from casebook.analysts.model.prompts import make_prompt, plain
from casebook.domain.answer import Sentence
from casebook.domain.quote import Quote
from casebook.domain.run import Stage

MOST_EVIDENCE = 20  # quotes in a prompt
_MOST_SENTENCES = 5
_MAX_TOKENS = 900


class WrittenAnswer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the model is asked for."""

    sentences: list[Stated]


class AnswerWriter(msgspec.Struct, frozen=True):
    """Writes answers with `asker` and lets pass what `checker` finds borne out."""

    asker: Asker
    checker: Checker

    def __call__(self, question: str, quotes: Sequence[Quote], company_slug: str) -> tuple[Sentence, ...]:
        """Return the sentences that their own quotes bear out; none when the model finds no answer.

        Raises PermanentError when the model cannot be asked, BudgetReached when it would cost too much.
        """
        if not quotes:
            return ()
        lines = "\n".join(f"{number} {plain(quote.text)}" for number, quote in enumerate(quotes, start=1))
        text = f"<question>\n{plain(question)}\n</question>\n<evidence>\n{lines}\n</evidence>"
        prompt = make_prompt("answer", text, WrittenAnswer, max_tokens=_MAX_TOKENS)

        def faults(answer: WrittenAnswer) -> list[str]:
            return [fault for sentence in answer.sentences for fault in self._faults(sentence, quotes)]

        answered = self.asker.ask(prompt, WrittenAnswer, Stage.QUOTES, company_slug, faults)
        if answered.value is None:
            return ()
        sound = [sentence for sentence in answered.value.sentences if not self._faults(sentence, quotes)]
        return tuple(
            Sentence(sentence.text, tuple(quote.id for quote in _cited(sentence, quotes)))
            for sentence in sound[:_MOST_SENTENCES]
        )

    def _faults(self, sentence: Stated, quotes: Sequence[Quote]) -> list[str]:
        return self.checker.claim(sentence.text, [quote.text for quote in _cited(sentence, quotes)])


Write = Callable[[str, Sequence[Quote], str], tuple[Sentence, ...]]


def _cited(sentence: Stated, quotes: Sequence[Quote]) -> list[Quote]:
    numbers = dict.fromkeys(number for number in sentence.evidence if 1 <= number <= len(quotes))
    return [quotes[number - 1] for number in numbers]
