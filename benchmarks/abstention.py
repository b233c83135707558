"""What is proposed to a company whose documents tell of no need at all: nothing, it should be.

python -m benchmarks.abstention
"""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec

from benchmarks.runs import ROOT, scratch
from casebook.backends.inboxes.folder import FolderInbox
from casebook.bootstrap import build
from casebook.domain.report import Report, UseCase
from casebook.domain.submission import Submission
from casebook.errors import NoReadableDocuments
from casebook.progress import Silent
from casebook.settings import Settings

IRRELEVANT = ROOT / "benchmarks" / "corpora" / "irrelevant"
ASKED = 12


def main() -> int:
    """Print the number of use cases for each corpus; return 1 when there is one."""
    files = sum(path.is_file() for path in IRRELEVANT.rglob("*"))
    together = _proposed(IRRELEVANT)
    print(f"irrelevant corpus, {files} files: {len(together)} use cases of {ASKED} asked for (0 wanted)")
    alone = [title for path in sorted(IRRELEVANT.iterdir()) for title in _proposed_alone(path)]
    print(f"each file alone: {len(alone)} use cases in all (0 wanted)")
    for title in dict.fromkeys((*together, *alone)):
        print(f"  {title}")
    refused = _refuses_empty()
    print(f"empty folder: {'refused with a message' if refused else 'NOT refused'}")
    return int(bool(together or alone) or not refused)


def _proposed(folder: Path) -> list[str]:
    with scratch() as outputs:
        settings = Settings(outputs=Path(outputs))
        submission = Submission.parse(company_name="Nothing to do", use_cases_count=ASKED)
        finished = build(settings, progress=Silent()).run(submission, FolderInbox(folder))
        report = msgspec.json.decode((settings.outputs / finished.files.json).read_bytes(), type=Report)
        return [f"{use_case.title}: {_quoted(report, use_case)}" for use_case in report.use_cases]


def _quoted(report: Report, use_case: UseCase) -> str:
    return next(quote.text for quote in report.quotes if quote.id == use_case.quote_ids[0])


def _proposed_alone(path: Path) -> list[str]:
    with scratch() as folder:
        (Path(folder) / path.name).write_bytes(path.read_bytes())
        return _proposed(Path(folder))


def _refuses_empty() -> bool:
    with scratch() as folder:
        try:
            _proposed(Path(folder))
        except NoReadableDocuments as error:
            print(f"  {error}")
            return True
    return False


if __name__ == "__main__":
    sys.exit(main())
