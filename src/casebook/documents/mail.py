"""Mails: subject, sender and date, the best body, and attachments read by their own readers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as default_policy
from typing import Final, cast

from msgspec.structs import replace

from casebook.documents.html_page import read_html
from casebook.documents.limits import Limits, ReadError
from casebook.documents.reading import read_bytes
from casebook.documents.text import TextBuilder, clean_lines, decode
from casebook.domain.document import Document, Locator, SegmentKind

_FIELDS: Final = ("From", "To", "Cc", "Date")
_SIGNATURE: Final = "--"
_QUOTE = re.compile(r"\s*>")
_MESSAGE: Final = "message/rfc822"
_MANY: Final = 2


def read_mail(data: bytes, limits: Limits) -> Document:
    """Read a mail (.eml) with its attachments.

    Raises:
        ReadError: if it holds messages in messages deeper than `limits.mail_depth`.

    """
    if limits.mail_depth <= 0:
        message = "messages in messages nested too deep: save the inner messages as files"
        raise ReadError(message)
    builder = TextBuilder(limits)
    try:
        message_ = message_from_bytes(data, policy=default_policy)
        _write_message(builder, message_)
    except RecursionError as error:
        message = "messages in messages nested too deep: save the inner messages as files"
        raise ReadError(message) from error
    return builder.build()


def _write_message(builder: TextBuilder, message: EmailMessage) -> None:
    subject = _field(message, "Subject")
    builder.append(subject, SegmentKind.HEADING, Locator(heading=subject or None))
    for name in _FIELDS:
        if value := _field(message, name):
            builder.append(f"{name}: {value}", SegmentKind.FURNITURE, Locator(heading=subject or None))
    body = message.get_body(("plain", "html"))
    if body is not None:
        _write_body(builder, cast("EmailMessage", body), subject or None)
    inner = replace(builder.limits, mail_depth=builder.limits.mail_depth - 1)
    for count, part in enumerate(_attachments(message, body), start=1):
        if count > builder.limits.mail_parts:
            builder.warn(f"only the first {builder.limits.mail_parts} attachments were read")
            break
        _write_attachment(builder, part, count, inner)


def _field(message: EmailMessage, name: str) -> str:
    try:
        return " ".join(str(message.get(name, "")).split())
    except (ValueError, TypeError, AttributeError, IndexError):
        # The standard library's own parsers trip on malformed fields.
        return ""


def _write_body(builder: TextBuilder, body: EmailMessage, subject: str | None) -> None:
    data = _payload(body)
    charset = body.get_content_charset()
    if charset:
        with suppress(LookupError, UnicodeError):  # a wrong declaration: the bytes themselves tell
            data = data.decode(charset).encode()
    if body.get_content_subtype() == "html":
        document = read_html(data, builder.limits)
        for segment in document.segments:
            builder.append(document.text[segment.start : segment.end], segment.kind, segment.locator)
        for warning in document.warnings:
            builder.warn(warning)
        for table in document.tables:
            builder.add_table(table)
        return
    _write_plain(builder, clean_lines(decode(data)[0]), subject)


def _write_plain(builder: TextBuilder, lines: list[str], subject: str | None) -> None:
    """Write paragraphs; a line of quotation that came before in the thread is furniture the second time."""
    counts = Counter(line.lstrip("> ").strip() for line in lines)
    block: list[str] = []
    kind = SegmentKind.PARAGRAPH
    in_signature = False

    def flush() -> None:
        builder.append("\n".join(block), kind, Locator(heading=subject))
        block.clear()

    for line in lines:
        quoted = bool(_QUOTE.match(line))
        in_signature = (in_signature and not quoted) or line.rstrip() == _SIGNATURE
        text = _QUOTE.sub("", line).lstrip("> ").rstrip() if quoted else line.rstrip()
        repeated = quoted and counts[text.strip()] >= _MANY
        this = SegmentKind.FURNITURE if in_signature or repeated else SegmentKind.PARAGRAPH
        if not text.strip() or this is not kind:
            flush()
            kind = this
        if text.strip():
            block.append(text)
    flush()


def _attachments(message: EmailMessage, body: object) -> Iterator[EmailMessage]:
    """Yield the parts that are files; parts of an attached message belong to that message."""
    alternatives = message.get_content_type() == "multipart/alternative"
    if not message.is_multipart() or message.get_content_type() == _MESSAGE:
        if message.get_content_maintype() != "text" or message.is_attachment():
            yield message
        return
    for part in cast("list[EmailMessage]", message.get_payload()):
        if part is body or (alternatives and part.get_content_maintype() == "text"):
            continue
        if part.get_content_maintype() == "multipart":
            yield from _attachments(part, body)
        elif not _is_decoration(part):
            yield part


def _is_decoration(part: EmailMessage) -> bool:
    """Say whether a part is a picture in the text (a logo) or the body's other form."""
    inline = part.get_content_disposition() != "attachment"
    return inline and (
        (part.get_content_maintype() == "image" and "Content-ID" in part)
        or (part.get_content_maintype() == "text" and not part.get_filename())
    )


def _write_attachment(builder: TextBuilder, part: EmailMessage, count: int, limits: Limits) -> None:
    name = " ".join((part.get_filename() or f"{count}{_suffix(part)}").split())[:200]
    label = f"attachment {name}"
    try:
        data = _payload(part)
        media_type = _MESSAGE if part.get_content_type() == _MESSAGE else None
        builder.extend(read_bytes(name, data, limits, media_type=media_type), label)
    except ReadError as error:
        builder.warn(f"{label}: {error}")


def _suffix(part: EmailMessage) -> str:
    return ".eml" if part.get_content_type() == _MESSAGE else f".{part.get_content_subtype()}"


def _payload(part: EmailMessage) -> bytes:
    if part.get_content_type() == _MESSAGE:
        inner = part.get_payload()
        return inner[0].as_bytes() if isinstance(inner, list) and inner else b""  # type: ignore[union-attr]
    data = part.get_payload(decode=True)
    return data if isinstance(data, bytes) else b""
