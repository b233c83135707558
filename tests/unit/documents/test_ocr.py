"""Pictures of text."""

from __future__ import annotations

import struct
import zlib

import pytest

from casebook.documents import ocr
from casebook.documents.image import read_image
from casebook.documents.limits import Limits, ReadError
from casebook.documents.pdf import read_pdf
from casebook.documents.reading import read_bytes
from tests.data.hostile_files import pdf, pdf_stream, text_pdf
from tests.unit.documents.checks import pieces


def png(width: int, height: int) -> bytes:
    """Make an empty grey picture; sizes over 100 pixels are only claimed."""
    rows = zlib.compress(b"".join(b"\0" + bytes(min(width, 100)) for _ in range(min(height, 100))))
    chunks = ((b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)), (b"IDAT", rows), (b"IEND", b""))
    body = (len(data).to_bytes(4) + kind + data + zlib.crc32(kind + data).to_bytes(4) for kind, data in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(body)


def scanned_pdf() -> bytes:
    image = b"/Type /XObject /Subtype /Image /Width 2 /Height 2 /ColorSpace /DeviceGray /BitsPerComponent 8"
    return pdf(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 5 0 R /Resources 6 0 R >>",
            pdf_stream(b"\x80\x80\x80\x80", image),
            pdf_stream(b"q 9 0 0 9 0 0 cm /I Do Q"),
            b"<< /XObject << /I 4 0 R >> >>",
        ]
    )


def found(image: bytes, seconds: float) -> list[ocr.Recognised]:  # noqa: ARG001
    """Recognise the same two paragraphs in every page that is a picture."""
    assert image.startswith(b"P5 ")
    return [ocr.Recognised("Neun Tage", (0.1, 0.2, 0.5, 0.3)), ocr.Recognised("Straße")]


def test_a_scan_without_a_recogniser_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocr, "recognizer", lambda: None)
    reason = r"page 1 has no text layer; install the ocr extra \(uv sync --extra ocr\) or tesseract"
    with pytest.raises(ReadError, match=reason):
        read_bytes("scan.pdf", scanned_pdf())
    with pytest.raises(ReadError, match="install the ocr extra"):
        read_image(png(10, 10), Limits())


def test_scanned_pages_are_recognised_where_they_stand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocr, "recognizer", lambda: found)
    document = read_pdf(scanned_pdf(), Limits())
    assert pieces(document) == ["Neun Tage", "Straße"]
    assert [(segment.locator.page, segment.locator.box) for segment in document.segments] == [
        (1, (0.1, 0.2, 0.5, 0.3)),
        (1, None),
    ]


def test_a_page_with_a_text_layer_is_not_recognised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocr, "recognizer", lambda: found)
    assert read_pdf(text_pdf([[(72, 700, 12, "typed")]]), Limits()).text == "typed"


def test_no_page_is_recognised_once_the_time_is_used_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocr, "recognizer", lambda: found)
    document = read_pdf(scanned_pdf(), Limits(seconds=0))
    assert document.warnings == ("page 1 has no text layer; there was no time left to recognise the text",)


def test_a_picture_that_claims_to_be_huge_is_not_decoded() -> None:
    with pytest.raises(ReadError, match="megapixels"):
        read_image(png(100_000, 100_000), Limits())
