"""The `DocumentReader` that the workflow uses: detection here, reading in the sandbox."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Self

from casebook.documents.reading import TEXT_TYPES, detect, promised
from casebook.documents.sandbox import ReadFailure, ReadJob, Sandbox
from casebook.domain.document import Document
from casebook.ports import NotRead, ReadRequest

_NO_WORKER = TEXT_TYPES | {None}


class SandboxedReader:
    """Reads files in worker processes, small plain texts in this one; workers start when the first file comes.

    A program that will read files soon can start workers before it is ready itself, and ends those that it did not
    come to use when it leaves the reader.
    """

    def __init__(self, *, workers: int | None) -> None:
        """Use at most `workers` processes, one for each core if None."""
        self._workers = workers
        self._started: Sandbox | None = None

    def __enter__(self) -> Self:
        """Return the reader itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """End workers that were started and not used."""
        if self._started:
            self._started.close()
            self._started = None

    def start_workers(self, names: Sequence[str]) -> None:
        """Start as many workers as will be needed to read files of these names, for the first call of `read_all`."""
        needed = sum(promised(name) not in _NO_WORKER for name in names)
        if needed and self._started is None:
            self._started = Sandbox(workers=self._workers)
            self._started.start(needed)

    def detect(self, name: str, head: bytes) -> str:
        """Tell the media type from the first bytes, then the name."""
        return detect(name, head)

    def read_all(self, requests: Sequence[ReadRequest]) -> Iterator[tuple[ReadRequest, Document | NotRead]]:
        """Read all files in order of completion; a bad file is an outcome, never an error."""
        if not requests:
            return
        jobs = {ReadJob(request.path, request.name): request for request in requests}
        started, self._started = self._started, None
        with started or Sandbox(workers=self._workers) as sandbox:
            for job, result in sandbox.read_all(jobs):
                yield jobs[job], NotRead(result.reason, result.skipped) if isinstance(result, ReadFailure) else result
