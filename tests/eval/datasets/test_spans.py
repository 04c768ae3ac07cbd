import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.datasets.spans import Span, length, overlap, score_spans, shared, union

pytestmark = pytest.mark.unit

SPANS = st.lists(
    st.tuples(st.sampled_from("ab"), st.integers(0, 30), st.integers(1, 12)).map(
        lambda drawn: (drawn[0], drawn[1], drawn[1] + drawn[2])
    ),
    max_size=6,
)


def characters(spans: list[Span]) -> set[tuple[str, int]]:
    """The same spans as a set of characters, which needs no arithmetic of bounds."""
    return {(document, place) for document, start, end in spans for place in range(start, end)}


@pytest.mark.parametrize(
    ("other", "expected"),
    [(("a", 4, 6), True), (("a", 5, 6), False), (("a", 0, 1), False), (("b", 1, 5), False)],
)
def test_overlap_needs_a_common_character(other: Span, expected: bool) -> None:
    assert overlap(("a", 1, 5), other) is expected
    assert overlap(other, ("a", 1, 5)) is expected


def test_union_joins_spans_that_overlap_or_meet() -> None:
    assert union([("a", 5, 9), ("b", 0, 1), ("a", 0, 2), ("a", 2, 4), ("a", 8, 10)]) == [
        ("a", 0, 4),
        ("a", 5, 10),
        ("b", 0, 1),
    ]


@given(some=SPANS, others=SPANS)
def test_spans_hold_the_characters_of_a_set(some: list[Span], others: list[Span]) -> None:
    assert characters(union(some)) == characters(some)
    assert length(union(some)) == len(characters(some))
    assert shared(some, others) == len(characters(some) & characters(others))


def test_score_spans_of_a_worked_example() -> None:
    # 10 of 20 characters are found, in 40 retrieved ones, of which 5 are retrieved twice.
    scores = score_spans([("a", 10, 30)], [("a", 0, 20), ("b", 0, 15), ("b", 10, 15)])
    assert (scores.recall, scores.precision) == (0.5, 0.25)
    assert scores.iou == pytest.approx(10 / (40 + 10))


@given(evidence=SPANS.filter(bool), retrieved=SPANS)
def test_score_spans_equals_a_count_of_characters(
    evidence: list[Span], retrieved: list[Span]
) -> None:
    wanted, got = characters(evidence), sum(end - start for _, start, end in retrieved)
    common = len(wanted & characters(retrieved))
    scores = score_spans(evidence, retrieved)
    assert scores.recall == common / len(wanted)
    assert scores.precision == (common / got if got else 0)
    assert scores.iou == common / (got + len(wanted) - common)


def test_score_spans_without_evidence_is_refused() -> None:
    with pytest.raises(ValueError, match="undefined without evidence"):
        score_spans([], [("a", 0, 1)])
