"""What lies behind a link: every file of a folder and its sub-folders, each with the reason if it cannot be taken."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec

from casebook.backends.drives.google.calls import DriveCalls
from casebook.domain.drive_link import DriveLink
from casebook.errors import PermanentError, TransientError

_KIND: Final = "application/vnd.google-apps."
FOLDER: Final = f"{_KIND}folder"
SHORTCUT: Final = f"{_KIND}shortcut"
_OFFICE: Final = "application/vnd.openxmlformats-officedocument."
EXPORTS: Final = {  # Google's own kinds: what they are exported as, and the ending that goes with it
    f"{_KIND}document": (f"{_OFFICE}wordprocessingml.document", ".docx"),
    f"{_KIND}spreadsheet": (f"{_OFFICE}spreadsheetml.sheet", ".xlsx"),
    f"{_KIND}presentation": (f"{_OFFICE}presentationml.presentation", ".pptx"),
    f"{_KIND}drawing": ("application/pdf", ".pdf"),
}
FIELDS: Final = (
    "id,name,mimeType,size,md5Checksum,modifiedTime,resourceKey,trashed,shortcutDetails,capabilities(canDownload)"
)


class DriveLimits(msgspec.Struct, frozen=True):
    """How much is taken from behind one link."""

    files: int = 1000
    file_bytes: int = 200 * 1024 * 1024
    all_bytes: int = 4 * 1024 * 1024 * 1024
    depth: int = 10  # of folders in folders
    listed: int = 20_000  # items; a larger folder is refused


class DriveItem(msgspec.Struct, frozen=True):
    """One file behind the link. `reason` says why it is not taken; `version` changes when its content does."""

    id: str
    name: str  # with its folders
    size: int
    md5: str | None
    export_as: str | None
    version: str
    reason: str | None = None


class _Found(msgspec.Struct, frozen=True):
    """An item as the API lists it, shortcuts followed, and where it was found."""

    facts: dict[str, Any]
    path: str
    reason: str | None = None


def list_items(calls: DriveCalls, link: DriveLink, limits: DriveLimits) -> list[DriveItem]:
    """List all files behind `link`, sorted by name, none left out silently.

    Raises PermanentError when the link cannot be opened, TransientError when Google does not answer now.
    """
    if link.resource_key:
        calls.keys[link.id] = link.resource_key
    top = calls.get(link.id, FIELDS)
    if top.get("trashed"):
        message = "it lies in Google Drive's bin: restore it"
        raise PermanentError(message)
    walk = _Walk(calls, limits)
    found = walk.below(top, "", 0) if top["mimeType"] == FOLDER else iter([walk.target(top, str(top["name"]))])
    return _within(_named(sorted(found, key=lambda entry: (entry.path, str(entry.facts["id"])))), limits)


class _Walk:
    """Goes through folders, each once, however many shortcuts lead there."""

    def __init__(self, calls: DriveCalls, limits: DriveLimits) -> None:
        self._calls = calls
        self._limits = limits
        self._seen: set[str] = set()
        self._listed = 0

    def below(self, folder: dict[str, Any], path: str, depth: int) -> Iterator[_Found]:
        self._seen.add(str(folder["id"]))
        for item in self._children(str(folder["id"])):
            name = f"{path}{_name_part(str(item['name']))}"
            found = self.target(item, name)
            facts = found.facts
            if found.reason or facts["mimeType"] != FOLDER:
                if str(facts["id"]) not in self._seen:
                    self._seen.add(str(facts["id"]))
                    yield found
            elif str(facts["id"]) in self._seen:
                continue  # a shortcut back up, or a second way to the same folder
            elif depth + 1 >= self._limits.depth:
                yield _Found(facts, name, f"a folder more than {self._limits.depth} folders deep: share it by itself")
            else:
                yield from self.below(facts, f"{name}/", depth + 1)

    def target(self, item: dict[str, Any], path: str) -> _Found:
        """Follow a shortcut to what it stands for."""
        if item["mimeType"] != SHORTCUT:
            if item.get("resourceKey"):
                self._calls.keys[str(item["id"])] = str(item["resourceKey"])
            return _Found(item, path)
        details = item.get("shortcutDetails", {})
        target_id = str(details.get("targetId", ""))
        if details.get("targetResourceKey"):
            self._calls.keys[target_id] = str(details["targetResourceKey"])
        try:
            facts = self._calls.get(target_id, FIELDS)
        except PermanentError as error:
            return _Found(item, path, f"a shortcut whose target cannot be opened: {error}")
        if facts["mimeType"] == SHORTCUT:
            return _Found(item, path, "a shortcut to a shortcut")
        return _Found(facts, path)

    def _children(self, folder_id: str) -> Iterator[dict[str, Any]]:
        token: str | None = None
        while True:
            page = self._calls.children(folder_id, FIELDS, token)
            if page.get("incompleteSearch"):
                message = "Google Drive listed a folder only in part"
                raise TransientError(message)
            for item in page.get("files", []):
                self._listed += 1
                if self._listed > self._limits.listed:
                    message = f"the folder holds more than {self._limits.listed} items: share a smaller one"
                    raise PermanentError(message)
                yield item
            token = page.get("nextPageToken")
            if not token:
                return


def _name_part(name: str) -> str:
    """Make a name one part of a path; Drive allows slashes and dots alone in names."""
    part = name.replace("/", "\N{DIVISION SLASH}")
    return part if part.strip(". ") else f"{part}_"


def _named(found: list[_Found]) -> list[tuple[str, _Found]]:
    """Give each item a name of its own: Drive allows several of one name in one folder."""
    taken: set[str] = set()
    named = []
    for entry in found:
        export = EXPORTS.get(str(entry.facts["mimeType"]))
        ending = export[1] if export and not entry.path.lower().endswith(export[1]) else ""
        name = _free(entry.path, ending, lambda name: name in taken)
        taken.add(name)
        named.append((name, entry))
    return named


def _free(path: str, ending: str, is_taken: Callable[[str], bool]) -> str:
    folder, slash, base = path.rpartition("/")
    stem, dot, suffix = base.rpartition(".") if not ending and "." in base[1:] else (base, "", "")
    name, number = f"{path}{ending}", 1
    while is_taken(name):
        number += 1
        name = f"{folder}{slash}{stem} ({number}){dot}{suffix}{ending}"
    return name


def _within(named: list[tuple[str, _Found]], limits: DriveLimits) -> list[DriveItem]:
    """Say of each item whether it is taken."""
    items: list[DriveItem] = []
    taken = total = 0
    for name, entry in named:
        item = _item(name, entry, limits)
        if item.reason is None:
            if taken >= limits.files:
                reason = f"more than {limits.files} files lie behind the link: share a smaller folder"
            elif total + item.size > limits.all_bytes:
                reason = f"the files behind the link hold more than {limits.all_bytes >> 30} GB: share a smaller folder"
            else:
                taken, total = taken + 1, total + item.size
                items.append(item)
                continue
            item = _refused(item, reason)
        items.append(item)
    return items


def _item(name: str, entry: _Found, limits: DriveLimits) -> DriveItem:
    facts = entry.facts
    kind = str(facts["mimeType"])
    export = EXPORTS.get(kind)
    item = DriveItem(
        id=str(facts["id"]),
        name=name,
        size=0 if export else int(facts.get("size", 0)),  # a string in the API; an export has none before it is made
        md5=None if export else facts.get("md5Checksum"),
        export_as=export[0] if export else None,
        version=f"{facts['id']} {facts.get('md5Checksum') or facts.get('modifiedTime', '')}",
    )
    if entry.reason:
        return _refused(item, entry.reason)
    if kind.startswith(_KIND) and not export:
        return _refused(item, f"a Google {kind.removeprefix(_KIND)}: this kind has no file to hand out")
    if not facts.get("capabilities", {}).get("canDownload", True):
        return _refused(item, "its owner has switched downloading off: allow it in Drive's sharing settings")
    if item.size > limits.file_bytes:
        return _refused(item, f"larger than {limits.file_bytes >> 20} MB: split it or hand in an extract")
    return item


def _refused(item: DriveItem, reason: str) -> DriveItem:
    return DriveItem(item.id, item.name, item.size, item.md5, item.export_as, item.version, reason)
