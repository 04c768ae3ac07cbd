"""The engine: one pipeline from a question to a checked answer, for every interface."""

from __future__ import annotations

import threading
from collections.abc import Generator, Sequence
from copy import copy
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256

from index.catalog.reader import DocumentInfo
from index.embedding.model_files import supports_language
from index.errors import ConfigError, UnknownDocument
from index.joined import JoinedIndex
from index.runtime import Clock, cores
from index.snapshots import Index, Snapshot
from index.tables.typed import TypedTable
from index.types import Document, Hit
from rag.citations.labelling import LabelledAnswer, label
from rag.composition.base import Composer, ComposerInput, Excerpt, build_excerpts, draft_of
from rag.composition.extractive import QuotesComposer
from rag.composition.structure import Structure, Structures
from rag.composition.table_answer import table_draft
from rag.followups.condense import CondensedQuery, condense, yielded
from rag.followups.llm_rewrite import Rewriter
from rag.intents.classifier import REPLIES, Intent, decide, instruction_words, intent_probabilities
from rag.intents.replies import documents_about_text, reply_text, topic_terms, writing_text
from rag.llm.prompts import PROMPT_VERSION
from rag.refusals import framed, hedged, refusal_before, refusal_of
from rag.retrieval.answer_type import AnswerType, expected_answer_type
from rag.retrieval.answerability import (
    AnswerabilitySignals,
    answer_confidence,
    answerability_signals,
)
from rag.retrieval.cross_encoder import LoadedModels, Reranker
from rag.retrieval.hybrid import (
    ScoreProbe,
    SearchQuery,
    SearchResult,
    dense_weight_for,
    probe_scores,
    search,
)
from rag.retrieval.spelling import mend_spelling
from rag.settings import Settings
from rag.summaries.compose import summary_draft
from rag.summaries.target import names_only_a_file
from rag.tables.plan import answer as compute
from rag.types import Answer, AskOptions, Delta, Done, Draft, Event, Refusal, Retrieved, Turn
from rag.verification.conflicts import cite_conflict, find_conflict
from rag.verification.fit import fitted
from rag.verification.support import support_checker

QUESTION_CHARACTERS = 4000
# Passages that are looked through for the documents about a topic.
_TOPIC_HITS = 10


@dataclass(frozen=True, slots=True)
class _Writer:
    """A composer, and the rewriter of follow-ups that goes with it."""

    composer: Composer
    rewriter: Rewriter | None = None


@dataclass(frozen=True, slots=True)
class _Request:
    """One question with its turns, and the settings and composer that its options lead to."""

    question: str
    turns: Sequence[Turn]
    settings: Settings
    writer: _Writer


