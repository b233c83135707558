"""Codes, tokens and digests of what comes in."""

from __future__ import annotations

from msgspec.structs import replace

from casebook.domain.intake import UploadedFile, access_token, confirmation_code, opens, submission_digest
from tests.samples import SUBMISSION

MASTER = b"m" * 32
FILE = UploadedFile(id="1", name="a.txt", path="001-aa.txt", size=1, sha256="aa")


def test_a_code_is_the_same_for_the_same_run_and_another_for_another() -> None:
    assert confirmation_code("R1") == confirmation_code("R1") != confirmation_code("R2")
    assert len(confirmation_code("R1")) == len("CONF_") + 26


def test_a_token_opens_its_company_only() -> None:
    token = access_token(MASTER, "C1")
    assert opens(token, MASTER, "C1")
    assert not opens(token, MASTER, "C2")
    assert not opens(token, b"other" * 8, "C1")
    assert not opens("\ud800é", MASTER, "C1")


def test_the_digest_looks_at_fields_names_and_contents_and_not_at_our_own_names() -> None:
    digest = submission_digest(SUBMISSION, (FILE,))
    assert submission_digest(SUBMISSION, (replace(FILE, id="2", path="002-bb.txt"),)) == digest
    for other in (replace(FILE, name="b.txt"), replace(FILE, sha256="bb")):
        assert submission_digest(SUBMISSION, (other,)) != digest
    assert submission_digest(replace(SUBMISSION, use_cases_count=4), (FILE,)) != digest
    assert submission_digest(SUBMISSION, ()) != digest
