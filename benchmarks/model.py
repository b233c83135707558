"""What a run with a language model asks for: calls, tokens, rounds that wait for each other, and wall time.

The server stands on loopback, answers by script and takes as long as it is told to. Tokens are characters / 4, as peers
were counted. ``uv run python -m benchmarks.model [--large]``; `--large` adds 100 documents.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.generated import Writer
from casebook.backends.inboxes.folder import FolderInbox
from casebook.bootstrap import build
from casebook.domain.prompt import count_tokens
from casebook.domain.submission import Submission
from casebook.settings import Settings
from tests.chat_server import ChatServer, Request, serving

LATENCIES = (0.0, 0.5)  # seconds


@dataclass(frozen=True)
class Shape:
    """A company of so many documents, and how it is asked about."""

    documents: int
    characters: int  # of each
    use_cases: int
    at_once: int


SMALL = Shape(documents=5, characters=21_100, use_cases=7, at_once=8)
LARGE = Shape(documents=100, characters=12_000, use_cases=10, at_once=32)


@dataclass(frozen=True)
class Figures:
    """What one run took."""

    calls: int
    sent: int  # tokens of messages
    with_schemas: int
    rounds: int
    seconds: float  # of the whole run, reading the files included
    processor: float


@contextmanager
def timed(server: ChatServer) -> Iterator[list[tuple[float, float]]]:
    """Note when each request came and when its answer left."""
    spans: list[tuple[float, float]] = []

    def note(_request: Request) -> bool:
        now = time.monotonic()
        spans.append((now - server.latency, now))
        return False

    server.fault = note
    yield spans


def serial(spans: list[tuple[float, float]]) -> int:
    """Count the longest chain of requests of which each began after the one before was answered."""
    rounds, free = 0, 0.0
    for start, end in sorted(spans, key=lambda span: span[1]):
        if start >= free:
            rounds, free = rounds + 1, end
    return rounds


def run(folder: Path, outputs: Path, shape: Shape, server: ChatServer) -> Figures:
    """Run once and look at what the server was asked."""
    server.asked.clear()
    environment: Mapping[str, str] = {
        "CASEBOOK_OUTPUTS": str(outputs),
        "CASEBOOK_MODEL": "openai:gpt-5-mini",
        "OPENAI_BASE_URL": server.url,
        "CASEBOOK_MODEL_REQUESTS": str(shape.at_once),
    }
    settings = Settings.from_environment(environment)
    submission = Submission.parse(company_name="Bench Ltd", use_cases_count=shape.use_cases)
    begun, used = time.monotonic(), time.process_time()
    with timed(server) as spans:
        build(settings, progress=lambda *_: None, say=lambda _: None).run(submission, FolderInbox(folder))
    bodies = [json.loads(sent) for sent in server.asked]
    messages = [sum(count_tokens(message["content"]) for message in body["messages"]) for body in bodies]
    schemas = [count_tokens(json.dumps(body["response_format"])) for body in bodies]
    return Figures(
        calls=len(bodies),
        sent=sum(messages),
        with_schemas=sum(messages) + sum(schemas),
        rounds=serial(spans),
        seconds=time.monotonic() - begun,
        processor=time.process_time() - used,
    )


def measure(shape: Shape) -> None:
    """Print the figures of a shape: cold at each latency, then warm."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "documents"
        folder.mkdir()
        tokens = 0
        for number in range(shape.documents):
            text = "\n\n".join(Writer(number).paragraphs(shape.characters))
            tokens += count_tokens(text)
            (folder / f"document {number:03}.md").write_text(text, encoding="utf-8")
        print(f"{shape.documents} documents, {tokens:,} tokens, {shape.use_cases} use cases, {shape.at_once} at once")
        for latency in LATENCIES:
            with serving(latency=latency) as server:
                for kind in ("cold", "warm"):
                    outputs = Path(scratch) / f"outputs-{latency}"
                    _tell(f"  {latency * 1000:3.0f} ms, {kind}", run(folder, outputs, shape, server), tokens)


def _tell(name: str, found: Figures, tokens: int) -> None:
    print(
        f"{name}: {found.calls:3} calls, {found.sent / tokens:.2f} tokens in a corpus token "
        f"({found.with_schemas / tokens:.2f} with schemas), {found.rounds} rounds, {found.seconds:5.2f} s wall, "
        f"{found.processor:.2f} s processor",
        flush=True,
    )


def main() -> None:
    """Measure, after the client was imported once: a server imports it once too."""
    from casebook.backends.language_models import chat  # noqa: F401, PLC0415

    os.environ.pop("OPENAI_API_KEY", None)
    measure(SMALL)
    if "--large" in sys.argv[1:]:
        measure(LARGE)


if __name__ == "__main__":
    main()