class Engine:
    """Answers questions from one index.

    Composers are made from the settings by name, when they are first used; the settings' own is
    made at once, unless it is given. Raises ConfigError if the settings lead to no composer.
    """

    def __init__(
        self, settings: Settings, index: Index | JoinedIndex, composer: Composer | None = None
    ) -> None:
        self._settings = settings
        self._index = index
        name: str = settings.composer_name
        self._writers = {name: _Writer(composer) if composer else _writer(name, settings)}
        self._check = support_checker(settings)
        self._reranker = Reranker(settings.rerank_model) if settings.rerank_model else None
        self.models = LoadedModels(index.embedder, self._reranker)
        self._structures = Structures()
        # More searches than cores only compete for the interpreter.
        self._searching = threading.BoundedSemaphore(cores())

    def over(self, index: Index | JoinedIndex, settings: Settings | None = None) -> Engine:
        """An engine over another index, which has this one's models in memory.

        `settings`, if given, differ only in what a question's answer takes from them.
        """
        other = copy(self)
        other._index = index
        if settings is not None:
            other._settings, other._writers = settings, {}
        return other

    def stream(
        self, question: str, turns: Sequence[Turn] = (), options: AskOptions = AskOptions()
    ) -> Generator[Event, None, None]:
        """Retrieved, then Delta for every piece of text, then Done with the checked answer.

        Raises ConfigError for a question that is empty or too long and for a composer that the
        settings do not allow, and what the index raises.
        """
        clock = Clock()
        request = self._request_of(question, turns, options)
        rewritten = _rewritten(request)
        clock.lap("condense")
        with self._index.lease() as snapshot:
            intent = self._intent(request)
            if reply := self._reply(request, intent, snapshot):
                yield Retrieved(request.question, ())
                yield Done(self._replied(request, reply, snapshot, clock))
                return
            found, kind = self._retrieve(
                request, rewritten, snapshot, request.settings.passages, clock
            )
            yield Retrieved(found.query, found.hits)
            signals = _signals(request, intent, found, kind, snapshot)
            confidence = answer_confidence(signals)
            given = self._special(request, intent, found, snapshot)
            quotes = request.writer.composer.name == "quotes"
            draft = given if quotes else None
            refusal = refusal_before(found, 1.0 if given else confidence, request.settings, quotes)
            clock.lap("judge")
            if refusal:
                yield Done(
                    self._answer(request, found, snapshot, clock, confidence, refusal=refusal)
                )
                return
            if draft is None:
                evidence = self._evidence(intent, found, snapshot, kind)
                known = _with_given(evidence, given, confidence, request)
                draft = yield from _compose(request, known)
                draft = hedged(draft, confidence) if quotes else draft
                draft = cite_conflict(draft, find_conflict(found.query, kind, found.sentences))
            clock.lap("compose")
            check = self._check if quotes else fitted(self._check, found.query, draft.claims)
            labelled = label(draft, request.settings.strict, check)
            refusal = refusal_of(draft, labelled)
            clock.lap("check")
            yield Done(
                self._answer(request, found, snapshot, clock, confidence, labelled, draft, refusal)
            )

    def answer(
        self, question: str, turns: Sequence[Turn] = (), options: AskOptions = AskOptions()
    ) -> Answer:
        """The checked answer: the last event of `stream`."""
        *_, done = self.stream(question, turns, options)
        assert isinstance(done, Done)
        return done.answer

    def search(self, query: str, k: int, turns: Sequence[Turn] = ()) -> tuple[str, tuple[Hit, ...]]:
        """The query as searched for, and the k best passages, ranked as for an answer."""
        request = self._request_of(query, turns)
        rewritten = _rewritten(request)
        with self._index.lease() as snapshot:
            found, _ = self._retrieve(request, rewritten, snapshot, k, Clock())
            return found.query, found.hits

    def signals(self, question: str, turns: Sequence[Turn] = ()) -> AnswerabilitySignals | None:
        """The answerability signals of a question; nothing is composed."""
        request = self._request_of(question, turns)
        rewritten = _rewritten(request)
        with self._index.lease() as snapshot:
            k = self._settings.passages
            found, kind = self._retrieve(request, rewritten, snapshot, k, Clock())
            return _signals(request, self._intent(request), found, kind, snapshot)

    def documents(self) -> list[DocumentInfo]:
        """Every file of the corpus in order of path, failed ones with their reason."""
        with self._index.lease() as snapshot:
            return snapshot.documents()

    def document(self, path: str) -> Document:
        """A document with its text. Raises UnknownDocument."""
        with self._index.lease() as snapshot:
            document = snapshot.document(path)
        if document is None:
            raise UnknownDocument(f"no document {path!r} is indexed; run: footnote search WORDS")
        return document

    @property
    def generation(self) -> int:
        """The generation of the index that answers now."""
        with self._index.lease() as snapshot:
            return snapshot.generation

    def warm_up(self) -> None:
        """Load the model and open the index, so that the first question does not wait for it."""
        with self._index.lease() as snapshot:
            self._search(snapshot, CondensedQuery("warm up", ""), AnswerType.ANY, 1, Clock())

    def keep_up(self, stop: threading.Event) -> None:
        """Follow new generations of the index, within a second or so, until `stop` is set."""
        self._index.keep_up(stop)

    def close(self) -> None:
        """Release the index."""
        self._index.close()

    def _request_of(
        self, question: str, turns: Sequence[Turn], options: AskOptions = AskOptions()
    ) -> _Request:
        """A question with its options. Raises ConfigError if either is not acceptable."""
        question = _checked(question)
        name = options.composer or self._settings.composer_name
        writer = self._writers.get(name)
        if writer is None:
            writer = self._writers.setdefault(name, _writer(name, self._settings))
        return _Request(question, turns, _with(self._settings, options), writer)

    def _intent(self, request: _Request) -> Intent:
        """What kind of thing is asked for; writing is left to a composer that can write."""
        vector = self._index.embed_query(request.question)
        model = self._settings.embedding_model
        intent = decide(intent_probabilities(request.question, vector, model))
        can_write = request.writer.composer.name != "quotes"
        return Intent.EXPLAIN if intent is Intent.WRITING and can_write else intent

    def _reply(self, request: _Request, intent: Intent, snapshot: Snapshot) -> str:
        """What to say to what is no question to the documents, or ""."""
        if intent not in REPLIES:
            return ""
        documents = snapshot.documents()
        topic = topic_terms(request.question, snapshot.terms) if intent is Intent.DOCUMENTS else []
        if topic and (paths := self._documents_about(" ".join(topic), snapshot)):
            by_path = {document.path: document for document in documents}
            return documents_about_text([by_path[path] for path in paths])
        return reply_text(intent, documents)

    def _documents_about(self, topic: str, snapshot: Snapshot) -> list[str]:
        """Paths of the documents with the best passages for a topic that hold a word of it."""
        if not snapshot.passage_count:
            return []
        found = self._search(
            snapshot, CondensedQuery(topic, topic), AnswerType.ANY, _TOPIC_HITS, Clock()
        )
        pairs = zip(found.hits, found.matched_terms, strict=True)
        return list(dict.fromkeys(hit.passage.document for hit, matched in pairs if matched))

    def _special(
        self, request: _Request, intent: Intent, found: SearchResult, snapshot: Snapshot
    ) -> Draft | None:
        """A draft that needs no composer: a figure, a summary, or what a piece of writing would
        rest on.
        """
        if not found.hits:
            return None
        if computed := self._computed(found, snapshot):
            return computed
        # Only a question with a dot can name a file; the others need no list of all documents.
        names_file = "." in request.question and names_only_a_file(
            request.question, snapshot.documents()
        )
        if intent is Intent.SUMMARY or names_file:
            return summary_draft(request.question, found.vector, snapshot, found.hits)
        if intent is Intent.WRITING:
            evidence = self._evidence(Intent.EXPLAIN, found, snapshot)
            return replace(draft_of(_compose(request, evidence)), opening=writing_text())
        return None

    def _computed(self, found: SearchResult, snapshot: Snapshot) -> Draft | None:
        """What is computed over the tables of the documents that were found, if anything is."""
        tables = self._found_tables(found, snapshot)
        answer = compute(found.query, tables, self._index.embed_sentences) if tables else None
        return table_draft(answer, snapshot.passages_in) if answer else None

    def _found_tables(self, found: SearchResult, snapshot: Snapshot) -> list[TypedTable]:
        """The tables of the documents that were found, best first."""
        paths = [path for path in found.documents if path in snapshot.paths_with_tables]
        return [table for path in paths for table in self._tables_of(path, snapshot)]

    def _tables_of(self, path: str, snapshot: Snapshot) -> tuple[TypedTable, ...]:
        document = snapshot.document(path)
        return self._structures.tables(document) if document else ()

    def _evidence(
        self,
        intent: Intent,
        found: SearchResult,
        snapshot: Snapshot,
        kind: AnswerType = AnswerType.ANY,
    ) -> ComposerInput:
        def structure(path: str) -> Structure | None:
            document = snapshot.document(path)
            return self._structures.of(document) if document else None

        return ComposerInput(
            found.query,
            found.hits,
            found.sentences,
            partial(_excerpts, found, snapshot),
            snapshot.passages_in,
            snapshot.tables_in,
            structure,
            intent,
            kind,
            typed_tables=lambda: self._found_tables(found, snapshot),
        )

    def _replied(self, request: _Request, text: str, snapshot: Snapshot, clock: Clock) -> Answer:
        return Answer(
            question=request.question,
            query=request.question,
            text=text,
            statements=(),
            citations=(),
            refusal=None,
            hits=(),
            composer=request.writer.composer.name,
            confidence=1.0,
            seconds=clock.seconds(),
            fingerprint=_fingerprint(request.settings, snapshot),
            is_reply=True,
        )

    def _retrieve(
        self, request: _Request, rewritten: str, snapshot: Snapshot, k: int, clock: Clock
    ) -> tuple[SearchResult, AnswerType]:
        """The k best passages for a question with its turns, and the type of answer it wants."""
        condensed = self._condense(snapshot, self._spelled(request, snapshot), rewritten)
        kind = expected_answer_type(condensed.question)
        found = self._search(snapshot, condensed, kind, k, clock)
        if not condensed.uses_previous:
            return found, kind
        plain = CondensedQuery(condensed.question, condensed.question)
        alone = self._search(snapshot, plain, kind, k, clock)
        return yielded(condensed, found, alone, kind, snapshot.passage_count), kind

    def _spelled(self, request: _Request, snapshot: Snapshot) -> _Request:
        """The question with its spelling mended; what is shown as asked stays as it was."""
        if not snapshot.passage_count:
            return request
        mended = mend_spelling(request.question, snapshot, self._index.count_tokens)
        return replace(request, question=mended.text) if mended.corrections else request

    def _condense(self, snapshot: Snapshot, request: _Request, rewritten: str) -> CondensedQuery:
        def probe(text: str) -> ScoreProbe:
            weight = dense_weight_for(self._settings.dense_weight, self._reads(snapshot, text))
            return probe_scores(snapshot, text, self._index.embed_query(text), weight)

        turns = request.turns if snapshot.passage_count else ()
        return condense(request.question, turns, probe, rewritten)

    def _reads(self, snapshot: Snapshot, query: str) -> bool:
        return supports_language(self._settings.embedding_model, snapshot.language(query))

    def _search(
        self, snapshot: Snapshot, condensed: CondensedQuery, kind: AnswerType, k: int, clock: Clock
    ) -> SearchResult:
        vector = self._index.embed_query(condensed.query)
        clock.lap("embed")
        if not snapshot.passage_count:
            return SearchResult(condensed.query, vector, (), ())
        read = self._reads(snapshot, condensed.query)
        weight = dense_weight_for(self._settings.dense_weight, read)
        query = SearchQuery(condensed.query, vector, kind, weight, condensed.bias, read)
        with self._searching:
            found = search(snapshot, query, k, self._index.embed_sentences, self._reranker)
        clock.lap("search")
        return found

    def _answer(
        self,
        request: _Request,
        found: SearchResult,
        snapshot: Snapshot,
        clock: Clock,
        confidence: float,
        labelled: LabelledAnswer | None = None,
        draft: Draft | None = None,
        refusal: Refusal | None = None,
    ) -> Answer:
        shown = labelled if labelled and not refusal else LabelledAnswer("", (), ())
        return Answer(
            question=request.question,
            query=found.query,
            text=refusal.message if refusal else framed(shown.text, draft),
            statements=shown.statements,
            citations=shown.citations,
            refusal=refusal,
            hits=found.hits,
            composer=request.writer.composer.name,
            stray=draft.stray if draft else 0,
            note=draft.note if draft else "",
            confidence=confidence,
            seconds=clock.seconds(),
            fingerprint=_fingerprint(request.settings, snapshot),
            computed=draft.computed if draft and not refusal else None,
        )


