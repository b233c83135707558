"""Word, PowerPoint and Excel files."""

from __future__ import annotations

import io
import zipfile

import pytest

from casebook.documents.docx import read_docx
from casebook.documents.limits import Limits, ReadError
from casebook.documents.pptx import read_pptx
from casebook.documents.reading import read_bytes
from casebook.documents.xlsx import read_xlsx
from casebook.domain.document import SegmentKind
from tests.unit.documents import office_files as files
from tests.unit.documents.checks import check, pieces

STYLES = (
    '<w:style w:styleId="berschrift1"><w:name w:val="heading 1"/></w:style>'
    '<w:style w:styleId="Eigene"><w:name w:val="Eigene"/><w:basedOn w:val="berschrift1"/></w:style>'
    '<w:style w:styleId="Kapitel"><w:name w:val="Kapitel"/><w:pPr><w:outlineLvl w:val="1"/></w:pPr></w:style>'
    '<w:style w:styleId="Geheim"><w:name w:val="Geheim"/><w:rPr><w:vanish/></w:rPr></w:style>'
)


def test_headings_of_word_are_found_in_any_language() -> None:
    body = files.paragraph("Lage", "berschrift1") + files.paragraph("Preise", "Kapitel") + files.paragraph("Text.")
    document = read_docx(files.docx(body, {"styles": STYLES}), Limits())
    check(document)
    assert pieces(document, SegmentKind.HEADING) == ["Lage", "Preise"]
    assert document.segments[-1].locator.heading == "Lage > Preise"


def test_a_heading_style_hands_its_level_to_styles_based_on_it() -> None:
    document = read_docx(files.docx(files.paragraph("Lage", "Eigene"), {"styles": STYLES}), Limits())
    assert pieces(document, SegmentKind.HEADING) == ["Lage"]


def test_deleted_text_stays_out_and_inserted_text_in() -> None:
    body = (
        "<w:p><w:r><w:t>We pay </w:t></w:r><w:del><w:r><w:delText>40</w:delText></w:r></w:del>"
        "<w:ins><w:r><w:t>50</w:t></w:r></w:ins><w:moveFrom><w:r><w:t>moved</w:t></w:r></w:moveFrom></w:p>"
    )
    assert read_docx(files.docx(body), Limits()).text == "We pay 50"


def test_hidden_text_stays_out_with_a_warning() -> None:
    body = files.paragraph("seen") + files.paragraph("PWN-0001", run="<w:vanish/>") + files.paragraph("x", "Geheim")
    document = read_docx(files.docx(body, {"styles": STYLES}), Limits())
    assert document.text == "seen"
    assert document.warnings == ("2 hidden passages left out, of 9 characters",)


PALE = '<w:color w:val="FFFFFF"/>'
DARK = '<w:shd w:val="clear" w:fill="1F3864"/>'
SEEN_STYLE = '<w:style w:styleId="Seen"><w:rPr><w:color w:val="auto"/></w:rPr></w:style>'
TABLE = "<w:tbl>{properties}<w:tr><w:tc>{cell}{text}</w:tc><w:tc><w:p/></w:tc></w:tr></w:tbl>"


