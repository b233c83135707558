"""How long the formats of a report take: ``uv run python -m benchmarks.rendering [ROUNDS]``.

Prints processor time, wall clock and size for a report of 7 use cases and for one with 500 quotes: in this process,
as it is when a process for typesetting has started, and the whole PDF with that process; and the memory of the latter.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
from msgspec.structs import replace

from casebook.domain.report import Report
from casebook.report.extra import Imprint
from casebook.report.glyphs import BUNDLED
from casebook.report.html import to_html
from casebook.report.layout import lay_out
from casebook.report.markdown import to_markdown
from casebook.report.pdf import PdfFormat, pdf_job
from casebook.report.typesetting import typeset
from casebook.report.word import WordFormat

EXAMPLE = Path(__file__).parents[1] / "examples" / "harrow_vale" / "documents"
QUOTES = 500


def example() -> Report:
    """Run on the example and return its report, with 7 use cases."""
    with tempfile.TemporaryDirectory() as outputs:
        command = [sys.executable, "-m", "casebook", "run", str(EXAMPLE), "--company", "Harrow Vale", "-q"]
        subprocess.run([*command, "--outputs", outputs], check=True, capture_output=True)
        (path,) = Path(outputs).glob("*/final/*.json")
        return msgspec.json.decode(path.read_bytes(), type=Report)


def with_quotes(report: Report, number: int) -> Report:
    """Return the report with so many quotes in its appendix, each with another number in its words."""
    quotes = list(report.quotes)
    while len(quotes) < number:
        source = quotes[len(quotes) % len(report.quotes)]
        quotes.append(replace(source, id=f"Q{len(quotes) + 1}", text=f"{source.text} ({len(quotes)})"))
    return replace(report, quotes=tuple(quotes))


def timed(work: Callable[[], bytes], rounds: int) -> tuple[float, float, int]:
    """Return the least processor time (of this process and its children), the least wall clock, and the size."""
    found: list[tuple[float, float]] = []
    size = 0
    for _ in range(rounds):
        start, begun = time.perf_counter(), processor_time()
        size = len(work())
        found.append((processor_time() - begun, time.perf_counter() - start))
    return min(cpu for cpu, _ in found), min(wall for _, wall in found), size


def processor_time() -> float:
    """Return the seconds of processor time of this process and the children that have ended."""
    return sum(
        usage.ru_utime + usage.ru_stime
        for usage in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


def main() -> None:
    """Print the table."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    small = example()
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    print(f"| {'report':12} | {'format':18} | cpu s | wall s | kB |")
    print("|---|---|---:|---:|---:|")
    for name, report in (("7 use cases", small), (f"{QUOTES} quotes", with_quotes(small, QUOTES))):
        blocks = lay_out(report)
        imprint = Imprint(title="AI use cases", run_id=report.run.id, created_at=report.run.created_at)
        job = pdf_job(blocks, imprint)
        works: dict[str, Callable[[], bytes]] = {
            "layout + md": lambda report=report: to_markdown(lay_out(report)).encode(),  # type: ignore[misc]
            "html": lambda blocks=blocks: to_html(blocks, title="x").encode(),  # type: ignore[misc]
            "pdf, set in process": lambda job=job: typeset(job, [str(BUNDLED)]),  # type: ignore[misc]
            "pdf, whole": lambda blocks=blocks, imprint=imprint: PdfFormat().write(blocks, imprint),  # type: ignore[misc]
            "docx, whole": lambda blocks=blocks, imprint=imprint: WordFormat().write(blocks, imprint),  # type: ignore[misc]
        }
        for format_name, work in works.items():
            cpu, wall, size = timed(work, rounds)
            print(f"| {name:12} | {format_name:18} | {cpu:5.2f} | {wall:5.2f} | {size / 1000:,.0f} |", flush=True)
    most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    print(
        f"\nmost memory of a process: {most // 1024} MiB typesetting included, {before // 1024} MiB in the run before"
    )


if __name__ == "__main__":
    main()
