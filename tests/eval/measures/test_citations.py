from collections.abc import Mapping, Sequence
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.datasets.evidence import Fact
from eval.measures.citations import alce_scores, gold_scores, page_match
from index.types import Passage
from rag.types import Answer, Citation, Quote, Statement, Support

pytestmark = pytest.mark.unit

Table = Mapping[tuple[str, frozenset[int]], bool]  # whether these quotes back a statement


def quote(number: int, page: int | None = None) -> Quote:
    text = f"sentence {number}"
    passage = Passage(f"a#{number}", "a.pdf", "", "", text, number, number + len(text), page, "")
    return Quote(passage, number, number + len(text))


def answer(cited: Mapping[str, Sequence[int]], table: Table, page: int | None = None) -> Answer:
    """An answer whose statements cite quotes by number, judged as the table says."""
    labels = sorted({number for numbers in cited.values() for number in numbers})
    statements = tuple(
        Statement(
            text,
            tuple(numbers),
            Support.SUPPORTED if table.get((text, frozenset(numbers))) else Support.UNSUPPORTED,
        )
        for text, numbers in cited.items()
    )
    citations = tuple(Citation(label, quote(label, page)) for label in labels)
    return Answer("?", "?", " ".join(cited), statements, citations, None, (), "quotes")


def scores(cited: Mapping[str, Sequence[int]], table: Table) -> tuple[float | None, float | None]:
    def backs(statement: str, quotes: Sequence[Quote]) -> bool:
        return bool(table.get((statement, frozenset(quote.start for quote in quotes))))

    return alce_scores(answer(cited, table), backs)


def test_alce_of_a_citation_that_adds_nothing_is_imprecise() -> None:
    # The first backs the statement by itself; the others do not, and are not needed.
    table = {
        ("s", frozenset({1, 2, 3})): True,
        ("s", frozenset({1})): True,
        ("s", frozenset({1, 2})): True,
        ("s", frozenset({1, 3})): True,
    }
    assert scores({"s": [1, 2, 3]}, table) == (1 / 3, 1.0)


def test_alce_of_citations_that_back_only_together_is_precise() -> None:
    assert scores({"s": [1, 2]}, {("s", frozenset({1, 2})): True}) == (1.0, 1.0)


def test_alce_takes_precision_over_citations_and_recall_over_statements() -> None:
    table = {("one", frozenset({1})): True}
    cited = {"one": [1], "two": [2, 3], "three": []}
    assert scores(cited, table) == (1 / 3, 1 / 3)


def test_alce_without_citations_or_statements() -> None:
    assert scores({"one": []}, {}) == (0.0, 0.0)
    assert scores({}, {}) == (None, None)


def as_in_the_paper(cited: Mapping[str, Sequence[int]], table: Table) -> tuple[float, float]:
    """Section 4 of Gao et al. 2023, formula by formula."""

    def phi(statement: str, numbers: Sequence[int]) -> bool:
        return bool(table.get((statement, frozenset(numbers))))

    recall = {s: bool(c) and phi(s, c) for s, c in cited.items()}
    precise = []
    for s, c in cited.items():
        for one in c:
            irrelevant = not phi(s, [one]) and phi(s, [other for other in c if other != one])
            precise.append(recall[s] and not irrelevant)
    mean_recall = sum(recall.values()) / len(recall)
    return (sum(precise) / len(precise) if precise else 0.0), mean_recall


@st.composite
def judged(draw: st.DrawFn) -> tuple[dict[str, list[int]], Table]:
    cited = draw(
        st.dictionaries(
            st.sampled_from(["one", "two", "three"]),
            st.lists(st.integers(1, 4), max_size=3, unique=True),
            min_size=1,
        )
    )
    subsets = [
        (text, frozenset(some))
        for text, numbers in cited.items()
        for size in range(1, len(numbers) + 1)
        for some in combinations(numbers, size)
    ]
    return cited, {subset: draw(st.booleans()) for subset in subsets}


@given(judged())
def test_alce_equals_the_formulas_of_the_paper(
    drawn: tuple[dict[str, list[int]], Table],
) -> None:
    cited, table = drawn
    assert scores(cited, table) == pytest.approx(as_in_the_paper(cited, table))


def test_gold_scores_take_precision_over_citations_and_recall_over_facts() -> None:
    facts = [Fact((("a", 0, 5), ("b", 0, 5))), Fact((("c", 0, 5),))]
    cited = [("b", 4, 9), ("a", 5, 9), ("b", 0, 1)]
    assert gold_scores(cited, facts) == (2 / 3, 0.5)
    assert gold_scores([], facts) == (None, 0.0)
    assert gold_scores(cited, []) == (None, None)


def test_page_match_is_the_share_of_pages_that_are_cited() -> None:
    pages = frozenset({("a.pdf", 3)}), frozenset({("a.pdf", 7)})
    facts = [Fact((("a.pdf", 0, 9),), pages=named) for named in pages]
    assert page_match(answer({"s": [1]}, {}, page=3), facts) == 0.5
    assert page_match(answer({"s": [1]}, {}, page=4), facts) == 0.0
    assert page_match(answer({"s": [1]}, {}, page=3), [Fact((("a.pdf", 0, 9),))]) is None