@pytest.mark.parametrize(
    ("body", "styles"),
    [
        (files.paragraph("PWN-0001", run=PALE), ""),
        (files.paragraph("PWN-0001", run='<w:color w:val="FDFDFD"/>'), ""),
        (files.paragraph("PWN-0001", run='<w:color w:themeColor="background1"/>'), ""),
        (files.paragraph("PWN-0001", run='<w:color w:val="FFFF00"/><w:highlight w:val="yellow"/>'), ""),
        (files.paragraph("PWN-0001", run='<w:color w:val="1F3864"/>' + DARK), ""),
        (files.paragraph("PWN-0001", run='<w:sz w:val="2"/>'), ""),
        (
            files.paragraph("PWN-0001", run='<w:rStyle w:val="X"/>'),
            f'<w:style w:styleId="X"><w:rPr>{PALE}</w:rPr></w:style>',
        ),
        (files.paragraph("PWN-0001", "X"), f'<w:style w:styleId="X"><w:rPr>{PALE}</w:rPr></w:style>'),
        (
            files.paragraph("PWN-0001"),
            f'<w:style w:type="paragraph" w:default="1" w:styleId="N"><w:rPr>{PALE}</w:rPr></w:style>' + SEEN_STYLE,
        ),
        (TABLE.format(properties="", cell="", text=files.paragraph("PWN-0001", run=PALE)), ""),
        (f"<w:p><w:pPr><w:rPr>{DARK}</w:rPr></w:pPr><w:r><w:rPr>{PALE}</w:rPr><w:t>PWN-0001</w:t></w:r></w:p>", ""),
    ],
)
def test_text_no_reader_of_a_word_document_sees_stays_out(body: str, styles: str) -> None:
    data = files.docx(files.paragraph("seen", "Seen") + body, {"styles": styles})
    document = read_docx(data, Limits())
    check(document)
    assert document.text == "seen"
    assert document.warnings == ("1 hidden passage left out, of 8 characters",)


@pytest.mark.parametrize(
    ("body", "styles"),
    [
        (files.paragraph("Order now", run=PALE + DARK), ""),
        (files.paragraph("Order now", run=PALE + '<w:highlight w:val="black"/>'), ""),
        (f"<w:p><w:pPr>{DARK}</w:pPr><w:r><w:rPr>{PALE}</w:rPr><w:t>Order now</w:t></w:r></w:p>", ""),
        (f"<w:p><w:r><w:txbxContent>{files.paragraph('Order now', run=PALE)}</w:txbxContent></w:r></w:p>", ""),
        (TABLE.format(properties="", cell=f"<w:tcPr>{DARK}</w:tcPr>", text=files.paragraph("Order now", run=PALE)), ""),
        (
            TABLE.format(
                properties='<w:tblPr><w:tblStyle w:val="T"/></w:tblPr>',
                cell="",
                text=files.paragraph("Order now", run=PALE),
            ),
            f'<w:style w:type="table" w:styleId="T"><w:tblStylePr w:type="firstRow">{DARK}</w:tblStylePr></w:style>',
        ),
        (files.paragraph("Order now", run="<w:rPrChange><w:rPr><w:vanish/></w:rPr></w:rPrChange>"), ""),
        (files.paragraph("Order now", run='<w:vanish w:val="0"/><w:sz w:val="16"/>'), ""),
    ],
)
def test_pale_text_on_a_dark_ground_of_a_word_document_is_read(body: str, styles: str) -> None:
    document = read_docx(files.docx(body, {"styles": styles}), Limits())
    assert "Order now" in document.text
    assert document.warnings == ()


def test_hidden_text_stays_out_of_headers_and_notes() -> None:
    hidden = files.paragraph("PWN-0001", run=PALE)
    document = read_docx(
        files.docx(
            files.paragraph("seen"),
            {"header": hidden, "comments": f'<w:comment w:id="0">{hidden}</w:comment>'},
        ),
        Limits(),
    )
    assert document.text == "seen"
    assert document.warnings == ("2 hidden passages left out, of 16 characters",)


def test_a_text_box_comes_once() -> None:
    box = f"<w:txbxContent>{files.paragraph('in the box')}</w:txbxContent>"
    body = (
        "<w:p><w:r><mc:AlternateContent><mc:Choice>" + box + "</mc:Choice><mc:Fallback>" + box + "</mc:Fallback>"
        "</mc:AlternateContent><w:t>anchor</w:t></w:r></w:p>"
    )
    document = read_docx(files.docx(body), Limits())
    assert pieces(document) == ["in the box", "anchor"]
    assert document.segments[0].locator.part == "text box"


