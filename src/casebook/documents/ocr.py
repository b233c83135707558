"""Character recognition: tesseract's program if it is installed, else the `ocr` extra (RapidOCR, offline)."""

from __future__ import annotations

import importlib
import importlib.util
import shutil
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Protocol

import msgspec

from casebook.documents.limits import Limits
from casebook.domain.document import Box

HOW_TO_GET: Final = "install the ocr extra (uv sync --extra ocr) or tesseract"
_SHARE_OF_TIME: Final = 0.7  # of the file's time that recognition may take
_LIST_SECONDS: Final = 10
_MAX_SIDE: Final = 2_000  # pixels of a page's longer side that RapidOCR is given
_SAME_LINE: Final = 0.5  # of a line's height between two boxes' middles
_NEW_PARAGRAPH: Final = 1.0  # of a line's height between two lines


class Recognised(msgspec.Struct, frozen=True):
    """A paragraph found in a picture."""

    text: str
    box: Box | None = None  # None when the recogniser does not say where it stands


class Recognizer(Protocol):
    """Finds the text in a picture."""

    def __call__(self, image: bytes, seconds: float) -> list[Recognised]:
        """Return the paragraphs of an encoded picture, taking at most `seconds`; TimeoutError beyond that."""
        ...


class OutOfTime(TimeoutError):  # noqa: N818  named for what is the case, as the standard library's errors are
    """There is no time left to recognise another page."""


@dataclass(slots=True)
class Recognition:
    """Recognition of one file's pages, within the file's time."""

    deadline: float  # on the monotonic clock

    @classmethod
    def start(cls, limits: Limits) -> Recognition:
        """Begin now."""
        return cls(time.monotonic() + _SHARE_OF_TIME * limits.seconds)

    @property
    def possible(self) -> bool:
        """Whether there is a recogniser on this machine."""
        return recognizer() is not None

    def read(self, image: bytes) -> list[Recognised]:
        """Return the paragraphs in an encoded picture (PNG, JPEG, PGM, TIFF).

        Raises:
            OutOfTime: if the file's time is used up.
            ValueError: if the picture cannot be decoded.

        """
        left = self.deadline - time.monotonic()
        find = recognizer()
        if left <= 0 or find is None:
            raise OutOfTime
        return find(image, left)


@cache
def recognizer() -> Recognizer | None:
    """Return the best recogniser there is: tesseract with German, RapidOCR, tesseract without German."""
    languages = _tesseract_languages()
    if "deu" in languages:
        return _Tesseract("deu+eng" if "eng" in languages else "deu")
    if importlib.util.find_spec("rapidocr") and importlib.util.find_spec("onnxruntime"):
        return _RapidOcr()
    return _Tesseract("eng") if "eng" in languages else None


def _tesseract_languages() -> frozenset[str]:
    program = shutil.which("tesseract")
    if program is None:
        return frozenset()
    try:
        listed = subprocess.run(  # noqa: S603  a fixed command
            [program, "--list-langs"], capture_output=True, text=True, timeout=_LIST_SECONDS, check=False
        )
    except (OSError, subprocess.SubprocessError):
        return frozenset()
    return frozenset(listed.stdout.split())


class _Tesseract(msgspec.Struct, frozen=True):
    languages: str

    def __call__(self, image: bytes, seconds: float) -> list[Recognised]:
        command = ["tesseract", "stdin", "stdout", "-l", self.languages, "--psm", "3"]
        try:
            done = subprocess.run(command, input=image, capture_output=True, timeout=seconds, check=False)  # noqa: S603
        except subprocess.TimeoutExpired as error:
            raise OutOfTime from error
        if done.returncode:
            message = "the picture cannot be decoded"
            raise ValueError(message)
        blocks = done.stdout.decode(errors="replace").replace("\f", "\n\n").split("\n\n")
        return [Recognised(block.strip()) for block in blocks if block.strip()]


class _RapidOcr:
    def __call__(self, image: bytes, seconds: float) -> list[Recognised]:  # noqa: ARG002  a page takes seconds and cannot be stopped
        try:
            result = _rapid_engine()(image)
        except MemoryError:
            raise
        except Exception as error:  # its engine and its decoder each have errors of their own
            message = "the picture cannot be decoded"
            raise ValueError(message) from error
        if result.boxes is None or not result.txts:
            return []
        height, width = result.img.shape[:2]
        words = [
            _Words(
                text,
                min(x for x, _ in corners) / width,
                min(y for _, y in corners) / height,
                max(x for x, _ in corners) / width,
                max(y for _, y in corners) / height,
            )
            for corners, text in zip(result.boxes.tolist(), result.txts, strict=True)
        ]
        return _paragraphs(words)


@cache
def _rapid_engine() -> Any:  # noqa: ANN401  an optional package without types
    module = importlib.import_module("rapidocr")
    params = {
        "Global.log_level": "critical",
        "Global.max_side_len": _MAX_SIDE,
        "Global.use_cls": False,
        "EngineConfig.onnxruntime.intra_op_num_threads": 1,
        "EngineConfig.onnxruntime.inter_op_num_threads": 1,
    }
    return module.RapidOCR(params=params)


class _Words(msgspec.Struct, frozen=True):
    """Words that stand together on a line; places are shares of the page."""

    text: str
    left: float
    top: float
    right: float
    bottom: float

    @property
    def height(self) -> float:
        return self.bottom - self.top

    @property
    def middle(self) -> float:
        return (self.top + self.bottom) / 2


def _paragraphs(found: Sequence[_Words]) -> list[Recognised]:
    """Put words together to lines and paragraphs."""
    lines: list[list[_Words]] = []
    for words in sorted(found, key=lambda words: words.middle):
        if lines and words.middle - lines[-1][0].middle < _SAME_LINE * words.height:
            lines[-1].append(words)
        else:
            lines.append([words])
    paragraphs: list[list[list[_Words]]] = []
    for line in lines:
        before = paragraphs[-1][-1][0] if paragraphs else None
        if before and line[0].top - before.bottom < _NEW_PARAGRAPH * line[0].height:
            paragraphs[-1].append(line)
        else:
            paragraphs.append([line])
    return [_joined(lines) for lines in paragraphs]


def _joined(lines: Sequence[Sequence[_Words]]) -> Recognised:
    text = "\n".join(" ".join(words.text for words in sorted(line, key=lambda words: words.left)) for line in lines)
    every = [words for line in lines for words in line]
    left, top = min(words.left for words in every), min(words.top for words in every)
    right, bottom = max(words.right for words in every), max(words.bottom for words in every)
    return Recognised(text, (round(left, 4), round(top, 4), round(right, 4), round(bottom, 4)))
