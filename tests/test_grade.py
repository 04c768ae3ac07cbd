from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from eval.gold import Evidence, GoldItem, Place
from eval.grade import EvidenceMissing, Scores, failed, grade, occurrences, overlap
from eval.run import Row, evaluate
from eval.summary import summarise, table, to_look_at
from index.errors import UnknownDocument
from index.passages import Document, Hit, Passage
from rag.answers import Answer, Citation, Quote, Reason, Refusal, Statement, Support, Turn

pytestmark = pytest.mark.unit

TEXTS = {
    "talks.txt": "Egypt led the talks. They were held\nin Cairo. Qatar came too.",
    "terms.txt": "33 hostages were discussed. Most are women.",
}


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


def answer(text: str, *cited: Passage, refusal: Refusal | None = None) -> Answer:
    citations = tuple(
        Citation(label, Quote(p, p.start, p.end)) for label, p in enumerate(cited, start=1)
    )
    labels = tuple(citation.label for citation in citations)
    return Answer(
        question="?",
        query="?",
        text=text,
        statements=(Statement(text, labels, Support.SUPPORTED),),
        citations=citations,
        refusal=refusal,
        hits=(),
        composer="quotes",
    )


REFUSED = answer("No.", refusal=Refusal(Reason.NO_EVIDENCE, "The documents don't say."))
LED = passage("talks.txt", "Egypt led the talks.")
CAIRO = passage("talks.txt", "They were held\nin Cairo.")
QATAR = passage("talks.txt", "Qatar came too.")
COUNT = passage("terms.txt", "33 hostages were discussed.")
WOMEN = passage("terms.txt", "Most are women.")


def gold(*evidence: Evidence, answers: Sequence[str] = ("Cairo",), key: str = "one") -> GoldItem:
    return GoldItem(id=key, question="Where?", answers=tuple(answers), evidence=evidence)


HELD = Evidence(document="talks.txt", quote="held in Cairo")
HOSTAGES = Evidence(document="terms.txt", quote="33 hostages")
IMPOSSIBLE = GoldItem(id="none", question="How old?", answerable=False)


def test_grade_of_a_right_answer_is_full_marks() -> None:
    scores = grade(gold(HELD), answer("In Cairo [1].", CAIRO), hits(CAIRO, LED), TEXTS.get)
    assert scores == Scores(
        success_1=1.0,
        success_5=1.0,
        reciprocal_rank=1.0,
        contains=1.0,
        citation_precision=1.0,
        citation_recall=1.0,
        citations=1,
        exact=1,
        refused=False,
    )


def test_grade_counts_the_first_passage_that_overlaps_the_evidence() -> None:
    scores = grade(gold(HELD), answer("Egypt [1].", LED), hits(LED, QATAR, CAIRO), TEXTS.get)
    assert (scores.success_1, scores.success_5) == (0.0, 1.0)
    assert scores.reciprocal_rank == pytest.approx(1 / 3)
    assert (scores.contains, scores.citation_precision, scores.citation_recall) == (0.0, 0.0, 0.0)


def test_grade_of_two_facts_takes_recall_over_facts_and_precision_over_citations() -> None:
    scores = grade(
        gold(HELD, HOSTAGES), answer("Cairo [1][2][3].", CAIRO, LED, QATAR), (), TEXTS.get
    )
    assert scores.citation_precision == pytest.approx(1 / 3)
    assert scores.citation_recall == 0.5


def test_grade_of_a_fact_in_two_places_is_satisfied_by_either() -> None:
    also = Place(document="terms.txt", quote="Most are women.")
    fact = Evidence(document="talks.txt", quote="Qatar came", also=(also,))
    scores = grade(gold(fact), answer("Women [1].", WOMEN), hits(COUNT, WOMEN), TEXTS.get)
    assert (scores.citation_precision, scores.citation_recall) == (1.0, 1.0)
    assert scores.reciprocal_rank == 0.5


def test_grade_of_a_refused_answerable_question_counts_zero() -> None:
    scores = grade(gold(HELD), REFUSED, hits(CAIRO), TEXTS.get)
    assert (scores.contains, scores.citation_recall, scores.refused) == (0.0, 0.0, True)
    assert scores.citation_precision is None
    assert scores.success_1 == 1.0


def test_grade_of_a_question_without_answer_leaves_the_rest_open() -> None:
    assert grade(IMPOSSIBLE, REFUSED, hits(CAIRO), TEXTS.get) == Scores(refused=True)
    answered = grade(IMPOSSIBLE, answer("Egypt [1].", LED), hits(LED), TEXTS.get)
    assert answered == Scores(citations=1, exact=1, refused=False)


def test_grade_finds_a_quote_that_is_not_exact() -> None:
    crooked = passage("talks.txt", "Egypt led the talks.", shift=1)
    scores = grade(gold(HELD), answer("Cairo [1][2]", crooked, CAIRO), (), TEXTS.get)
    assert (scores.citations, scores.exact) == (2, 1)


def test_grade_ignores_markers_in_the_answer() -> None:
    item = gold(HELD, answers=["held in Cairo"])
    assert grade(item, answer("held [1] in Cairo [12].", CAIRO), (), TEXTS.get).contains == 1.0
    assert grade(gold(HELD, answers=["1"]), answer("x [1]", CAIRO), (), TEXTS.get).contains == 0.0


def test_grade_without_the_evidence_in_the_corpus_is_an_error() -> None:
    absent = Evidence(document="other.txt", quote="x")
    with pytest.raises(EvidenceMissing, match=r"other\.txt is not in the index"):
        grade(gold(absent), REFUSED, (), TEXTS.get)
    wrong = Evidence(document="talks.txt", quote="in Paris")
    with pytest.raises(EvidenceMissing, match=r"talks\.txt does not say 'in Paris'"):
        grade(gold(wrong), REFUSED, (), TEXTS.get)


