"""Condensing follow-ups: the last two questions of a conversation joined, by weight.

A question that only names something new is the previous one with the new name. Any other that is
near to some passage names its own subject and is searched for alone. One whose words all but
certainly point back, or that is near to none and depends on others, is searched for joined to the
one before it; for the rest the joined questions shift the ranking of passages alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from index.text.tokenizer import LATIN, fold, stopwords_of
from rag.followups.dependence import dependence_probability
from rag.intents.clauses import asks, is_fragment
from rag.retrieval.answer_type import AnswerType
from rag.retrieval.answerability import answer_confidence, answerability_signals
from rag.retrieval.hybrid import ScoreProbe, SearchResult
from rag.settings import REFUSE_BELOW
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
_FRAGMENT = re.compile(rf"[¿\s]*(?:(?:{_OPENER})\s+)+([\w\s'’-]+)\W*", re.IGNORECASE)
_ARTICLE = re.compile(r"(?:the|an?)\b", re.IGNORECASE)
_KIND_WORDS = 2
_FIRST = re.compile(r"\w+")
# Confidence from which a question is answered as it stands.
STANDS_ALONE = 0.8
# Chosen on the questions of eval/gold, asked in one conversation and as follow-ups.
SURELY_DEPENDS = 0.75
_MOST_CANDIDATES = 6


@dataclass(frozen=True, slots=True)
class FollowUpWeights:
    """When the previous question counts, and how much.

    A question is searched for alone if the cosine of the passage nearest to it is above
    `standalone_cosine`. Below that, the joined questions shift the ranking of passages by
    `mixed_weight` (0..1). They are searched for in its place only if the cosine is below
    `dependent_cosine` and the question depends on others with a probability of `dependence`.
    """

    standalone_cosine: float
    dependent_cosine: float
    dependence: float
    mixed_weight: float = 0.45

    def is_dependent(self, question: str, best_cosine: float) -> bool:
        """Whether a question, with the cosine of its nearest passage, is to be joined."""
        if surely_depends(question) or _fragment(question):
            return True
        near = best_cosine >= self.dependent_cosine
        return not near and dependence_probability(question) >= self.dependence


# Chosen by `footnote eval followups`.
FOLLOW_UP_WEIGHTS = FollowUpWeights(standalone_cosine=0.6, dependent_cosine=0.4, dependence=0.3)


@dataclass(frozen=True, slots=True)
class CondensedQuery:
    """The query to search for, the part of it that is the question, and a bias of scores by key."""

    query: str
    question: str
    bias: Mapping[str, float] = field(default_factory=dict)

    @property
    def uses_previous(self) -> bool:
        """Whether the question before counts."""
        return self.query != self.question or bool(self.bias)

    def yields_to(self, alone: float, together: float) -> bool:
        """Whether the question is better searched for alone, from the confidence, 0..1, that the
        documents answer it then, and that with the question before.

        A joined one is, if it does not surely point back and is answered as surely alone, or surely
        enough where it is a clause; any other if it is refused alone, so that no passage of an old
        topic answers it.
        """
        if self.query == self.question:
            return alone < REFUSE_BELOW
        if surely_depends(self.question):
            return False
        stands_alone = alone >= STANDS_ALONE and not _fragment(self.question)
        return alone >= together or stands_alone


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
    if not previous or alone.best_cosine >= weights.standalone_cosine:
        return CondensedQuery(question, question)
    both = f"{previous} {question}"
    if weights.is_dependent(question, alone.best_cosine):
        return CondensedQuery(both, question)
    # Sentences and confidence are the question's own, so that a new topic stays one.
    return CondensedQuery(question, question, _mixed(alone, probe(both), weights.mixed_weight))


def surely_depends(question: str) -> bool:
    """Whether the words of a question all but certainly point back. One that is no clause does if
    it opens with a preposition ("what about by bike?") and names little; one that is a name or a
    thing ("And pests?") may be a topic.
    """
    if not (rest := _fragment(question)):
        return dependence_probability(question) >= SURELY_DEPENDS
    words = _FIRST.findall(rest)
    own = [word for word in words if fold(word.lower()) not in stopwords_of("en")]
    return len(own) <= _KIND_WORDS and words[:1] != own[:1] and not _ARTICLE.match(rest)


def _fragment(question: str) -> str:
    """What follows "and" or "what about" in a question that is no clause, or ""."""
    found = _FRAGMENT.fullmatch(question)
    return found[1] if found and is_fragment(found[1]) else ""


def yielded(
    asked: CondensedQuery, found: SearchResult, alone: SearchResult, kind: AnswerType, passages: int
) -> SearchResult:
    """What was found for a query, or for its question alone if it yields to that; in an index of
    so many passages.
    """
    first, second = (
        answer_confidence(answerability_signals(each, kind, passages)) for each in (alone, found)
    )
    return alone if asked.yields_to(first, second) else found


def _previous_question(turns: Sequence[Turn], probe: Callable[[str], ScoreProbe]) -> str:
    """The last turn's question, resolved if it is elliptic."""
    earlier = turns[-2].question.strip() if len(turns) > 1 else ""
    question = turns[-1].question.strip()
    return _resolved(question, earlier, probe) or question


def _resolved(question: str, previous: str, probe: Callable[[str], ScoreProbe]) -> str:
    return resolve_ellipsis(question, previous, lambda text: probe(text).best_cosine)


def _mixed(searched: ScoreProbe, other: ScoreProbe, share: float) -> dict[str, float]:
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
        return _other_kind(question, previous)
    new = found["name"] or found["number"]
    if re.search(rf"\b{re.escape(new)}\b", previous, re.IGNORECASE):
        return ""
    spans = re.compile(_NAME if found["name"] else _NUMBER).finditer(previous, _start(previous))
    olds = list(dict.fromkeys(span[0] for span in spans))[:_MOST_CANDIDATES]
    candidates = [re.sub(rf"\b{re.escape(old)}(?!\w)", lambda _: new, previous) for old in olds]
    return max(candidates, key=score) if len(candidates) > 1 else "".join(candidates)


def _other_kind(question: str, previous: str) -> str:
    """The previous question with "low season" in place of its "high season", or ""."""
    found = None if asks(question) else _FRAGMENT.fullmatch(question)
    words: list[str] = _FIRST.findall(found[1]) if found else []
    while words and fold(words[0].lower()) in stopwords_of("en"):
        words = words[1:]
    if len(words) != _KIND_WORDS:
        return ""
    old = re.search(rf"\b(\w+)\s+{words[1]}\b", previous, re.IGNORECASE)
    if not old or fold(old[1].lower()) in stopwords_of("en") or old[1].lower() == words[0].lower():
        return ""
    return previous[: old.start(1)] + words[0] + previous[old.end(1) :]


def _start(text: str) -> int:
    """Where names may start: after a first word that is a stopword of any language."""
    first = _FIRST.search(text)
    is_stopword = first and any(fold(first[0].lower()) in stopwords_of(each) for each in LATIN)
    return first.end() if first and is_stopword else 0