def build(settings: Settings) -> Engine:
    """An engine over the index in `settings.data`, which is opened at the first question.

    Raises ConfigError if the settings lead to no composer.
    """
    return Engine(settings, Index(settings))


def _writer(name: str, settings: Settings) -> _Writer:
    """The composer of this name. Raises ConfigError if there is none, or no LLM for it."""
    if name == "quotes":
        return _Writer(QuotesComposer(settings.sentences))
    if name != "llm":
        raise ConfigError(f"there is no composer {name!r}; use quotes or llm")
    if not settings.has_llm:
        raise ConfigError("the llm composer needs a server; set FOOTNOTE_LLM_URL or use quotes")
    from rag.composition.generative import LLMComposer

    return _Writer(LLMComposer(settings), Rewriter(settings))


def _with(settings: Settings, options: AskOptions) -> Settings:
    """The settings with the options of one question; the same object if they change nothing."""
    changes = {
        "composer": options.composer or settings.composer_name,
        "passages": options.passages or settings.passages,
        "strict": settings.strict if options.strict is None else options.strict,
    }
    usual = (settings.composer_name, settings.passages, settings.strict)
    return settings if tuple(changes.values()) == usual else settings.model_copy(update=changes)


def _rewritten(request: _Request) -> str:
    """The stand-alone form of a follow-up by the LLM, or ""."""
    rewriter = request.writer.rewriter
    return rewriter.rewrite(request.question, request.turns) if rewriter and request.turns else ""


