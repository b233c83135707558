"""The company's name as a folder name."""

from __future__ import annotations

import re
import unicodedata

MAX_SLUG_CHARACTERS = 40

_SPELLED_OUT = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "&": " and "}
)
_DEVICE_NAMES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)")


def slugify(company_name: str) -> str:
    """Make a folder name of ``[a-z0-9_]``, 1 to 40 characters, for example ``Acme GmbH`` -> ``acme_gmbh``.

    The slug is a label, not an identity: different names may have the same slug. A name without a letter that can
    be spelled in ASCII becomes ``company``.
    """
    spelled = unicodedata.normalize("NFC", company_name).lower().translate(_SPELLED_OUT)
    ascii_only = unicodedata.normalize("NFKD", spelled).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "_", ascii_only).strip("_")[:MAX_SLUG_CHARACTERS].strip("_")
    if not slug:
        return "company"
    return f"{slug}_company" if _DEVICE_NAMES.fullmatch(slug) else slug
