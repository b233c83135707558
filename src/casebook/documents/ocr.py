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

from casebook.documents.limits import Limits

HOW_TO_GET: Final = "install the ocr extra (uv sync --extra ocr) or tesseract"
_SHARE_OF_TIME: Final = 0.7  # of the file's time that recognition may take
_LIST_SECONDS: Final = 10
_MAX_SIDE: Final = 2_000  # pixels of a page's longer side that RapidOCR is given
_SAME_LINE: Final = 0.5  # of a line's height between two boxes' middles
_NEW_PARAGRAPH: Final = 1.0  # of a line's height between two lines


class Recognizer(Protocol):
    """Finds the text in a picture."""

    def __call__(self, image: bytes, seconds: float) -> list[str]:
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

    def read(self, image: bytes) -> list[str]:
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


@dataclass(frozen=True, slots=True)
class _Tesseract:
    languages: str

    def __call__(self, image: bytes, seconds: float) -> list[str]:
        command = ["tesseract", "stdin", "stdout", "-l", self.languages, "--psm", "3"]
        try:
            done = subprocess.run(command, input=image, capture_output=True, timeout=seconds, check=False)  # noqa: S603
        except subprocess.TimeoutExpired as error:
            raise OutOfTime from error
        if done.returncode:
            message = "the picture cannot be decoded"
            raise ValueError(message)
        blocks = done.stdout.decode(errors="replace").replace("\f", "\n\n").split("\n\n")
        return [block.strip() for block in blocks if block.strip()]


class _RapidOcr:
    def __call__(self, image: bytes, seconds: float) -> list[str]:  # noqa: ARG002  a page takes seconds and cannot be stopped
        try:
            result = _rapid_engine()(image)
        except MemoryError:
            raise
        except Exception as error:  # its engine and its decoder each have errors of their own
            message = "the picture cannot be decoded"
            raise ValueError(message) from error
        if result.boxes is None or not result.txts:
            return []
        boxes = [
            (min(p[1] for p in box), max(p[1] for p in box), min(p[0] for p in box), text)
            for box, text in zip(result.boxes.tolist(), result.txts, strict=True)
        ]
        return _paragraphs(boxes)


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


def _paragraphs(boxes: Sequence[tuple[float, float, float, str]]) -> list[str]:
    """Put boxes (top, bottom, left, text) together to lines and paragraphs."""
    lines: list[list[tuple[float, float, float, str]]] = []
    for box in sorted(boxes, key=lambda box: box[0] + box[1]):
        height = box[1] - box[0]
        if lines and (box[0] + box[1] - lines[-1][0][0] - lines[-1][0][1]) / 2 < _SAME_LINE * height:
            lines[-1].append(box)
        else:
            lines.append([box])
    paragraphs: list[str] = []
    bottom = 0.0
    for line in lines:
        text = " ".join(box[3] for box in sorted(line, key=lambda box: box[2]))
        if paragraphs and line[0][0] - bottom < _NEW_PARAGRAPH * (line[0][1] - line[0][0]):
            paragraphs[-1] += f"\n{text}"
        else:
            paragraphs.append(text)
        bottom = line[0][1]
    return paragraphs
