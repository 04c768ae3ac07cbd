import csv
import json
from pathlib import Path

import pytest

from eval.datasets.load import load_gold
from index.errors import ConfigError

pytestmark = pytest.mark.unit

SHARED = Path(__file__).parents[3].parent / "shared" / "data"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared/data")


def lines(path: Path, *values: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(value) + "\n" for value in values), encoding="utf-8")
    return path


def text(path: Path, content: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")
    return path


def squad_file(folder: Path, *paragraphs: object) -> Path:
    path = folder / "squad.json"
    data = [{"title": "Gaza Talks (2024)", "paragraphs": paragraphs}]
    path.write_text(json.dumps({"version": "x", "data": data}), encoding="utf-8")
    return path


def asked(key: str, *answers: str, impossible: bool = False) -> dict[str, object]:
    spans = [{"text": answer, "answer_start": 0} for answer in answers]
    return {"id": key, "question": f"{key}?", "answers": spans, "is_impossible": impossible}


def test_squad_brings_a_document_per_paragraph(tmp_path: Path) -> None:
    path = squad_file(
        tmp_path,
        {"context": "Egypt led.", "qas": [asked("a", "Egypt", "Egypt", "it")]},
        {"context": "Cairo hosted.\nYes.", "qas": [asked("b", impossible=True)]},
    )
    gold = load_gold(path)
    assert gold.documents == {
        "gaza-talks-2024-001.txt": "Egypt led.",
        "gaza-talks-2024-002.txt": "Cairo hosted.\nYes.",
    }
    first, second = gold.items
    assert first.answers == ("Egypt", "it")
    assert [(e.document, e.quote, e.page) for e in first.evidence] == [
        ("gaza-talks-2024-001.txt", None, None)
    ]
    assert (second.answerable, second.answers, second.evidence) == (False, (), ())


def test_squad_with_faults_names_the_questions(tmp_path: Path) -> None:
    path = squad_file(tmp_path, {"context": "Egypt.", "qas": [asked("a", "x"), asked("a", "y")]})
    with pytest.raises(ConfigError, match=r"question 'a': id 'a' is already used: question 'a'"):
        load_gold(path)
    path.write_text('{"data": [{"paragraphs": [{"qas": []}]}]}', encoding="utf-8")
    with pytest.raises(
        ConfigError,
        match=r"is not a SQuAD-format file: data\.0\.paragraphs\.0\.context: Field required",
    ):
        load_gold(path)


# --- BEIR


def beir(folder: Path, qrels: str = "query-id\tcorpus-id\tscore\nq1\td1\t2\nq1\td/2\t0\n") -> Path:
    lines(
        folder / "corpus.jsonl",
        {"_id": "d1", "title": "Talks", "text": "Held in Cairo."},
        {"_id": "d/2", "text": "Egypt led."},
    )
    lines(folder / "queries.jsonl", {"_id": "q1", "text": "Where?"}, {"_id": "q2", "text": "Who?"})
    text(folder / "qrels" / "test.tsv", qrels)
    return folder


def test_beir_asks_the_queries_that_are_judged(tmp_path: Path) -> None:
    gold = load_gold(beir(tmp_path))
    assert gold.documents == {"d1.md": "# Talks\n\nHeld in Cairo.", "d_2.md": "Egypt led."}
    (query,) = gold.items
    assert (query.id, query.question, query.answers) == ("q1", "Where?", ())
    assert [(e.document, e.grade, e.quote) for e in query.evidence] == [("d1.md", 2, None)]


def test_beir_reads_the_judgements_of_trec_eval_as_well(tmp_path: Path) -> None:
    (query,) = load_gold(beir(tmp_path, qrels="q2\t0\td/2\t1\n")).items
    assert (query.id, query.evidence[0].document) == ("q2", "d_2.md")


def test_beir_with_faults_names_file_and_line(tmp_path: Path) -> None:
    folder = beir(tmp_path, qrels="q1\td1\tyes\n")
    with (folder / "queries.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"_id": "q3"}\n{broken\n')
    with pytest.raises(ConfigError) as caught:
        load_gold(folder)
    faults = str(caught.value).splitlines()[1:]
    assert [fault.strip() for fault in faults] == [
        "test.tsv, line 1: needs a query, a document and a grade",
        "queries.jsonl, line 3: a query needs _id and text",
        "queries.jsonl, line 4: not JSON: Expecting property name enclosed in double quotes at "
        "character 2",
    ]


def test_beir_without_judgements_is_refused(tmp_path: Path) -> None:
    (beir(tmp_path) / "qrels" / "test.tsv").unlink()
    with pytest.raises(ConfigError, match=r"has no judgements; BEIR keeps them in qrels/test\.tsv"):
        load_gold(tmp_path)


def test_scifact_joins_the_rows_of_a_claim(tmp_path: Path) -> None:
    rows = [["doc_id", "title", "abstract"], ["7", "Sums", "[\"It isn't.\"\n 'It is \\\\ three.']"]]
    with (tmp_path / "corpus_train.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    text(
        tmp_path / "claims_train.csv",
        "id,claim,evidence_doc_id,evidence_label,evidence_sentences,cited_doc_ids\n"
        "0,One is two.,7,CONTRADICT,[0],[7]\n0,One is two.,7,CONTRADICT,[1],[7]\n",
    )
    gold = load_gold(tmp_path)
    assert gold.documents == {"7.md": "# Sums\n\nIt isn't. It is \\ three."}
    (claim,) = gold.items
    assert (claim.id, [e.document for e in claim.evidence]) == ("0", ["7.md"])


# --- MTRAG

TASKS = {
    "documents": [
        {"document_id": "a-1", "text": "Cairo hosted."},
        {"document_id": "b-2", "text": "Egypt led."},
    ],
    "tasks": [
        {
            "task_id": "t<::>2",
            "input": [
                {"speaker": "user", "text": "Where were the talks?"},
                {"speaker": "agent", "text": "In Cairo."},
                {"speaker": "user", "text": "Who led them?"},
            ],
            "contexts": [{"document_id": "a-1"}, {"document_id": "b-2"}],
            "targets": [{"speaker": "agent", "text": "Egypt led them."}],
            "annotations": {"context_relevance": {"system": [1]}},
            "Answerability": ["ANSWERABLE"],
        },
        {
            "task_id": "t<::>3",
            "input": [{"speaker": "user", "text": "How old is he?"}],
            "Answerability": ["UNANSWERABLE"],
        },
    ],
}


def test_mtrag_brings_turns_reference_and_relevant_passages(tmp_path: Path) -> None:
    gold = load_gold(lines(tmp_path / "human_subset.json", TASKS))
    assert gold.documents == {"a-1.txt": "Cairo hosted.", "b-2.txt": "Egypt led."}
    first, second = gold.items
    assert (first.question, first.reference) == ("Who led them?", "Egypt led them.")
    assert [(t.question, t.answer) for t in first.turns] == [("Where were the talks?", "In Cairo.")]
    assert [e.document for e in first.evidence] == ["b-2.txt"]
    assert (second.answerable, second.tags) == (False, ("unanswerable",))


def test_mtrag_queries_ask_the_tasks_in_other_words_and_without_turns(tmp_path: Path) -> None:
    lines(tmp_path / "human_subset.json", TASKS)
    queries = lines(
        tmp_path / "rewrite.jsonl",
        {"_id": "t<::>2", "text": "|user|: Who led the talks in Cairo?"},
        {"_id": "elsewhere", "text": "|user|: What?"},
    )
    (query,) = load_gold(queries).items
    assert (query.question, query.turns) == ("Who led the talks in Cairo?", ())
    assert query.evidence[0].document == "b-2.txt"


def test_queries_without_tasks_are_refused(tmp_path: Path) -> None:
    queries = lines(tmp_path / "queries.jsonl", {"_id": "q", "text": "Who?"})
    with pytest.raises(ConfigError, match="holds queries without judgements"):
        load_gold(queries)


def test_queries_beside_tasks_that_are_not_json_are_refused(tmp_path: Path) -> None:
    (tmp_path / "human_subset.json").write_text("{", encoding="utf-8")
    queries = lines(tmp_path / "queries.jsonl", {"_id": "q", "text": "Who?"})
    with pytest.raises(ConfigError, match=r"human_subset\.json is not JSON"):
        load_gold(queries)


# --- rows


def test_csv_reads_answers_evidence_and_what_is_not_answerable(tmp_path: Path) -> None:
    gold = load_gold(
        text(
            tmp_path / "gold.csv",
            "question,answer,document,page,answerable,tags\n"
            'Who led?,"Egypt | Cairo",talks.pdf,3,yes,"who, fact"\n'
            "How old?,,,,no,\n",
        )
    )
    first, second = gold.items
    assert (first.id, first.answers, first.tags) == ("line-2", ("Egypt", "Cairo"), ("who", "fact"))
    assert (first.evidence[0].document, first.evidence[0].page) == ("talks.pdf", 3)
    assert (second.answerable, second.evidence) == (False, ())


def test_csv_with_faults_names_the_lines(tmp_path: Path) -> None:
    path = text(
        tmp_path / "gold.csv",
        "question,answer,page,answerable,anwser\nWho?,,,yes,\nWho?,Egypt,x,,\nWho?,a,,maybe,\n"
        "Who?,a,,,,,\n",
    )
    with pytest.raises(ConfigError) as caught:
        load_gold(path)
    faults = [fault.strip() for fault in str(caught.value).splitlines()[1:]]
    assert faults[0].startswith("line 1: column 'anwser' is none of answer, answerable, ")
    assert faults[1].startswith("line 2: Value error, an answerable question needs an answer")
    assert faults[2].startswith("line 3: evidence.0.document: Field required; evidence.0.page: ")
    assert faults[3:] == [
        "line 4: answerable: 'maybe' is neither yes nor no",
        "line 5: more cells than columns",
    ]


def test_truths_take_pages_from_citations_and_the_files_beside_them(tmp_path: Path) -> None:
    path = lines(
        tmp_path / "truth.jsonl",
        {"question": "How many days?", "truth": "30 days. [a.pdf#page=2] [b.pdf#page=1]"},
    )
    (alone,) = load_gold(path).items
    assert (alone.id, alone.reference) == ("q001", "30 days.")
    assert [(e.document, e.page) for e in alone.evidence] == [("a.pdf", 2), ("b.pdf", 1)]
    assert load_gold(path).documents == {}
    for name in ("a.pdf", "b.pdf", "c.pdf"):
        (tmp_path / name).write_bytes(name.encode())
    assert load_gold(path).documents == {
        "a.pdf": b"a.pdf",
        "b.pdf": b"b.pdf",
        "c.pdf": b"c.pdf",
    }


@pytest.mark.parametrize("content", ["What is this?\n", '{\n"some": 1\n}\n', "a,b\n1,2\n"])
def test_a_file_of_another_kind_is_refused_with_the_kinds(tmp_path: Path, content: str) -> None:
    with pytest.raises(ConfigError, match=r"is not of a kind that is known: Footnote's JSONL; "):
        load_gold(text(tmp_path / "gold.txt", content))


def test_a_folder_of_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is not a gold set that is known"):
        load_gold(tmp_path)


@needs_shared
@pytest.mark.parametrize(
    ("name", "questions", "answerable", "documents"),
    [
        ("xquad/xquad.en.json", 1190, 1190, 240),
        ("squad2/dev-v2.0.json", 6078, 2910, None),
        ("mtrag", 159, None, 350),
        ("mtrag/clapnq_rewrite.jsonl", None, None, 350),
        ("northwind/ground_truth.jsonl", 50, 50, 6),
        ("scifact", 809, 809, 5183),
        ("chunking", 472, 472, 5),
    ],
)
def test_load_gold_reads_the_public_sets(
    name: str, questions: int | None, answerable: int | None, documents: int | None
) -> None:
    gold = load_gold(SHARED / name)
    assert questions in (None, len(gold.items))
    assert answerable in (None, sum(item.answerable for item in gold.items))
    assert documents in (None, len(gold.documents))
    known = {evidence.document for item in gold.items for evidence in item.evidence}
    assert known <= gold.documents.keys()