def test_tables_of_word_are_rows_under_their_header() -> None:
    rows = files.table(("Ort", "Lager", "Wert"), ("Münster", "A", "12"), ("Greven", "", "13"))
    document = read_docx(files.docx(rows), Limits())
    assert pieces(document) == ["Ort | Lager | Wert", "Ort: Münster | Lager: A | Wert: 12", "Ort: Greven | Wert: 13"]
    assert document.tables[0].rows == (("Münster", "A", "12"), ("Greven", None, "13"))


def test_a_form_of_labels_and_values_has_no_header() -> None:
    document = read_docx(files.docx(files.table(("Name", "Ann"), ("Role", "Buyer"))), Limits())
    assert pieces(document) == ["Name | Ann", "Role | Buyer"]


def test_notes_comments_and_margins_follow_the_body() -> None:
    note = (
        '<w:footnote w:id="-1" w:type="separator"/><w:footnote w:id="2">'
        + files.paragraph("the note")
        + "</w:footnote>"
    )
    comment = '<w:comment w:id="0" w:author="Ann">' + files.paragraph("the comment") + "</w:comment>"
    body = (
        '<w:p><w:r><w:t>Body</w:t></w:r><w:r><w:footnoteReference w:id="2"/></w:r>'
        '<w:r><w:commentReference w:id="0"/></w:r></w:p>'
    )
    parts = {
        "footnotes": note,
        "comments": comment,
        "header": files.paragraph("ACME"),
        "footer": files.paragraph("ACME"),
    }
    document = read_docx(files.docx(body, parts), Limits())
    assert [(s.kind.value, s.locator.part) for s in document.segments] == [
        ("paragraph", None),
        ("note", "footnote 1"),
        ("comment", "comment by Ann"),
        ("furniture", "header"),
    ]


def test_slides_come_in_the_order_they_are_shown() -> None:
    first = files.shape("Body", placeholder="body") + files.shape("First", placeholder="title")
    note = files.shape("say this", placeholder="body") + files.shape("1", placeholder="sldNum")
    data = files.pptx(first, files.shape("Second", placeholder="ctrTitle"), notes={1: note})
    document = read_pptx(data, Limits())
    check(document)
    assert pieces(document) == ["First", "Body", "say this", "Second"]
    assert [segment.locator.describe() for segment in document.segments] == [
        "slide 1",
        "slide 1",
        "slide 1, speaker notes",
        "slide 2",
    ]
    assert document.pages == 2


def test_a_chart_is_a_table_of_its_cached_values() -> None:
    chart = (
        "<c:chart><c:title><a:p><a:r><a:t>Sales</a:t></a:r></a:p></c:title><c:ser><c:tx><c:v>2024</c:v></c:tx>"
        '<c:cat><c:pt idx="0"><c:v>Q1</c:v></c:pt></c:cat><c:val><c:pt idx="0"><c:v>1.5</c:v></c:pt></c:val>'
        "</c:ser></c:chart>"
    )
    frame = '<p:graphicFrame><c:chart r:id="r1"/></p:graphicFrame>'
    document = read_pptx(files.pptx(frame, charts={1: chart}), Limits())
    assert pieces(document) == ["Sales | 2024", "Sales: Q1 | 2024: 1.5"]


def test_cells_are_typed_and_shown_as_the_sheet_shows_them() -> None:
    styles = (
        '<numFmts><numFmt numFmtId="170" formatCode="dd/mm/yyyy"/></numFmts>'
        '<cellXfs><xf numFmtId="0"/><xf numFmtId="170"/><xf numFmtId="9"/></cellXfs>'
    )
    rows = (
        '<row r="2"><c r="A2" t="s"><v>0</v></c><c r="B2" t="s"><v>1</v></c>'
        '<c r="C2" t="inlineStr"><is><t>Share</t></is></c></row>'
        '<row r="3"><c r="A3" t="str"><v>Oil</v></c><c r="B3" s="1"><v>45962</v></c>'
        '<c r="C3" s="2"><v>0.5</v></c><c r="D3" t="b"><v>1</v></c></row>'
    )
    document = read_xlsx(files.xlsx({"Stock": rows}, strings=("Item", "Since"), styles=styles), Limits())
    check(document)
    assert pieces(document) == ["Stock", "Item | Since | Share", "Item: Oil | Since: 2025-11-01 | Share: 50% | true"]
    assert document.tables[0].rows == (("Oil", "2025-11-01", 0.5, True),)
    assert document.segments[2].locator.describe() == "sheet Stock, row 3"


