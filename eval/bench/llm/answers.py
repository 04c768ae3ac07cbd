"""The bench's answers: each is asked for once and written to a file at once, so a run goes on."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from eval.bench.llm.questions import BenchQuestion, QuestionSet
from eval.bench.llm.stock import StockEngine
from eval.console import say
from eval.datasets.corpus import OwnIndex, update
from index.settings import load_settings
from index.snapshots import Index
from rag.engine import Engine
from rag.settings import Settings
from rag.types import Answer, AskOptions, Support

SYSTEMS = ("quotes", "footnote", "stock")
_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class BenchAnswer:
    """What a system answered. `strict` is what strict mode would show: the text of the statements
    that are supported in full; `cited` counts citations; `words` those of the whole text.
    """

    system: str
    set: str
    id: str
    text: str
    refused: bool
    cited: int
    statements: tuple[tuple[str, str], ...]
    seconds: float
    note: str = ""

    @property
    def strict(self) -> str:
        """The supported statements."""
        return " ".join(text for text, support in self.statements if support == Support.SUPPORTED)

    @property
    def words(self) -> int:
        """The length of the text."""
        return len(self.text.split())


def is_right(question: BenchQuestion, answer: BenchAnswer) -> bool:
    """Whether an answer is what the question wants. Stock llama-index need not cite."""
    if question.want == "refuse":
        return answer.refused
    own = answer.system != "stock"
    if answer.refused or (own and question.want == "answer" and not answer.cited):
        return False
    return not (question.want == "reply" and answer.cited) and question.holds(answer.text)


class Systems:
    """The systems over the corpora of a bench; each index is made when it is first asked.

    `profile` is that of Footnote's prompts; `window` the model's context in tokens.
    """

    def __init__(self, url: str, cache: Path, profile: str, window: int) -> None:
        self._url, self._cache, self._window = url, cache, window
        self._profile = profile
        self._engines = dict[str, Engine]()
        self._stock = dict[str, StockEngine]()

    def ask(self, system: str, question: BenchQuestion, corpus: Path) -> BenchAnswer:
        """One answer of one system."""
        asked = self._stock_reply if system == "stock" else self._own_answer
        started = time.monotonic()
        answer = asked(system, question, corpus)
        return BenchAnswer(**{**asdict(answer), "seconds": round(time.monotonic() - started, 1)})

    def _own_answer(self, system: str, question: BenchQuestion, corpus: Path) -> BenchAnswer:
        if question.corpus not in self._engines:
            self._engines[question.corpus] = self._engine(question.corpus, corpus)
        composer = "quotes" if system == "quotes" else "llm"
        options = AskOptions(composer=composer)
        answer = self._engines[question.corpus].answer(question.question, question.turns, options)
        return _kept(system, question, answer)

    def _engine(self, name: str, corpus: Path) -> Engine:
        settings = load_settings(
            Settings,
            data=self._cache / "indexes" / name,
            llm_url=self._url,
            llm_profile=self._profile,
            llm_seconds=_SECONDS,
        )
        update(OwnIndex(corpus, settings))
        return Engine(settings, Index(settings))

    def _stock_reply(self, system: str, question: BenchQuestion, corpus: Path) -> BenchAnswer:
        if question.corpus not in self._stock:
            made = StockEngine(corpus, self._url, self._window, self._cache)
            self._stock[question.corpus] = made
        reply = self._stock[question.corpus].answer(question.question)
        return BenchAnswer(system, question.set, question.id, reply.text, reply.refused, 0, (), 0.0)

    def close(self) -> None:
        """Release the indexes."""
        for engine in self._engines.values():
            engine.close()


def _kept(system: str, question: BenchQuestion, answer: Answer) -> BenchAnswer:
    return BenchAnswer(
        system,
        question.set,
        question.id,
        answer.text,
        answer.refusal is not None,
        len(answer.citations),
        tuple((one.text, one.support.value) for one in answer.statements),
        0.0,
        answer.note,
    )


def run(sets: Sequence[QuestionSet], systems: Systems, path: Path, only: Sequence[str]) -> None:
    """Ask what is not in the file yet, and append each answer to it.

    The sets take turns, so that a run that is stopped has some of each.
    """
    known = {(one.system, one.set, one.id) for one in read(path)}
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and not path.read_text(encoding="utf-8").endswith("\n"):
        with path.open("a", encoding="utf-8") as file:
            file.write("\n")  # a killed run left half a line, which stays apart
    for question, corpora in _in_turn(sets):
        for system in only:
            if (system, question.set, question.id) in known:
                continue
            answer = systems.ask(system, question, corpora[question.corpus])
            with path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(answer), ensure_ascii=False) + "\n")
            mark = "right" if is_right(question, answer) else "wrong"
            say(f"{system} {question.set} {question.id}: {mark}, {answer.seconds:.0f} s")


def _in_turn(sets: Sequence[QuestionSet]) -> Iterator[tuple[BenchQuestion, Mapping[str, Path]]]:
    longest = max((len(one.questions) for one in sets), default=0)
    for place in range(longest):
        for one in sets:
            if place < len(one.questions):
                yield one.questions[place], one.corpora


def read(path: Path) -> list[BenchAnswer]:
    """The answers of a file, without the half of a last line that a killed run left."""
    found = list[BenchAnswer]()
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        try:
            row = json.loads(line)
        except ValueError:
            continue
        statements = tuple((text, support) for text, support in row.pop("statements"))
        found.append(BenchAnswer(**row, statements=statements))
    return found
