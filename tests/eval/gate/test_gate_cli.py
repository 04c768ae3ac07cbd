from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result

from eval.cli import group
from eval.datasets.gold import GoldItem
from eval.gate.baseline import baseline_of, write_baseline
from eval.runs.results import read_run
from index.engines.tantivy_store import TantivyStore
from rag import engine as rag_engine
from rag.citations.labelling import LabelledAnswer
from rag.engine import Engine, build
from rag.retrieval import hybrid as retrieve
from rag.retrieval.hybrid import SearchResult
from rag.settings import Settings
from rag.types import Citation, Draft, Quote
from rag.verification.support import SupportCheck
from tests.helpers.indexing import sharing_minilm
from tests.helpers.run_folders import run_of

ROOT = Path(__file__).parents[3]
SEEDS, SEEDS_GOLD = ROOT / "seeds", ROOT / "eval" / "gold" / "seeds.jsonl"
XQUAD = ROOT / "../shared/data/xquad/xquad.en.json"
PARAGRAPHS = 40  # about 200 questions


def run_gate(data: Path, gold: Path, baseline: Path, *arguments: object) -> Result:
    """`footnote --data DATA eval gate ...`, without the outer command."""
    out = data / "run"
    given = ["gate", gold, "--baseline", baseline, "--out", out, *arguments]
    result = CliRunner().invoke(
        group, list(map(str, given)), obj={"data": data}, catch_exceptions=False
    )
    assert "Traceback" not in result.output
    return result


class Gated:
    """A gold set with its baseline, gated again and again in one data folder."""

    def __init__(self, data: Path, gold: Path, *arguments: object) -> None:
        self.data, self.gold, self.arguments = data, gold, arguments
        self.baseline = data / "small.baseline.json"
        made = self.run("--update")
        assert made.exit_code == 0, made.output

    def run(self, *arguments: object) -> Result:
        """Gate it as it is now."""
        return run_gate(self.data, self.gold, self.baseline, *self.arguments, *arguments)


@pytest.fixture(scope="module", autouse=True)
def _one_model() -> Iterator[None]:
    with sharing_minilm():
        yield


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> Gated:
    return Gated(tmp_path_factory.mktemp("seeds"), SEEDS_GOLD, "--corpus", SEEDS)


@pytest.fixture(scope="module")
def xquad(tmp_path_factory: pytest.TempPathFactory) -> Gated:
    data = tmp_path_factory.mktemp("xquad")
    articles = json.loads(XQUAD.read_text(encoding="utf-8"))["data"]
    paragraphs = [paragraph for article in articles for paragraph in article["paragraphs"]]
    part = {"data": [{"title": "Part", "paragraphs": paragraphs[:PARAGRAPHS]}]}
    gold = data / "part.json"
    gold.write_text(json.dumps(part), encoding="utf-8")
    return Gated(data, gold)


# --- sabotage


def small_passages(patch: pytest.MonkeyPatch) -> None:
    patch.setenv("FOOTNOTE_PASSAGE_TOKENS", "16")


def garbled_terms(patch: pytest.MonkeyPatch) -> None:
    """Words of questions are cut otherwise than those of passages."""
    search = TantivyStore.search
    patch.setattr(TantivyStore, "search", lambda self, query, k: search(self, query[::-1], k))
    patch.setattr(TantivyStore, "terms", lambda self, text: [f"{len(text)}{text[:9]}"])


def reversed_ranking(patch: pytest.MonkeyPatch) -> None:
    fuse = retrieve.fuse_scores

    def turned(
        cosines: Mapping[str, float], words: Mapping[str, float], weight: float
    ) -> dict[str, float]:
        return {key: 1 - score for key, score in fuse(cosines, words, weight).items()}

    patch.setattr(retrieve, "fuse_scores", turned)


