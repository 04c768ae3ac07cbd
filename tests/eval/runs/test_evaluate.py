import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from eval.datasets.evidence import finder, resolve_evidence
from eval.datasets.gold import GoldEvidence, GoldItem, GoldSet
from eval.measures.grade import FailureMode
from eval.runs.evaluate import EvaluatedQuestion, GradingContext, evaluate
from eval.runs.folder import RunFolder, as_record
from eval.runs.summary import Record, RunInfo, Summary, problem_lines, summarise, table
from index.errors import ConfigError, UnknownDocument
from index.types import Document, Hit, Passage
from rag.types import Answer, AskOptions, Citation, Quote, Reason, Refusal, Statement, Support, Turn
from tests.helpers.serving import FakeEngine

pytestmark = pytest.mark.unit

TEXT = "Egypt led the talks. They were held in Cairo.\u2028Qatar came."
MADE = RunInfo(1, 2.0, 1.5, 100.0, {"name": "a check", "error": "it errs"})


def hit(words: str, rank: int) -> Hit:
    start = TEXT.index(words)
    passage = Passage(words, "a.txt", "a", "", words, start, start + len(words), None, "d")
    return Hit(passage, 1 / rank, rank)


LED, CAIRO = hit("Egypt led the talks.", 1), hit("They were held in Cairo.\u2028", 2)


def answer(text: str, *cited: Hit, refusal: Refusal | None = None) -> Answer:
    quotes = [Quote(one.passage, one.passage.start, one.passage.end) for one in cited]
    citations = tuple(Citation(label, quote) for label, quote in enumerate(quotes, start=1))
    labels = tuple(citation.label for citation in citations)
    statements = (Statement(text, labels, Support.SUPPORTED),) if cited else ()
    return Answer("?", "?", text, statements, citations, refusal, (LED,), "quotes", confidence=0.75)


class Clerk(FakeEngine):
    """A small engine with true answers; refuses what it does not know, breaks when told to."""

    def __init__(self) -> None:
        super().__init__()
        self.searched: list[int] = []
        self.asked: list[str] = []

    def answer(
        self, question: str, turns: Sequence[Turn] = (), options: AskOptions = AskOptions()
    ) -> Answer:
        self.asked.append(question)
        if question == "Break":
            raise RuntimeError("no more")
        if question == "Down":
            return answer("", refusal=Refusal(Reason.UNAVAILABLE, "The LLM did not answer."))
        if question == "Waver?":
            return answer(f"Answer {len(self.asked)} [1]", LED)
        if question == "Where?":
            return answer("They were held in Cairo. [1]", CAIRO)
        return answer("No.", refusal=Refusal(Reason.NO_EVIDENCE, "The documents don't say."))

    def search(
        self, query: str, k: int, turns: Sequence[Turn] = (), options: AskOptions = AskOptions()
    ) -> tuple[str, tuple[Hit, ...]]:
        self.searched.append(k)
        return query, (LED, CAIRO)

    def document(self, path: str) -> Document:
        if path != "a.txt":
            raise UnknownDocument(f"no document {path}")
        return Document(path=path, title=path, text=TEXT, digest="d")


def gold(key: str, question: str, quote: str = "held in Cairo", tag: str = "fact") -> GoldItem:
    evidence = (GoldEvidence(document="a.txt", quote=quote),)
    return GoldItem(id=key, question=question, answers=("Cairo",), evidence=evidence, tags=(tag,))


WHERE, WHO, BREAK = gold("where", "Where?"), gold("who", "Who?", tag="who"), gold("broken", "Break")
IMPOSSIBLE = GoldItem(id="none", question="How old?", answerable=False)


def rows_of(
    *items: GoldItem, clerk: Clerk | None = None, times: int = 1
) -> list[EvaluatedQuestion]:
    clerk = clerk or Clerk()
    find = finder(clerk.document)
    facts = resolve_evidence(GoldSet("g", items, tuple(item.id for item in items)), find)
    return list(
        evaluate(clerk, items, GradingContext(facts, find, lambda statement, quotes: True, times))
    )


def records_of(*items: GoldItem, times: int = 1) -> list[Record]:
    return [as_record(row) for row in rows_of(*items, times=times)]


def summary_of(*items: GoldItem) -> Summary:
    return summarise("g.jsonl", records_of(*items), MADE)


def test_evaluate_goes_on_after_a_question_that_fails() -> None:
    broken, where = rows_of(BREAK, WHERE)
    assert (broken.error, broken.failure) == ("RuntimeError: no more", FailureMode.FAILED)
    assert broken.answer is None
    assert (where.error, where.scores["contains"]) == (None, 1.0)


def test_evaluate_takes_a_server_that_is_down_for_a_failure_and_not_for_a_refusal() -> None:
    down = GoldItem(id="down", question="Down", answerable=False)
    (row,) = rows_of(down)
    assert (row.error, row.scores["refused"]) == ("The LLM did not answer.", None)
    assert summary_of(down)["measures"]["refusal_recall"] == 0.0


def test_evaluate_searches_again_only_where_evidence_is_missing() -> None:
    clerk = Clerk()
    found, missing, impossible = rows_of(
        gold("led", "Where?", quote="Egypt led"), WHERE, IMPOSSIBLE, clerk=clerk
    )
    assert clerk.searched == [10]
    assert (found.ranked, impossible.ranked) == ((LED,), (LED,))
    assert missing.ranked == (LED, CAIRO)
    assert (found.scores["reciprocal_rank"], missing.scores["reciprocal_rank"]) == (1.0, 0.5)


