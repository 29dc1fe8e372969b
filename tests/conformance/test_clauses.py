"""Every clause has a test, every deviation a reason, and the document is current."""

import pytest

from tests.conformance.clauses import DOCUMENT, Clause, document, proofs, sources

_CLAUSES = [clause for source in sources() for clause in source.clauses]


@pytest.mark.parametrize("clause", _CLAUSES, ids=lambda clause: clause.id)
def test_clause_has_a_test(clause: Clause) -> None:
    """A requirement without a test isn't proven."""
    assert proofs().get(clause.id), f"mark a test with @pytest.mark.clause({clause.id!r})"


def test_clauses_are_named_once() -> None:
    """Each identifier belongs to one requirement."""
    names = [clause.id for clause in _CLAUSES]
    assert len(set(names)) == len(names)


def test_tests_name_known_clauses() -> None:
    """A marker with a typing error would prove nothing."""
    known = {clause.id for clause in _CLAUSES}
    assert sorted(proofs().keys() - known) == []


def test_document_is_current() -> None:
    """`python -m tests.conformance.clauses` writes docs/conformance.md."""
    assert DOCUMENT.read_text(encoding="utf-8") == document()