def test_occurrences_finds_every_place_whatever_the_white_space() -> None:
    place = Place(document="a", quote="x  (y)")
    assert occurrences(place, {"a": "x (y) x\n\n(y) xy"}.get) == [("a", 0, 5), ("a", 6, 12)]


@pytest.mark.parametrize(
    ("other", "expected"),
    [(("a", 4, 6), True), (("a", 5, 6), False), (("a", 0, 1), False), (("b", 1, 5), False)],
)
def test_overlap_needs_a_common_character(other: tuple[str, int, int], expected: bool) -> None:
    assert overlap(("a", 1, 5), other) is expected
    assert overlap(other, ("a", 1, 5)) is expected


def test_failed_question_counts_zero_and_is_not_a_refusal() -> None:
    scores = failed(gold(HELD))
    assert (scores.success_1, scores.reciprocal_rank, scores.contains) == (0.0, 0.0, 0.0)
    assert (scores.refused, scores.citation_precision) == (None, None)
    assert failed(IMPOSSIBLE) == Scores()


@dataclass
class Clerk:
    """A small engine with true answers; refuses what it does not know, breaks when told to."""

    ranking: tuple[Hit, ...] = field(default_factory=lambda: hits(LED, CAIRO))
    searched: list[int] = field(default_factory=list)

    def answer(self, question: str, turns: Sequence[Turn] = ()) -> Answer:
        if question == "Break":
            raise RuntimeError("no more")
        if question == "Down":
            return answer("", refusal=Refusal(Reason.UNAVAILABLE, "The LLM did not answer."))
        if question == "Where?":
            return answer("They were held in Cairo. [1]", CAIRO)
        return REFUSED

    def search(self, query: str, k: int, turns: Sequence[Turn] = ()) -> tuple[str, tuple[Hit, ...]]:
        self.searched.append(k)
        return query, self.ranking[:k]

    def document(self, path: str) -> Document:
        if path not in TEXTS:
            raise UnknownDocument(f"no document {path}")
        return Document(path=path, title=path, text=TEXTS[path], digest="d")


def rows_of(*items: GoldItem) -> list[Row]:
    return list(evaluate(Clerk(), items))


BROKEN = GoldItem(id="broken", question="Break", answers=("x",), evidence=(HELD,))
ASTRAY = gold(Evidence(document="other.txt", quote="x"), key="astray")
UNKNOWN = GoldItem(id="unknown", question="Who?", answers=("Egypt",), evidence=(HELD,))


def test_evaluate_goes_on_after_a_question_that_fails() -> None:
    rows = rows_of(BROKEN, ASTRAY, gold(HELD))
    assert [row.error for row in rows] == [
        "RuntimeError: no more",
        "evidence document other.txt is not in the index",
        None,
    ]
    assert rows[0].answer is None
    assert rows[2].scores.contains == 1.0


def test_evaluate_takes_a_server_that_is_down_for_a_failure_and_not_for_a_refusal() -> None:
    down = GoldItem(id="down", question="Down", answerable=False)
    (row,) = rows_of(down)
    assert (row.error, row.scores.refused) == ("The LLM did not answer.", None)
    assert summarise("g.jsonl", [row])["measures"]["refusal_recall"] == 0.0


def test_evaluate_ranks_ten_passages_even_if_the_answer_holds_fewer() -> None:
    clerk = Clerk()
    row = next(evaluate(clerk, [gold(HELD)]))
    assert clerk.searched == [10]
    assert row.scores.reciprocal_rank == 0.5


def test_summary_averages_over_what_applies() -> None:
    summary = summarise("g.jsonl", rows_of(gold(HELD), UNKNOWN, IMPOSSIBLE, BROKEN))
    assert (summary["questions"], summary["answerable"], summary["unanswerable"]) == (4, 3, 1)
    assert summary["failed"] == [{"id": "broken", "error": "RuntimeError: no more"}]
    measures, n = summary["measures"], summary["n"]
    assert (measures["success@1"], n["success@1"]) == (0.0, 3)
    assert (measures["success@5"], measures["mrr@10"]) == (0.6667, 0.3333)
    assert (measures["contains"], n["contains"]) == (0.3333, 3)
    assert (measures["citation_precision"], n["citation_precision"]) == (1.0, 1)
    assert (measures["citation_recall"], n["citation_recall"]) == (0.3333, 3)
    assert (measures["exact_quotes"], n["exact_quotes"]) == (1.0, 1)
    assert (measures["refusal_precision"], measures["refusal_recall"]) == (0.5, 1.0)
    assert (measures["refusal_f1"], measures["over_refusal"]) == (0.6667, 0.3333)


def test_summary_of_failures_only_is_undefined_where_nothing_was_measured() -> None:
    measures = summarise("g.jsonl", rows_of(BROKEN))["measures"]
    assert (measures["exact_quotes"], measures["refusal_precision"]) == (None, None)
    assert (measures["refusal_recall"], measures["contains"]) == (None, 0.0)


def test_table_is_the_same_twice_but_for_its_last_line() -> None:
    items = [gold(HELD), UNKNOWN, IMPOSSIBLE]
    first, second = (list(table(summarise("g.jsonl", rows_of(*items)))) for _ in range(2))
    assert first[:-1] == second[:-1]
    assert first[0] == "g.jsonl: 3 questions, 2 answerable, 1 not"
    assert "contains               0.500      2" in first


def test_to_look_at_names_the_questions_by_what_went_wrong() -> None:
    assert list(to_look_at(rows_of(gold(HELD), UNKNOWN, IMPOSSIBLE, BROKEN))) == [
        "failed: broken: RuntimeError: no more",
        "refused, but answerable (1): unknown",
    ]
