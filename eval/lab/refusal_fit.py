"""Fits refusal on one half of XQuAD and measures it on the other, on MTRAG and on SQuAD 2.0."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import click
import numpy as np

from eval.calibration.cli import rates_text
from eval.calibration.examples import (
    RefusalExample,
    SourceQuestion,
    ask,
    open_source,
    read_mtrag,
    read_squad,
)
from eval.calibration.leave_out import engine_without
from eval.calibration.threshold import SETTING, Rates, rates
from eval.console import PATH, say, settings_of
from eval.datasets.corpus import own_index, update
from eval.datasets.gold import Want
from eval.datasets.load import load_gold
from eval.measures.answers import RiskCoverage, risk_coverage
from index.errors import ConfigError
from rag.engine import Engine, build
from rag.retrieval.answerability import answer_confidence
from rag.types import Turn

if TYPE_CHECKING:
    from rag.settings import Settings

Say = Callable[[str], None]
MISSING = ("", "paragraph", "article", "answer", "folder")

# Share of the fitted half's answerable questions that the threshold refuses.
_REFUSED = 0.06
_PROMISE = 0.05
# What is left when only a paragraph is gone is near at any size; at full weight it would hide that
# what is near by chance gets nearer the more passages there are.
_PARAGRAPH = 0.1
# There are far fewer questions of people than of XQuAD, and each is asked of every folder.
_XQUAD, _PEOPLE, _OTHER_FOLDER, _ON_TOPIC = 0.2, 2.0, 0.4, 1.0


@dataclass(frozen=True, slots=True)
class RefusalFit:
    """The constants of `rag.retrieval.answerability` and `rag.settings`."""

    weights: tuple[float, ...]
    bias: float
    line: float


@dataclass(frozen=True, slots=True)
class RefusalRates:
    """Refusal rates of questions asked of a corpus with something missing, at the threshold in use
    and at one that refuses 5 % of the answerable.
    """

    corpus: str
    missing: str
    questions: int
    refused: float
    refused_at_promise: float


@dataclass(frozen=True, slots=True)
class RefusalReport:
    """The fit, the titles of the articles it saw, and what is refused of the others."""

    fitted: RefusalFit
    fitted_titles: tuple[str, ...]
    rows: tuple[RefusalRates, ...]


@dataclass(frozen=True, slots=True)
class Squad2Report:
    """Error rates and risk by coverage on SQuAD 2.0, where an answer to an unanswerable question is
    wrong.
    """

    articles: tuple[str, ...]
    questions: int
    answerable: int
    rates: Rates
    curve: RiskCoverage


def fit(examples: Sequence[RefusalExample]) -> RefusalFit:
    """Weights of the signals and a line. Raises ConfigError if all are answerable or none is."""
    from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]

    seen = [(e, e.signals) for e in examples if e.signals is not None]
    labels = [example.answerable for example, _ in seen]
    if len(set(labels)) < 2:
        raise ConfigError("there are too few questions to fit refusal to")
    rows = np.array([signals.values for _, signals in seen])
    weights = [_weight(example) for example, _ in seen]
    model = LogisticRegression(max_iter=1000).fit(rows, labels, sample_weight=weights)
    whole = [
        signals for e, signals in seen if e.answerable and e.corpus in {"all", "folder", "topic"}
    ]
    chances = model.predict_proba([signals.values for signals in whole])[:, 1]
    return RefusalFit(
        tuple(map(float, model.coef_[0])),
        float(model.intercept_[0]),
        float(np.quantile(chances, _REFUSED)),
    )


def _weight(example: RefusalExample) -> float:
    if example.missing == "paragraph":
        return _PARAGRAPH
    if example.corpus == "topic":
        return _ON_TOPIC
    if example.corpus != "folder":
        return _XQUAD
    return _OTHER_FOLDER if example.missing == "folder" else _PEOPLE


def tabulate(examples: Iterable[RefusalExample], line: float) -> list[RefusalRates]:
    """What is refused now, by corpus and by what is missing from it, answerable questions first."""
    groups = defaultdict[tuple[str, str], list[float]](list)
    for example in examples:
        groups[example.corpus, example.missing].append(answer_confidence(example.signals))
    rows = []
    for (corpus, missing), found in sorted(groups.items(), key=lambda item: _order(*item[0])):
        scores = np.array(found)
        promise = np.quantile(groups[corpus, ""], _PROMISE)
        refused, at_promise = float((scores < line).mean()), float((scores < promise).mean())
        rows.append(RefusalRates(corpus, missing, len(scores), refused, at_promise))
    return rows


def _order(corpus: str, missing: str) -> tuple[str, int]:
    return corpus, MISSING.index(missing)


def ask_people(folders: Sequence[Path], settings: Settings, say: Say) -> Iterator[RefusalExample]:
    """The questions of each folder's `questions.jsonl` that want an answer or a refusal, asked of
    its `documents`, and those of the other folders, which have to be refused; then those of its
    `answerability.jsonl`.
    """
    golds = {folder: load_gold(folder / "questions.jsonl") for folder in folders}
    for folder in folders:
        path = folder / "questions.jsonl"
        own = own_index(golds[folder], path, folder / "documents", settings)
        assert own is not None
        update(own)
        say(f"asking the documents of {folder}")
        with closing(build(own.settings)) as engine:
            for other, gold in golds.items():
                for item in gold.items:
                    if item.want not in {Want.ANSWER, Want.REFUSE} or (
                        other != folder and item.turns
                    ):
                        continue
                    missing = "folder" if other != folder else "" if item.answerable else "answer"
                    turns = [Turn(turn.question, turn.answer) for turn in item.turns]
                    question = SourceQuestion(item.question, 0, frozenset())
                    yield RefusalExample(
                        question, "folder", missing, engine.signals(item.question, turns)
                    )
            yield from _on_topic(folder / "answerability.jsonl", engine)


def _on_topic(path: Path, engine: Engine) -> Iterator[RefusalExample]:
    """Questions about what a folder's documents are about, of which about half have no answer."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    for row in map(json.loads, filter(str.strip, lines)):
        missing = "" if row["want"] == Want.ANSWER else "answer"
        asked = SourceQuestion(row["question"], 0, frozenset())
        yield RefusalExample(asked, "topic", missing, engine.signals(row["question"]))


