"""What a format has to offer that is written beside Markdown, HTML and JSON when it is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from casebook.report.blocks import Block


class Imprint(msgspec.Struct, frozen=True, kw_only=True):
    """What stands on every page, and when the file was made."""

    title: str
    run_id: str
    created_at: str  # ISO 8601


class ExtraFormat(Protocol):
    """Writes the report in one format; the same report becomes the same bytes."""

    def write(self, blocks: Sequence[Block], imprint: Imprint) -> bytes:
        """Return the file. Raises PermanentError when it cannot be made."""
        ...

    def limits(self, blocks: Sequence[Block]) -> list[str]:
        """Say what of the report this format cannot show."""
        ...
