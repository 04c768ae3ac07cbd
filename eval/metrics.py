"""Measures as pure functions; each names its source.

Rankings are lists of ids, best first, without repeats. `k` counts from 1. Scores lie in 0..1.
"""

import math
import re
import string
from collections import Counter
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

_PUNCTUATION = str.maketrans("", "", string.punctuation)
_ARTICLES = re.compile(r"\b(a|an|the)\b")
_WORDS = re.compile(r"\w+")


def success_at(k: int, ranked: Sequence[str], relevant: AbstractSet[str]) -> float:
    """1 if any of the first k is relevant, else 0 (trec_eval `success`; also called hit rate)."""
    return float(any(item in relevant for item in ranked[:k]))


def recall_at(k: int, ranked: Sequence[str], relevant: AbstractSet[str]) -> float:
    """Share of the relevant that the first k hold (trec_eval `recall`).

    Raises ValueError if nothing is relevant.
    """
    if not relevant:
        raise ValueError("recall is undefined when nothing is relevant")
    return len(relevant & set(ranked[:k])) / len(relevant)


def reciprocal_rank(
    ranked: Sequence[str], relevant: AbstractSet[str], k: int | None = None
) -> float:
    """1/rank of the first relevant one, 0 if none is among the first k (trec_eval `recip_rank`).

    Its mean is MRR@k, as in the MS MARCO passage ranking task.
    """
    for rank, item in enumerate(ranked[:k], start=1):
        if item in relevant:
            return 1 / rank
    return 0.0


def ndcg_at(k: int, ranked: Sequence[str], gains: Mapping[str, int]) -> float:
    """Discounted gain of the first k over that of an ideal first k (trec_eval `ndcg_cut`).

    The gain is the judged grade itself, the discount log2(rank + 1) (Järvelin & Kekäläinen 2002).
    Raises ValueError if no grade is above 0.
    """
    ideal = _discounted(sorted(gains.values(), reverse=True)[:k])
    if ideal == 0:
        raise ValueError("nDCG is undefined when nothing is relevant")
    return _discounted([gains.get(item, 0) for item in ranked[:k]]) / ideal


def _discounted(gains: Sequence[int]) -> float:
    return sum(max(gain, 0) / math.log2(rank + 1) for rank, gain in enumerate(gains, start=1))


def normalise(text: str) -> str:
    """Lower case, no ASCII punctuation, no articles, single spaces (SQuAD's evaluation script)."""
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION)).split())


def exact_match(text: str, golds: Sequence[str]) -> float:
    """1 if the text equals a gold string after normalisation (SQuAD)."""
    return float(any(normalise(text) == normalise(gold) for gold in golds))


def token_f1(text: str, golds: Sequence[str]) -> float:
    """Harmonic mean of token precision and recall, the best over the gold strings (SQuAD)."""
    return max(
        (_token_f1(normalise(text).split(), normalise(gold).split()) for gold in golds), default=0.0
    )


def _token_f1(text: list[str], gold: list[str]) -> float:
    if not text or not gold:
        return float(text == gold)
    common = (Counter(text) & Counter(gold)).total()
    return 2 * common / (len(text) + len(gold))


def contains(text: str, golds: Sequence[str]) -> float:
    """1 if the text contains a gold string as whole words (ALCE's STR-EM, for one short answer).

    ALCE looks for the normalised string anywhere, which finds "Egypt" in "Egyptian" and "33" in
    "1933"; whole words are asked for here. Normalising joins what punctuation parts ("north–south",
    "7,000"), so a match with punctuation read as a space counts too.
    """
    return float(
        any(
            f" {form(gold)} " in f" {form(text)} "
            for gold in golds
            for form in (normalise, _as_words)
            if form(gold)
        )
    )


def _as_words(text: str) -> str:
    return normalise(" ".join(_WORDS.findall(text)))


@dataclass(frozen=True, slots=True)
class Abstention:
    """How well questions without an answer are told from the rest; None where undefined.

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
