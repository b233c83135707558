"""The language of a text."""

from __future__ import annotations

import pytest

from casebook.domain.language import UNDETERMINED, detect_language


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "The invoices of our suppliers are typed by hand and that is why the clerks are late."),
        ("de", "Die Rechnungen der Lieferanten werden von Hand erfasst und das ist nicht nur im Einkauf so."),
        ("fr", "Les factures des fournisseurs sont saisies à la main et ce travail est trop long pour nous."),
        ("es", "Las facturas de los proveedores se escriben a mano y por eso el equipo llega tarde como siempre."),
        (UNDETERMINED, "Pump 4711 DN50 PN16 EPDM"),
        (UNDETERMINED, "Xyzzy plugh frotz gnusto rezrov yomin ozmoo vaxum bozbar"),
        (UNDETERMINED, "Van: V1 | Site: Derby | Van: V2 | Site: Derby | Van: V3 | Site: Newark | Van: V4"),
        (UNDETERMINED, ""),
    ],
)
def test_function_words_tell_the_language(language: str, text: str) -> None:
    assert detect_language(text) == language


def test_a_mixed_text_has_the_language_of_most_of_it() -> None:
    german = "Die Rechnungen werden von Hand erfasst und das dauert zu lange für alle. "
    assert detect_language(german * 5 + "The clerks are late and it is a pity.") == "de"
