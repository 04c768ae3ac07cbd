"""`footnote ask` and `footnote search`: answers and passages in the terminal."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from index.console import json_option, print_json
from index.errors import ConfigError
from ui.cli.common import PARTIAL, data_folder, program, report_errors
from ui.cli.folders import collection_option, engine_of
from ui.service.settings import HISTORY_CHARACTERS, HISTORY_TURNS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index.types import Hit
    from rag.engine import Engine
    from rag.types import Answer, Turn

_NEAREST = 3
_EXCERPT = 160


class _Quoted(click.Command):
    """A command for one text, which a shell takes apart at its spaces unless it is quoted."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments; words without quotes are met with the quoted command."""
        given = list(args)
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            words = [word for word in given if not word.startswith("-")]
            if "unexpected extra argument" in error.message and len(words) == len(given):
                text = " ".join(words).replace('"', "'")
                command = f"{program(data_folder(ctx.find_root()))} {ctx.info_name}"
                message = f'Put it in quotes: {command} "{text}"'
                raise click.UsageError(message, ctx) from None
            raise


@click.command("ask", cls=_Quoted)
@click.argument("question")
@click.option(
    "--turn",
    "pairs",
    nargs=2,
    multiple=True,
    metavar="QUESTION ANSWER",
    help="What was asked and answered before, which a follow-up leans on; the oldest first.",
)
@collection_option
@json_option
@click.pass_context
@report_errors
def ask(
    context: click.Context,
    question: str,
    pairs: Sequence[tuple[str, str]],
    collections: Sequence[str],
    as_json: bool,
) -> None:
    """Answer QUESTION from the indexed documents, with citations."""
    turns = _turns(pairs)
    engine = engine_of(context, collections)
    answer = _answered(engine, question, turns, collections)
    engine.close()
    if as_json:
        from rag.schema import AnswerBody

        print_json(AnswerBody.of(answer).model_dump(mode="json"))
    else:
        _print_answer(answer)
    if answer.refusal and answer.refusal.reason == "unavailable":
        sys.exit(PARTIAL)  # the passages were found, and the LLM did not answer


@click.command("search", cls=_Quoted)
@click.argument("query")
@click.option("-k", default=8, show_default=True, type=click.IntRange(1, 50), help="How many.")
@collection_option
@json_option
@click.pass_context
@report_errors
def search(
    context: click.Context, query: str, k: int, collections: Sequence[str], as_json: bool
) -> None:
    """List the passages that match QUERY best."""
    engine = engine_of(context, collections)
    searched, hits = engine.search(query, k)
    engine.close()
    if as_json:
        from rag.schema import SearchBody

        print_json(SearchBody.of(searched, hits).model_dump(mode="json"))
        return
    for hit in hits:
        _print_hit(hit)


def _answered(
    engine: Engine, question: str, turns: Sequence[Turn], collections: Sequence[str]
) -> Answer:
    """The checked answer; what an LLM reads meanwhile is told on the error stream."""
    from rag.types import AskOptions, Done, PartRead
    from ui.service.collections import named

    options = AskOptions(collections=named(collections))
    for event in engine.stream(question, turns, options):
        if isinstance(event, PartRead):
            click.echo(f"Reading part {event.part} of {event.of} …", err=True)
        if isinstance(event, Done):
            return event.answer
    raise AssertionError("a stream of an answer ends with it")


def _turns(pairs: Sequence[tuple[str, str]]) -> tuple[Turn, ...]:
    """Earlier turns of the conversation. Raises ConfigError beyond the limits."""
    from rag.types import Turn

    if len(pairs) > HISTORY_TURNS:
        raise ConfigError(
            f"there are {len(pairs)} turns, the limit is {HISTORY_TURNS}; leave out the first"
        )
    characters = sum(len(question) + len(answer) for question, answer in pairs)
    if characters > HISTORY_CHARACTERS:
        raise ConfigError(
            f"the turns have {characters:,} characters, the limit is {HISTORY_CHARACTERS:,}; "
            "leave out the first"
        )
    return tuple(Turn(question, answer) for question, answer in pairs)


def _print_answer(answer: Answer) -> None:
    click.echo(printable(answer.text))
    if answer.query != answer.question:
        click.echo(f"\nSearched for: {printable(answer.query)}")
    for query in answer.searched:
        click.echo(f"\nSearched again for: {printable(query)}")
    if answer.left_out:
        plural = "s" if answer.left_out > 1 else ""
        click.echo(f"\n{answer.left_out} statement{plural} left out, not backed by a source")
    if answer.note and not answer.refusal:
        click.echo(f"\n{printable(answer.note)}")
    for citation in answer.citations:
        place = printable(_place(citation.passage.document, citation.passage.page))
        quote = printable(" ".join(citation.quote.text.split()))
        click.echo(f"\n[{citation.label}] {click.style(place, bold=True)}\n    {quote}")
    if answer.refusal and answer.hits:
        click.echo("\nThe nearest passages:")
        for hit in answer.hits[:_NEAREST]:
            _print_hit(hit)


def _print_hit(hit: Hit) -> None:
    passage = hit.passage
    place = printable(_place(passage.document, passage.page))
    text = printable(" ".join(passage.text.split()))
    excerpt = text if len(text) <= _EXCERPT else text[: _EXCERPT - 1] + "…"
    click.echo(f"\n{hit.rank:>2}  {click.style(place, bold=True)}  {hit.score:.3f}\n    {excerpt}")


def _place(document: str, page: int | None) -> str:
    # A file name may contain line breaks.
    name = " ".join(document.split())
    return f"{name}, page {page}" if page else name


def printable(text: str) -> str:
    """Text without control characters, with which a document could control the terminal."""
    return "".join(char for char in text if char.isprintable() or char in "\n\t")
