"""Index a folder and ask in Python: python examples/ask.py QUESTION [FOLDER]"""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path

from index.settings import load_settings
from index.sync.sync import sync
from rag.engine import build
from rag.settings import Settings
from rag.types import Answer

SEEDS = Path(__file__).parents[1] / "seeds"


def ask(question: str, folder: Path) -> Answer:
    """The checked answer to a question over a folder, which is indexed first if it changed."""
    settings = load_settings(Settings)  # from footnote.toml and FOOTNOTE_* variables
    sync(settings, folder)
    with closing(build(settings)) as engine:
        return engine.answer(question)


def main() -> None:
    if len(sys.argv) not in (2, 3):
        sys.exit("usage: python examples/ask.py QUESTION [FOLDER]")
    answer = ask(sys.argv[1], Path(sys.argv[2]) if len(sys.argv) == 3 else SEEDS)
    print(answer.text)  # a refusal's text is its message
    for citation in answer.citations:
        quote = citation.quote
        print(f"[{citation.label}] {citation.passage.document} {quote.start}-{quote.end}")
        print(f"    {quote.text}")


if __name__ == "__main__":
    main()
