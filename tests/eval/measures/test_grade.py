from collections.abc import Sequence

import pytest

from eval.datasets.evidence import Fact, finder, resolve_evidence
from eval.datasets.gold import EvidencePlace, GoldEvidence, GoldItem, GoldSet
from eval.measures.grade import FailureMode, failed_scores, failure_mode, grade
from eval.measures.registry import METRICS, Grading, Scores
from index.types import Document, Hit, Passage
from rag.types import Answer, Citation, Quote, Reason, Refusal, Statement, Support

pytestmark = pytest.mark.unit

TEXTS = {
    "talks.txt": "Egypt led the talks. They were held\nin Cairo. Qatar came too.",
    "terms.txt": "33 hostages were discussed. Most are women.",
}


def document(path: str) -> Document:
    return Document(path=path, title=path, text=TEXTS[path], digest="d")


FIND = finder(document)


def passage(document: str, words: str, *, shift: int = 0) -> Passage:
    """A passage of exactly these words; `shift` moves it away from where they stand."""
    start = TEXTS[document].index(words) + shift
    return Passage(
        id=f"{document}#{start}",
        document=document,
        title=document,
        heading="",
        text=words,
        start=start,
        end=start + len(words),
        page=None,
        digest="d",
    )


def hits(*passages: Passage) -> tuple[Hit, ...]:
    return tuple(Hit(p, 1 / rank, rank) for rank, p in enumerate(passages, start=1))


def answer(
    text: str, *cited: Passage, refusal: Refusal | None = None, shown: Sequence[Hit] = ()
) -> Answer:
    citations = tuple(
        Citation(label, Quote(p, p.start, p.end)) for label, p in enumerate(cited, start=1)
    )
    labels = tuple(citation.label for citation in citations)
    return Answer(
        question="?",
        query="?",
        text=text,
        statements=() if refusal else (Statement(text, labels, Support.SUPPORTED),),
        citations=citations,
        refusal=refusal,
        hits=tuple(shown),
        composer="quotes",
    )


REFUSED = answer("No.", refusal=Refusal(Reason.NO_EVIDENCE, "The documents don't say."))
LED = passage("talks.txt", "Egypt led the talks.")
CAIRO = passage("talks.txt", "They were held\nin Cairo.")
QATAR = passage("talks.txt", "Qatar came too.")
COUNT = passage("terms.txt", "33 hostages were discussed.")
WOMEN = passage("terms.txt", "Most are women.")


def gold(
    *evidence: GoldEvidence, answers: Sequence[str] = ("Cairo",), key: str = "one"
) -> GoldItem:
    return GoldItem(id=key, question="Where?", answers=tuple(answers), evidence=evidence)


HELD = GoldEvidence(document="talks.txt", quote="held in Cairo")
HOSTAGES = GoldEvidence(document="terms.txt", quote="33 hostages")
IMPOSSIBLE = GoldItem(id="none", question="How old?", answerable=False)


def facts_of(item: GoldItem) -> tuple[Fact, ...]:
    return tuple(resolve_evidence(GoldSet("g", (item,), ("line 1",)), FIND)[item.id])


def graded(item: GoldItem, given: Answer, ranked: Sequence[Hit] = ()) -> Scores:
    return grade(Grading(item, facts_of(item), given, ranked, FIND, lambda statement, quotes: True))


def scored(**given: float | bool | None) -> Scores:
    """The scores of a question to which only these metrics apply."""
    counts = {"citations": 0, "exact": 0, "stray": 0, "refused": None}
    return {**dict.fromkeys(METRICS), **counts, **given}


def mode(item: GoldItem, given: Answer) -> FailureMode | None:
    return failure_mode(item, facts_of(item), given, graded(item, given))


def test_grade_of_a_right_answer_is_full_marks() -> None:
    right = answer("In Cairo [1].", CAIRO, shown=hits(CAIRO))
    assert graded(gold(HELD), right, hits(CAIRO, LED)) == scored(
        success_1=1.0,
        success_5=1.0,
        recall_5=1.0,
        recall_10=1.0,
        reciprocal_rank=1.0,
        ndcg_10=1.0,
        span_recall=1.0,
        span_precision=13 / 24,
        span_iou=13 / 24,
        exact_match=0.0,
        token_f1=2 / 3,
        token_recall=1.0,
        contains=1.0,
        rouge_l=2 / 3,
        citation_precision=1.0,
        citation_recall=1.0,
        alce_precision=1.0,
        alce_recall=1.0,
        citations=1,
        exact=1,
        stray=0,
        refused=False,
    )


def test_grade_counts_the_first_passage_that_overlaps_the_evidence() -> None:
    scores = graded(gold(HELD), answer("Egypt [1].", LED), hits(LED, QATAR, CAIRO))
    assert (scores["success_1"], scores["success_5"]) == (0.0, 1.0)
    assert scores["reciprocal_rank"] == pytest.approx(1 / 3)
    assert (scores["contains"], scores["citation_precision"], scores["citation_recall"]) == (
        0.0,
        0.0,
        0.0,
    )


