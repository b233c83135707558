"""Small office files built from their XML parts."""

from __future__ import annotations

import io
import zipfile

_R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_P = "http://schemas.openxmlformats.org/package/2006/relationships"
_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_A = "http://schemas.openxmlformats.org/drawingml/2006/main"
_S = "http://schemas.openxmlformats.org/presentationml/2006/main"
_X = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_C = "http://schemas.openxmlformats.org/drawingml/2006/chart"
_MC = "http://schemas.openxmlformats.org/markup-compatibility/2006"
_NAMES = f'xmlns:r="{_R}" xmlns:w="{_W}" xmlns:a="{_A}" xmlns:p="{_S}" xmlns:c="{_C}" xmlns:mc="{_MC}"'


def links(*pairs: tuple[str, str]) -> str:
    """Make a .rels part of (type, target); ids are r1, r2, ..."""
    inner = "".join(
        f'<Relationship Id="r{n}" Type="{_R}/{kind}" Target="{target}"/>'
        for n, (kind, target) in enumerate(pairs, start=1)
    )
    return f'<Relationships xmlns="{_P}">{inner}</Relationships>'


def zipped(parts: dict[str, str]) -> bytes:
    """Zip parts."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def paragraph(text: str, style: str = "", run: str = "") -> str:
    """Make a Word paragraph; `run` is XML for its run's properties."""
    properties = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    return f"<w:p>{properties}<w:r><w:rPr>{run}</w:rPr><w:t>{text}</w:t></w:r></w:p>"


def table(*rows: tuple[str, ...]) -> str:
    """Make a Word table."""
    cells = ("".join(f"<w:tc>{paragraph(text)}</w:tc>" for text in row) for row in rows)
    return f"<w:tbl>{''.join(f'<w:tr>{row}</w:tr>' for row in cells)}</w:tbl>"


def docx(body: str, parts: dict[str, str] | None = None) -> bytes:
    """Make a Word document; `parts` are further parts in word/, by the type of their relation."""
    parts = parts or {}
    return zipped(
        {
            "_rels/.rels": links(("officeDocument", "word/document.xml")),
            "word/document.xml": f"<w:document {_NAMES}><w:body>{body}</w:body></w:document>",
            "word/_rels/document.xml.rels": links(*((kind, f"{kind}.xml") for kind in parts)),
            **{f"word/{kind}.xml": f"<w:root {_NAMES}>{content}</w:root>" for kind, content in parts.items()},
        }
    )


def shape(*texts: str, placeholder: str | None = None) -> str:
    """Make a shape of a slide."""
    mark = f'<p:nvPr><p:ph type="{placeholder}"/></p:nvPr>' if placeholder else ""
    inner = "".join(f"<a:p><a:r><a:t>{text}</a:t></a:r></a:p>" for text in texts)
    return f"<p:sp>{mark}<p:txBody>{inner}</p:txBody></p:sp>"


def pptx(*slides: str, notes: dict[int, str] | None = None, charts: dict[int, str] | None = None) -> bytes:
    """Make a presentation; `notes` and `charts` are XML by slide number. Slides are stored in reverse order."""
    count = len(slides)
    order = "".join(f'<p:sldId r:id="r{count - n}"/>' for n in range(count))
    parts = {
        "_rels/.rels": links(("officeDocument", "ppt/presentation.xml")),
        "ppt/presentation.xml": f"<p:presentation {_NAMES}><p:sldIdLst>{order}</p:sldIdLst></p:presentation>",
        "ppt/_rels/presentation.xml.rels": links(*(("slide", f"slides/slide{count - n}.xml") for n in range(count))),
    }
    for n, slide in enumerate(slides, start=1):
        parts[f"ppt/slides/slide{n}.xml"] = f"<p:sld {_NAMES}>{slide}</p:sld>"
        beside = []
        if chart := (charts or {}).get(n):
            beside.append(("chart", f"../charts/chart{n}.xml"))
            parts[f"ppt/charts/chart{n}.xml"] = f"<c:chartSpace {_NAMES}>{chart}</c:chartSpace>"
        if note := (notes or {}).get(n):
            beside.append(("notesSlide", f"../notesSlides/notes{n}.xml"))
            parts[f"ppt/notesSlides/notes{n}.xml"] = f"<p:notes {_NAMES}>{note}</p:notes>"
        parts[f"ppt/slides/_rels/slide{n}.xml.rels"] = links(*beside)
    return zipped(parts)


def xlsx(sheets: dict[str, str], *, strings: tuple[str, ...] = (), styles: str = "", settings: str = "") -> bytes:
    """Make a workbook; `sheets` are rows as XML by name, a name with "!" in front is hidden."""
    entries = "".join(
        f'<sheet name="{name.lstrip("!")}" sheetId="{n}" r:id="r{n}"{_hidden(name)}/>'
        for n, name in enumerate(sheets, start=1)
    )
    shared = "".join(f"<si><t>{text}</t></si>" for text in strings)
    pairs = [("worksheet", f"worksheets/sheet{n}.xml") for n in range(1, len(sheets) + 1)]
    return zipped(
        {
            "_rels/.rels": links(("officeDocument", "xl/workbook.xml")),
            "xl/workbook.xml": f'<workbook xmlns="{_X}" xmlns:r="{_R}">{settings}<sheets>{entries}</sheets></workbook>',
            "xl/_rels/workbook.xml.rels": links(*pairs, ("sharedStrings", "strings.xml"), ("styles", "styles.xml")),
            "xl/strings.xml": f'<sst xmlns="{_X}">{shared}</sst>',
            "xl/styles.xml": f'<styleSheet xmlns="{_X}">{styles}</styleSheet>',
            **{
                f"xl/worksheets/sheet{n}.xml": f'<worksheet xmlns="{_X}"><sheetData>{rows}</sheetData></worksheet>'
                for n, rows in enumerate(sheets.values(), start=1)
            },
        }
    )


def _hidden(name: str) -> str:
    return ' state="hidden"' if name.startswith("!") else ""
