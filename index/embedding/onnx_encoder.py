"""The built-in model on onnxruntime, which starts in a sixth of a second and takes 110 MB.

`minilm.onnx` holds how the model computes and no weights: these are mapped into memory from the
published file, where it is installed. `scripts/minilm_graph.py` writes it. Vectors are those of
sentence-transformers up to 2e-7; on two cores a question takes 5 ms instead of 10 with a traced
model of torch, and passages take about half the CPU time that sentence-transformers takes.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from index.embedding.encoder import batch_thread_count, load_error
from index.embedding.model_files import BUILT_IN
from index.embedding.token_counter import tokenizer_of
from index.types import Vectors

_GRAPH = Path(__file__).parent / "minilm.onnx"


class OnnxEncoder:
    """MiniLM by its graph and the folder of its weights. Raises ConfigError if it does not load."""

    is_mean_pooled = True
    # Without padding a token costs a quarter less, and what a core has at hand is enough for this.
    batch_tokens, pads = 256, False

    def __init__(self, folder: Path) -> None:
        try:
            settings = json.loads((folder / "sentence_bert_config.json").read_text("utf-8"))
            self.max_tokens = int(settings["max_seq_length"])
            self._tokenizer = tokenizer_of(str(folder))
            self._session = _session(folder)
        except Exception as error:
            # The libraries' errors have no common base but Exception.
            raise load_error(BUILT_IN, error) from error
        self.dimension = int(self._session.get_outputs()[1].shape[1])

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """As Encoder's; unit vectors."""
        return self.encode_passages(texts)

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """As Encoder's; unit vectors."""
        means, _ = self._run("means", texts)
        return np.asarray(means / np.linalg.norm(means, axis=1, keepdims=True), dtype=np.float32)

    def encode_tokens(self, texts: Sequence[str]) -> list[Vectors]:
        """As Encoder's."""
        tokens, lengths = self._run("tokens", texts)
        return [row[:length] for row, length in zip(tokens, lengths, strict=True)]

    def batch_threads(self) -> ThreadPoolExecutor:
        """As Encoder's: a run of the session takes one core anyway."""
        return ThreadPoolExecutor(batch_thread_count())

    def _run(self, output: str, texts: Sequence[str]) -> tuple[Any, list[int]]:
        """One of the graph's outputs for a batch, and the tokens of each text."""
        encoded = [item.ids for item in self._tokenizer.encode_batch_fast(list(texts))]
        lengths = [min(len(tokens), self.max_tokens) for tokens in encoded]
        ids = np.zeros((len(encoded), max(lengths)), dtype=np.int64)
        mask = np.zeros_like(ids)
        for row, (tokens, length) in enumerate(zip(encoded, lengths, strict=True)):
            # What is too long is cut off before the token that ends it.
            ids[row, :length] = [*tokens[: length - 1], tokens[-1]]
            mask[row, :length] = 1
        (found,) = self._session.run([output], {"ids": ids, "mask": mask})
        return found, lengths


def _session(folder: Path) -> Any:  # noqa: ANN401
    import onnxruntime

    options = onnxruntime.SessionOptions()
    # A run takes one core: questions are short, and batches of passages have a thread each.
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry(
        "session.model_external_initializers_file_folder_path", str(folder)
    )
    return onnxruntime.InferenceSession(
        _GRAPH.read_bytes(), options, providers=["CPUExecutionProvider"]
    )