def _signals(
    request: _Request,
    intent: Intent,
    found: SearchResult,
    answer_type: AnswerType,
    snapshot: Snapshot,
) -> AnswerabilitySignals | None:
    instructions = snapshot.terms(" ".join(instruction_words(request.question, intent)))
    return answerability_signals(found, answer_type, snapshot.passage_count, instructions)


def _compose(request: _Request, evidence: ComposerInput) -> Generator[Delta, None, Draft]:
    pieces = request.writer.composer.compose(evidence, request.turns)
    while True:
        try:
            piece = next(pieces)
        except StopIteration as stop:
            draft: Draft = stop.value
            return draft
        yield Delta(piece)


def _with_given(
    evidence: ComposerInput, given: Draft | None, confidence: float, request: _Request
) -> ComposerInput:
    """What a composer gets to know besides: the program's own draft, and whether it is sure."""
    is_sure = bool(given) or confidence >= request.settings.refuse_below
    return replace(evidence, given=given, is_sure=is_sure)


def _fingerprint(settings: Settings, snapshot: Snapshot) -> str:
    dumped = settings.model_dump_json(exclude={"data", "llm_key"})
    facts = f"{snapshot.model} {snapshot.generation} {PROMPT_VERSION} {dumped}"
    return sha256(facts.encode()).hexdigest()[:16]


def _excerpts(found: SearchResult, snapshot: Snapshot) -> tuple[Excerpt, ...]:
    def text_of(path: str) -> str:
        document = snapshot.document(path)
        return document.text if document else ""

    return build_excerpts(found, len(found.hits), text_of)


def _checked(question: str) -> str:
    if not question.strip():
        raise ConfigError('the question is empty; ask one, like: footnote ask "Who met whom?"')
    if len(question) > QUESTION_CHARACTERS:
        raise ConfigError(
            f"the question has {len(question):,} characters, the limit is {QUESTION_CHARACTERS:,}; "
            "ask a shorter one"
        )
    return question
