"""The built-in model's pass over questions as one call of torch.

Calling the model layer by layer takes Python 200 steps, each of which waits for its turn while
other questions are answered; sentence-transformers adds 3 ms of its own. Traced, a question takes
9 ms instead of 12 on two cores, and is given up to 2e-8 the same vector.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from index.types import Vectors

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

# Two lengths, so that nothing of one is taken for all.
_EXAMPLES = ("Where were the talks held?", "Who?")
# Torch rewrites what it has traced in its first runs.
_RUNS_TO_SETTLE = 3


class Traced:
    """Embeds questions as a model of token vectors does that takes their mean."""

    def __init__(self, model: SentenceTransformer, folder: Path) -> None:
        from tokenizers import Tokenizer

        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.enable_truncation(int(model.max_seq_length or 512))
        self._tokenizer.enable_padding()
        self._call = _trace(model, self._tokens(_EXAMPLES))

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors of questions in one batch, shape (len(texts), dimension)."""
        from torch import no_grad

        with no_grad():
            vectors: Vectors = self._call(*self._tokens(texts)).numpy()
        return vectors

    def _tokens(self, texts: Sequence[str]) -> tuple[Any, Any]:
        """The ids of the texts' tokens, and which of them are no padding, as (texts, longest)."""
        from torch import from_numpy

        encoded = self._tokenizer.encode_batch(list(texts))
        ids = np.array([item.ids for item in encoded], dtype=np.int64)
        mask = np.array([item.attention_mask for item in encoded], dtype=np.int64)
        return from_numpy(ids), from_numpy(mask)


def _trace(model: SentenceTransformer, example: tuple[Any, Any]) -> Any:  # noqa: ANN401
    import torch

    class Mean(torch.nn.Module):
        def __init__(self, inner: torch.nn.Module) -> None:
            super().__init__()
            self.inner = inner

        def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
            kinds = torch.zeros_like(ids)
            output = self.inner(input_ids=ids, attention_mask=mask, token_type_ids=kinds)
            weights = mask.unsqueeze(-1).to(output.last_hidden_state.dtype)
            mean = (output.last_hidden_state * weights).sum(1) / weights.sum(1)
            return torch.nn.functional.normalize(mean, dim=1)

    inner: Any = model[0]
    with _silence(), torch.no_grad():
        # What may depend on the example's shape is compared with the model itself in the tests.
        traced = torch.jit.trace(  # type: ignore[no-untyped-call]
            Mean(inner.auto_model).eval(), example, strict=False, check_trace=False
        )
        for _ in range(_RUNS_TO_SETTLE):
            traced(*example)
    return traced


@contextmanager
def _silence() -> Iterator[None]:
    """Tracing looks at every property of a model, and some of them complain."""
    from transformers.utils import logging

    before = logging.get_verbosity()
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.set_verbosity(before)
