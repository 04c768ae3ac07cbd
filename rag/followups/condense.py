"""Condensing follow-ups: the last two questions of a conversation joined, by weight.

A question that only names something new is the previous one with the new name. Any other that is
near to some passage names its own subject and is searched for alone; the further off the nearest
passage is, the more the question joined to the one before it counts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from index.text.tokenizer import LATIN, fold, stopwords_of
from rag.retrieval.hybrid import ScoreProbe
from rag.types import Turn

# Names are recognised by capitals and digits.
_OPENER = "and|but|or|so|(?:what|how) about|y|pero|et|mais|und|aber|e|ma|mas|en|maar"
_CAPITAL = r"(?!I\b)(?=[^\W\d_a-zß-öø-ÿ])(?:(?:[A-Z]\.){2,}|\w[\w&®-]*)"
_NAME = rf"\b{_CAPITAL}(?:\s+(?:{_CAPITAL}|\d+\b))*"
_NUMBER = r"\b\d[\d.,:]*(?<![.,:])"
# The word between is an article, a preposition or a unit.
_ELLIPTIC = re.compile(
    rf"[¿\s]*(?i:{_OPENER})\s+(?:[^\W\dA-Z]+\s+)?(?:(?P<name>{_NAME})|(?P<number>{_NUMBER}))\W*"
)
_FIRST = re.compile(r"\w+")
_MOST_CANDIDATES = 6


@dataclass(frozen=True, slots=True)
class FollowUpWeights:
    """How much the previous question counts, by the cosine of the passage nearest to the last.

    The weight of the joined questions is 0 from `standalone_cosine` on and rises, linearly, to
    `max_weight` (0..1) at `dependent_cosine`.
    """

    standalone_cosine: float
    dependent_cosine: float
    max_weight: float

    def joined_weight(self, best_cosine: float) -> float:
        """The weight, 0..`max_weight`, of the joined questions."""
        distance = (self.standalone_cosine - best_cosine) / (
            self.standalone_cosine - self.dependent_cosine
        )
        return self.max_weight * min(1.0, max(0.0, distance))


FOLLOW_UP_WEIGHTS = FollowUpWeights(standalone_cosine=0.6, dependent_cosine=0.3, max_weight=0.75)


@dataclass(frozen=True, slots=True)
class CondensedQuery:
    """The query to search for, the part of it that is the question, and a bias of scores by key."""

    query: str
    question: str
    bias: Mapping[str, float] = field(default_factory=dict)


def condense(
    question: str,
    turns: Sequence[Turn],
    probe: Callable[[str], ScoreProbe],
    rewritten: str = "",
    weights: FollowUpWeights = FOLLOW_UP_WEIGHTS,
) -> CondensedQuery:
    """What to search for after these turns; `rewritten` is an LLM's stand-alone form, or ""."""
    question = question.strip()
    if not turns:
        return CondensedQuery(question, question)
    previous = _previous_question(turns, probe)
    if whole := rewritten or _resolved(question, previous, probe):
        return CondensedQuery(whole, whole)
    alone = probe(question)
    weight = weights.joined_weight(alone.best_cosine)
    if not weight or not previous:
        return CondensedQuery(question, question)
    both = f"{previous} {question}"
    joined = probe(both)
    # Sentences are scored by the query with the higher weight; the other one shifts the scores of
    # passages.
    if weight < 0.5:
        return CondensedQuery(question, question, _blended_bias(alone, joined, weight))
    return CondensedQuery(both, question, _blended_bias(joined, alone, 1 - weight))


def _previous_question(turns: Sequence[Turn], probe: Callable[[str], ScoreProbe]) -> str:
    """The last turn's question, resolved if it is elliptic."""
    earlier = turns[-2].question.strip() if len(turns) > 1 else ""
    question = turns[-1].question.strip()
    return _resolved(question, earlier, probe) or question


def _resolved(question: str, previous: str, probe: Callable[[str], ScoreProbe]) -> str:
    return resolve_ellipsis(question, previous, lambda text: probe(text).best_cosine)


def _blended_bias(searched: ScoreProbe, other: ScoreProbe, share: float) -> dict[str, float]:
    """The bias that replaces a share of the search's own scores by another probe's."""
    return {
        key: share * (other.scores.get(key, 0.0) - searched.scores.get(key, 0.0))
        for key in {*searched.scores, *other.scores}
    }


def resolve_ellipsis(question: str, previous: str, score: Callable[[str], float]) -> str:
    """The previous question with a new name or number in place of an old one.

    "" if the question does not only name something new. Of several candidates the best by `score`
    is taken, the cosine of a question to its nearest passage.
    """
    found = _ELLIPTIC.fullmatch(question)
    if not found:
        return ""
    new = found["name"] or found["number"]
    if re.search(rf"\b{re.escape(new)}\b", previous, re.IGNORECASE):
        return ""
    spans = re.compile(_NAME if found["name"] else _NUMBER).finditer(previous, _start(previous))
    olds = list(dict.fromkeys(span[0] for span in spans))[:_MOST_CANDIDATES]
    candidates = [re.sub(rf"\b{re.escape(old)}(?!\w)", lambda _: new, previous) for old in olds]
    return max(candidates, key=score) if len(candidates) > 1 else "".join(candidates)


def _start(text: str) -> int:
    """Where names may start: after a first word that is a stopword of any language."""
    first = _FIRST.search(text)
    is_stopword = first and any(fold(first[0].lower()) in stopwords_of(each) for each in LATIN)
    return first.end() if first and is_stopword else 0