def test_evaluate_of_whole_documents_searches_deeper() -> None:
    clerk = Clerk()
    whole = GoldItem(id="b", question="Who?", evidence=(GoldEvidence(document="a.txt"),))
    rows_of(whole, clerk=clerk)
    assert clerk.searched == []


def test_evaluate_asks_again_and_counts_other_answers() -> None:
    clerk = Clerk()
    waver, where = rows_of(gold("waver", "Waver?"), WHERE, clerk=clerk, times=3)
    assert (waver.differs, where.differs) == (2, 0)
    assert clerk.asked == ["Waver?"] * 3 + ["Where?"] * 3
    assert waver.answer is not None
    assert waver.answer.text == "Answer 1 [1]"


def test_record_holds_what_others_read() -> None:
    record = as_record(rows_of(WHERE)[0])
    assert record["evidence"] == [{"fact": 0, "document": "a.txt", "start": 31, "end": 44}]
    assert [passage["text"] for passage in record["passages"]] == ["Egypt led the talks."]
    assert [hit["rank"] for hit in record["ranked"]] == [1, 2]
    assert record["fault"] == "used_not_found"
    assert (record["confidence"], record["differs"], record["stray"]) == (0.75, 0, 0)
    broken = as_record(rows_of(BREAK)[0])
    assert (broken["answer"], broken["confidence"], broken["passages"]) == (None, None, None)
    assert broken.keys() == record.keys()


def test_summary_averages_over_what_applies() -> None:
    summary = summary_of(WHERE, WHO, IMPOSSIBLE, BREAK)
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
    assert (measures["answered_or_not"], n["answered_or_not"]) == (0.75, 4)
    assert summary["faults"] == {"failed": 1, "not_found": 1, "used_not_found": 1}
    assert {tag: one["questions"] for tag, one in summary["tags"].items()} == {"fact": 2, "who": 1}
    assert summary["tags"]["who"]["measures"]["contains"] == 0.0
    assert summary["seconds"]["share"] == 0.75


def test_summary_of_failures_only_is_undefined_where_nothing_was_measured() -> None:
    measures = summary_of(BREAK)["measures"]
    assert (measures["exact_quotes"], measures["refusal_precision"]) == (None, None)
    assert (measures["refusal_recall"], measures["contains"]) == (None, 0.0)


def test_summary_has_a_curve_of_answers_by_how_sure_they_are() -> None:
    records: list[Record] = [
        {**record, "confidence": sure}
        for record, sure in zip(records_of(WHERE, gold("w", "Waver?")), (0.9, 0.4), strict=True)
    ]
    assert summary_of(BREAK)["risk_coverage"] is None
    assert summarise("g", records, MADE)["risk_coverage"] == {
        "points": [[0.5, 0.0], [1.0, 0.5]],
        "aurc": 0.25,
        "at_risk_5": 0.5,
        "n": 2,
    }


def test_table_is_the_same_twice_but_for_times_and_memory() -> None:
    shown = list(table(summary_of(WHERE, WHO, IMPOSSIBLE)))
    assert shown[0] == "g.jsonl: 3 questions, 2 answerable, 1 not"
    assert "contains               0.500      2" in shown
    assert "     1  the evidence was not found" in shown
    assert "alce_* are judged by a check: it errs" in shown
    assert "seconds: 2.0, 75.0 % the engine's" in shown
    assert "memory: 100 MB at its peak" in shown
    again = list(table(summary_of(WHERE, WHO, IMPOSSIBLE)))
    steady = [
        [line for line in lines if not line.startswith(("seconds", "memory"))]
        for lines in (shown, again)
    ]
    assert steady[0] == steady[1]


def test_table_counts_questions_that_were_answered_otherwise() -> None:
    records = records_of(gold("waver", "Waver?"), WHERE, times=2)
    summary = summarise("g", records, RunInfo(2, 1.0, 1.0, None, MADE.judge))
    assert summary["repeats"] == {"times": 2, "differing": ["waver"]}
    assert "     1  answered otherwise when asked 2 times" in list(table(summary))


def test_problem_lines_names_the_questions_by_what_went_wrong() -> None:
    assert list(problem_lines(records_of(WHERE, WHO, IMPOSSIBLE, BREAK))) == [
        "failed: broken: RuntimeError: no more",
        "refused, but answerable (1): who",
    ]


# --- the run folder

CONFIG: dict[str, Any] = {"gold": "g", "started": "then"}


def kept(folder: Path) -> list[str]:
    lines = (folder / "results.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["id"] for line in lines]


def test_folder_goes_on_where_a_run_stopped(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    assert folder.start(CONFIG) == {}
    assert [row.item.id for row, _ in folder.keep(rows_of(BREAK, WHERE))] == ["broken", "where"]
    with (tmp_path / "run" / "results.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"id": "cut')
    done = folder.start({**CONFIG, "started": "now"})
    assert list(done) == ["where"]
    assert kept(tmp_path / "run") == ["where"]
    folder.finish([as_record(rows_of(WHO)[0]), done["where"]], {"gold": "g"})
    assert kept(tmp_path / "run") == ["who", "where"]


def test_folder_of_a_finished_run_or_another_configuration_starts_anew(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.start(CONFIG)
    records = [record for _, record in folder.keep(rows_of(WHERE))]
    assert folder.start({**CONFIG, "gold": "other"}) == {}
    assert kept(tmp_path) == []
    folder.finish(records, {})
    assert folder.start({**CONFIG, "gold": "other"}) == {}
    assert not (tmp_path / "summary.json").exists()
    (tmp_path / "config.json").write_text("{cut", encoding="utf-8")
    assert folder.start(CONFIG) == {}


def test_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"run folder .*out cannot be written"):
        RunFolder(tmp_path / "file" / "out").start(CONFIG)