def test_the_other_epoch_of_dates_is_followed() -> None:
    styles = '<cellXfs><xf numFmtId="14"/></cellXfs>'
    rows = '<row r="1"><c r="A1" s="0"><v>0</v></c></row>'
    data = files.xlsx({"S": rows}, styles=styles, settings='<workbookPr date1904="1"/>')
    assert pieces(read_xlsx(data, Limits()))[1] == "1904-01-01"


def test_hidden_sheets_are_read_and_said_to_be_hidden() -> None:
    data = files.xlsx({"!Margins": '<row r="1"><c r="A1"><v>7</v></c></row>'})
    assert read_xlsx(data, Limits()).segments[0].locator.part == "hidden sheet"


def test_a_cell_in_the_last_corner_costs_nothing() -> None:
    data = files.xlsx({"S": '<row r="1048576"><c r="XFD1048576"><v>7</v></c></row>'})
    document = read_xlsx(data, Limits(cells=10))
    assert document.segments[-1].locator.row == 1_048_576


@pytest.mark.parametrize("number", ["9" * 20, "9" * 5000, "-1", "x"])
def test_a_number_that_no_workbook_can_hold_is_passed_over(number: str) -> None:
    rows = (
        f'<row r="2"><c r="A2" t="s" s="{number}"><v>{number}</v></c></row>'
        f'<row r="{number}"><c r="ZZZZZ{number}"><v>7</v></c></row>'
    )
    styles = f'<cellXfs><xf numFmtId="{number}"/></cellXfs>'
    document = read_xlsx(files.xlsx({"S": rows}, strings=("Item",), styles=styles), Limits())
    check(document)
    assert [(segment.locator.row) for segment in document.segments] == [None, 3]
    assert document.text.endswith("7")


def test_what_a_sheet_claims_to_hold_costs_nothing() -> None:
    rows = '<row r="1"><c r="A1"><v>7</v></c></row>'
    claims = '</sheetData><mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells><sheetData>'
    document = read_xlsx(files.xlsx({"S": f'<dimension ref="A1:XFD1048576"/>{rows}{claims}'}), Limits(cells=10))
    assert pieces(document) == ["S", "7"]


def test_a_document_type_is_refused() -> None:
    data = files.zipped(
        {
            "_rels/.rels": files.links(("officeDocument", "word/document.xml")),
            "word/document.xml": '<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/hostname">]><d>&x;</d>',
        }
    )
    with pytest.raises(ReadError, match="document type"):
        read_docx(data, Limits())


def test_a_bomb_is_refused_while_it_unpacks() -> None:
    data = files.docx(files.paragraph("x" * 1_000_000))
    with pytest.raises(ReadError, match="unpacks"):
        read_docx(data, Limits(unpack_floor_bytes=1_000, unpack_ratio=10))


def test_too_many_members_are_refused() -> None:
    with pytest.raises(ReadError, match="parts"):
        read_docx(files.docx("", {f"part{n}": "" for n in range(20)}), Limits(zip_members=10))


def test_a_broken_zip_says_what_to_do() -> None:
    with pytest.raises(ReadError, match="save it anew"):
        read_bytes("a.docx", files.docx(files.paragraph("x"))[:200])


def test_a_zip_without_a_document_says_what_to_do() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("word/nothing.xml", "<a/>")
    with pytest.raises(ReadError, match="missing"):
        read_bytes("a.docx", buffer.getvalue())
