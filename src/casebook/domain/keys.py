"""Keys of a storage: POSIX paths relative to its root, none of which leads out of it."""

from __future__ import annotations

from casebook.errors import StorageFailed


def key_parts(key: str) -> list[str]:
    """Split a key into folders and name. Raises StorageFailed for one with an empty or relative part."""
    parts = key.split("/")
    if any(part in {"", ".", ".."} for part in parts) or "\0" in key:
        message = "a storage key has an empty or relative part"
        raise StorageFailed(message)
    return parts