def shifted_citations(patch: pytest.MonkeyPatch) -> None:
    """Each citation names the passage after its own."""
    found: list[SearchResult] = []
    search, label = rag_engine.search, rag_engine.label  # type: ignore[attr-defined]

    def seen(*given: Any) -> SearchResult:
        # One search a question, or one more for each of its parts.
        found.append(search(*given))
        return found[-1]

    def shifted(draft: Draft, strict: bool, check: SupportCheck) -> LabelledAnswer:
        labelled: LabelledAnswer = label(draft, strict, check)
        passages = list(dict.fromkeys(hit.passage for each in found for hit in each.hits))
        found.clear()

        def after(citation: Citation) -> Citation:
            place = passages.index(citation.passage)
            passage = passages[(place + 1) % len(passages)]
            return Citation(citation.label, Quote(passage, passage.start, passage.end))

        return replace(labelled, citations=tuple(map(after, labelled.citations)))

    patch.setattr(rag_engine, "search", seen)
    patch.setattr(rag_engine, "label", shifted)


def refusing_most(patch: pytest.MonkeyPatch) -> None:
    patch.setenv("FOOTNOTE_REFUSE_BELOW", "0.99")


def refusing_nothing(patch: pytest.MonkeyPatch) -> None:
    patch.setenv("FOOTNOTE_REFUSE_BELOW", "0")


Sabotage = Callable[[pytest.MonkeyPatch], None]
# Each with a metric that must fall.
SABOTAGES: Sequence[tuple[Sabotage, str]] = (
    (small_passages, "contains"),
    (garbled_terms, "contains"),
    (reversed_ranking, "success_5"),
    (shifted_citations, "citation_recall"),
    (refusing_most, "answered"),
)


def assert_caught(result: Result, metric: str, run: Path) -> None:
    """A regression of that metric, with both values and the questions that fell."""
    assert result.exit_code == 1, result.output
    document = json.loads(result.stdout)
    measured = {one["metric"]: one for one in document["measured"]}
    assert measured[metric]["regressed"]
    assert measured[metric]["now"] < measured[metric]["baseline"]
    assert len(measured[metric]["fell"]) >= 5
    assert measured[metric]["fell"][0]["question"].strip()
    assert f"footnote eval report {run}" in result.stderr
    assert "--update" in result.stderr


@pytest.mark.model
@pytest.mark.sample(2)
@pytest.mark.parametrize(("sabotage", "metric"), [*SABOTAGES, (refusing_nothing, "refusal_recall")])
def test_gate_over_seeds_catches_sabotage(
    sabotage: Sabotage, metric: str, seeds: Gated, monkeypatch: pytest.MonkeyPatch
) -> None:
    sabotage(monkeypatch)
    assert_caught(seeds.run("--json"), metric, seeds.data / "run")


@pytest.mark.model
@pytest.mark.slow
@pytest.mark.skipif(not XQUAD.exists(), reason="needs ../shared/data")
@pytest.mark.full
@pytest.mark.parametrize(("sabotage", "metric"), SABOTAGES)
def test_gate_over_xquad_catches_sabotage(
    sabotage: Sabotage, metric: str, xquad: Gated, monkeypatch: pytest.MonkeyPatch
) -> None:
    sabotage(monkeypatch)
    assert_caught(xquad.run("--json"), metric, xquad.data / "run")


@pytest.mark.model
@pytest.mark.full
def test_gate_over_seeds_passes_unchanged_twenty_times_with_the_same_bytes(
    seeds: Gated, monkeypatch: pytest.MonkeyPatch
) -> None:
    engines: list[Engine] = []

    def built(settings: Settings) -> Engine:
        engines[:] = engines or [build(settings)]
        return engines[0]

    with monkeypatch.context() as patch:
        patch.setattr("eval.runs.session.build", built)
        patch.setattr(Engine, "close", lambda self: None)
        results = [seeds.run() for _ in range(20)]
    engines[0].close()
    assert [result.exit_code for result in results] == [0] * 20
    assert {result.stdout for result in results} == {results[0].stdout}
    assert "\npassed seeds.jsonl: " in results[0].stdout


