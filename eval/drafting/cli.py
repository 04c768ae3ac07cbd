"""`footnote eval draft`: gold candidates for a person to confirm."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from eval.console import FAILED, PATH, settings_of
from eval.drafting.rules import absent, candidates
from index.errors import ConfigError, EmptyIndex

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eval.datasets.gold import GoldItem
    from index.types import Document
    from rag.settings import Settings

_UNANSWERABLE = 5  # one of so many candidates has no answer


@click.command("draft")
@click.option(
    "--corpus",
    type=PATH,
    help="Read the documents of this folder, not those of the index.",
)
@click.option(
    "--feedback",
    type=PATH,
    help="Make candidates of readers' ratings; the chat page keeps them in feedback.jsonl.",
)
@click.option(
    "--other",
    type=PATH,
    help="Questions to refuse are about the documents of this folder, not about Footnote's own.",
)
@click.option(
    "-n",
    "count",
    default=30,
    show_default=True,
    type=click.IntRange(min=1),
    help="At most so many from documents; from feedback it is one for each rated answer.",
)
@click.option("--out", required=True, type=PATH, help="Gold file to write.")
@click.pass_context
def draft(
    context: click.Context,
    corpus: Path | None,
    feedback: Path | None,
    other: Path | None,
    count: int,
    out: Path,
) -> None:
    """Write N gold candidates for a person to confirm, each tagged "draft".

    From documents: by rules, or by the LLM of the settings if there is one, keeping only what
    stands in the document word for word. Rules take questions that the documents ask, and make
    others of headings, sentences and tables, for which answers are computed. One in five is about
    other documents, to be refused. From feedback: what readers rated. Exit code 3 if files of the
    corpus could not be read; they are listed.
    """
    settings = settings_of(context)
    if out.exists():
        raise ConfigError(f"{out} is already there, maybe with your corrections; name another file")
    documents, failed = _read(corpus, settings) if corpus else (_indexed(settings), 0)
    if feedback:
        items = _from_feedback(feedback, documents)
    else:
        others = _read(other, settings)[0] if other else []
        refused = absent(documents, others, count // _UNANSWERABLE)
        wanted = count - len(refused)
        items = (
            _from_llm(documents, settings, wanted)
            if settings.has_llm
            else candidates(documents, wanted)
        )
        items += refused if items else []
    if not items:
        raise ConfigError("nothing to ask was found; documents need sentences that state facts")
    try:
        lines = (item.model_dump_json(exclude_defaults=True) + "\n" for item in items)
        out.write_text("".join(lines), encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{out} cannot be written: {error}") from None
    _print_summary(items, out)
    if failed:
        context.exit(FAILED)


def _print_summary(items: Sequence[GoldItem], out: Path) -> None:
    """How many there are, and what a person does with them."""
    without = sum(not item.answerable for item in items)
    documents = {evidence.document for item in items for evidence in item.evidence}
    click.echo(f"{len(items)} candidates from {len(documents)} documents: {out}")
    if without:
        click.echo(f"{without} have no answer, as far as code can tell: search for one first")
    click.echo(
        "Next: read each line; put the question into your own words, shorten answers to what must "
        'be said, delete what nobody would ask, and take the tag "draft" off what you confirm.\n'
        f"Then: footnote eval run {out}"
    )


def _indexed(settings: Settings) -> list[Document]:
    """The documents of the index."""
    from rag.engine import build

    engine = build(settings)
    try:
        found = [
            engine.document(document.path)
            for document in engine.documents()
            if not document.failure
        ]
    finally:
        engine.close()
    if not found:
        raise EmptyIndex("nothing is indexed yet; run: footnote index FOLDER, or add --corpus")
    return found


def _read(corpus: Path, settings: Settings) -> tuple[list[Document], int]:
    """The documents of a folder in order of path, and how many files failed, which are listed."""
    from index.sync.parse_pool import parse_files
    from index.sync.walk import walk
    from index.types import Document

    entries, left_out = walk(corpus, settings.data)
    loaded = [one.result for one in parse_files(corpus, entries, settings)]
    found = [one for one in loaded if isinstance(one, Document)]
    failed = [*left_out, *(one for one in loaded if not isinstance(one, Document))]
    for failure in failed:
        click.echo(f"not read: {failure.path}: {failure.reason}", err=True)
    return sorted(found, key=lambda document: document.path), len(failed)


def _from_llm(documents: Sequence[Document], settings: Settings, count: int) -> list[GoldItem]:
    from eval.drafting.llm import draft_with
    from rag.llm.providers import make_llm

    drafted = draft_with(make_llm(settings), documents, count)
    for reason, number in drafted.dropped.items():
        click.echo(f"dropped: {reason} ({number})", err=True)
    return list(drafted.items)


def _from_feedback(path: Path, documents: Sequence[Document]) -> list[GoldItem]:
    from eval.drafting.feedback import UNKNOWN, from_feedback, load_feedback

    texts = {document.path: document.text for document in documents}
    made = from_feedback(load_feedback(path), texts)
    if made.unknown:
        click.echo(f'{made.unknown} have the answer "{UNKNOWN}", which you must fill in', err=True)
    if made.stale:
        click.echo(f"{made.stale} cited quotes are no longer in their documents", err=True)
    return list(made.items)
