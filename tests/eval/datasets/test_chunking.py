import csv
import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from eval.datasets.chunking import (
    ChunkingQuestion,
    ChunkingSet,
    ceiling,
    measure,
    read_chunking,
    read_set,
)
from eval.lab.chunking_search import CachedVectors, dense, locate, measure_own
from index.errors import ConfigError
from index.settings import load_settings
from rag.settings import Settings
from tests.helpers.indexing import minilm

TEXTS = {"a.md": "Cairo hosted. Egypt led.", "b.md": "Qatar came too."}


def write_set(folder: Path, *rows: tuple[str, object, str]) -> Path:
    (folder / "corpora").mkdir()
    for name, text in TEXTS.items():
        (folder / "corpora" / name).write_text(text, encoding="utf-8")
    with (folder / "questions_df.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["question", "references", "corpus_id"])
        writer.writerows([question, json.dumps(spans), name] for question, spans, name in rows)
    return folder


def reference(content: str, start: int) -> dict[str, object]:
    return {"content": content, "start_index": start, "end_index": start + len(content)}


@pytest.mark.unit
def test_read_set_holds_texts_and_spans(tmp_path: Path) -> None:
    folder = write_set(tmp_path, ("Who?", [reference("Egypt led.", 14)], "a"))
    found = read_set(folder)
    assert found.questions == (ChunkingQuestion("Who?", (("a.md", 14, 24),)),)
    gold = read_chunking(folder)
    assert gold.documents == {"a.txt": TEXTS["a.md"]}
    assert (gold.items[0].evidence[0].quote, gold.items[0].tags) == ("Egypt led.", ("a",))


@pytest.mark.unit
def test_read_set_names_the_question_whose_span_is_wrong(tmp_path: Path) -> None:
    fine, wrong = [reference("Egypt led.", 14)], [reference("Egypt led.", 13)]
    folder = write_set(tmp_path, ("Who?", fine, "a"), ("Who?", wrong, "a"))
    with pytest.raises(ConfigError, match=r"questions_df\.csv, question 2 is not as it should be"):
        read_set(folder)
    with pytest.raises(ConfigError, match="is not a chunking set"):
        read_set(tmp_path / "none")


@pytest.mark.unit
def test_measure_of_a_worked_example() -> None:
    who = ChunkingQuestion("Who?", (("a.md", 14, 24),))
    whence = ChunkingQuestion("Whence?", (("b.md", 0, 5),))
    found = measure(
        ChunkingSet(TEXTS, (who, whence)),
        split=lambda text: [(0, 12), (12, len(text))],
        # Of the chunks a 0-12, a 12-24, b 0-12 and b 12-15, the second and third for each.
        search=lambda chunks, questions, n: [[1, 2][:n]] * len(questions),
        passages=2,
    )
    assert (found.chunks, found.characters) == (4, 24)
    assert (found.recall, found.deviation) == (1.0, 0.0)
    assert found.precision == pytest.approx((10 / 24 + 5 / 24) / 2)
    assert found.iou == found.precision
    assert found.ceiling == pytest.approx((10 / 12 + 5 / 12) / 2)


@pytest.mark.unit
def test_ceiling_counts_chunks_that_border_on_the_evidence() -> None:
    evidence = [("a", 10, 20), ("a", 40, 50)]
    assert ceiling(evidence, [("a", 0, 10), ("a", 10, 30), ("b", 10, 20)]) == 10 / 40


@pytest.mark.unit
def test_locate_finds_chunks_in_order_and_without_cut_characters() -> None:
    assert locate("ab ab ab", ["ab", "ab ab", "ab"]) == [(0, 2), (3, 8), (6, 8)]
    assert locate("aéb", ["a\ufffd", "\ufffdb"]) == [(0, 1), (2, 3)]
    with pytest.raises(ValueError, match="substring not found"):
        locate("ab", ["c"])


class _Letters:
    """Embeds a text by how often it holds the letters a, b and c."""

    def embed_passages(self, texts: list[str]) -> np.ndarray:
        return np.stack([self.embed_query(text) for text in texts])

    def embed_query(self, text: str) -> np.ndarray:
        counts = np.array([text.count(letter) + 0.01 for letter in "abc"], dtype=np.float32)
        return counts / np.linalg.norm(counts)

    def count_tokens(self, texts: list[str]) -> list[int]:
        return [len(text.split()) for text in texts]


CHUNKS = ["aa zebra", "bb", "cc", "aa", "ab"]


@pytest.mark.unit
def test_dense_ranks_by_cosine() -> None:
    search = dense(CachedVectors(_Letters()))  # type: ignore[arg-type]
    assert search(CHUNKS, ["a", "b"], 3) == [[3, 0, 4], [1, 4, 0]]


@pytest.mark.model
def test_measure_own_gives_the_figures_of_passages_and_of_excerpts() -> None:
    text = "Bread got dearer. The talks were held in Cairo. Boats left the harbour early.\n"
    start = text.index("The talks")
    span = ("a.md", start, start + len("The talks were held in Cairo."))
    asked = ChunkingSet({"a.md": text}, (ChunkingQuestion("Where were the talks held?", (span,)),))
    whole, cut = measure_own(asked, load_settings(Settings), minilm(), 5)
    assert (whole.recall, whole.chunks, whole.characters) == (1, 1, len(text) - 1)
    assert (cut.recall, cut.iou, cut.characters) == (1, 1, span[2] - span[1])


SHARED = Path(__file__).parents[3].parent / "shared" / "data" / "chunking"


@pytest.mark.unit
@pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared/data")
def test_splitters_of_the_paper_cut_the_whole_of_its_texts() -> None:
    pytest.importorskip("langchain_text_splitters")
    from eval.lab.chunking_search import recursive_character, token_text

    texts = read_set(SHARED).texts
    text = texts["state_of_the_union.md"]
    for split in (recursive_character(200, 0), token_text(200, 0)):
        spans = split(text)
        assert all(one[1] <= other[0] for one, other in pairwise(spans))
        # Only white space between chunks is lost.
        assert sum(len(text[start:end].split()) for start, end in spans) >= len(text.split())
