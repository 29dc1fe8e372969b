"""The forms in which names are compared and searched for."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.words import fold_case, search_key

_TEXT = st.text(st.characters(codec=None, categories=None), max_size=40)


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Müller", "muller"),
        ("MU\u0308LLER", "muller"),
        ("Straße", "strasse"),
        ("Łukasz Żółć", "lukasz zolc"),
        ("Søren Ærø", "soren aero"),
        ("Đặng", "dang"),
        ("İstanbul", "istanbul"),
        ("ﬁnance", "finance"),
        ("Ａｎｎａ", "anna"),
        ("Ελένη", "ελενη"),
        ("ΣΊΣΥΦΟΣ", "σισυφοσ"),
        ("Ёлка", "елка"),
        ("田中", "田中"),
        ("", ""),
    ],
)
def test_search_ignores_case_and_accents(text: str, folded: str) -> None:
    """`muller` finds `Müller`, because keyboards may lack umlauts."""
    assert search_key(text) == folded


@given(_TEXT)
def test_folding_again_changes_nothing(text: str) -> None:
    """Typed and stored text therefore have the same form."""
    assert search_key(search_key(text)) == search_key(text)
    assert search_key(text.upper()) == search_key(text.upper().lower())


@given(_TEXT)
def test_user_names_ignore_case_but_not_accents(text: str) -> None:
    """RFC 7643 section 2.2, caseExact false: Müller and Muller are two user names."""
    assert fold_case(fold_case(text)) == fold_case(text)
    assert fold_case("Müller@X.example") == fold_case("MU\u0308LLER@x.EXAMPLE")
    assert fold_case("Müller") != fold_case("Muller")


@given(
    st.text(alphabet="aé\u0301\u0316\u0323ÅḍIİß각\u1100\u1161\u11a8", max_size=12),
    st.integers(0, 300),
)
def test_names_compare_in_nfc_whatever_their_length(text: str, more: int) -> None:
    """Canonically equivalent texts are one name (Unicode Standard Annex 15)."""
    name = text + "x" * more
    for form in ("NFC", "NFD"):
        assert fold_case(unicodedata.normalize(form, name)) == fold_case(name)
