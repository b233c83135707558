"""As much of a page's own style sheets as tells what a reader cannot see.

Rules for a screen alone, whatever its size; selectors of tags, ids and classes, below each other. Rules that hold only
sometimes (`:hover`, `@media (max-width: 600px)`) hide nothing for good and are left out, and so are linked sheets.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec

from casebook.documents.limits import ReadError

_PROPERTIES: Final = frozenset(
    {"display", "visibility", "opacity", "font-size", "color", "background", "background-color"}
)
_MAX_CHARACTERS: Final = 1_000_000
_MAX_RULES: Final = 5_000
_MAX_WORK: Final = 1_000_000  # rules and elements compared; large pages need a tenth
_MAX_ABOVE: Final = 64  # elements above that a selector is compared with
_SHEET = re.compile(r"<style\b([^>]{0,500})>(.*?)</style", re.IGNORECASE | re.DOTALL)
_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)|<!--|-->", re.DOTALL)
_ALWAYS = re.compile(r"@(?:layer|supports)\b[^;{]*|@media\s*(?:only\s+)?(?:all|screen)\s*", re.IGNORECASE)
_PRINT = re.compile(r"""\bmedia\s*=\s*["']?\s*(?!all|screen)\w""", re.IGNORECASE)
_COMPOUND = re.compile(r"(?P<tag>[a-z][\w-]*|\*)?(?P<more>(?:[.#][\w-]+)*)", re.IGNORECASE)
_PART = re.compile(r"[.#][\w-]+")

Weight = tuple[bool, int, int, int, int]  # important, ids, classes, tags, order


class Names(msgspec.Struct, frozen=True):
    """What selectors see of an element."""

    tag: str
    id: str
    classes: frozenset[str]


class _Compound(msgspec.Struct, frozen=True):
    tag: str
    ids: frozenset[str]
    classes: frozenset[str]
    child: bool  # stands directly below the one before

    def fits(self, names: Names) -> bool:
        return self.tag in {"*", names.tag} and self.ids <= {names.id} and self.classes <= names.classes


class _Rule(msgspec.Struct, frozen=True):
    selector: tuple[_Compound, ...]  # the element itself comes last
    weight: tuple[int, int, int, int]
    declared: Mapping[str, tuple[str, bool]]  # value, and whether it is important


class StyleSheet:
    """The rules of a page by the name that its elements must have."""

    def __init__(self, page: str) -> None:
        """Read the <style> elements of a page."""
        self._rules: dict[str, list[_Rule]] = {}
        self._count = 0
        self._work = 0
        for attributes, text in _SHEET.findall(page):
            if not _PRINT.search(attributes):
                for selectors, declared in _blocks(_COMMENT.sub(" ", text[:_MAX_CHARACTERS])):
                    self._add(selectors, _declared(declared))

    def __bool__(self) -> bool:
        """Whether there is any rule that may hide something."""
        return bool(self._rules)

    def style_of(self, names: Names, above: Sequence[Names]) -> str:
        """Return what the rules say of an element below others (the nearest last), as a `style` attribute would.

        Raises ReadError when that takes more work than any honest page needs.
        """
        keys = (names.tag, "*", f"#{names.id}", *(f".{name}" for name in names.classes))
        found: dict[str, tuple[Weight, str]] = {}
        for rule in (rule for key in keys for rule in self._rules.get(key, ())):
            self._work += 1
            if not rule.selector[-1].fits(names):
                continue
            if len(rule.selector) > 1:
                self._work += len(above[-_MAX_ABOVE:])
                if not _stands_below(rule.selector, above):
                    continue
            for name, (value, important) in rule.declared.items():
                weight = (important, *rule.weight)
                if name not in found or found[name][0] <= weight:
                    found[name] = (weight, value)
        if self._work > _MAX_WORK:
            message = "its style sheets are too large: save the page as text or as PDF"
            raise ReadError(message)
        return ";".join(f"{name}:{value}" for name, (_, value) in found.items())

    def _add(self, selectors: str, declared: Mapping[str, tuple[str, bool]]) -> None:
        if not declared:
            return
        for text in selectors.split(","):
            selector = _selector(text.strip())
            if selector is None or self._count == _MAX_RULES:
                continue
            self._count += 1
            last = selector[-1]
            key = next((f"#{name}" for name in last.ids), next((f".{name}" for name in last.classes), last.tag))
            ids, classes = (
                sum(len(part) for part in parts)
                for parts in zip(*((one.ids, one.classes) for one in selector), strict=True)
            )
            tags = sum(one.tag != "*" for one in selector)
            self._rules.setdefault(key, []).append(_Rule(selector, (ids, classes, tags, self._count), declared))


def _blocks(text: str) -> Iterator[tuple[str, str]]:
    """Yield selectors and declarations of the rules that always hold."""
    place, held = 0, [True]
    while (mark := _next_mark(text, place)) is not None:
        head = text[place:mark].strip()
        place = mark + 1
        if text[mark] == "}":
            held = held[:-1] or [True]
        elif text[mark] == "{" and head.startswith("@"):
            held.append(held[-1] and _ALWAYS.fullmatch(head) is not None)
        elif text[mark] == "{":
            end = text.find("}", place)
            end = len(text) if end < 0 else end
            if held[-1]:
                yield head, text[place:end]
            place = end + 1


_MARK = re.compile("[{};]")


def _next_mark(text: str, place: int) -> int | None:
    found = _MARK.search(text, place)
    return found.start() if found else None


def _declared(text: str) -> dict[str, tuple[str, bool]]:
    declared: dict[str, tuple[str, bool]] = {}
    for declaration in text.split(";"):
        name, _, value = declaration.partition(":")
        name = name.strip().lower()
        if name in _PROPERTIES:
            plain = "".join(value.lower().split())
            declared[name] = (plain.removesuffix("!important"), plain.endswith("!important"))
    return declared


def _selector(text: str) -> tuple[_Compound, ...] | None:
    """Read a selector; None when it asks for more than tags, ids and classes."""
    compounds: list[_Compound] = []
    child = False
    for part in text.replace(">", " > ").split():
        if part == ">":
            child = True
            continue
        match = _COMPOUND.fullmatch(part)
        if not match:
            return None
        parts = _PART.findall(match["more"])
        compounds.append(
            _Compound(
                (match["tag"] or "*").lower(),
                frozenset(name[1:] for name in parts if name[0] == "#"),
                frozenset(name[1:] for name in parts if name[0] == "."),
                child,
            )
        )
        child = False
    return tuple(compounds) or None


def _stands_below(selector: Sequence[_Compound], above: Sequence[Names]) -> bool:
    """Say whether the elements above an element fit all but the last part of a selector."""
    near = list(above[-_MAX_ABOVE:])
    below = selector[-1]
    for compound in reversed(selector[:-1]):
        if below.child:
            if not near or not compound.fits(near.pop()):
                return False
        else:
            while near and not compound.fits(near[-1]):
                near.pop()
            if not near:
                return False
            near.pop()
        below = compound
    return True
