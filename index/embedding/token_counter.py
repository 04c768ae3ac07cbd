"""Counts tokens as a model does, without loading the model; also in another process."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tokenizers import Tokenizer

# Tokenized in one go: a token takes some 200 bytes while its text is tokenized.
_CHARACTERS = 200_000


@dataclass(frozen=True, slots=True)
class TokenCounter:
    """Counts with the tokenizer in a model's folder; it can be sent to another process."""

    folder: str

    def __call__(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text as the model counts them, without its special tokens."""
        tokenizer = tokenizer_of(self.folder)
        return [
            len(item.ids)
            for batch in _batches(texts)
            for item in tokenizer.encode_batch_fast(batch, add_special_tokens=False)
        ]


@cache
def tokenizer_of(folder: str) -> Tokenizer:
    """The tokenizer of a model, which cuts nothing off; loaded once in a process."""
    path = Path(folder) / "tokenizer.json"
    if path.exists():
        from tokenizers import Tokenizer

        tokenizer: Any = Tokenizer.from_file(str(path))
    else:
        from transformers import AutoTokenizer

        loaded: Any = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        tokenizer = loaded.backend_tokenizer
    tokenizer.no_truncation()
    tokenizer.no_padding()
    found: Tokenizer = tokenizer
    return found


def _batches(texts: Sequence[str]) -> Iterator[list[str]]:
    batch, size = list[str](), 0
    for text in texts:
        if batch and size + len(text) > _CHARACTERS:
            yield batch
            batch, size = [], 0
        batch.append(text)
        size += len(text)
    if batch:
        yield batch


def declared_window(folder: Path) -> int | None:
    """The window in tokens that a sentence-transformers model declares; None if it does not."""
    try:
        first = json.loads((folder / "modules.json").read_text(encoding="utf-8"))[0]["path"]
        path = folder / first / "sentence_bert_config.json"
        window = json.loads(path.read_text(encoding="utf-8"))["max_seq_length"]
    except (OSError, ValueError, LookupError, TypeError):
        return None
    return window if isinstance(window, int) and window > 0 else None