def test_grade_of_two_facts_takes_recall_over_facts_and_precision_over_citations() -> None:
    scores = graded(gold(HELD, HOSTAGES), answer("Cairo [1][2][3].", CAIRO, LED, QATAR))
    assert scores["citation_precision"] == pytest.approx(1 / 3)
    assert scores["citation_recall"] == 0.5


def test_grade_of_a_fact_in_two_places_is_satisfied_by_either() -> None:
    also = EvidencePlace(document="terms.txt", quote="Most are women.")
    fact = GoldEvidence(document="talks.txt", quote="Qatar came", also=(also,))
    shown = hits(COUNT, WOMEN)
    scores = graded(gold(fact), answer("Women [1].", WOMEN, shown=shown), shown)
    assert (scores["citation_precision"], scores["citation_recall"]) == (1.0, 1.0)
    assert (scores["reciprocal_rank"], scores["span_recall"]) == (0.5, 1.0)


def test_grade_of_a_refused_answerable_question_counts_zero() -> None:
    scores = graded(gold(HELD, answers=["the"]), REFUSED, hits(CAIRO))
    assert (scores["contains"], scores["exact_match"], scores["token_f1"], scores["rouge_l"]) == (
        0,
        0,
        0,
        0,
    )
    assert (scores["citation_recall"], scores["refused"]) == (0.0, True)
    assert (scores["citation_precision"], scores["alce_recall"]) == (None, None)
    assert scores["success_1"] == 1.0


def test_grade_of_a_question_without_answer_leaves_the_rest_open() -> None:
    assert graded(IMPOSSIBLE, REFUSED, hits(CAIRO)) == scored(refused=True)
    answered = graded(IMPOSSIBLE, answer("Egypt [1].", LED), hits(LED))
    assert answered == scored(
        alce_precision=1.0, alce_recall=1.0, citations=1, exact=1, refused=False
    )


def test_grade_of_a_reference_asks_for_likeness_and_not_for_its_words() -> None:
    item = GoldItem(id="r", question="?", reference="They met in Cairo", evidence=(HELD,))
    scores = graded(item, answer("They met. [1]", CAIRO))
    assert scores["token_f1"] == pytest.approx(2 / 3)
    assert scores["rouge_l"] == pytest.approx(2 / 3)
    assert (scores["contains"], scores["exact_match"]) == (None, None)


def test_grade_of_whole_documents_has_no_span_scores() -> None:
    scores = graded(
        gold(GoldEvidence(document="talks.txt")), answer("x [1]", LED), hits(COUNT, LED)
    )
    assert (scores["span_recall"], scores["reciprocal_rank"]) == (None, 0.5)


def test_grade_finds_a_quote_that_is_not_exact() -> None:
    crooked = passage("talks.txt", "Egypt led the talks.", shift=1)
    scores = graded(gold(HELD), answer("Cairo [1][2]", crooked, CAIRO))
    assert (scores["citations"], scores["exact"]) == (2, 1)


def test_grade_ignores_markers_in_the_answer() -> None:
    item = gold(HELD, answers=["held in Cairo"])
    assert graded(item, answer("held [1] in Cairo [12].", CAIRO))["contains"] == 1.0
    assert graded(gold(HELD, answers=["1"]), answer("x [1]", CAIRO))["contains"] == 0.0


def test_failed_scores_count_zero_and_is_not_a_refusal() -> None:
    item = gold(HELD)
    scores = failed_scores(item, facts_of(item))
    assert (scores["success_1"], scores["reciprocal_rank"], scores["contains"]) == (0.0, 0.0, 0.0)
    assert (scores["span_recall"], scores["rouge_l"], scores["page_match"]) == (0.0, 0.0, None)
    assert (scores["refused"], scores["citation_precision"]) == (None, None)
    assert failed_scores(IMPOSSIBLE, ()) == scored()


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (answer("In Cairo [1].", CAIRO, shown=hits(LED, CAIRO)), None),
        (answer("Egypt led [1].", LED, shown=hits(LED)), FailureMode.NOT_FOUND),
        (answer("In Cairo [1].", LED, shown=hits(LED)), FailureMode.USED_NOT_FOUND),
        (answer("In Cairo [1].", LED, shown=hits(LED, CAIRO)), FailureMode.FOUND_NOT_USED),
        (answer("In Paris [1].", CAIRO, shown=hits(CAIRO)), FailureMode.USED_NOT_RIGHT),
    ],
)
def test_failure_mode_tells_the_search_from_the_answer(
    given: Answer, expected: FailureMode | None
) -> None:
    assert mode(gold(HELD), given) is expected


def test_failure_mode_of_refusals() -> None:
    refusal = Refusal(Reason.NO_EVIDENCE, "The documents don't say.")
    refused = answer("No.", refusal=refusal, shown=hits(CAIRO))
    assert mode(gold(HELD), refused) is FailureMode.FOUND_NOT_USED
    assert mode(IMPOSSIBLE, refused) is None
    assert mode(IMPOSSIBLE, answer("Egypt [1].", LED, shown=hits(LED))) is FailureMode.NOT_REFUSED
