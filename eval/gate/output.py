"""`footnote eval gate`: its result as text, JUnit XML and Markdown.

None holds a time or a path, so that two runs give the same bytes.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from xml.etree import ElementTree

import click

from eval.console import PATH, corpus_option, settings_of
from eval.datasets.load import load_gold
from eval.gate.baseline import baseline_of, check_same_gold, read_baseline, write_baseline
from eval.gate.compare import change_lines
from eval.gate.gate import INCOMPLETE, PASSED, REGRESSION, GatedMetric, GateResult, check_run
from eval.runs.folder import CONFIG
from eval.runs.results import Run, read_run
from eval.runs.session import RunPlan, run_gold
from index.console import json_option, print_json
from index.embedding.embedder import Embedder
from index.errors import ConfigError

_VERDICTS = {PASSED: "passed", REGRESSION: "REGRESSION", INCOMPLETE: "INCOMPLETE"}
_LISTED = 20
# XML 1.0 cannot hold them.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_TICKS = re.compile("`+")


def headline(found: GateResult) -> str:
    """The verdict in one line."""
    parts = [f"{one.metric} {one.baseline:.3f} -> {one.now:.3f}" for one in found.regressions]
    parts += [
        f"kind {one.kind} {one.baseline} -> {one.now} of {one.questions}"
        for one in found.regressed_kinds
    ]
    if found.must_pass:
        parts.append(f"must-pass questions wrong: {', '.join(one.id for one in found.must_pass)}")
    if found.incomplete:
        parts = [f"{len(found.incomplete)} failed, so nothing is decided"]
    if not parts:
        parts = [f"{found.questions} questions, {len(found.measured)} metrics"]
    return f"{_VERDICTS[found.exit_code]} {found.gold}: {'; '.join(parts)}"


def lines(found: GateResult) -> Iterator[str]:
    """The table, the verdict, and the questions behind a regression."""
    yield (
        f"{'metric':<20} {'n':>5} {'baseline':>8} {'now':>6} {'change':>7} {'allowed':>7} "
        f"{'p':>6} {'fell':>5} {'rose':>5}"
    )
    for one in found.measured:
        yield (
            f"{one.metric:<20} {one.questions:>5} {one.baseline:>8.3f} {one.now:>6.3f} "
            f"{one.now - one.baseline:>+7.3f} {-one.tolerance:>+7.3f} "
            f"{one.p:>6.3f} {len(one.fell):>5} {one.rose:>5}{'  <-' if one.regressed else ''}"
        )
    if found.kinds:
        yield from ("", f"{'kind':<20} {'n':>5} {'baseline':>8} {'now':>6}")
    for kind in found.kinds:
        yield (
            f"{kind.kind:<20} {kind.questions:>5} {kind.baseline:>8} {kind.now:>6}"
            f"{'  <-' if kind.regressed else ''}"
        )
    yield from ("", headline(found))
    yield from (f"  failed: {line}" for line in found.incomplete)
    yield from _broken(found)
    if found.made:
        yield "otherwise than when the baseline was made:"
        yield from (f"  {line}" for line in found.made)


def junit_xml(found: GateResult) -> str:
    """A test case for each metric, for the must-pass questions and for what failed."""
    suite = ElementTree.Element("testsuite", name=_xml(f"footnote eval gate {found.gold}"))
    for one in found.measured:
        _case(suite, found, one.metric, "failure", _sentence(one) if one.regressed else "")
    for kind in found.kinds:
        fell = f"{kind.kind} fell from {kind.baseline} to {kind.now} of {kind.questions} right"
        _case(suite, found, f"kind {kind.kind}", "failure", fell if kind.regressed else "")
    wrong = ", ".join(one.id for one in found.must_pass)
    _case(suite, found, "must_pass", "failure", wrong and f"wrong: {wrong}")
    failed = found.incomplete
    _case(suite, found, "complete", "error", "; ".join(failed) if failed else "")
    cases = len(suite)
    suite.set("tests", str(cases))
    suite.set("failures", str(len(suite.findall("*/failure"))))
    suite.set("errors", str(len(suite.findall("*/error"))))
    ElementTree.indent(suite)
    text = ElementTree.tostring(suite, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def markdown_text(found: GateResult) -> str:
    """The verdict, the table, and the questions that fell, folded away."""
    rows = [
        f"| {one.metric} | {one.questions} | {one.baseline:.3f} | {one.now:.3f} | "
        f"{one.now - one.baseline:+.3f} | {-one.tolerance:+.3f} | {one.p:.3f} | "
        f"{len(one.fell)} | {one.rose} | {'**regression**' if one.regressed else ''} |"
        for one in found.measured
    ]
    made = [f"- {_code(line)}" for line in found.made]
    parts = [
        f"### {_code(headline(found))}",
        "\n".join(
            [
                "| metric | n | baseline | now | change | allowed | p | fell | rose | |",
                "|---|--:|--:|--:|--:|--:|--:|--:|--:|---|",
                *rows,
            ]
        ),
        _kinds_table(found),
        "\n".join(f"- failed: {_code(line)}" for line in found.incomplete),
        _folded(found),
        "\n".join(["Otherwise than when the baseline was made:", "", *made]) if made else "",
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def _kinds_table(found: GateResult) -> str:
    if not found.kinds:
        return ""
    rows = [
        f"| {_code(one.kind)} | {one.questions} | {one.baseline} | {one.now} | "
        f"{'**regression**' if one.regressed else ''} |"
        for one in found.kinds
    ]
    head = ["| kind | n | right in the baseline | right now | |", "|---|--:|--:|--:|---|"]
    return "\n".join([*head, *rows])


def _sentence(one: GatedMetric) -> str:
    return (
        f"{one.metric} fell from {one.baseline:.3f} to {one.now:.3f} "
        f"(allowed {one.tolerance:.3f}, p {one.p:.3f}): {len(one.fell)} of {one.questions} "
        f"questions fell, {one.rose} rose"
    )


def _broken(found: GateResult) -> Iterator[str]:
    for change in found.broken[:_LISTED]:
        yield from change_lines(change)
    if len(found.broken) > _LISTED:
        yield f"  and {len(found.broken) - _LISTED} more, which --json lists"


def _case(
    suite: ElementTree.Element, found: GateResult, name: str, kind: str, message: str
) -> None:
    case = ElementTree.SubElement(suite, "testcase", classname=_xml(found.gold), name=_xml(name))
    if message:
        fault = ElementTree.SubElement(case, kind, message=_xml(message))
        fault.text = _xml("\n".join(["", *_broken(found), ""])) if kind == "failure" else None


def _folded(found: GateResult) -> str:
    if not found.broken:
        return ""
    items = [
        f"- {_code(one.id)} {_code(one.question)}<br>{one.moved}<br>now: {_code(one.outcome)}"
        for one in found.broken
    ]
    summary = f"<details><summary>{len(items)} questions fell</summary>"
    return "\n".join([summary, "", *items, "", "</details>"])


def _code(text: str) -> str:
    """Text in a code span: what a document says becomes no link, tag or mention there."""
    text = " ".join(text.split())
    fence = "`" * (1 + max((len(run) for run in _TICKS.findall(text)), default=0))
    return f"{fence} {text} {fence}" if len(fence) > 1 else f"`{text}`"


def _xml(text: str) -> str:
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)


_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command("gate")
@click.argument("gold", type=PATH)
@click.option(
    "--baseline",
    "file",
    required=True,
    type=_FILE,
    help="Scores to compare with; --update writes the file.",
)
@corpus_option
@click.option("--update", is_flag=True, help="Accept what the questions score now as the baseline.")
@click.option("--junit", type=_FILE, help="Also write JUnit XML to this file.")
@click.option("--markdown", type=_FILE, help="Also write Markdown to this file.")
@click.option("--out", type=PATH, help="Run folder; default: runs/gate-<gold>.")
@json_option
@click.pass_context
def gate(
    context: click.Context,
    gold: Path,
    file: Path,
    corpus: Path | None,
    update: bool,
    junit: Path | None,
    markdown: Path | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """Ask the questions of GOLD and compare the scores with a baseline.

    A metric regressed if its mean fell by more than the baseline's tolerance for it and by more
    than chance. Questions that the baseline lists in `must_pass` must be right.

    Exit code 0: passed. 1: regression; the questions that fell are named. 2: the baseline can't be
    used, or is of other questions. 3: questions or files failed.
    """
    old = None if update and not file.exists() else read_baseline(file)
    if old and not update:
        # Before any question is asked, which may take minutes.
        check_same_gold(old, gold.name, load_gold(gold).digest)
    run, model, unread = _measured(context, gold, corpus, out or Path("runs", f"gate-{gold.stem}"))
    new = baseline_of(run, model, old) if update or not old else old
    found = check_run(new, run, model, unread)
    # An update shows what it accepts, unless the questions are others now.
    shown = check_run(old, run, model, unread) if old and old.gold.digest == run.digest else found
    for path, form in ((junit, junit_xml), (markdown, markdown_text)):
        if path:
            _write(path, form(shown))
    if as_json:
        print_json({"exit_code": found.exit_code, **asdict(shown)})
    else:
        click.echo("\n".join(lines(shown)))
    if update and not found.exit_code:
        write_baseline(file, new)
        click.echo(f"written: {file}", err=True)
    elif found.exit_code == REGRESSION:
        click.echo(_next(context, gold, file, corpus, run), err=True)
    context.exit(found.exit_code)


def _measured(
    context: click.Context, gold: Path, corpus: Path | None, out: Path
) -> tuple[Run, str, tuple[str, ...]]:
    """A run of the gold set, the embedding model's fingerprint, and the files not indexed."""
    settings = settings_of(context)
    # What a run left that stopped was answered by other code, so it is not gone on with.
    (out / CONFIG).unlink(missing_ok=True)
    finished = run_gold(RunPlan(gold, corpus, out), settings)
    return read_run(out), Embedder(settings.embedding_model).fingerprint, finished.unread


def _next(context: click.Context, gold: Path, file: Path, corpus: Path | None, run: Run) -> str:
    """The next commands after a regression."""
    data = (context.obj or {}).get("data")
    update = [
        *("footnote", *(("--data", str(data)) if data else ()), "eval", "gate", str(gold)),
        *("--baseline", str(file), *(("--corpus", str(corpus)) if corpus else ()), "--update"),
    ]
    return (
        f"\nthe answers and passages: footnote eval report {shlex.quote(str(run.path))}\n"
        f"to accept what the questions score now: {shlex.join(update)}"
    )


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error}") from None