def measure_xquad(
    path: Path, people: Sequence[Path], settings: Settings, say: Say
) -> RefusalReport:
    """Fit on articles at even places and on people's folders; judge articles at odd places with
    what is in use now.
    """
    source = read_squad(path)
    asked = list(ask_people(people, settings, say))
    with open_source(source, settings, say) as view:
        say("asking about articles at even places")
        fitted = fit([*asked, *ask(view, source, range(0, len(source.articles), 2))])
        say("asking about articles at odd places")
        judged = ask(view, source, range(1, len(source.articles), 2))
        rows = tuple(tabulate(judged, settings.refuse_below))
        return RefusalReport(fitted, tuple(source.titles[::2]), rows)


def measure_mtrag(path: Path, settings: Settings, say: Say) -> tuple[RefusalRates, ...]:
    """Judge MTRAG's questions, none of which was fitted, with what is in use now."""
    source = read_mtrag(path)
    with open_source(source, settings, say) as view:
        say("asking MTRAG's questions")
        asked = ask(view, source, range(len(source.articles)))
        return tuple(tabulate((e for e in asked if e.corpus == "all"), settings.refuse_below))


def measure_squad2(
    path: Path, fitted_titles: Collection[str], settings: Settings, say: Say, most: int
) -> Squad2Report:
    """Judge SQuAD 2.0's questions about articles that were not fitted, all paragraphs indexed."""
    source = read_squad(path)
    kept = [i for i, title in enumerate(source.titles) if title not in fitted_titles]
    asked = [q for q in source.questions if q.article in kept]
    asked = Random(0).sample(asked, min(most, len(asked)))
    with open_source(source, settings, say) as view:
        say(f"asking {len(asked)} of SQuAD 2.0's questions")
        engine = engine_without(view, ())
        given = [(answer_confidence(engine.signals(q.text)), bool(q.documents)) for q in asked]
    found = risk_coverage(given, len(given))
    assert found
    return Squad2Report(
        tuple(source.titles[i] for i in kept),
        len(given),
        sum(answerable for _, answerable in given),
        rates(
            [c for c, yes in given if yes],
            [c for c, yes in given if not yes],
            settings.refuse_below,
        ),
        found,
    )


