import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from eval.cli import group
from eval.datasets.gold import GoldItem
from eval.measures.answers import contains

pytestmark = pytest.mark.model

ROOT = Path(__file__).parents[3]
SEEDS, SEEDS_GOLD = ROOT / "seeds", ROOT / "eval" / "gold" / "seeds.jsonl"


def run_eval(data: Path, *arguments: object) -> Result:
    """`footnote --data DATA eval run ...`, without the outer command."""
    result = CliRunner().invoke(
        group, ["run", *map(str, arguments)], obj={"data": data}, catch_exceptions=False
    )
    assert "Traceback" not in result.output
    return result


def results(folder: Path) -> list[dict[str, Any]]:
    text = (folder / "results.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def seeds_run(data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Result, Path]:
    out = tmp_path_factory.mktemp("runs") / "seeds"
    return run_eval(data, SEEDS_GOLD, "--corpus", SEEDS, "--out", out, "--json"), out


def test_run_over_seeds_prints_one_json_document_and_keeps_the_run(
    seeds_run: tuple[Result, Path],
) -> None:
    result, out = seeds_run
    printed = json.loads(result.stdout)
    assert result.exit_code == 0, result.stderr
    assert printed.pop("out") == str(out)
    assert printed == json.loads((out / "summary.json").read_text(encoding="utf-8"))
    questions = SEEDS_GOLD.read_text(encoding="utf-8").splitlines()
    assert printed["questions"] == len(results(out)) == len(questions)
    assert printed["failed"] == []
    config = json.loads((out / "config.json").read_text(encoding="utf-8"))
    assert config["questions"] == len(questions)
    assert len(config["gold_digest"]) == 64
    assert "llm_key" not in config["settings"]


def test_run_over_seeds_meets_what_is_promised(seeds_run: tuple[Result, Path]) -> None:
    measures = json.loads(seeds_run[0].stdout)["measures"]
    assert measures["success@5"] >= 0.97
    assert measures["contains"] >= 0.85
    assert measures["exact_quotes"] == 1.0
    assert measures["refusal_recall"] >= 0.85
    assert measures["over_refusal"] <= 0.05


def test_run_over_seeds_refuses_every_question_from_another_world(
    seeds_run: tuple[Result, Path],
) -> None:
    rows = [row for row in results(seeds_run[1]) if "other-world" in row["tags"]]
    assert len(rows) == 12
    assert [row["question"] for row in rows if row["refusal"] is None] == []


def test_run_over_seeds_records_answers_citations_and_ranking(
    seeds_run: tuple[Result, Path],
) -> None:
    row = next(row for row in results(seeds_run[1]) if row["question"] == "Who met in Paris?")
    assert contains(row["answer"], ["William J. Burns"]) == 1.0
    citation = row["citations"][0]
    assert citation["quote"]
    assert citation["end"] - citation["start"] == len(citation["quote"])
    assert [hit["rank"] for hit in row["ranked"]] == list(range(1, 9))
    shown = row["passages"][0]
    assert shown["end"] - shown["start"] == len(shown["text"])
    assert row["evidence"][0]["document"] == citation["document"]
    assert (row["scores"]["success_5"], row["error"]) == (1.0, None)


def test_run_twice_records_the_same_but_for_times(
    seeds_run: tuple[Result, Path], data: Path, tmp_path: Path
) -> None:
    run_eval(data, SEEDS_GOLD, "--corpus", SEEDS, "--out", tmp_path, "--limit", 12, "--json")
    first, second = results(seeds_run[1])[:12], results(tmp_path)
    for row in (*first, *second):
        del row["seconds"], row["stages"]
    assert first == second


def small_gold(folder: Path, *items: GoldItem) -> Path:
    path = folder / "small.jsonl"
    path.write_text("\n".join(item.model_dump_json() for item in items), encoding="utf-8")
    return path


LED = GoldItem.model_validate(
    {
        "id": "led",
        "question": "Which country led the latest round of talks?",
        "answers": ["Egypt"],
        "evidence": [{"document": "how-talks-work.txt", "quote": "Egypt led the latest round"}],
    }
)
ASTRAY = LED.model_copy(
    update={
        "id": "astray",
        "evidence": (LED.evidence[0].model_copy(update={"quote": "Norway led"}),),
    }
)
ENDLESS = LED.model_copy(update={"id": "endless", "question": "Who " * 2000})


def test_run_prints_a_table_and_lists_questions_that_failed(data: Path, tmp_path: Path) -> None:
    gold = small_gold(tmp_path, LED, ENDLESS)
    result = run_eval(data, gold, "--corpus", SEEDS, "--out", tmp_path / "out")
    assert result.exit_code == 3
    assert result.stdout.startswith("small.jsonl: 2 questions, 2 answerable, 0 not\n")
    assert "contains               0.500      2" in result.stdout
    assert "failed: endless: the question has 8,000 characters" in result.stderr
    assert [row["id"] for row in results(tmp_path / "out")] == ["led", "endless"]


def test_run_of_evidence_that_is_not_in_the_documents_asks_nothing(
    data: Path, tmp_path: Path
) -> None:
    gold = small_gold(tmp_path, LED, ASTRAY)
    result = run_eval(data, gold, "--corpus", SEEDS, "--out", tmp_path / "out")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "line 2: how-talks-work.txt does not say 'Norway led'" in result.stderr
    assert not (tmp_path / "out").exists()


def test_run_that_was_stopped_goes_on_with_the_same_folder(data: Path, tmp_path: Path) -> None:
    gold = small_gold(tmp_path, LED, LED.model_copy(update={"id": "again"}))
    whole = run_eval(data, gold, "--corpus", SEEDS, "--out", tmp_path / "out", "--json")
    lines = (tmp_path / "out" / "results.jsonl").read_text(encoding="utf-8").splitlines()
    (tmp_path / "out" / "results.jsonl").write_text(lines[0] + "\n", encoding="utf-8")
    (tmp_path / "out" / "summary.json").unlink()
    rest = run_eval(data, gold, "--corpus", SEEDS, "--out", tmp_path / "out", "--json")
    assert "1 questions were answered before the run stopped" in rest.stderr
    assert json.loads(rest.stdout)["measures"] == json.loads(whole.stdout)["measures"]
    assert [row["id"] for row in results(tmp_path / "out")] == ["led", "again"]


def test_run_with_repeats_tells_that_answers_are_the_same(data: Path, tmp_path: Path) -> None:
    gold = small_gold(tmp_path, LED)
    result = run_eval(data, gold, "--corpus", SEEDS, "--out", tmp_path / "out", "--repeats", 3)
    assert "     0  answered otherwise when asked 3 times" in result.stdout


def test_run_with_limit_asks_the_first_questions_only(data: Path, tmp_path: Path) -> None:
    gold = small_gold(tmp_path, LED, ENDLESS)
    out = tmp_path / "out"
    result = run_eval(data, gold, "--corpus", SEEDS, "--out", out, "--limit", 1, "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["questions"] == 1


def test_run_lists_files_that_cannot_be_indexed(data: Path, tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    shutil.copy(SEEDS / "how-talks-work.txt", corpus)
    (corpus / "broken.pdf").write_bytes(b"%PDF-1.7 no more")
    result = run_eval(data, small_gold(tmp_path, LED), "--corpus", corpus, "--out", tmp_path)
    assert result.exit_code == 3
    assert "not indexed: broken.pdf: " in result.stderr


def test_run_without_an_index_names_the_next_command(tmp_path: Path) -> None:
    gold = small_gold(tmp_path, LED)
    result = run_eval(tmp_path / "none", gold, "--out", tmp_path / "out")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("footnote: ")
    assert "run: footnote index" in result.stderr


def test_run_of_a_gold_file_with_faults_names_them(tmp_path: Path) -> None:
    gold = tmp_path / "gold.jsonl"
    gold.write_text('{"id": "one"}\n{broken\n', encoding="utf-8")
    result = run_eval(tmp_path, gold, "--json")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "line 1: question: Field required" in result.stderr
    assert "line 2: not JSON" in result.stderr


def test_run_of_a_gold_set_that_brings_documents_indexes_them_once(
    data: Path, tmp_path: Path
) -> None:
    paragraphs = [
        {
            "context": "The lighthouse on Skerry Point was built in 1874 from red granite.",
            "qas": [
                {
                    "id": "built",
                    "question": "When was the lighthouse on Skerry Point built?",
                    "answers": [{"text": "1874", "answer_start": 0}],
                }
            ],
        },
        {
            "context": "The ferry from Skerry Point sails twice a day in summer.",
            "qas": [
                {
                    "id": "ferry",
                    "question": "How often does the ferry from Skerry Point sail in summer?",
                    "answers": [{"text": "twice a day", "answer_start": 0}],
                }
            ],
        },
    ]
    gold = tmp_path / "island.json"
    article = {"title": "Island", "paragraphs": paragraphs}
    gold.write_text(json.dumps({"data": [article]}), encoding="utf-8")
    first = json.loads(run_eval(data, gold, "--out", tmp_path / "out", "--json").stdout)
    assert first["measures"]["success@1"] == 1.0
    assert first["measures"]["contains"] == 1.0
    files = {path: path.stat().st_mtime_ns for path in data.glob("eval/*/corpus/*.txt")}
    assert sorted(path.name for path in files) == ["island-001.txt", "island-002.txt"]
    second = json.loads(run_eval(data, gold, "--out", tmp_path / "out", "--json").stdout)
    assert second["measures"] == first["measures"]
    assert {path: path.stat().st_mtime_ns for path in files} == files
    refused = run_eval(data, gold, "--corpus", SEEDS)
    assert refused.exit_code == 2
    assert "brings its own documents; run it without --corpus" in refused.stderr


def test_run_into_a_folder_that_cannot_be_written_is_refused(data: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    out = tmp_path / "file" / "out"
    result = run_eval(data, small_gold(tmp_path, LED), "--corpus", SEEDS, "--out", out)
    assert result.exit_code == 2
    assert f"footnote: run folder {out} cannot be written" in result.stderr


@pytest.mark.skipif(
    not (ROOT / "../shared/data/xquad/xquad.en.json").exists(),
    reason="../shared/data is absent: XQuAD is not part of the repository",
)
@pytest.mark.full
def test_run_over_xquad_finds_the_paragraph_first(data: Path, tmp_path: Path) -> None:
    gold = ROOT / "../shared/data/xquad/xquad.en.json"
    result = run_eval(data, gold, "--out", tmp_path, "--limit", 60, "--json")
    measures = json.loads(result.stdout)["measures"]
    assert measures["success@1"] >= 0.9
    assert measures["exact_quotes"] == 1.0