@pytest.mark.model
def test_gate_prints_and_writes_the_same_bytes_twice_but_for_times(
    seeds: Gated, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reversed_ranking(monkeypatch)
    outputs = []
    for name in ("one", "two"):
        files = tmp_path / f"{name}.xml", tmp_path / f"{name}.md"
        result = seeds.run("--junit", files[0], "--markdown", files[1])
        outputs.append([result.stdout, *(file.read_text(encoding="utf-8") for file in files)])
    assert outputs[0] == outputs[1]
    table, xml, text = outputs[0]
    assert "REGRESSION seeds.jsonl: success_1 " in table
    assert ElementTree.fromstring(xml).findall("*/failure") != []
    assert "**regression**" in text


# --- small gold sets


LED = GoldItem.model_validate(
    {
        "id": "led",
        "question": "Which country led the latest round of talks?",
        "answers": ["Egypt"],
        "evidence": [{"document": "how-talks-work.txt", "quote": "Egypt led the latest round"}],
    }
)


def small(folder: Path, *items: GoldItem) -> Path:
    path = folder / "small.jsonl"
    path.write_text("\n".join(item.model_dump_json() for item in items), encoding="utf-8")
    return path


@pytest.mark.model
def test_gate_update_keeps_what_people_wrote_into_the_baseline(tmp_path: Path) -> None:
    gated = Gated(tmp_path, small(tmp_path, LED), "--corpus", SEEDS)
    document = json.loads(gated.baseline.read_text(encoding="utf-8"))
    document |= {"tolerances": {"contains": 0.5}, "must_pass": ["led"], "questions": {}}
    gated.baseline.write_text(json.dumps(document), encoding="utf-8")
    result = gated.run("--update")
    assert (result.exit_code, result.stderr) == (0, f"written: {gated.baseline}\n")
    again = json.loads(gated.baseline.read_text(encoding="utf-8"))
    assert (again["tolerances"], again["must_pass"]) == ({"contains": 0.5}, ["led"])


@pytest.mark.model
def test_gate_update_with_a_must_pass_question_wrong_is_not_written(tmp_path: Path) -> None:
    gated = Gated(tmp_path, small(tmp_path, LED), "--corpus", SEEDS)
    wrong = LED.model_copy(update={"answers": ("Norway",)})
    document = json.loads(gated.baseline.read_text(encoding="utf-8")) | {"must_pass": ["led"]}
    text = json.dumps(document)
    gated.baseline.write_text(text, encoding="utf-8")
    small(tmp_path, wrong)
    result = gated.run("--update")
    assert result.exit_code == 1
    assert "REGRESSION small.jsonl: must-pass questions wrong: led" in result.stdout
    assert gated.baseline.read_text(encoding="utf-8") == text


@pytest.mark.model
def test_gate_with_a_file_that_failed_is_incomplete_and_no_baseline(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    shutil.copy(SEEDS / "how-talks-work.txt", corpus)
    (corpus / "broken.pdf").write_bytes(b"%PDF-1.7 no more")
    file = tmp_path / "small.baseline.json"
    result = run_gate(tmp_path, small(tmp_path, LED), file, "--corpus", corpus, "--update")
    assert result.exit_code == 3
    assert "INCOMPLETE small.jsonl: 1 failed, so nothing is decided" in result.stdout
    assert "  failed: not indexed: broken.pdf" in result.stdout
    assert not file.exists()


@pytest.mark.unit
def test_gate_without_a_baseline_names_the_next_command(tmp_path: Path) -> None:
    result = run_gate(tmp_path, SEEDS_GOLD, tmp_path / "none")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "there is no baseline" in result.stderr
    assert "--update" in result.stderr


@pytest.mark.unit
def test_gate_of_other_questions_is_refused_before_any_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "other.baseline.json"
    write_baseline(file, baseline_of(read_run(run_of(tmp_path / "run", 2)), "m", None))
    monkeypatch.delattr("eval.runs.session.run_gold")
    result = run_gate(tmp_path, SEEDS_GOLD, file)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "the baseline is of other questions than seeds.jsonl holds now" in result.stderr
