"""Training examples for refusal: questions asked with and without the documents that answer."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from eval.calibration.leave_out import IndexView, engine_without, open_index
from eval.datasets.corpus import index_documents
from eval.datasets.mtrag import read_tasks
from eval.datasets.squad import SquadQuestion, read_articles
from index.errors import ConfigError

if TYPE_CHECKING:
    from rag.retrieval.answerability import AnswerabilitySignals
    from rag.settings import Settings

# Articles of a small corpus, since small folders are common.
_FEW = 4
NONE = frozenset[str]()


@dataclass(frozen=True, slots=True)
class SourceQuestion:
    """A question, the number of its article, and the documents that answer it, if any.

    `answer` starts at character `start` of the document.
    """

    text: str
    article: int
    documents: frozenset[str]
    answer: str = ""
    start: int = 0


@dataclass(frozen=True, slots=True)
class QuestionSource:
    """Documents by path with their texts, those of each article, and questions about them."""

    documents: Mapping[str, str]
    articles: Sequence[frozenset[str]]
    titles: Sequence[str]
    questions: Sequence[SourceQuestion]


@dataclass(frozen=True, slots=True)
class RefusalExample:
    """A question asked of a corpus: its signals, and whether the corpus answers it.

    `corpus` is "all", "few" or "one" article; `missing` is "", "paragraph" or "article".
    """

    asked: SourceQuestion
    corpus: str
    missing: str
    signals: AnswerabilitySignals | None

    @property
    def answerable(self) -> bool:
        """Whether the corpus answers the question."""
        return not self.missing


def read_squad(path: Path) -> QuestionSource:
    """A SQuAD-format file, a document for each paragraph. Raises ConfigError."""
    documents, articles, titles, questions = dict[str, str](), [], [], []
    for place, article in enumerate(read_articles(path)):
        named = {
            f"{place:03d}-{number:03d}.txt": paragraph
            for number, paragraph in enumerate(article.paragraphs)
        }
        documents.update({name: paragraph.context for name, paragraph in named.items()})
        articles.append(frozenset(named))
        titles.append(article.title)
        questions += [
            _asked(question, place, name)
            for name, paragraph in named.items()
            for question in paragraph.qas
        ]
    return QuestionSource(documents, articles, titles, questions)


def _asked(question: SquadQuestion, article: int, document: str) -> SourceQuestion:
    if not question.answers:
        return SourceQuestion(question.question, article, frozenset())
    first = question.answers[0]
    if first.answer_start is None:
        raise ConfigError(f"question {question.id!r} lacks answer_start, where its answer stands")
    documents = frozenset([document])
    return SourceQuestion(question.question, article, documents, first.text, first.answer_start)


def read_mtrag(folder: Path) -> QuestionSource:
    """MTRAG's human subset: a document for each passage, its rewritten questions that are
    answerable, and its conversations for articles. Raises ConfigError.
    """
    documents, tasks = read_tasks(folder)
    tasks = [task for task in tasks if task.answerable and task.rewritten]
    titles = list(dict.fromkeys(task.conversation for task in tasks))
    questions = [
        SourceQuestion(task.rewritten, titles.index(task.conversation), task.contexts)
        for task in tasks
    ]
    articles = [
        NONE.union(*(q.documents for q in questions if q.article == place))
        for place in range(len(titles))
    ]
    return QuestionSource(documents, articles, titles, questions)


@contextmanager
def open_source(
    source: QuestionSource, settings: Settings, say: Callable[[str], None]
) -> Iterator[IndexView]:
    """The index of a source's documents, made if it isn't there yet."""
    with open_index(index_documents(source.documents, settings, say)) as view:
        yield view


def ask(
    view: IndexView, source: QuestionSource, articles: Collection[int]
) -> Iterator[RefusalExample]:
    """Each answerable question about these articles, asked of three corpora.

    These are all documents, those of a few articles, and those of its own; each complete, without
    the answering paragraph, and without the article.
    """
    for asked in source.questions:
        if asked.article not in articles or not asked.documents:
            continue
        own = source.articles[asked.article]
        for corpus, documents in _corpora(source, asked.article):
            for missing, gone in (("", NONE), ("paragraph", asked.documents), ("article", own)):
                if left := documents - gone:
                    engine = engine_without(view, source.documents.keys() - left)
                    yield RefusalExample(asked, corpus, missing, engine.signals(asked.text))


def _corpora(source: QuestionSource, article: int) -> Iterator[tuple[str, frozenset[str]]]:
    count = len(source.articles)
    near = [source.articles[(article + step) % count] for step in range(0, 2 * _FEW, 2)]
    yield "all", frozenset(source.documents)
    yield "few", NONE.union(*near)
    yield "one", source.articles[article]
