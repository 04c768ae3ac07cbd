"""`make bench-llm`: asks the bench's questions that are not answered yet, and reports."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from eval.bench.llm import answers, model, questions, report
from eval.console import PATH
from index.errors import FootnoteError

_WINDOW = 8192
_DEFAULT = next(iter(model.MODELS))


@click.command()
@click.argument("cache", type=PATH)
@click.option("--folder", "folders", multiple=True, type=PATH, help="documents/, questions.jsonl.")
@click.option("--xquad", type=PATH, help="XQuAD's JSON; its forty questions are left out without.")
@click.option("--long/--no-long", "with_long", default=True, help="Ask the twenty long questions.")
@click.option("--most", type=click.IntRange(min=1), help="Ask the first so many of each set.")
@click.option("--answers", "name", default="answers", show_default=True, help="Name of the run.")
@click.option("--system", "systems", multiple=True, type=click.Choice(answers.SYSTEMS))
@click.option("--profile", default="auto", type=click.Choice(["auto", "small", "capable"]))
@click.option(
    "--model", "wanted", default=next(iter(model.MODELS)), type=click.Choice([*model.MODELS])
)
@click.option("--threads", default=1, show_default=True, type=click.IntRange(min=1))
@click.option("--report-only", is_flag=True, help="Ask nothing; print what is there.")
def main(
    cache: Path,
    folders: tuple[Path, ...],
    xquad: Path | None,
    with_long: bool,
    most: int | None,
    name: str,
    systems: tuple[str, ...],
    profile: str,
    wanted: str,
    threads: int,
    report_only: bool,
) -> None:
    """Ask a real model through Footnote and through stock llama-index, and compare.

    What is fetched and made lies in CACHE. A run that was stopped goes on where it was.
    """
    sets = [questions.folder_set(folder) for folder in folders if folder.is_dir()]
    if xquad is not None and xquad.exists():
        sets.append(questions.xquad_set(xquad, cache / "xquad"))
    if with_long:
        sets.append(questions.long_set())
    sets = [replace(one, questions=one.questions[:most]) for one in sets]
    path = cache / f"{name}.jsonl"
    try:
        if not report_only:
            cache.mkdir(parents=True, exist_ok=True)
            gguf = model.assembled(model.MODELS[wanted], cache)
            with model.served(gguf, threads, cache / "server.log", _WINDOW) as url:
                asked = answers.Systems(url, cache, profile, _WINDOW)
                answers.run(sets, asked, path, systems or answers.SYSTEMS)
                asked.close()
    except FootnoteError as error:
        raise click.ClickException(str(error)) from None
    click.echo("\n".join(report.lines(sets, answers.read(path))))


if __name__ == "__main__":
    main()
