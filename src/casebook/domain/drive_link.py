"""A link to a file or folder of Google Drive, parsed to its id. The link itself is never requested."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import msgspec

from casebook.errors import InvalidSubmission

_HOSTS = {"drive.google.com", "docs.google.com"}
_ID = re.compile(r"[A-Za-z0-9_-]{10,128}")
_KEY = re.compile(r"[A-Za-z0-9_-]{1,128}")
_PATHS = (
    re.compile(r"/(?:a/[^/]+/)?drive/(?:u/\d+/)?(?:mobile/)?folders/(?P<id>[^/]+)/?"),
    re.compile(r"/(?:a/[^/]+/)?file/(?:u/\d+/)?d/(?P<id>[^/]+)(?:/.*)?"),
    re.compile(r"/(?:a/[^/]+/)?(?:document|spreadsheets|presentation|drawings)/(?:u/\d+/)?d/(?P<id>[^/]+)(?:/.*)?"),
)
_WITH_ID_IN_QUERY = {"/open", "/uc", "/folderview", "/leaf"}


class DriveLink(msgspec.Struct, frozen=True):
    """What a link points at: an item's id and, for items shared long ago, the key that goes with it."""

    id: str
    resource_key: str | None = None

    @classmethod
    def parse(cls, link: str) -> DriveLink:
        """Read a link as people copy it from Drive; an id alone will do too.

        Raises InvalidSubmission for anything that is not an https link to an item on Google's own hosts.
        """
        text = link.strip()
        if _ID.fullmatch(text):
            return cls(text)
        if any(ord(character) <= ord(" ") or character == "\\" for character in text):
            raise InvalidSubmission(_NOT_A_LINK)
        try:
            parts = urlsplit(text)
        except ValueError as error:
            raise InvalidSubmission(_NOT_A_LINK) from error
        if parts.scheme != "https" or parts.netloc.lower() not in _HOSTS:  # so: no user, no port, no look-alike
            raise InvalidSubmission(_NOT_A_LINK)
        query = parse_qs(parts.query)
        found = _id_in_path(parts.path) or (query.get("id", [""])[0] if parts.path in _WITH_ID_IN_QUERY else "")
        key = query.get("resourcekey", [""])[0]
        if not _ID.fullmatch(found) or (key and not _KEY.fullmatch(key)):
            raise InvalidSubmission(_NOT_A_LINK)
        return cls(found, key or None)


_NOT_A_LINK = (
    "google_drive_link is not a link to a file or folder of Google Drive: "
    "copy it with “Share > Copy link”, for example https://drive.google.com/drive/folders/…"
)


def _id_in_path(path: str) -> str:
    for pattern in _PATHS:
        match = pattern.fullmatch(path)
        if match:
            return match["id"]
    return ""
