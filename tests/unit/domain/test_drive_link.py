"""Links to Drive are parsed to an id; everything else is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casebook.domain.drive_link import DriveLink
from casebook.errors import InvalidSubmission

ID = "1AbC-dEf_GhIjKlMnOp"


@pytest.mark.parametrize(
    "link",
    [
        f"https://drive.google.com/drive/folders/{ID}",
        f"https://drive.google.com/drive/folders/{ID}?usp=sharing",
        f"https://drive.google.com/drive/u/1/folders/{ID}",
        f"https://drive.google.com/drive/mobile/folders/{ID}",
        f"https://drive.google.com/a/acme.example/file/d/{ID}/view",
        f"https://drive.google.com/file/d/{ID}/view?usp=drive_link",
        f"https://drive.google.com/open?id={ID}",
        f"https://drive.google.com/uc?export=download&id={ID}",
        f"https://DRIVE.google.com/file/d/{ID}",
        f"https://docs.google.com/document/d/{ID}/edit#heading=h.x",
        f"https://docs.google.com/spreadsheets/d/{ID}/edit?gid=0",
        f"https://docs.google.com/presentation/u/0/d/{ID}/edit",
        f"  {ID}\n",
    ],
)
def test_a_link_as_people_copy_it_becomes_its_id(link: str) -> None:
    assert DriveLink.parse(link) == DriveLink(ID)


def test_the_resource_key_goes_with_the_id() -> None:
    assert DriveLink.parse(f"https://drive.google.com/file/d/{ID}/view?resourcekey=0-x_Y") == DriveLink(ID, "0-x_Y")


@pytest.mark.parametrize(
    "link",
    [
        "",
        "n/a",
        f"http://drive.google.com/file/d/{ID}",
        f"https://drive.google.com@evil.example/file/d/{ID}",
        f"https://evil.example/drive.google.com/file/d/{ID}",
        f"https://evil.example#https://drive.google.com/file/d/{ID}",
        f"https://drive.google.com.evil.example/file/d/{ID}",
        f"https://drive.google.com:8443/file/d/{ID}",
        f"https://user:pass@drive.google.com/file/d/{ID}",
        f"https://drive.google.com\\@evil.example/file/d/{ID}",
        f"https://drive.google.com%2eevil.example/file/d/{ID}",
        f"https://drive。google。com/file/d/{ID}",
        f"https://drive.goo\tgle.com/file/d/{ID}",
        f"https://[::1]/file/d/{ID}",
        f"https://[drive.google.com/file/d/{ID}",
        "https://169.254.169.254/latest/meta-data",
        *(
            f"https://{host}/file/d/{ID}"
            for host in (
                "127.0.0.1",
                "127.1",
                "0x7f.1",
                "2130706433",
                "\u2460\u2461\u2466.\u24ea.\u24ea.\u2460",  # 127.0.0.1 in circles
                "[64:ff9b::7f00:1]",
                "[64:ff9b:1::a9fe:a9fe]",
                "[2002:7f00:1::]",
                "[fec0::1]",
                "[::ffff:127.0.0.1]",
                "224.0.0.1",
                "192.0.0.8",
                "localhost",
                "metadata.google.internal",
                "drive.google.com.",
                "drive.google.com:443",
                "drive.google.com#.evil.example",
                "drive.google.com?.evil.example",
                "drive.google.com%00.evil.example",
                "drive.google.com%40evil.example",
                "evil.example;drive.google.com",
                "drive.google.\u017fcom",
                "xn--drive.google.com",
            )
        ),
        f"//drive.google.com/file/d/{ID}",
        f"https:/drive.google.com/file/d/{ID}",
        f"https:drive.google.com/file/d/{ID}",
        f"https://drive.google.com/file/d/{ID}%2f..%2f",
        f"https://drive.google.com/url?q=https://drive.google.com/file/d/{ID}",
        f"https://docs.google.com/a/evil.example/viewer?url=https://evil.example/{ID}",
        f"javascript:https://drive.google.com/file/d/{ID}",
        "file:///etc/passwd",
        "gopher://drive.google.com/1",
        "https://drive.google.com/file/d/../../etc/passwd",
        f"https://drive.google.com/file/d/{ID}' or '1",
        "https://drive.google.com/file/d/short",
        f"https://drive.google.com/file/d/{'x' * 129}",
        "https://drive.google.com/open?id=",
        "https://drive.google.com/drive/my-drive",
        f"https://drive.google.com/file/d/{ID}?resourcekey=a/b,c/d",
    ],
)
def test_everything_else_is_refused_with_what_to_do(link: str) -> None:
    with pytest.raises(InvalidSubmission, match="google_drive_link is not a link"):
        DriveLink.parse(link)


@given(st.text() | st.from_regex(r"https://(drive|docs)\.google\.com/.*", fullmatch=True))
def test_whatever_is_parsed_is_an_id_and_nothing_else(link: str) -> None:
    try:
        parsed = DriveLink.parse(link)
    except InvalidSubmission:
        return
    assert parsed.id.replace("-", "").replace("_", "").isascii()
    assert not set(parsed.id) & set("'\"/\\ .%")
