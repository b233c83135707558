"""Mails."""

from __future__ import annotations

from email.message import EmailMessage

import pytest

from casebook.documents.limits import Limits, ReadError
from casebook.documents.mail import read_mail
from casebook.domain.document import SegmentKind
from tests.unit.documents.checks import check, pieces


def message(body: str, subject: str = "Rückfrage zum Angebot") -> EmailMessage:
    mail = EmailMessage()
    mail["Subject"], mail["From"], mail["To"] = subject, "Ann <a@x.example>", "b@x.example"
    mail.set_content(body)
    return mail


def test_the_subject_is_a_heading_and_the_addresses_furniture() -> None:
    document = read_mail(message("Hallo,\n\nwir warten seit neun Tagen.\n\n-- \nAnn\nACME\n").as_bytes(), Limits())
    check(document)
    assert pieces(document, SegmentKind.HEADING) == ["Rückfrage zum Angebot"]
    assert pieces(document, SegmentKind.PARAGRAPH) == ["Hallo,", "wir warten seit neun Tagen."]
    assert pieces(document, SegmentKind.FURNITURE)[-1] == "--\nAnn\nACME"


def test_quoted_lines_are_furniture_only_when_they_repeat() -> None:
    document = read_mail(message("Answer.\n\n> said once\n\n> said twice\n\n>> said twice\n").as_bytes(), Limits())
    assert pieces(document, SegmentKind.PARAGRAPH) == ["Answer.", "said once"]


def test_attachments_are_read_by_their_own_readers() -> None:
    mail = message("See the list.")
    mail.add_attachment(b"item;days\nparcel;9\n", maintype="text", subtype="csv", filename="list.csv")
    mail.add_attachment(b"MZ\x90\x00", maintype="application", subtype="pdf", filename="bill.pdf")
    mail.add_attachment(message("inner words", "Inner"))
    document = read_mail(mail.as_bytes(), Limits())
    check(document)
    parts = {segment.locator.part for segment in document.segments}
    assert {"attachment list.csv", "attachment 3.eml"} <= parts
    assert "inner words" in document.text
    assert document.tables[0].name == "attachment list.csv"
    assert document.warnings == ("attachment bill.pdf: a program, not a document: it was not opened",)


def test_html_is_read_when_there_is_no_plain_text() -> None:
    mail = EmailMessage()
    mail["Subject"] = "x"
    mail.set_content("<p>Nine days</p><p hidden>PWN</p>", subtype="html")
    assert pieces(read_mail(mail.as_bytes(), Limits()), SegmentKind.PARAGRAPH) == ["Nine days"]


def test_messages_nested_too_deep_end_with_a_warning_or_a_reason() -> None:
    mail = message("bottom")
    for _ in range(4):
        outer = message("outer")
        outer.add_attachment(mail)
        mail = outer
    document = read_mail(mail.as_bytes(), Limits(mail_depth=3))
    assert any("too deep" in warning for warning in document.warnings)
    with pytest.raises(ReadError, match="too deep"):
        read_mail(mail.as_bytes(), Limits(mail_depth=0))
