"""The plots of a report as SVG that the page's own style sheet colours."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from xml.etree.ElementTree import Element, SubElement, tostring

from markupsafe import Markup

from eval.measures.answers import RiskCoverage
from eval.report.measures import MetricScore, percentile, risks, stage_seconds
from eval.runs.outcome import Outcome
from eval.runs.results import QuestionResult

Point = tuple[float, float]


class Canvas:
    """A picture of a fixed size in pixels that scales with its place on the page.

    Looks come from the page's style sheet by `kind`, the class of a shape. `title` is what a
    screen reader says, and a shape's `tip` what a pointer that rests on it shows.
    """

    def __init__(self, width: float, height: float, title: str, kind: str = "plot") -> None:
        self._svg = Element(
            "svg",
            {
                "viewBox": f"0 0 {_number(width)} {_number(height)}",
                "class": kind,
                "role": "img",
                "aria-label": title,
            },
        )

    def line(self, start: Point, end: Point, kind: str) -> None:
        """A straight line."""
        self._add("line", kind, x1=start[0], y1=start[1], x2=end[0], y2=end[1])

    def path(self, points: Sequence[Point], kind: str) -> None:
        """Lines through points."""
        steps = " ".join(f"{_number(x)},{_number(y)}" for x, y in points)
        SubElement(self._svg, "polyline", {"class": kind, "points": steps})

    def area(self, points: Sequence[Point], kind: str) -> None:
        """The inside of a ring of points."""
        ring = " ".join(f"{_number(x)},{_number(y)}" for x, y in points)
        SubElement(self._svg, "polygon", {"class": kind, "points": ring})

    def box(
        self,
        corner: Point,
        width: float,
        height: float,
        kind: str,
        tip: str = "",
        round_: float = 0,
    ) -> None:
        """A rectangle from its upper left corner."""
        x, y = corner
        shape = self._add("rect", kind, x=x, y=y, width=width, height=height, rx=round_)
        _tip(shape, tip)

    def dot(self, at: Point, radius: float, kind: str, tip: str = "") -> None:
        """A filled circle."""
        _tip(self._add("circle", kind, cx=at[0], cy=at[1], r=radius), tip)

    def text(self, at: Point, words: str, kind: str = "label", anchor: str = "start") -> None:
        """Words on a line; `anchor` is start, middle or end."""
        shape = self._add("text", kind, x=at[0], y=at[1])
        shape.set("text-anchor", anchor)
        shape.text = words

    def markup(self) -> Markup:
        """The picture as HTML."""
        return Markup(tostring(self._svg, encoding="unicode"))

    def _add(self, tag: str, kind: str, **places: float) -> Element:
        values = {name: _number(value) for name, value in places.items()}
        return SubElement(self._svg, tag, {"class": kind, **values})


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _tip(shape: Element, words: str) -> None:
    if words:
        SubElement(shape, "title").text = words


_WIDTH, _HEIGHT, _FLOOR = 380.0, 284.0, 244.0  # the floor is where an axis lies
_BINS = 24
_RISK = 0.05
_ROWS = (
    (Outcome.RIGHT, "right"),
    (Outcome.WRONG, "wrong"),
    (Outcome.OVER_REFUSED, "refused, though answerable"),
    (Outcome.DECLINED, "refused, as it should be"),
    (Outcome.INVENTED, "answered, though unanswerable"),
)
_STAGES = {
    "embed": "embed the question",
    "search": "search and fuse",
    "judge": "rank sentences, judge",
    "compose": "compose",
    "check": "cite and check",
    "total": "in all",
}


def percent(value: float) -> str:
    """A share as whole percent, with a thin space."""
    return f"{100 * value:.0f}\u2009%"


def duration(seconds: float) -> str:
    """Seconds in the unit that suits them."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g}\u2009{unit}"
    return f"{seconds * 1e6:.1g}\u2009µs"


def outcomes(results: Sequence[QuestionResult], width: float) -> Markup:
    """Two bars: what became of the questions with an answer, and of those without."""
    groups = [group for group in _outcome_groups(results) if sum(group[1].values())]
    height, row = 30.0, 62.0
    canvas = Canvas(width, row * len(groups) - 8, "What became of the questions", "bars")
    for number, (name, counts) in enumerate(groups):
        total, left, top = sum(counts.values()), 0.0, row * number + 18
        canvas.text((0, top - 6), f"{total} {name}", "axis")
        for outcome, count in counts.items():
            share = width * count / total
            tip = f"{outcome.value}: {count} of {total}"
            canvas.box((left, top), max(share - 2, 1), height, f"fill {outcome}", tip, 3)
            if share > 30:
                canvas.text((left + 10, top + 20), str(count), f"count {outcome}")
            left += share
    return canvas.markup()


