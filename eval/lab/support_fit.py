"""Fits the support check on one half of WiCE, and measures it on the other and on sentences.

WiCE (Kamoi et al. 2023): claims of Wikipedia and the sentences of the pages that they cite. A
claim that is supported in part counts as not supported.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType

import click
import numpy as np
from numpy.typing import NDArray

from eval.console import PATH, say
from eval.datasets import squad
from eval.lab.perturb import (
    LANGUAGES,
    SourceParagraph,
    SupportCase,
    quoted,
    support_cases,
)
from index.console import json_option, print_json
from index.errors import ConfigError
from rag.types import Support
from rag.verification.evidence import compared_words, contains_word, read_pair
from rag.verification.support import (
    SUPPORT_WEIGHTS,
    check_support,
    support_features,
)
from rag.verification.words import parse_words

# Sentences of a cited page that a claim is judged by.
_SENTENCES = 4
# Sentences of CoNLL-U that stand for a paragraph, and such paragraphs for an article.
_A_PARAGRAPH, _AN_ARTICLE = 5, 5
# How little the weights are held back; chosen by fitting on one half and on the other.
_STRENGTH = 0.1
_NO_ZERO = 1e-6

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
    language: str = "en"


@dataclass(frozen=True, slots=True)
class VerdictLine:
    """A verdict in a language: how many cases have it, and the share of these that are true, where
    the true ones and the false ones of a source weigh the same.
    """

    source: str
    language: str
    verdict: str
    cases: int
    true: float


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
    verdicts: tuple[VerdictLine, ...] = ()


def measure(
    wice: Path, xquad: Path, say: Say, others: Mapping[str, Path] = MappingProxyType({})
) -> SupportReport:
    """Fit on even places, then judge odd places with what is in `rag.verification.support` now.

    `others` are further files by their language. Raises ConfigError for one that cannot be read.
    """
    claims, articles = read_wice(wice), read_xquad(xquad)
    say("fitting")
    fitted = fit(claims[::2])
    say("judging")
    true, scores, said = _judged(claims[1::2])
    own = support_cases([paragraph for article in articles[1::2] for paragraph in article])
    lines, verdicts = tabulate(own)
    verdicts = [*_verdicts("WiCE", "en", list(zip(true.tolist(), said, strict=True))), *verdicts]
    for language, path in others.items():
        say(f"judging {path.name}")
        held_out = [paragraph for article in read_xquad(path)[1::2] for paragraph in article]
        more = tabulate(support_cases(held_out, language=language), language)
        lines, verdicts = [*lines, *more[0]], [*verdicts, *more[1]]
    return SupportReport(
        fitted,
        len(scores),
        area(true, scores),
        balanced(true, scores >= SUPPORT_WEIGHTS.supported),
        balanced(true, scores >= SUPPORT_WEIGHTS.weak),
        tuple(lines),
        tuple(verdicts),
    )


def fit(claims: Sequence[SupportCase]) -> SupportFit:
    """Weights of the features, true claims weighing as much as false ones, and the score of a claim
    half of whose words are there. Features are scaled for the fit: there are few claims.

    Raises ConfigError if none are true or none are false.
    """
    from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]

    rows = np.array([support_features(*read_pair(one.statement, one.quotes)) for one in claims])
    labels = [one.true for one in claims]
    if len(set(labels)) < 2:
        raise ConfigError("there are too few statements to fit the support check to")
    scale = rows.std(axis=0) + _NO_ZERO
    mean = rows.mean(axis=0)
    model = LogisticRegression(C=_STRENGTH, class_weight="balanced")
    model.fit((rows - mean) / scale, labels)
    weights = model.coef_[0] / scale
    bias = float(model.intercept_[0] - weights @ mean)
    half = 1 / (1 + np.exp(-(bias + 0.5 * (weights[0] + weights[1]))))
    return SupportFit(tuple(map(float, weights)), bias, float(half))


def _judged(claims: Sequence[SupportCase]) -> tuple[Flags, Scores, list[Support]]:
    verdicts = [check_support(case.statement, case.quotes) for case in claims]
    scores = np.array([verdict.score for verdict in verdicts])
    return np.array([case.true for case in claims]), scores, [one.support for one in verdicts]


def balanced(true: Flags, said: Flags) -> float:
    """The mean of the shares of true ones that are said to be true and of false ones that are not.

    Both must be there.
    """
    return float(said[true].mean() + (~said[~true]).mean()) / 2


def area(true: Flags, scores: Scores) -> float:
    """The chance that a true one scores higher than a false one, ties counting half (AUC)."""
    above = scores[true][:, None] - scores[~true][None, :]
    return float((above > 0).mean() + (above == 0).mean() / 2)


def tabulate(
    judged: Iterable[SupportCase], language: str = "en"
) -> tuple[list[SupportLine], list[VerdictLine]]:
    """A line for each kind of case, true ones first, and one for each verdict."""
    doubted = defaultdict[tuple[bool, str], list[bool]](list)
    said = list[tuple[bool, Support]]()
    for case in judged:
        support = check_support(case.statement, case.quotes).support
        doubted[not case.true, case.kind].append(support is not Support.SUPPORTED)
        said.append((case.true, support))
    lines = [
        SupportLine(kind, not false, len(found), sum(found) / len(found), language)
        for (false, kind), found in sorted(doubted.items())
    ]
    return lines, _verdicts("sentences", language, said)


def _verdicts(
    source: str, language: str, said: Sequence[tuple[bool, Support]]
) -> list[VerdictLine]:
    totals = {true: sum(one == true for one, _ in said) for true in (True, False)}
    lines = []
    for verdict in Support:
        counts = {
            true: sum(one == true and support is verdict for one, support in said)
            for true in (True, False)
        }
        shares = {true: counts[true] / max(1, totals[true]) for true in counts}
        whole = sum(shares.values())
        right = shares[True] / whole if whole else 0.0
        lines.append(VerdictLine(source, language, verdict.value, sum(counts.values()), right))
    return lines


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
    """The paragraphs of each article of a SQuAD-format file, or of the sentences of a CoNLL-U file,
    which says of articles nothing: so many make one. Raises ConfigError.
    """
    if path.suffix == ".conllu":
        return _read_conllu(path)
    return [
        [_paragraph(article.title, paragraph) for paragraph in article.paragraphs]
        for article in squad.read_articles(path)
    ]


def _read_conllu(path: Path) -> list[list[SourceParagraph]]:
    mark = "# text = "
    said = [line.removeprefix(mark) for line in _text(path).splitlines() if line.startswith(mark)]
    texts = [" ".join(said[i : i + _A_PARAGRAPH]) for i in range(0, len(said), _A_PARAGRAPH)]
    made = [SourceParagraph(f"{n // _AN_ARTICLE}", text) for n, text in enumerate(texts)]
    if not made:
        raise ConfigError(f"{path} holds no sentences of CoNLL-U")
    return [made[i : i + _AN_ARTICLE] for i in range(0, len(made), _AN_ARTICLE)]


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
        f"{'statements of odd articles':<51} {'cases':>6}  not supported",
        *(
            f"{line.language} {'true: ' if line.true else 'false: '}"
            f"{line.kind:<{42 - (not line.true)}} {line.cases:>6}  {line.doubted:.3f}"
            for line in report.lines
        ),
        "",
        f"{'verdicts, true and false ones weighing the same':<51} {'cases':>6}  true",
        *(
            f"{line.language} {line.source:<20} {line.verdict:<27} {line.cases:>6}  {line.true:.3f}"
            for line in report.verdicts
        ),
    ]


@click.command("support")
@click.argument("wice", type=PATH)
@click.argument("xquad", type=PATH)
@click.option(
    "--also",
    "others",
    multiple=True,
    metavar="LANGUAGE=FILE",
    help="Judge another language as well: de, fr or es, and a SQuAD-format or CoNLL-U file.",
)
@json_option
def support(wice: Path, xquad: Path, others: Sequence[str], as_json: bool) -> None:
    """Fit the support check to one half of the data and measure it on the other.

    WICE is a JSONL file of WiCE's claims, XQUAD a SQuAD-format file, of whose sentences false ones
    are made. What is fitted is printed; `rag/verification/support.py` holds what is in use. The
    last lines tell how often each verdict is right.
    """
    report = measure(wice, xquad, say, _by_language(others))
    if as_json:
        print_json(asdict(report))
    else:
        click.echo("\n".join(lines(report)))


def _by_language(others: Sequence[str]) -> dict[str, Path]:
    found = dict[str, Path]()
    for other in others:
        language, _, path = other.partition("=")
        if language not in LANGUAGES or not Path(path).is_file():
            raise ConfigError(
                f"--also {other} is wrong: give {', '.join(LANGUAGES)} and a file, like de=FILE"
            )
        found[language] = Path(path)
    return found
