"""The built-in catalogue's weights and the stems of all phrases, worked out beforehand: a run starts in no time.

``python -m casebook.analysts.extractive.prebuilt`` writes the files anew after the catalogue, a list of phrases or
the weighing was changed; a file that does not belong to what is installed is not used, and a test says so.
"""

from __future__ import annotations

import hashlib
import sys
from array import array
from collections.abc import Iterator
from importlib.resources import files
from itertools import chain
from pathlib import Path

import msgspec

from casebook.analysts.catalogue import Catalogue, built_in_catalogue
from casebook.analysts.extractive.matching import PatternIndex, PatternWeights, weigh_patterns
from casebook.analysts.extractive.phrases import STEMS_FILE, pack_stems
from casebook.analysts.extractive.vectors import Vectors

_FOLDER = "casebook.analysts.extractive"
_NAME = "pattern_weights.msgpack"
_PHRASE_LISTS = (
    ("casebook.analysts", "thesaurus.json"),
    *((_FOLDER, f"{name}.json") for name in ("wording", "word_lists", "cues", "readiness")),
)
_MADE_FROM = (("casebook.analysts", "thesaurus.json"), (_FOLDER, "matching.py"), ("casebook.domain", "words.py"))


class _File(msgspec.Struct, frozen=True):
    digest: str  # of everything the weights depend on
    vocabulary: list[str]
    idf: bytes  # array("d"), one for each feature
    patterns: list[int]
    names: list[str]  # this and what follows: as in `Vectors`, arrays as bytes
    contents: list[bytes]
    bounds: bytes
    holders: bytes
    weights: bytes


def open_index(catalogue: Catalogue) -> PatternIndex:
    """Return the index of a catalogue, from the file if it is the built-in one."""
    return PatternIndex(catalogue, read_weights(catalogue))


def read_weights(catalogue: Catalogue) -> PatternWeights | None:
    """Return the weights from the file; None for another catalogue, or when the file is of another version."""
    if catalogue is not built_in_catalogue():
        return None
    resource = files(_FOLDER).joinpath(_NAME)
    if not resource.is_file():
        return None
    file = msgspec.msgpack.decode(resource.read_bytes(), type=_File)
    return _unpacked(file) if file.digest == _digest(catalogue) else None


def pack(weights: PatternWeights, digest: str) -> bytes:
    """Write weights as bytes; the same weights give the same bytes."""
    vectors = weights.vectors
    file = _File(
        digest=digest,
        vocabulary=sorted(weights.vocabulary),
        idf=array("d", (weights.idf[name] for name in vectors.names)).tobytes(),
        patterns=list(vectors.patterns),
        names=list(vectors.names),
        contents=[content.tobytes() for content in vectors.contents],
        bounds=vectors.bounds.tobytes(),
        holders=vectors.holders.tobytes(),
        weights=vectors.weights.tobytes(),
    )
    return msgspec.msgpack.encode(file)


def _unpacked(file: _File) -> PatternWeights:
    idf = dict(zip(file.names, array("d", file.idf), strict=True))
    vectors = Vectors(
        patterns=file.patterns,
        names=file.names,
        contents=[array("I", content) for content in file.contents],
        bounds=array("I", file.bounds),
        holders=array("I", file.holders),
        weights=array("d", file.weights),
    )
    return PatternWeights(frozenset(file.vocabulary), idf, max(idf.values(), default=1.0), vectors)


def _digest(catalogue: Catalogue) -> str:
    digest = hashlib.sha256(catalogue.digest.encode())
    for package, name in _MADE_FROM:
        digest.update(files(package).joinpath(name).read_bytes())
    return digest.hexdigest()


def shipped_phrases() -> Iterator[str]:
    """Yield the phrases of the lists that ship with Casebook, and some texts that are not looked for as phrases."""
    for package, name in _PHRASE_LISTS:
        yield from _texts_in(msgspec.json.decode(files(package).joinpath(name).read_bytes()))
    for pattern in built_in_catalogue().patterns:
        yield from chain.from_iterable(pattern.anti_signals.values())


def _texts_in(data: object) -> Iterator[str]:
    if isinstance(data, str):
        yield data
    elif isinstance(data, dict | list):
        for part in data.values() if isinstance(data, dict) else data:
            yield from _texts_in(part)


def main() -> None:
    """Write the files."""
    catalogue = built_in_catalogue()
    _write(STEMS_FILE, pack_stems(shipped_phrases()))
    _write(_NAME, pack(weigh_patterns(catalogue), _digest(catalogue)))


def _write(name: str, data: bytes) -> None:
    Path(__file__).with_name(name).write_bytes(data)
    sys.stdout.write(f"{name}: {len(data):,} bytes\n")


if __name__ == "__main__":
    main()
