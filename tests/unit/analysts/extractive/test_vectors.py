"""Tests of sparse vectors in columns."""

from casebook.analysts.extractive.vectors import Postings, in_columns

VECTORS = ((0, {"pump": 0.6, "invoice": 0.8}), (0, {"pumpe": 1.0}), (1, {"pump": 1.0}))


def test_a_vector_comes_back_as_it_was_given() -> None:
    columns = in_columns(VECTORS)
    assert columns.patterns == [0, 0, 1]
    for number, (_, vector) in enumerate(VECTORS):
        assert columns.vector(number) == vector
        assert columns.features(number) == vector.keys()


def test_a_feature_leads_to_the_vectors_that_have_it() -> None:
    postings = Postings(in_columns(VECTORS))
    assert postings["pump"] == ((0, 0.6), (2, 1.0))
    assert postings["pumpe"] == ((1, 1.0),)


def test_a_feature_that_no_vector_has_leads_nowhere() -> None:
    postings = Postings(in_columns(VECTORS))
    assert postings["turbine"] == ()
    assert Postings(in_columns(()))["pump"] == ()


def test_the_same_vectors_make_the_same_columns() -> None:
    turned = [(number, dict(reversed(vector.items()))) for number, vector in VECTORS]
    assert in_columns(turned) == in_columns(VECTORS)