def _outcome_groups(results: Sequence[QuestionResult]) -> list[tuple[str, dict[Outcome, int]]]:
    found = Counter((result.answerable, result.outcome) for result in results)
    orders = {
        True: (Outcome.RIGHT, Outcome.WRONG, Outcome.OVER_REFUSED, Outcome.FAILED),
        False: (Outcome.DECLINED, Outcome.INVENTED, Outcome.FAILED),
    }
    names = {True: "answerable", False: "not answerable"}
    return [
        (names[can], {outcome: n for outcome in order if (n := found[can, outcome])})
        for can, order in orders.items()
    ]


def interval(score: MetricScore) -> Markup:
    """A score between 0 and 1 as a dot on a line, with its interval."""
    width, middle = 160.0, 11.0

    def x(value: float) -> float:
        return 6 + (width - 12) * min(max(value, 0.0), 1.0)

    canvas = Canvas(width, 22, f"{score.name} {score.text}", "interval")
    canvas.line((x(0), middle), (x(1), middle), "rail")
    if score.value is not None:
        if score.low is not None and score.high is not None:
            canvas.line((x(score.low), middle), (x(score.high), middle), "range")
        canvas.dot((x(score.value), middle), 4.5, "point", f"{score.value:.3f}")
    return canvas.markup()


def risk_coverage(results: Sequence[QuestionResult]) -> Markup:
    """Share of wrong answers among the most confident ones, by the share of questions answered.

    The curve ends where this run refuses.
    """
    found = risks(results)
    points = found.points if found else ()
    left, right, top = 38.0, _WIDTH - 8, 50.0
    most = max([0.1, *(risk for _, risk in points)])
    ceiling = next(step for step in (0.1, 0.2, 0.3, 0.5, 0.75, 1.0) if step >= most)

    def place(coverage: float, risk: float) -> Point:
        return left + (right - left) * coverage, _FLOOR - (_FLOOR - top) * risk / ceiling

    canvas = Canvas(_WIDTH, _HEIGHT, "Risk by coverage")
    for share in (0, 0.5, 1):
        height = place(0, ceiling * share)[1]
        canvas.line((left, height), (right, height), "grid")
        canvas.text((left - 7, height + 4), percent(ceiling * share), "tick", "end")
    for share in (0, 0.25, 0.5, 0.75, 1):
        canvas.text((place(share, 0)[0], _FLOOR + 18), percent(share), "tick", "middle")
    canvas.text(((left + right) / 2, _HEIGHT - 4), "of all questions answered", "axis", "middle")
    if found:
        _draw_risk(canvas, found, place)
    return canvas.markup()


def _draw_risk(canvas: Canvas, found: RiskCoverage, place: Callable[[float, float], Point]) -> None:
    """The curve, the point where this run is, and the longest stretch of at most 5 % risk."""
    # Whichever of the surest are taken, as many of them are wrong on average.
    curve = [place(0, found.points[0][1]), *(place(*point) for point in found.points)]
    canvas.area([(curve[0][0], _FLOOR), *curve, (curve[-1][0], _FLOOR)], "shade")
    canvas.path(curve, "curve")
    canvas.line(place(0, _RISK), place(found.at_risk_5, _RISK), "aim")
    canvas.line((8, 27), (20, 27), "aim")
    safe = percent(found.at_risk_5)
    canvas.text((28, 31), f"{safe} answered with at most 5\u2009% of them wrong", "axis")
    given, wrong = map(percent, found.points[-1])
    words = f"as run: {given} answered, {wrong} of them wrong"
    canvas.dot(curve[-1], 4.5, "point", words)
    canvas.dot((14, 8), 4.5, "point")
    canvas.text((28, 12), words, "axis")


def distributions(results: Sequence[QuestionResult]) -> Markup:
    """How sure the engine was, by outcome: rows of bars over one axis."""
    rows = [
        (
            outcome,
            name,
            [result.effective_confidence for result in results if result.outcome is outcome],
        )
        for outcome, name in _ROWS
    ]
    rows = [row for row in rows if row[2]]
    left, right, height, first = 8.0, _WIDTH - 8, 24.0, 6.0
    step = (_FLOOR - first) / max(len(rows), 3)
    low, high = _limits([value for _, _, values in rows for value in values])
    width = (right - left) / _BINS
    canvas = Canvas(_WIDTH, _HEIGHT, "Sureness by outcome")
    for number, (outcome, name, values) in enumerate(rows):
        base = first + step * (number + 1) - 4
        canvas.text((left, base - height - 6), f"{name} · {len(values)}", "axis")
        canvas.line((left, base), (right, base), "grid")
        bins = Counter(
            min(int((value - low) / (high - low) * _BINS), _BINS - 1) for value in values
        )
        for place, count in bins.items():
            tall = max(2.0, height * count / max(bins.values()))
            corner = left + width * place + 0.75, base - tall
            tip = f"{count} around {low + (high - low) * (place + 0.5) / _BINS:.2f}"
            canvas.box(corner, width - 1.5, tall, f"fill {outcome}", tip, 1)
    for share, anchor in ((0.0, "start"), (0.5, "middle"), (1.0, "end")):
        where = left + (right - left) * share, _FLOOR + 18
        canvas.text(where, f"{low + (high - low) * share:.2g}", "tick", anchor)
    canvas.text(((left + right) / 2, _HEIGHT - 4), "less sure to surer", "axis", "middle")
    return canvas.markup()


