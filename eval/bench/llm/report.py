"""What the bench's answers are worth, by set of questions and by system."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from eval.bench.llm.answers import SYSTEMS, BenchAnswer, is_right
from eval.bench.llm.questions import BenchQuestion, QuestionSet

Pair = tuple[BenchQuestion, BenchAnswer]


@dataclass(frozen=True, slots=True)
class BenchScore:
    """Counts of answers. Of those to questions that have an answer: `right`, and of these `hidden`,
    which strict mode would no more show; `wrong` with something that is marked as supported
    (`backed`) or with nothing such (`marked`); refused wrongly. Of the other questions: those
    refused, as they should be.
    """

    asked: int
    right: int
    hidden: int
    backed: int
    marked: int
    refused_rightly: int
    refused_wrongly: int
    words: float
    seconds: float

    @classmethod
    def of(cls, pairs: Sequence[Pair]) -> BenchScore:
        """The score of some answers of one system; there is at least one."""
        wanted = [(q, a) for q, a in pairs if q.want != "refuse"]
        right = [(q, a) for q, a in wanted if is_right(q, a)]
        shown = [(q, a) for q, a in pairs if not is_right(q, a) and not a.refused]
        return cls(
            len(pairs),
            sum(is_right(q, a) for q, a in pairs),
            sum(bool(a.statements) and not q.holds(a.strict) for q, a in right),
            sum(bool(a.strict) for _, a in shown),
            sum(not a.strict for _, a in shown),
            sum(a.refused for q, a in pairs if q.want == "refuse"),
            sum(a.refused for _, a in wanted),
            median(a.words for _, a in pairs),
            median(a.seconds for _, a in pairs),
        )


_COLUMNS = {
    "asked": "asked",
    "right": "right",
    "hidden": "right, marked",
    "backed": "wrong, supported",
    "marked": "wrong, marked",
    "refused_rightly": "refused rightly",
    "refused_wrongly": "refused wrongly",
    "words": "words",
    "seconds": "seconds",
}


def lines(sets: Sequence[QuestionSet], answers: Sequence[BenchAnswer]) -> Iterator[str]:
    """A table of each set, of the questions that all systems of the run have answered, then the
    right answers by kind of question, and what Footnote's are above the others'.
    """
    by_key = {(q.set, q.id): q for one in sets for q in one.questions}
    known = [(by_key[a.set, a.id], a) for a in answers if (a.set, a.id) in by_key]
    present = [name for name in SYSTEMS if any(a.system == name for _, a in known)]
    complete = _answered_by_all(known, present)
    yield f"{'set':<10} {'system':<10}" + "".join(f"{name:>18}" for name in _COLUMNS.values())
    for name in dict.fromkeys(question.set for question, _ in complete):
        for system in present:
            pairs = [(q, a) for q, a in complete if q.set == name and a.system == system]
            score = BenchScore.of(pairs)
            cells = "".join(f"{getattr(score, field):>18g}" for field in _COLUMNS)
            yield f"{name:<10} {system:<10}{cells}"
    yield ""
    yield f"{'set':<10} {'kind':<16}" + "".join(f"{name:>10}" for name in present)
    for (name, kind), pairs in _by_kind(complete).items():
        counts = [
            f"{sum(is_right(q, a) for q, a in own)}/{len(own)}"
            for system in present
            for own in [[(q, a) for q, a in pairs if a.system == system]]
        ]
        yield f"{name:<10} {kind:<16}" + "".join(f"{count:>10}" for count in counts)
    yield from _compared(complete, present)


def _compared(pairs: Sequence[Pair], present: Sequence[str]) -> Iterator[str]:
    """Of each set: Footnote's share of right answers, above each other system's, and the kinds of
    question in which it has fewer.
    """
    for name in dict.fromkeys(q.set for q, _ in pairs if "footnote" in present):
        own = _right_by_kind(pairs, name, "footnote")
        for other in [each for each in present if each != "footnote"]:
            theirs = _right_by_kind(pairs, name, other)
            asked = sum(q.set == name and a.system == other for q, a in pairs)
            share, beside = own.total() / asked, theirs.total() / asked
            fewer = ", ".join(kind for kind in sorted(theirs) if theirs[kind] > own[kind])
            yield (
                f"{name}: footnote {share:.2f} right, {other} {beside:.2f}, {share - beside:+.2f}; "
                f"fewer than {other} in: {fewer or 'no kind'}"
            )


def _right_by_kind(pairs: Sequence[Pair], name: str, system: str) -> Counter[str]:
    return Counter(
        q.kind for q, a in pairs if q.set == name and a.system == system and is_right(q, a)
    )


def _answered_by_all(pairs: Sequence[Pair], systems: Sequence[str]) -> list[Pair]:
    answered = defaultdict[tuple[str, str], set[str]](set)
    for question, answer in pairs:
        answered[question.set, question.id].add(answer.system)
    return [(q, a) for q, a in pairs if len(answered[q.set, q.id]) == len(systems)]


def _by_kind(pairs: Sequence[Pair]) -> Mapping[tuple[str, str], list[Pair]]:
    found = defaultdict[tuple[str, str], list[Pair]](list)
    for question, answer in pairs:
        found[question.set, question.kind].append((question, answer))
    return dict(sorted(found.items()))
