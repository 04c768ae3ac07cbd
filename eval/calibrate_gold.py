"""How sure the engine is of a gold set's questions, with and without what answers them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from eval.adapters import load_gold
from eval.corpus import own_index, update
from eval.without import Whole, engine_without, opened
from index.errors import ConfigError
from rag.retrieval.answerability import confidence_of

if TYPE_CHECKING:
    from eval.gold import GoldItem
    from rag.settings import Settings


@dataclass(frozen=True, slots=True)
class Confidences:
    """Confidences, 0..1, of answerable and of unanswerable questions; `made` tells whether the
    latter are the former, asked without the documents that answer them.
    """

    answerable: tuple[float, ...]
    unanswerable: tuple[float, ...]
    made: bool


def confidences(
    gold: Path, corpus: Path | None, settings: Settings, say: Callable[[str], None]
) -> Confidences:
    """Ask every question of a gold set, of its own documents, of a folder or of the default index.

    Raises ConfigError for a gold set whose answerable questions have no evidence to leave out.
    """
    gold_set = load_gold(gold)
    own = own_index(gold_set, gold, corpus, settings)
    if own:
        say("indexing, where anything changed")
        settings = own.settings
        update(own)
    possible = [item for item in gold_set.items if item.answerable]
    impossible = [item for item in gold_set.items if not item.answerable]
    with opened(settings) as whole:
        say(f"asking {len(gold_set.items)} questions")
        sure = tuple(_confidence(whole, item) for item in possible)
        if impossible:
            unsure = tuple(_confidence(whole, item) for item in impossible)
        else:
            say("asking them without what answers them")
            unsure = tuple(_confidence_without(whole, item) for item in possible)
    return Confidences(sure, unsure, not impossible)


def _confidence(whole: Whole, item: GoldItem) -> float:
    return confidence_of(engine_without(whole, ()).signals(item.question, item.turns))


def _confidence_without(whole: Whole, item: GoldItem) -> float:
    places = [place for evidence in item.evidence for place in evidence.places]
    if not places:
        raise ConfigError(
            f"question {item.id!r} has no evidence that could be left out; "
            "add unanswerable questions to the gold set"
        )
    engine = engine_without(whole, {place.document for place in places})
    return confidence_of(engine.signals(item.question, item.turns))
