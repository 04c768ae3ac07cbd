"""Lines for people about refusal: the fit, what is refused, and a calibration."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from eval.calibrate import SETTING, Calibration, Rates
from eval.refusal_fit import Fitted, Row, Unanswerable

_MISSING = {"": "", "paragraph": ", without its paragraph", "article": ", without its article"}
_CORPORA = {"all": "all documents", "few": "four articles", "one": "its own article"}
_SHOWN = (0.1, 0.25, 0.5, 0.75, 1.0)


def fit_lines(fitted: Fitted, line: float) -> Iterator[str]:
    """What was fitted, to be put in use by hand."""
    weights = ", ".join(f"{weight:.2f}" for weight in fitted.weights)
    yield (
        f"fitted on articles at even places: WEIGHTS = ({weights}), BIAS = {fitted.bias:.2f}, "
        f"REFUSE_BELOW = {fitted.line:.2f}"
    )
    yield f"in use: {SETTING} = {line:.2f}"
    yield ""


def row_lines(title: str, rows: Sequence[Row]) -> Iterator[str]:
    """A line for each corpus asked: shares refused."""
    yield f"{title:<48} {'asked':>6}  refused now  if 5 % of the answerable are"
    for row in rows:
        name = f"{_CORPORA[row.corpus]}{_MISSING[row.missing]}"
        yield f"{name:<48} {row.questions:>6}  {row.refused:>11.3f}  {row.refused_at_promise:.3f}"
    yield ""


def squad2_lines(found: Unanswerable, line: float) -> Iterator[str]:
    """The curve of SQuAD 2.0 in a few points, its area, and both error rates."""
    yield (
        f"SQuAD 2.0, {found.questions} questions ({found.answerable} answerable) about the "
        f"{len(found.articles)} articles not fitted: {', '.join(found.articles)}"
    )
    yield _told(found.rates, f"at {line:.2f}")
    yield f"area under the risk-coverage curve {found.curve.aurc:.3f}; coverage at 5 % risk " + (
        f"{found.curve.at_risk_5:.3f}"
    )
    for share in _SHOWN:
        coverage, risk = min(found.curve.points, key=lambda point: abs(point[0] - share))
        yield f"coverage {coverage:.2f}  risk {risk:.3f}"


def calibration_lines(found: Calibration, made: bool, path: Path) -> Iterator[str]:
    """The line that was written, and its error rates."""
    source = "made by leaving out what answers" if made else "of the gold set"
    yield (
        f"{found.answerable} answerable questions, {found.unanswerable} unanswerable ones {source}"
    )
    yield _told(found.fitted, "on these questions")
    yield _told(found.held_out, "on questions held out")
    yield f"written to {path}: {SETTING} = {found.line}"


def _told(rates: Rates, where: str) -> str:
    return (
        f"{where}: {rates.refused:.3f} of the answerable refused, "
        f"{rates.answered:.3f} of the unanswerable answered"
    )
