"""What strict mode keeps of an LLM's answers, and how much of it is true.

Every question is answered twice from one reply of the LLM, with strict mode and without. Replies
are cached on disk, so that an interrupted run can be resumed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import click

from eval.console import PATH, settings_of
from eval.datasets.corpus import own_index, update
from eval.datasets.load import load_gold
from eval.measures.answers import contains, normalise
from eval.runs.session import progress_bars
from index.console import print_json
from index.errors import ConfigError
from rag.llm.base import ChatMessage
from rag.llm.client import OpenAICompatibleLLM
from rag.llm.errors import LLMError
from rag.types import Answer, Draft, PartRead, Reason, Support, Turn

if TYPE_CHECKING:
    from eval.datasets.gold import GoldItem, GoldSet
    from rag.composition.base import ComposerInput
    from rag.composition.generative import LLMComposer
    from rag.engine import Engine
    from rag.settings import Settings

REPLIES = "replies.jsonl"
MODES = {"strict": True, "not strict": False}
_SEED = 0

Reply = tuple[list[str], str]  # its pieces, and the fault that ended it, if one did


@dataclass(frozen=True, slots=True)
class StatementVerdict:
    """A statement of an answer, with its verdict and citations.

    `in_passage`: each of its words, as SQuAD's script normalises them, stands in one passage that
    it cites, its headings or title. `cites_answer`: a cited span contains a gold answer;
    `says_answer`: the statement does.
    """

    question: str
    text: str
    support: Support
    quotes: tuple[str, ...]
    in_passage: bool
    cites_answer: bool
    says_answer: bool

    @property
    def true(self) -> bool:
        """Supported by the check and, which is independent of it, `in_passage`."""
        return self.in_passage and self.support is Support.SUPPORTED


@dataclass(frozen=True, slots=True)
class ModeResult:
    """The number of answers in one mode, and their statements."""

    answers: int
    statements: tuple[StatementVerdict, ...]


@dataclass(frozen=True, slots=True)
class StrictReport:
    """Numbers of questions, of replies of the LLM and of the statements in them, and the result of
    each of MODES. Repetitions, questions and refusals are no statements.
    """

    questions: int
    replies: int
    written: int
    shown: Mapping[str, ModeResult]


class CachedLLM(OpenAICompatibleLLM):
    """An LLM with its replies cached in a file."""

    def __init__(self, settings: Settings, path: Path) -> None:
        key = settings.llm_key.get_secret_value()
        super().__init__(settings.llm_url, settings.llm_model, key, settings.llm_seconds)
        self._name = [settings.llm_url, settings.llm_model]
        self._path = path
        self._known = dict(_read(path))

    def stream(self, messages: Sequence[ChatMessage]) -> Generator[str, None, None]:
        """As LLM's. A reply that its reader leaves is kept as far as it was read, as is one that a
        fault cut off.
        """
        asked = json.dumps([*self._name, *map(asdict, messages)])
        key = sha256(asked.encode()).hexdigest()
        if key in self._known:
            pieces, fault = self._known[key]
            yield from pieces
            if fault:
                raise LLMError(fault.removesuffix("."))
            return
        pieces, fault = list[str](), ""
        try:
            for piece in super().stream(messages):
                pieces.append(piece)
                yield piece
        except LLMError as error:
            fault = str(error)
            raise
        finally:
            if pieces:  # a server that is down said nothing worth keeping
                self._keep(key, (pieces, fault))

    def _keep(self, key: str, reply: Reply) -> None:
        self._known[key] = reply
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps([key, *reply]) + "\n")


def _read(path: Path) -> Iterator[tuple[str, Reply]]:
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        try:
            key, pieces, fault = json.loads(line)
        except ValueError:
            continue  # the last line of a run that was killed while it wrote it
        yield key, (pieces, fault)


class _RecordingComposer:
    """A composer that records its last draft."""

    def __init__(self, inner: LLMComposer) -> None:
        self.name = inner.name
        self.draft: Draft | None = None
        self._inner = inner

    def compose(
        self, evidence: ComposerInput, turns: Sequence[Turn] = ()
    ) -> Generator[str | PartRead, None, Draft]:
        self.draft = yield from self._inner.compose(evidence, turns)
        return self.draft


def measure(
    path: Path, settings: Settings, limit: int, show: Callable[[str, int, int], None]
) -> StrictReport:
    """Ask so many questions of a gold set that brings its documents, drawn by a fixed seed.

    Raises ConfigError if the settings name no LLM, if the set brings no documents or has no
    questions with answers, and if the LLM fails.
    """
    from index.snapshots import Index
    from rag.composition.generative import LLMComposer
    from rag.engine import Engine

    gold = load_gold(path)
    items = sample_questions(gold, limit)
    own = own_index(gold, path, None, settings)
    if own is None:
        raise ConfigError(f"{path.name} brings no documents of its own; give a SQuAD-format file")
    settings = own.settings
    llm = CachedLLM(settings, settings.data.parent / REPLIES)
    update(own, show)
    composer = _RecordingComposer(LLMComposer(settings, llm))
    index = Index(settings)
    engines = {
        mode: Engine(settings.model_copy(update={"strict": strict}), index, composer)
        for mode, strict in MODES.items()
    }
    try:
        return _report(items, engines, composer, show)
    finally:
        index.close()


def sample_questions(gold: GoldSet, limit: int) -> list[GoldItem]:
    """A fixed sample of the questions that have answers. Raises ConfigError if there are none."""
    items = [item for item in gold.items if item.answers]
    if not items:
        raise ConfigError("this gold set has no questions with answers")
    return Random(_SEED).sample(items, min(limit, len(items)))


def _report(
    items: Sequence[GoldItem],
    engines: Mapping[str, Engine],
    composer: _RecordingComposer,
    show: Callable[[str, int, int], None],
) -> StrictReport:
    answers = dict.fromkeys(engines, 0)
    statements: dict[str, list[StatementVerdict]] = {mode: [] for mode in engines}
    replies = written = 0
    for number, item in enumerate(items, start=1):
        composer.draft = None
        for mode, engine in engines.items():
            answer = engine.answer(item.question)
            if answer.refusal and answer.refusal.reason is Reason.UNAVAILABLE:
                raise ConfigError(answer.refusal.message)
            answers[mode] += answer.refusal is None
            statements[mode] += statement_verdicts(item, answer)
        # Both modes draft the same: the LLM wrote one reply.
        claims = composer.draft.claims if composer.draft else ()
        replies, written = replies + bool(claims), written + len(claims)
        show("asking", number, len(items))
    shown = {mode: ModeResult(answers[mode], tuple(statements[mode])) for mode in engines}
    return StrictReport(len(items), replies, written, shown)


def statement_verdicts(item: GoldItem, answer: Answer) -> Iterator[StatementVerdict]:
    """The statements of an answer with their verdicts."""
    citations = {citation.label: citation for citation in answer.citations}
    for statement in answer.statements:
        cited = [citations[label] for label in statement.citations]
        quotes = tuple(citation.quote.text for citation in cited)
        yield StatementVerdict(
            item.id,
            statement.text,
            statement.support,
            quotes,
            any(_holds(citation.passage.embedding_text, statement.text) for citation in cited),
            any(contains(quote, item.answers) for quote in quotes),
            bool(contains(statement.text, item.answers)),
        )


def _holds(text: str, statement: str) -> bool:
    return set(normalise(statement).split()) <= set(normalise(text).split())


@click.command()
@click.argument("gold", type=PATH)
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=100,
    show_default=True,
    help="Ask N of the questions.",
)
@click.option("--json", "as_json", is_flag=True, help="Print every statement as one JSON document.")
@click.pass_context
def strict(context: click.Context, gold: Path, limit: int, as_json: bool) -> None:
    """Count what strict mode keeps of an LLM's answers, and how much of it is true.

    GOLD is a set that brings its documents, such as SQuAD's or XQuAD's JSON; of its questions some
    are drawn, the same each time, and put to the LLM of the settings. Its replies are kept in the
    data folder, so a run that stopped goes on where it was.
    """
    settings = settings_of(context)
    with progress_bars() as show:
        report = measure(gold, settings, limit, show)
    if as_json:
        print_json(asdict(report))
    else:
        click.echo("\n".join(lines(report)))


def lines(report: StrictReport) -> Iterator[str]:
    """The report in columns, a column for each mode; shares are of the statements shown."""
    yield (
        f"{report.questions} questions; the LLM wrote {report.written} statements in "
        f"{report.replies} answers"
    )
    yield ""
    yield f"{'':<42}" + "".join(f"{mode:>14}" for mode in report.shown)
    yield f"{'answers shown':<42}" + _row(str(shown.answers) for shown in report.shown.values())
    yield f"{'statements shown':<42}" + _row(
        str(len(shown.statements)) for shown in report.shown.values()
    )
    columns = [_shares(shown) for shown in report.shown.values()]
    for name in columns[0]:
        yield f"{name:<42}" + _row(
            f"{count / total:.3f}" if (total := len(shown.statements)) else "-"
            for count, shown in zip(
                (column[name] for column in columns), report.shown.values(), strict=True
            )
        )


def _row(cells: Iterator[str]) -> str:
    return "".join(f"{cell:>14}" for cell in cells)


def _shares(shown: ModeResult) -> dict[str, int]:
    """How many statements each thing is true of."""
    found = shown.statements
    return {
        "supported by the check": sum(one.support == "supported" for one in found),
        "each word in one passage it cites": sum(one.in_passage for one in found),
        "true: both of these": sum(one.true for one in found),
        "a quote it cites holds a gold answer": sum(one.cites_answer for one in found),
        "it holds a gold answer itself": sum(one.says_answer for one in found),
        "true, and a quote holds a gold answer": sum(
            one.true and one.cites_answer for one in found
        ),
    }
