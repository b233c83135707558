"""Evidence for a prompt: numbered statements, chosen by what was marked and by what the wording tells."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from casebook.analysts.extractive.statements import Statement
from casebook.analysts.model.prompts import plain


class Pool(msgspec.Struct, frozen=True):
    """Statements that a prompt may cite; number 1 is the first."""

    statements: tuple[Statement, ...]

    def text(self, tag: str = "evidence") -> str:
        """Write it down with the numbers."""
        lines = (f"{number} {plain(found.text)}" for number, found in enumerate(self.statements, start=1))
        return "\n".join((f"<{tag}>", *lines, f"</{tag}>"))

    def cited(self, numbers: Sequence[int]) -> list[Statement]:
        """Return the statements with these numbers, each once; numbers that do not exist are passed over."""
        wanted = dict.fromkeys(number for number in numbers if 1 <= number <= len(self.statements))
        return [self.statements[number - 1] for number in wanted]

    def number_of(self, statement: Statement) -> int | None:
        """Return the number of a statement."""
        keys = [found.key for found in self.statements]
        return keys.index(statement.key) + 1 if statement.key in keys else None


def draw(*sources: Iterable[Statement], limit: int) -> Pool:
    """Draw at most `limit` statements, from the first source first, each passage's words once."""
    drawn: dict[str, Statement] = {}
    for statement in (statement for source in sources for statement in source):
        if len(drawn) == limit:
            break
        if not any(_overlap(statement, other) for other in drawn.values()):
            drawn.setdefault(statement.key, statement)
    return Pool(tuple(drawn.values()))


def by_weight(marked: Sequence[Statement]) -> list[Statement]:
    """Order statements by how often they were marked, then by how much they sound like a need."""
    times = Counter(statement.key for statement in marked)
    once = {statement.key: statement for statement in marked}
    return sorted(once.values(), key=lambda found: (-times[found.key], -found.need, found.source_id, found.start))


def _overlap(first: Statement, second: Statement) -> bool:
    return first.source_id == second.source_id and first.start < second.end and second.start < first.end
