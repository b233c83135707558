"""The `DocumentReader` that the workflow uses: detection here, reading in the sandbox."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from casebook.documents.reading import detect
from casebook.documents.sandbox import ReadFailure, ReadJob, Sandbox
from casebook.domain.document import Document
from casebook.ports import NotRead, ReadRequest


class SandboxedReader:
    """Reads files in worker processes, small plain texts in this one; workers start when the first file comes."""

    def __init__(self, *, workers: int) -> None:
        """Use at most `workers` processes."""
        self._workers = workers

    def detect(self, name: str, head: bytes) -> str:
        """Tell the media type from the first bytes, then the name."""
        return detect(name, head)

    def read_all(self, requests: Sequence[ReadRequest]) -> Iterator[tuple[ReadRequest, Document | NotRead]]:
        """Read all files in order of completion; a bad file is an outcome, never an error."""
        if not requests:
            return
        jobs = {ReadJob(request.path, request.name): request for request in requests}
        with Sandbox(workers=self._workers) as sandbox:
            for job, result in sandbox.read_all(jobs):
                yield jobs[job], NotRead(result.reason, result.skipped) if isinstance(result, ReadFailure) else result