def _limits(values: Sequence[float]) -> tuple[float, float]:
    """Round limits around the values, at least a tenth apart."""
    low, high = math.floor(min(values, default=0) * 10), math.ceil(max(values, default=1) * 10)
    return low / 10, max(high, low + 1) / 10


def latency(results: Sequence[QuestionResult]) -> Markup:
    """Seconds of each stage: median, the middle half, and 95 % of the questions; logarithmic."""
    stages = stage_seconds(results)
    left, right = 8.0, _WIDTH - 8
    step = (_FLOOR - 6) / max(len(stages), 4)
    medians = [percentile(times, 0.5) for times in stages.values()] or [1e-3]
    longest = max((percentile(times, 0.95) for times in stages.values()), default=1.0)
    low = math.floor(math.log10(max(min(medians), 1e-6)))
    high = max(math.ceil(math.log10(max(longest, 1e-6))), low + 1)

    def x(seconds: float) -> float:
        share = (math.log10(max(seconds, 10**low)) - low) / (high - low)
        return left + (right - left) * min(share, 1.0)

    canvas = Canvas(_WIDTH, _HEIGHT, "Seconds of each stage")
    for power in range(low, high + 1):
        anchor = "start" if power == low else "end" if power == high else "middle"
        canvas.line((x(10**power), 4), (x(10**power), _FLOOR), "grid")
        canvas.text((x(10**power), _FLOOR + 18), duration(10**power), "tick", anchor)
    for number, (name, times) in enumerate(stages.items()):
        _stage(canvas, 14 + step * number, name, times, x)
    words = "per question, logarithmic"
    canvas.text(((left + right) / 2, _HEIGHT - 4), words, "axis", "middle")
    return canvas.markup()


def _stage(
    canvas: Canvas, top: float, name: str, times: Sequence[float], x: Callable[[float], float]
) -> None:
    quarter, median, three, most = (percentile(times, share) for share in (0.25, 0.5, 0.75, 0.95))
    words = f"{duration(median)}, 95\u2009% within {duration(most)}"
    canvas.text((x(0), top + 2), _STAGES.get(name, name), "axis knock")
    canvas.text((_WIDTH - 8, top + 2), words, "tick knock", "end")
    middle = top + 14
    canvas.line((x(quarter), middle), (x(most), middle), "reach")
    canvas.line((x(quarter), middle), (x(three), middle), "range")
    canvas.dot((x(median), middle), 4, "point", f"{name}: {words}")


def history(name: str, scores: Sequence[MetricScore], labels: Sequence[str]) -> Markup:
    """One measure over several runs, in their order, with its interval as a band."""
    width, top, bottom = 250.0, 10.0, 74.0
    known = [
        (number, score, score.value)
        for number, score in enumerate(scores)
        if score.value is not None
    ]
    edges = [edge for _, score, value in known for edge in (score.low, score.high, value)]
    given = [edge for edge in edges if edge is not None] or [0.0, 1.0]
    low, high = max(0.0, min(given) - 0.02), min(1.0, max(given) + 0.02)

    def place(number: int, value: float) -> Point:
        across = number / max(len(scores) - 1, 1)
        return 8 + (width - 16) * across, bottom - (bottom - top) * (value - low) / (high - low)

    canvas = Canvas(width, 84, f"{name} over {len(scores)} runs", "history")
    canvas.line((8, bottom), (width - 8, bottom), "grid")
    uppers = [place(n, s.high) for n, s, _ in known if s.high is not None]
    lowers = [place(n, s.low) for n, s, _ in known if s.low is not None]
    canvas.area([*uppers, *reversed(lowers)], "shade")
    canvas.path([place(n, value) for n, _, value in known], "curve")
    for number, score, value in known:
        canvas.dot(place(number, value), 3.5, "point", f"{labels[number]}: {score.text}")
    return canvas.markup()


def tag_bar(share: float | None) -> Markup:
    """A share as a short bar, for a table."""
    canvas = Canvas(60, 8, "", "slice")
    canvas.box((0, 1), 60, 6, "rail-box", "", 3)
    if share:
        canvas.box((0, 1), 60 * min(share, 1.0), 6, "fill", "", 3)
    return canvas.markup()


PLOTS: Mapping[str, Callable[[Sequence[QuestionResult]], Markup]] = {
    "risk": risk_coverage,
    "distributions": distributions,
    "latency": latency,
}
