"""Fits the support check on one half of WiCE and XQuAD and measures it on the other.

WiCE (Kamoi et al. 2023): claims of Wikipedia and the sentences of the pages that they cite. A
claim that is supported in part counts as not supported.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from eval.console import PATH, say
from eval.datasets import squad
from eval.lab.perturb import SourceParagraph, SupportCase, quoted, support_cases
from index.console import json_option, print_json
from index.errors import ConfigError
from rag.types import Support
from rag.verification.evidence import compared_words, contains_word, read_pair
from rag.verification.support import (
    SUPPORT_WEIGHTS,
    check_support,
    contradiction_factor,
    support_features,
)
from rag.verification.words import parse_words

# Sentences of a cited page that a claim is judged by.
_SENTENCES = 4
# Cuts this close are as good as each other: the standard error is twice as much.
_AS_GOOD = 0.02
# Words cannot tell a false one of these from a true one, so they would only blur the fit.
_NOT_FITTED = "answer: to another question"

Scores = NDArray[np.float64]
Flags = NDArray[np.bool_]
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class SupportFit:
    """The constants of `rag.verification.support.SUPPORT_WEIGHTS`."""

    weights: tuple[float, ...]
    bias: float
    weak: float


@dataclass(frozen=True, slots=True)
class SupportLine:
    """Cases of a kind: how many, and the share of them that is not `supported`."""

    kind: str
    true: bool
    cases: int
    doubted: float


@dataclass(frozen=True, slots=True)
class SupportReport:
    """The fit, and figures on the held-out halves.

    Balanced accuracies are those of two cuts: `supported` against the rest, and not `unsupported`
    against the rest.
    """

    fitted: SupportFit
    claims: int
    auc: float
    balanced_supported: float
    balanced_weak: float
    lines: tuple[SupportLine, ...]


def measure(wice: Path, xquad: Path, say: Say) -> SupportReport:
    """Fit on even places, then judge odd places with what is in `rag.verification.support` now.

    Raises ConfigError for a file that cannot be read.
    """
    claims, articles = read_wice(wice), read_xquad(xquad)
    say("fitting")
    made = support_cases([paragraph for article in articles[::2] for paragraph in article])
    fitted = fit([claims[::2], [case for case in made if case.kind != _NOT_FITTED]])
    say("judging")
    true, scores = _judged(claims[1::2])
    return SupportReport(
        fitted,
        len(scores),
        area(true, scores),
        balanced(true, scores >= SUPPORT_WEIGHTS.supported),
        balanced(true, scores >= SUPPORT_WEIGHTS.weak),
        tabulate(support_cases([paragraph for article in articles[1::2] for paragraph in article])),
    )


def fit(sources: Sequence[Sequence[SupportCase]]) -> SupportFit:
    """Weights of the features of statements without a fault, and a cut for the first source.

    Each source weighs as much as the others, and in it the true ones as much as the false ones.
    Raises ConfigError if none are true or none are false.
    """
    from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]

    seen = [[_seen(case) for case in source] for source in sources]
    rows, labels, weights = list[tuple[float, ...]](), list[bool](), list[float]()
    for source in seen:
        clean = [(row, true) for row, left, true in source if left == 1]
        trues = sum(true for _, true in clean)
        rows += [row for row, _ in clean]
        labels += [true for _, true in clean]
        weights += [100 / (trues if true else len(clean) - trues) for _, true in clean]
    if len(set(labels)) < 2:
        raise ConfigError("there are too few statements to fit the support check to")
    model = LogisticRegression().fit(rows, labels, sample_weight=weights)
    chances = model.predict_proba([row for row, *_ in seen[0]])[:, 1]
    scores = chances * np.array([left for _, left, _ in seen[0]])
    true = np.array([true for *_, true in seen[0]])
    fitted = tuple(map(float, model.coef_[0]))
    return SupportFit(fitted, float(model.intercept_[0]), _cut(true, scores))


def _cut(true: Flags, scores: Scores) -> float:
    """The lowest of the cuts about as good as the best: strict answers drop what is below it."""
    worth = {cut: balanced(true, scores >= cut) for cut in np.arange(0.1, 0.6, 0.01).round(2)}
    return float(min(c for c, value in worth.items() if value >= max(worth.values()) - _AS_GOOD))


def _seen(case: SupportCase) -> tuple[tuple[float, ...], float, bool]:
    said, evidence = read_pair(case.statement, case.quotes)
    return support_features(said, evidence), contradiction_factor(said, evidence), case.true


def _judged(claims: Sequence[SupportCase]) -> tuple[Flags, Scores]:
    scores = [check_support(case.statement, case.quotes).score for case in claims]
    return np.array([case.true for case in claims]), np.array(scores)


def balanced(true: Flags, said: Flags) -> float:
    """The mean of the shares of true ones that are said to be true and of false ones that are not.

    Both must be there.
    """
    return float(said[true].mean() + (~said[~true]).mean()) / 2


def area(true: Flags, scores: Scores) -> float:
    """The chance that a true one scores higher than a false one, ties counting half (AUC)."""
    above = scores[true][:, None] - scores[~true][None, :]
    return float((above > 0).mean() + (above == 0).mean() / 2)


def tabulate(judged: Iterable[SupportCase]) -> tuple[SupportLine, ...]:
    """A line for each kind of case, true ones first."""
    doubted = defaultdict[tuple[bool, str], list[bool]](list)
    for case in judged:
        verdict = check_support(case.statement, case.quotes)
        doubted[not case.true, case.kind].append(verdict.support is not Support.SUPPORTED)
    return tuple(
        SupportLine(kind, not false, len(found), sum(found) / len(found))
        for (false, kind), found in sorted(doubted.items())
    )


def read_wice(path: Path) -> list[SupportCase]:
    """Claims with the sentences of their pages that hold them best. Raises ConfigError."""
    claims = []
    for line in _text(path).splitlines():
        try:
            item = json.loads(line)
            claims.append(_claim(item["claim"], item["evidence"], item["label"] == "supported"))
        except (ValueError, KeyError, TypeError):
            raise ConfigError(f"{path} is not WiCE's JSONL of claims") from None
    if not claims:
        raise ConfigError(f"{path} is not WiCE's JSONL of claims: it is empty")
    return claims


def _claim(claim: str, sentences: Sequence[str], true: bool) -> SupportCase:
    """A claim that cites few sentences, each picked for the words that those before it lack."""
    readings = [parse_words(sentence) for sentence in sentences]
    missing, picked = compared_words(parse_words(claim)), list[int]()
    while missing and len(picked) < _SENTENCES:
        gains = [
            sum(1 + word.exact for word in missing if contains_word(word, r)) for r in readings
        ]
        best = max(range(len(gains)), key=lambda i: (gains[i], -len(readings[i])))
        if not gains[best]:
            break
        picked.append(best)
        missing = [word for word in missing if not contains_word(word, readings[best])]
    text = "\n\n".join(sentences)
    starts = [sum(len(s) + 2 for s in sentences[:place]) for place in sorted(picked)]
    ends = [start + len(sentences[i]) for start, i in zip(starts, sorted(picked), strict=True)]
    quotes = tuple(quoted(text, *span) for span in zip(starts, ends, strict=True))
    return SupportCase("claim", claim, quotes, true)


def read_xquad(path: Path) -> list[list[SourceParagraph]]:
    """The paragraphs of each article of a SQuAD-format file. Raises ConfigError."""
    return [
        [_paragraph(article.title, paragraph) for paragraph in article.paragraphs]
        for article in squad.read_articles(path)
    ]


def _paragraph(title: str, paragraph: squad.SquadParagraph) -> SourceParagraph:
    asked = [(one.question, one.answers[0].text) for one in paragraph.qas if one.answers]
    return SourceParagraph(title, paragraph.context, tuple(asked))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from None


def lines(report: SupportReport) -> list[str]:
    """The report as lines of text."""
    fitted = report.fitted
    weights = ", ".join(f"{weight:.2f}" for weight in fitted.weights)
    return [
        f"fitted on even places: WEIGHTS = ({weights}), BIAS = {fitted.bias:.2f}, "
        f"WEAK = {fitted.weak:.2f}",
        f"WiCE, {report.claims} claims at odd places: AUC {report.auc:.3f}; balanced accuracy "
        f"{report.balanced_supported:.3f} for supported, {report.balanced_weak:.3f} for not "
        "unsupported",
        "",
        f"{'statements of odd articles':<48} {'cases':>6}  not supported",
        *(
            f"{'true: ' if line.true else 'false: '}{line.kind:<{42 - (not line.true)}} "
            f"{line.cases:>6}  {line.doubted:.3f}"
            for line in report.lines
        ),
    ]


@click.command("support")
@click.argument("wice", type=PATH)
@click.argument("xquad", type=PATH)
@json_option
def support(wice: Path, xquad: Path, as_json: bool) -> None:
    """Fit the support check to one half of the data and measure it on the other.

    WICE is a JSONL file of WiCE's claims, XQUAD a SQuAD-format file, of whose sentences false ones
    are made. What is fitted is printed; `rag/verification/support.py` holds what is in use.
    """
    report = measure(wice, xquad, say)
    if as_json:
        print_json(asdict(report))
    else:
        click.echo("\n".join(lines(report)))
