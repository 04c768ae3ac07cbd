"""`footnote eval report`: runs as one self-contained HTML page."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Any

import click
from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from eval.console import PATH
from eval.measures.registry import GROUPS
from eval.report import plots
from eval.report.measures import (
    MetricScore,
    ReportMetric,
    groups_by_kind,
    groups_by_tag,
    measures,
    scores,
    worst_first,
)
from eval.report.questions import flips, passages
from eval.runs.outcome import Outcome
from eval.runs.results import QuestionResult, Run, clean, read_run
from index.errors import ConfigError

_WIDTHS = (1180.0, 350.0)  # of a desk's page and of a phone's
_BLANK = "\u2014"
_FAULTS = {
    "not_found": "evidence not found",
    "found_not_used": "found, but not cited",
    "used_not_found": "right, but from elsewhere",
    "used_not_right": "cited, but without the gold string",
}
OUTCOMES = {
    Outcome.FAILED: "failed",
    Outcome.INVENTED: "answered, though unanswerable",
    Outcome.WRONG: "wrong",
    Outcome.OVER_REFUSED: "refused, though answerable",
    Outcome.DECLINED: "rightly refused",
    Outcome.RIGHT: "right",
}


@dataclass(frozen=True, slots=True)
class ScoreRow:
    """A measure of the report: its score now, and its change against the run before."""

    measure: ReportMetric
    score: MetricScore
    change: float | None

    @property
    def better(self) -> bool | None:
        """Whether it got better; None if it did not move."""
        if not self.change or abs(self.change) < 0.0005:
            return None
        return (self.change > 0) != self.measure.lower


def render(runs: Sequence[Run]) -> str:
    """The page of one run or more; of several, the one that started last, and their history."""
    runs = sorted(runs, key=lambda run: run.started)
    now, before = runs[-1], runs[-2] if len(runs) > 1 else None
    wanted = measures(now.results)
    over = [scores(run.results, wanted) for run in runs]
    context = {
        "run": now,
        "runs": runs,
        "counts": _counts(now.results),
        "outcomes": [plots.outcomes(now.results, width) for width in _WIDTHS],
        "plots": {name: draw(now.results) for name, draw in plots.PLOTS.items()},
        "lead": _lead(now.results),
        "groups": _groups(wanted, over),
        "slices": [
            ("By kind", "kind", groups_by_kind(now.results)),
            ("By tag", "tag", groups_by_tag(now.results)),
        ],
        "questions": worst_first(now.results),
        "tags": sorted({tag for result in now.results for tag in result.tags}),
        "history": _history(wanted, over, runs) if len(runs) > 1 else [],
        "changes": _changes(before, now) if before else [],
        "same_gold": len({run.config.get("gold_digest") for run in runs}) == 1,
        "flips": flips(runs[0], runs[1]) if len(runs) == 2 else None,
        "facts": _facts(now),
        "brief": _brief(now),
        "gold": _gold(now),
        "sureness": _confidence_note(now.results),
        "names": OUTCOMES,
        "faults": _FAULTS,
    }
    body = _template().render(context)
    return _page(body, f"{_gold(now)} · Footnote report")


def _page(body: str, title: str) -> str:
    """The page around its body; the policy allows our style and script by digest, and no more."""
    style = Markup(_asset("fonts.css") + _asset("report.css"))
    script = Markup(_asset("report.js"))
    policy = (
        f"default-src 'none'; style-src {_digest(style)}; script-src {_digest(script)}; "
        "img-src data:; font-src data:; base-uri 'none'; form-action 'none'"
    )
    frame = Markup(
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        '<meta name="referrer" content="no-referrer">\n<link rel="icon" href="data:,">\n'
        "<title>{title}</title>\n<style>{style}</style>\n</head>\n<body>\n{body}\n"
        "<script>{script}</script>\n</body>\n</html>\n"
    )
    return str(
        frame.format(policy=policy, title=title, style=style, body=Markup(body), script=script)
    )


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(sha256(text.encode()).digest()).decode()}'"


def _asset(name: str) -> str:
    return (files("eval") / "assets" / name).read_text(encoding="utf-8")


def _template() -> Any:  # noqa: ANN401
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {
        "percent": plots.percent,
        "duration": plots.duration,
        "number": _number,
        "signed": _signed,
        "interval": plots.interval,
        "bar": plots.tag_bar,
        "passages": passages,
    }
    return environment.from_string(_asset("report.html"))


def _number(value: float | None) -> str:
    return _BLANK if value is None else f"{value:.3f}"


def _signed(value: float) -> str:
    return f"{value:+.3f}".replace("-", "\u2212")


def _counts(results: Sequence[QuestionResult]) -> Mapping[str, int]:
    counts = {outcome.value: 0 for outcome in Outcome}
    for result in results:
        counts[result.outcome.value] += 1
    answerable = sum(result.answerable for result in results)
    return counts | {"all": len(results), "can": answerable, "cannot": len(results) - answerable}


def _groups(
    wanted: Sequence[ReportMetric], over: Sequence[Sequence[MetricScore]]
) -> list[tuple[str, list[ScoreRow]]]:
    rows = [
        ScoreRow(measure, score, _change(over, place))
        for place, (measure, score) in enumerate(zip(wanted, over[-1], strict=True))
    ]
    known = [row for row in rows if row.score.n]
    grouped = [(group, [row for row in known if row.measure.group == group]) for group in GROUPS]
    return [(group, found) for group, found in grouped if found]


def _change(over: Sequence[Sequence[MetricScore]], place: int) -> float | None:
    if len(over) < 2:
        return None
    before, after = over[-2][place].value, over[-1][place].value
    return None if before is None or after is None else after - before


def _history(
    wanted: Sequence[ReportMetric], over: Sequence[Sequence[MetricScore]], runs: Sequence[Run]
) -> list[tuple[ReportMetric, MetricScore, Markup]]:
    labels = [f"{run.name}, {run.started:%d %b %Y %H:%M}" for run in runs]
    lines = zip(wanted, zip(*over, strict=True), strict=True)
    return [
        (measure, line[-1], plots.history(measure.name, line, labels))
        for measure, line in lines
        if any(score.value is not None for score in line)
    ]


def _changes(before: Run, now: Run) -> list[tuple[str, str, str]]:
    """Settings and other facts that differ between two runs: name, old, new."""
    old, new = dict(_flat(before.config)), dict(_flat(now.config))
    names = [name for name in {**old, **new} if name not in {"started", "settings.data"}]
    return [
        (name, old.get(name, _BLANK), new.get(name, _BLANK))
        for name in names
        if old.get(name) != new.get(name)
    ]


def _gold(run: Run) -> str:
    return clean(str(run.summary.get("gold", run.name)))


def _lead(results: Sequence[QuestionResult]) -> str:
    """The main counts in two sentences."""
    counts = _counts(results)
    can, cannot = counts["can"], counts["cannot"]
    sentences = [
        f"{counts['right']} of {can} answerable questions were answered with a gold string."
        if can
        else "",
        f"{counts['declined']} of {cannot} that the documents do not answer were refused."
        if cannot
        else "",
        f"{counts['failed']} failed." if counts["failed"] else "",
    ]
    return " ".join(filter(None, sentences))


def _confidence_note(results: Sequence[QuestionResult]) -> str:
    if any(result.confidence is not None for result in results):
        return "The confidence of each answer."
    return "The score of the first passage, as answers tell no confidence."


def _brief(run: Run) -> str:
    """What was run, in a line."""
    facts = dict(_flat(run.config))
    composer = facts.get("settings.composer", "")
    if composer == "auto":
        composer = "LLM" if facts.get("settings.llm_url", _BLANK) != _BLANK else "quotes"
    named = [
        f"{run.started:%-d %B %Y, %H:%M}",
        f"corpus {facts['corpus']}" if facts.get("corpus", _BLANK) != _BLANK else "",
        f"{composer} composer" if composer else "",
        facts.get("settings.embedding_model", ""),
        f"Footnote {facts['footnote']}" if "footnote" in facts else "",
    ]
    return " · ".join(filter(None, named))


def _facts(run: Run) -> list[tuple[str, str]]:
    return list(_flat(run.config))


def _flat(config: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    for name, value in config.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{above}{name}.")
        else:
            yield clean(f"{above}{name}"), _BLANK if value in (None, "") else clean(str(value))


@click.command("report")
@click.argument("runs", nargs=-1, required=True, type=PATH)
@click.option(
    "--out",
    type=PATH,
    help="Page to write; default: report.html in the folder of the run that started last.",
)
def report(runs: tuple[Path, ...], out: Path | None) -> None:
    """Write the run folders RUNS as one HTML page that needs nothing but itself.

    The page shows the run that started last; of several runs also how scores moved, and of two the
    questions that were fixed and broken.
    """
    read = sorted((read_run(path) for path in runs), key=lambda run: run.started)
    target = out or read[-1].path / "report.html"
    try:
        target.write_text(render(read), encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{target} cannot be written: {error}") from None
    click.echo(f"report: {target}")
