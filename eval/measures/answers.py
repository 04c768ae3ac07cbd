"""Metrics of an answer's text and of a run's refusals, 0..1, each with its source."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import regex

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_WORDS = re.compile(r"\w+")
# ASCII's symbols are no punctuation to Unicode, but to SQuAD.
_PUNCTUATION = regex.compile(r"[\p{P}$+<=>^`|~]")
# Scripts without spaces between words: each of their characters is a token, as in MLQA's script.
_UNSPACED = re.compile(r"([\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff])")
_ROUGE_WORDS = re.compile(r"[^\W_]+")


def normalise(text: str) -> str:
    """Lower case, no punctuation, no articles, single spaces (SQuAD's evaluation script).

    As in MLQA's script (Lewis et al. 2020), punctuation is that of every language, and characters
    of Chinese and Japanese are parted by spaces. Articles are English ones.
    """
    plain = _ARTICLES.sub(" ", _PUNCTUATION.sub("", text.lower()))
    return " ".join(_UNSPACED.sub(r" \1 ", plain).split())


def exact_match(text: str, golds: Sequence[str]) -> float:
    """1 if the text equals a gold string after normalisation (SQuAD)."""
    return float(any(normalise(text) == normalise(gold) for gold in golds))


def token_f1(text: str, golds: Sequence[str]) -> float:
    """Harmonic mean of token precision and recall, the best over the gold strings (SQuAD)."""
    tokens = normalise(text).split()
    return max((_token_f1(tokens, normalise(gold).split()) for gold in golds), default=0.0)


def _token_f1(text: list[str], gold: list[str]) -> float:
    if not text or not gold:
        return float(text == gold)
    common = (Counter(text) & Counter(gold)).total()
    return 2 * common / (len(text) + len(gold))


def token_recall(text: str, golds: Sequence[str]) -> float:
    """Share of a gold string's tokens, each as often as it stands there, that the text holds; the
    best over the gold strings. Tokens are those of `token_f1`.
    """
    held = Counter(normalise(text).split())
    shares = (_share(held, Counter(normalise(gold).split())) for gold in golds)
    return max(shares, default=0.0)


def _share(held: Counter[str], gold: Counter[str]) -> float:
    return (held & gold).total() / gold.total() if gold else float(not held)


def contains(text: str, golds: Sequence[str]) -> float:
    """1 if the text contains a gold string as whole words (ALCE's STR-EM, for one short answer).

    ALCE looks for the normalised string anywhere, which finds "Egypt" in "Egyptian" and "33" in
    "1933"; whole words are asked for here. Normalising joins what punctuation parts ("north–south",
    "7,000"), so a match with punctuation read as a space counts too.
    """
    return float(any(_holds(form(text), form(gold)) for form in _FORMS for gold in golds))


def _holds(text: str, gold: str) -> bool:
    return bool(gold) and f" {gold} " in f" {text} "


def _as_words(text: str) -> str:
    return normalise(" ".join(_WORDS.findall(text)))


_FORMS: tuple[Callable[[str], str], ...] = (normalise, _as_words)


def rouge_l(text: str, golds: Sequence[str]) -> float:
    """ROUGE-L F1 by rouge-score, without stemming, the best over the gold strings (Lin 2004).

    Words are those of any language; rouge-score's own are of ASCII letters alone.
    """
    scorer = _rouge_scorer()
    return max((scorer(gold, text) for gold in golds), default=0.0)


@cache
def _rouge_scorer() -> Callable[[str, str], float]:
    from rouge_score.rouge_scorer import RougeScorer

    scorer = RougeScorer(["rougeL"], tokenizer=_RougeWords())
    return lambda gold, text: float(scorer.score(gold, text)["rougeL"].fmeasure)


class _RougeWords:
    def tokenize(self, text: str) -> list[str]:
        return _ROUGE_WORDS.findall(text.lower())


@dataclass(frozen=True, slots=True)
class Abstention:
    """How well unanswerable questions are refused; None where undefined.

    `precision` is the share of refusals that were right, `recall` the share of unanswerable
    questions that were refused, `f1` their harmonic mean, `over_refusal` the share of answerable
    questions that were refused.
    """

    precision: float | None
    recall: float | None
    f1: float | None
    over_refusal: float | None


def abstention(refused: Sequence[bool], answerable: Sequence[bool]) -> Abstention:
    """Abstention precision, recall and F1 of a run (the rejection rate of RGB is its recall)."""
    pairs = list(zip(refused, answerable, strict=True))
    right = sum(no and not can for no, can in pairs)
    refusals, impossible = sum(refused), sum(not can for can in answerable)
    possible = len(pairs) - impossible
    return Abstention(
        precision=right / refusals if refusals else None,
        recall=right / impossible if impossible else None,
        f1=2 * right / (refusals + impossible) if impossible else None,
        over_refusal=(refusals - right) / possible if possible else None,
    )


@dataclass(frozen=True, slots=True)
class RiskCoverage:
    """Risk by coverage: the share of wrong answers among the most confident ones (El-Yaniv and
    Wiener 2010).

    `points` are (coverage, risk) for each distinct confidence, the surest first; coverage is the
    share of all questions that is answered. `aurc` is the mean risk over the answers, taken in
    that order, and `at_risk_5` the largest coverage at which at most 5 % of answers are wrong.
    """

    points: tuple[tuple[float, float], ...]
    aurc: float
    at_risk_5: float


def risk_coverage(answered: Sequence[tuple[float, bool]], questions: int) -> RiskCoverage | None:
    """The curve of answers as (confidence, right), of so many questions; None without an answer.

    Answers of equal confidence are one step, in which errors are spread evenly.
    """
    if not answered:
        return None
    groups: dict[float, list[bool]] = {}
    for confidence, right in sorted(answered, key=lambda one: -one[0]):
        groups.setdefault(confidence, []).append(right)
    points = list[tuple[float, float]]()
    given, wrong, area = 0, 0, 0.0
    for group in groups.values():
        share = group.count(False) / len(group)
        area += sum((wrong + n * share) / (given + n) for n in range(1, len(group) + 1))
        given, wrong = given + len(group), wrong + group.count(False)
        points.append((given / questions, wrong / given))
    at_risk_5 = max((coverage for coverage, risk in points if risk <= 0.05), default=0.0)
    return RiskCoverage(tuple(points), area / given, at_risk_5)
