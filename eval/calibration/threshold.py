"""The refusal threshold: chosen on a gold set, with the error rates to expect."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from eval.calibration.leave_out import IndexView, engine_without, open_index
from eval.datasets.corpus import own_index, update
from eval.datasets.load import load_gold
from index.errors import ConfigError
from index.shared_files import change_settings
from rag.retrieval.answerability import answer_confidence

SETTING = "refuse_below"
MOST_REFUSED = 0.05
# With fewer questions, a single one moves a rate by over 5 percentage points.
MIN_QUESTIONS = 20
_FOLDS = 10


@dataclass(frozen=True, slots=True)
class Rates:
    """Shares, 0..1: of answerable questions refused, and of unanswerable ones answered."""

    refused: float
    answered: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """A threshold, its rates on the questions that it was fitted on, and by cross-validation.

    `held_out` are the rates over ten folds, each judged by a threshold fitted on the other nine.
    """

    threshold: float
    answerable: int
    unanswerable: int
    fitted: Rates
    held_out: Rates


def calibrate(
    answerable: Sequence[float], unanswerable: Sequence[float], most: float = MOST_REFUSED
) -> Calibration:
    """A threshold for these confidences that refuses at most the share `most` of the answerable.

    Raises ConfigError if there are too few questions.
    """
    if min(len(answerable), len(unanswerable)) < MIN_QUESTIONS:
        raise ConfigError(
            f"{len(answerable)} answerable and {len(unanswerable)} unanswerable questions are too "
            f"few to choose a line by: it takes {MIN_QUESTIONS} of each; nothing was written"
        )
    refused = answered = 0
    for fold in range(_FOLDS):
        rest = [
            [v for i, v in enumerate(values) if i % _FOLDS != fold]
            for values in (answerable, unanswerable)
        ]
        threshold = choose_threshold(rest[0], rest[1], most)
        refused += sum(value < threshold for value in answerable[fold::_FOLDS])
        answered += sum(value >= threshold for value in unanswerable[fold::_FOLDS])
    threshold = choose_threshold(answerable, unanswerable, most)
    return Calibration(
        threshold,
        len(answerable),
        len(unanswerable),
        rates(answerable, unanswerable, threshold),
        Rates(refused / len(answerable), answered / len(unanswerable)),
    )


def choose_threshold(
    answerable: Sequence[float], unanswerable: Sequence[float], most: float
) -> float:
    """The best threshold that refuses at most the share `most` of the answerable.

    Best is the least sum of both error rates, then the widest gap between confidences around the
    threshold, which is a short number near the middle of that gap. 0 refuses nothing.
    """
    marks = sorted({0.0, *answerable, *unanswerable})
    candidates = [(_short(low, high), high - low) for low, high in pairwise(marks)] or [(0.0, 0.0)]
    tried = [
        (rates(answerable, unanswerable, threshold), gap, threshold)
        for threshold, gap in [(0.0, 0.0), *candidates]
    ]
    allowed = [
        (-(found.refused + found.answered), gap, threshold)
        for found, gap, threshold in tried
        if found.refused <= most
    ]
    return max(allowed)[2]


def _short(low: float, high: float) -> float:
    """The middle between two numbers, rounded as far as it stays between them."""
    middle = (low + high) / 2
    shorter = (round(middle, digits) for digits in range(2, 17))
    return next((value for value in shorter if low < value <= high), middle)


def rates(answerable: Sequence[float], unanswerable: Sequence[float], threshold: float) -> Rates:
    """The rates of a threshold; neither list may be empty."""
    return Rates(
        sum(value < threshold for value in answerable) / len(answerable),
        sum(value >= threshold for value in unanswerable) / len(unanswerable),
    )


def save_threshold(threshold: float, path: Path) -> None:
    """Write the threshold into a settings file; its other content and comments are kept.

    Raises ConfigError if the file cannot be read or written.
    """
    change_settings(path, {SETTING: threshold})


if TYPE_CHECKING:
    from eval.datasets.gold import GoldItem
    from rag.settings import Settings


@dataclass(frozen=True, slots=True)
class Confidences:
    """Confidences, 0..1, of answerable and unanswerable questions.

    `made` is true where the unanswerable ones are the answerable ones, asked without the documents
    that answer them.
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
    with open_index(settings) as view:
        say(f"asking {len(gold_set.items)} questions")
        sure = tuple(_confidence(view, item) for item in possible)
        if impossible:
            unsure = tuple(_confidence(view, item) for item in impossible)
        else:
            say("asking them without what answers them")
            unsure = tuple(_confidence_without(view, item) for item in possible)
    return Confidences(sure, unsure, not impossible)


def _confidence(view: IndexView, item: GoldItem) -> float:
    return answer_confidence(engine_without(view, ()).signals(item.question, item.turns))


def _confidence_without(view: IndexView, item: GoldItem) -> float:
    places = [place for evidence in item.evidence for place in evidence.places]
    if not places:
        raise ConfigError(
            f"question {item.id!r} has no evidence that could be left out; "
            "add unanswerable questions to the gold set"
        )
    engine = engine_without(view, {place.document for place in places})
    return answer_confidence(engine.signals(item.question, item.turns))