_MISSING = {"": "", "paragraph": ", without its paragraph", "article": ", without its article"}
_CORPORA = {"all": "all documents", "few": "four articles", "one": "its own article"}
_SHOWN = (0.1, 0.25, 0.5, 0.75, 1.0)


def fit_lines(fitted: RefusalFit, line: float) -> Iterator[str]:
    """What was fitted, to be put in use by hand."""
    weights = ", ".join(f"{weight:.2f}" for weight in fitted.weights)
    yield (
        f"fitted: WEIGHTS = ({weights}), BIAS = {fitted.bias:.2f}, REFUSE_BELOW = {fitted.line:.2f}"
    )
    yield f"in use: {SETTING} = {line:.2f}"
    yield ""


def row_lines(title: str, rows: Sequence[RefusalRates]) -> Iterator[str]:
    """A line for each corpus asked: shares refused."""
    yield f"{title:<48} {'asked':>6}  refused now  if 5 % of the answerable are"
    for row in rows:
        name = f"{_CORPORA[row.corpus]}{_MISSING[row.missing]}"
        yield f"{name:<48} {row.questions:>6}  {row.refused:>11.3f}  {row.refused_at_promise:.3f}"
    yield ""


def squad2_lines(found: Squad2Report, line: float) -> Iterator[str]:
    """The curve of SQuAD 2.0 in a few points, its area, and both error rates."""
    yield (
        f"SQuAD 2.0, {found.questions} questions ({found.answerable} answerable) about the "
        f"{len(found.articles)} articles not fitted: {', '.join(found.articles)}"
    )
    yield rates_text(found.rates, f"at {line:.2f}")
    yield f"area under the risk-coverage curve {found.curve.aurc:.3f}; coverage at 5 % risk " + (
        f"{found.curve.at_risk_5:.3f}"
    )
    for share in _SHOWN:
        coverage, risk = min(found.curve.points, key=lambda point: abs(point[0] - share))
        yield f"coverage {coverage:.2f}  risk {risk:.3f}"


@click.command()
@click.argument("xquad", type=PATH)
@click.argument("mtrag", required=False, type=PATH)
@click.option("--squad2", type=PATH, help="SQuAD 2.0's JSON, for its unanswerable ones.")
@click.option(
    "--people",
    multiple=True,
    type=PATH,
    help="Folder with documents/ and questions.jsonl that is fitted as well; may be repeated.",
)
@click.option(
    "--sample",
    type=click.IntRange(min=1),
    default=1500,
    show_default=True,
    help="Ask N questions of SQuAD 2.0, drawn the same each time.",
)
@click.pass_context
def refusal(
    context: click.Context,
    xquad: Path,
    mtrag: Path | None,
    squad2: Path | None,
    people: tuple[Path, ...],
    sample: int,
) -> None:
    """Fit refusal to one half of XQUAD and measure it on the other.

    XQUAD is a SQuAD-format file: its articles at even places are fitted. MTRAG is the folder of
    MTRAG's human subset; it and SQuAD 2.0 are measured alone, the latter without the articles
    that were fitted. What is fitted is printed; `rag/retrieval/answerability.py` is what is used.
    """
    settings = settings_of(context)
    report = measure_xquad(xquad, people, settings, say)
    click.echo("\n".join(fit_lines(report.fitted, settings.refuse_below)))
    click.echo("\n".join(row_lines("XQuAD, articles at odd places", report.rows)))
    if mtrag:
        rows = measure_mtrag(mtrag, settings, say)
        click.echo("\n".join(row_lines("MTRAG, rewritten questions, none fitted", rows)))
    if squad2:
        found = measure_squad2(squad2, report.fitted_titles, settings, say, sample)
        click.echo("\n".join(squad2_lines(found, settings.refuse_below)))
