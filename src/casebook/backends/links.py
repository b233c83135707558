"""Folders of a company are folders: a link in place of one would lead its files elsewhere, or another's files here."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from casebook.errors import StorageFailed


def has_link(root: Path, parts: Sequence[str]) -> bool:
    """Tell whether a folder on the way from `root`, which itself may be a link, down through `parts` is a link."""
    path = os.fspath(root)
    for part in parts:
        path = f"{path}/{part}"
        if os.path.islink(path):  # noqa: PTH114 - asked for each file; a Path for each part would cost three times as much
            return True
    return False


def below(root: Path, parts: Sequence[str]) -> Path:
    """Return the folder `parts` below `root`. Raises StorageFailed when a link leads there."""
    path = root.joinpath(*parts)
    if has_link(root, parts):
        message = f"a link is on the way to {path}: put a folder in its place"
        raise StorageFailed(message)
    return path
