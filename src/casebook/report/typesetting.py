"""A process that sets PDFs and pictures with typst: jobs in on standard input, files out on standard output.

It lives in limits of memory and processor time that it cannot lift, reads nothing but the template and the fonts, and
knows no network: texts of documents are set here.
"""

from __future__ import annotations

import contextlib
import sys
import warnings
from pathlib import Path
from typing import Final

import msgspec

MEMORY: Final = 3 << 30
ROOT: Final = Path(__file__).parent / "fonts"  # what a template may read
PICTURE: Final = """
#let picture = json(bytes(sys.inputs.report))
#set page(width: 720pt, height: auto, margin: 0pt, fill: white)
#image(bytes(picture.svg), format: "svg", width: 720pt)
"""


class Job(msgspec.Struct):
    """One file to make."""

    template: str  # typst
    report: str  # JSON, as sys.inputs.report
    made_at: int  # seconds since 1970: the time that the file gets
    format: str = "pdf"  # or png


class Jobs(msgspec.Struct):
    """Everything that one process makes."""

    jobs: list[Job]
    fonts: list[str]  # folders
    seconds: int


class Outcome(msgspec.Struct):
    """The files in order, or why there are none."""

    files: list[bytes] = []
    error: str = ""


def main() -> None:
    """Do what standard input asks for."""
    jobs = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=Jobs)
    confine(jobs.seconds)
    try:
        outcome = Outcome(files=[typeset(job, jobs.fonts) for job in jobs.jobs])
    except MemoryError:
        outcome = Outcome(error="it needs too much memory")
    except RuntimeError as error:
        outcome = Outcome(error=str(getattr(error, "message", error)))
    sys.stdout.buffer.write(msgspec.msgpack.encode(outcome))


def typeset(job: Job, fonts: list[str]) -> bytes:
    """Make one file; the same job makes the same bytes. Raises RuntimeError when typst refuses."""
    import typst  # noqa: PLC0415 - the `pdf` extra

    book = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=fonts)
    if "Noto Sans" not in book.families():  # typst would set an empty page and say nothing
        message = "the bundled fonts are not there: install Casebook again"
        raise RuntimeError(message)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        compiler = typst.Compiler(job.template.encode(), root=ROOT, font_paths=book, sys_inputs={"report": job.report})
        if job.format == "png":
            made = compiler.compile(format="png", ppi=144)
        else:
            made = compiler.compile(format="pdf", pdf_standards=["a-2a", "ua-1"], timestamp=job.made_at)
    return made if isinstance(made, bytes) else b"".join(made or [])


def confine(seconds: int) -> None:
    """Put this process in limits that it cannot lift."""
    try:
        import resource  # noqa: PLC0415 - there is none on Windows
    except ImportError:
        return
    for kind, bound in ((resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_CPU, seconds)):
        with contextlib.suppress(ValueError, OSError):  # macOS has no RLIMIT_AS worth the name
            resource.setrlimit(kind, (bound, bound))


if __name__ == "__main__":
    main()
