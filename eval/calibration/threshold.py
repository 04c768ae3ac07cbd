"""The line below which to refuse, chosen on a gold set, and the error rates to expect of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from eval.calibration.leave_out import IndexView, engine_without, opened
from eval.datasets.corpus import own_index, update
from eval.datasets.load import load_gold
from index.errors import ConfigError
from rag.retrieval.answerability import answer_confidence

SETTING = "refuse_below"
MOST_REFUSED = 0.05
# With fewer, one question more or less moves a rate by over 5 percentage points.
LEAST = 20
_FOLDS = 10


@dataclass(frozen=True, slots=True)
class Rates:
    """Shares, 0..1: of answerable questions refused, and of unanswerable ones answered."""

    refused: float
    answered: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """A line, its rates on the questions it was chosen on, and on questions held out.

    The rates held out are those of lines that were each chosen on nine tenths of the questions
    and tried on the rest.
    """

    line: float
    answerable: int
    unanswerable: int
    fitted: Rates
    held_out: Rates


def calibrate(
    answerable: Sequence[float], unanswerable: Sequence[float], most: float = MOST_REFUSED
) -> Calibration:
    """A line for questions of these confidences that refuses at most a share of the answerable.

    Raises ConfigError if there are too few questions to tell.
    """
    if min(len(answerable), len(unanswerable)) < LEAST:
        raise ConfigError(
            f"{len(answerable)} answerable and {len(unanswerable)} unanswerable questions are too "
            f"few to choose a line by: it takes {LEAST} of each; nothing was written"
        )
    refused = answered = 0
    for fold in range(_FOLDS):
        rest = [
            [v for i, v in enumerate(values) if i % _FOLDS != fold]
            for values in (answerable, unanswerable)
        ]
        line = choose_line(rest[0], rest[1], most)
        refused += sum(value < line for value in answerable[fold::_FOLDS])
        answered += sum(value >= line for value in unanswerable[fold::_FOLDS])
    line = choose_line(answerable, unanswerable, most)
    return Calibration(
        line,
        len(answerable),
        len(unanswerable),
        rates(answerable, unanswerable, line),
        Rates(refused / len(answerable), answered / len(unanswerable)),
    )


def choose_line(answerable: Sequence[float], unanswerable: Sequence[float], most: float) -> float:
    """Of the lines that refuse at most a share of the answerable, the one that tells best.

    Best is the least sum of both error rates, then the widest gap around the line, which lies in
    the middle of it, but for a short number. 0 refuses nothing.
    """
    marks = sorted({0.0, *answerable, *unanswerable})
    lines = [(_short(low, high), high - low) for low, high in pairwise(marks)] or [(0.0, 0.0)]
    tried = [
        (rates(answerable, unanswerable, line), gap, line) for line, gap in [(0.0, 0.0), *lines]
    ]
    allowed = [
        (-(found.refused + found.answered), gap, line)
        for found, gap, line in tried
        if found.refused <= most
    ]
    return max(allowed)[2]


def _short(low: float, high: float) -> float:
    """The middle between two numbers, rounded as far as it stays between them."""
    middle = (low + high) / 2
    shorter = (round(middle, digits) for digits in range(2, 17))
    return next((line for line in shorter if low < line <= high), middle)


def rates(answerable: Sequence[float], unanswerable: Sequence[float], line: float) -> Rates:
    """The rates of a line; neither list may be empty."""
    return Rates(
        sum(value < line for value in answerable) / len(answerable),
        sum(value >= line for value in unanswerable) / len(unanswerable),
    )


def write_line(line: float, path: Path) -> None:
    """Put the line into a settings file, whose other content and comments stay as they are.

    Raises ConfigError if the file cannot be read or written.
    """
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        document = tomlkit.parse(text)
        document[SETTING] = line
        path.write_text(tomlkit.dumps(document), encoding="utf-8")
    except (OSError, UnicodeDecodeError, TOMLKitError) as error:
        raise ConfigError(f"{path} cannot be changed: {error}") from None


if TYPE_CHECKING:
    from eval.datasets.gold import GoldItem
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


def _confidence(whole: IndexView, item: GoldItem) -> float:
    return answer_confidence(engine_without(whole, ()).signals(item.question, item.turns))


def _confidence_without(whole: IndexView, item: GoldItem) -> float:
    places = [place for evidence in item.evidence for place in evidence.places]
    if not places:
        raise ConfigError(
            f"question {item.id!r} has no evidence that could be left out; "
            "add unanswerable questions to the gold set"
        )
    engine = engine_without(whole, {place.document for place in places})
    return answer_confidence(engine.signals(item.question, item.turns))
