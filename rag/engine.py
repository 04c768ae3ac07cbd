"""The engine: one pipeline from a question to a checked answer, for every interface."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Sequence
from copy import copy
from dataclasses import replace
from functools import partial

from index.catalog.reader import DocumentInfo
from index.embedding.model_files import supports_language
from index.errors import UnknownDocument
from index.filtered import filtered
from index.joined import JoinedIndex
from index.runtime import Clock, cores
from index.snapshots import Index, Snapshot
from index.tables.typed import TypedTable
from index.types import Document, Hit
from rag.citations.labelling import LabelledAnswer, label
from rag.composition.base import (
    Composer,
    ComposerInput,
    Excerpt,
    draft_of,
    merged_hits,
    part_excerpts,
)
from rag.composition.blocks.structure import Structure, Structures
from rag.composition.table_answer import table_draft
from rag.followups.condense import CondensedQuery, condense, yielded
from rag.intents.classifier import REPLIES, Intent, decide, instruction_words, intent_probabilities
from rag.intents.clauses import clauses_of
from rag.intents.replies import documents_about_text, reply_text, topic_terms, writing_text
from rag.refusals import framed, hedged, refusal_before, refusal_of
from rag.requests import (
    AnswerRequest,
    AnswerWriter,
    checked_question,
    composed,
    fingerprint,
    passages_for,
    replied,
    rewritten_question,
    with_options,
    writer_named,
)
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
from rag.summaries.reading import to_summarise
from rag.summaries.target import names_only_a_file
from rag.tables.plan import answer as compute
from rag.tables.reading.operators import degrees as degrees_of
from rag.types import (
    Answer,
    AskOptions,
    Delta,
    Done,
    Draft,
    Event,
    PartRead,
    Refusal,
    Retrieved,
    Turn,
)
from rag.verification.conflicts import cite_conflict, find_conflict
from rag.verification.fit import fitted
from rag.verification.support import support_checker

# Passages that are looked through for the documents about a topic.
_TOPIC_HITS = 10


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
        self._writers = {name: AnswerWriter(composer) if composer else writer_named(name, settings)}
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
        """Retrieved, PartRead and Delta for what is read and written, then Done, which is checked.

        Raises ConfigError for a question that is empty or too long and for a composer that the
        settings do not allow, and what the index raises.
        """
        clock = Clock()
        request = self._request_of(question, turns, options)
        rewritten = rewritten_question(request)
        clock.lap("condense")
        with self._index.lease() as whole:
            snapshot = filtered(whole, options.filters)
            intent = self._intent(request)
            if reply := self._reply(request, intent, snapshot):
                yield Retrieved(request.question, ())
                yield Done(replied(request, reply, snapshot, clock))
                return
            k = passages_for(request, intent, options)
            found, kind = self._retrieve(request, rewritten, snapshot, k, clock)
            yield Retrieved(found.query, found.hits)
            others = answer_confidence(_signals(request, intent, found, kind, snapshot))
            given = self._computed(found, snapshot, others >= request.settings.refuse_below)
            confidence = given.confidence if given else others
            given = given or self._special(request, intent, found, snapshot)
            quotes = request.writer.composer.name == "quotes"
            draft = hedged(given, given.confidence) if given and quotes else None
            refusal = refusal_before(request, found, 1.0 if given else confidence, snapshot, quotes)
            clock.lap("judge")
            if refusal:
                yield Done(
                    self._answer(request, found, snapshot, clock, confidence, refusal=refusal)
                )
                return
            if draft is None:
                parts = self._parts(request, snapshot, clock)
                evidence = self._evidence(intent, found, snapshot, kind, parts)
                is_sure = bool(given) or confidence >= request.settings.refuse_below
                known = replace(evidence, given=given, is_sure=is_sure)
                draft, found = yield from self._drafted(request, known, found, snapshot, clock)
                draft = hedged(draft, confidence) if quotes else draft
            clock.lap("compose")
            check = self._check if quotes else fitted(self._check, found.query, draft.claims)
            labelled = label(draft, request.settings.strict, check)
            refusal = refusal_of(draft, labelled, request)
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

    def search(
        self, query: str, k: int, turns: Sequence[Turn] = (), options: AskOptions = AskOptions()
    ) -> tuple[str, tuple[Hit, ...]]:
        """The query as searched for, and the k best passages, ranked as for an answer."""
        request = self._request_of(query, turns)
        rewritten = rewritten_question(request)
        with self._index.lease() as whole:
            snapshot = filtered(whole, options.filters)
            found, _ = self._retrieve(request, rewritten, snapshot, k, Clock())
            return found.query, found.hits

    def signals(self, question: str, turns: Sequence[Turn] = ()) -> AnswerabilitySignals | None:
        """The answerability signals of a question; nothing is composed."""
        request = self._request_of(question, turns)
        rewritten = rewritten_question(request)
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
    ) -> AnswerRequest:
        """A question with its options. Raises ConfigError if either is not acceptable."""
        question = checked_question(question)
        name = options.composer or self._settings.composer_name
        writer = self._writers.get(name)
        if writer is None:
            writer = self._writers.setdefault(name, writer_named(name, self._settings))
        own = with_options(self._settings, options)
        return AnswerRequest(question, turns, own, writer, options.filters, options.collections)

    def _intent(self, request: AnswerRequest) -> Intent:
        """What kind of thing is asked for; writing is left to a composer that can write."""
        vector = self._index.embed_query(request.question)
        model = self._settings.embedding_model
        intent = decide(intent_probabilities(request.question, vector, model), request.question)
        can_write = request.writer.composer.name != "quotes"
        return Intent.EXPLAIN if intent is Intent.WRITING and can_write else intent

    def _reply(self, request: AnswerRequest, intent: Intent, snapshot: Snapshot) -> str:
        """What to say to what is no question to the documents, or ""."""
        if intent not in REPLIES:
            return ""
        documents = snapshot.documents()
        topic = topic_terms(request.question, intent, snapshot.terms)
        if intent not in {Intent.DOCUMENTS, Intent.DOCUMENTS_ABOUT}:
            is_held = any(snapshot.search_words(word, 1) for word in topic)
            return "" if is_held else reply_text(intent, documents)
        if topic and self._is_computed(request.question, snapshot):
            return ""
        about = topic if intent is Intent.DOCUMENTS_ABOUT else []
        if paths := self._documents_about(" ".join(about), snapshot):
            by_path = {document.path: document for document in documents}
            return documents_about_text([by_path[path] for path in paths])
        return reply_text(intent, documents)

    def _is_computed(self, question: str, snapshot: Snapshot) -> bool:
        """Whether a table answers: "which books are sold out" asks for no document."""
        query = CondensedQuery(question, question)
        found = self._search(snapshot, query, AnswerType.ANY, _TOPIC_HITS, Clock())
        return self._computed(found, snapshot) is not None

    def _documents_about(self, topic: str, snapshot: Snapshot) -> list[str]:
        """Paths of the documents with the best passages for a topic that hold a word of it."""
        if not topic or not snapshot.passage_count:
            return []
        found = self._search(
            snapshot, CondensedQuery(topic, topic), AnswerType.ANY, _TOPIC_HITS, Clock()
        )
        pairs = zip(found.hits, found.matched_terms, strict=True)
        return list(dict.fromkeys(hit.passage.document for hit, matched in pairs if matched))

    def _special(
        self, request: AnswerRequest, intent: Intent, found: SearchResult, snapshot: Snapshot
    ) -> Draft | None:
        """A draft that needs no composer: a summary, or what a piece of writing would rest on."""
        if not found.hits:
            return None
        if intent is Intent.SUMMARY or names_only_a_file(request.question, snapshot.documents):
            return summary_draft(request.question, found.vector, snapshot, found.hits)
        if intent is Intent.WRITING:
            evidence = self._evidence(Intent.EXPLAIN, found, snapshot)
            return replace(draft_of(composed(request, evidence)), opening=writing_text())
        return None

    def _computed(self, found: SearchResult, snapshot: Snapshot, sure: bool = True) -> Draft | None:
        """What is computed over the tables of the documents that were found, if anything is;
        `sure` tells that the documents also answer in words.
        """
        tables = self._found_tables(found, snapshot)
        answer = compute(found.query, tables, self._index.embed_sentences) if tables else None
        best = [one.quote for one in found.sentences[:1]] if sure else None
        return table_draft(answer, snapshot.passages_in, best) if answer else None

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
        parts: tuple[SearchResult, ...] = (),
    ) -> ComposerInput:
        def structure(path: str) -> Structure | None:
            document = snapshot.document(path)
            return self._structures.of(document) if document else None

        return ComposerInput(
            found.query,
            found.hits,
            found.sentences,
            partial(part_excerpts, (found, *parts), partial(_text_of, snapshot)),
            snapshot.passages_in,
            snapshot.tables_in,
            structure,
            intent,
            kind,
            typed_tables=lambda: self._found_tables(found, snapshot),
            parts=tuple(part.sentences for part in parts),
        )

    def _retrieve(
        self, request: AnswerRequest, rewritten: str, snapshot: Snapshot, k: int, clock: Clock
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

    def _parts(
        self, request: AnswerRequest, snapshot: Snapshot, clock: Clock
    ) -> tuple[SearchResult, ...]:
        """What was found for each of several questions in one that is probably answered.

        The second is searched for like a follow-up to the first: "and is it paid?".
        """
        clauses = clauses_of(request.question)
        turns = (*request.turns, Turn(clauses[0], ""))
        answered = list[SearchResult]()
        for place, clause in enumerate(clauses if len(clauses) > 1 else ()):
            own = replace(request, question=clause, turns=turns if place else request.turns)
            found, kind = self._retrieve(own, "", snapshot, request.settings.passages, clock)
            signals = answerability_signals(found, kind, snapshot.passage_count)
            if answer_confidence(signals) >= request.settings.refuse_below:
                best = found.sentences if place else found.sentences[:1]
                answered.append(replace(found, sentences=best))
        return tuple(answered)

    def _drafted(
        self,
        request: AnswerRequest,
        evidence: ComposerInput,
        found: SearchResult,
        snapshot: Snapshot,
        clock: Clock,
    ) -> Generator[Delta | PartRead, None, tuple[Draft, SearchResult]]:
        """A composer's draft, and what was found with the hits of its own searches."""
        further = list[SearchResult]()
        search = partial(self._further, request, snapshot, clock, further)
        evidence = replace(evidence, search=search)
        if evidence.given and evidence.given.computed is None:  # a summary
            reading = partial(to_summarise, request.question, snapshot)
            evidence = replace(evidence, reading=reading)
        draft = yield from composed(request, evidence)
        conflict = find_conflict(found.query, evidence.answer_type, found.sentences)
        hits = merged_hits(found, further)
        return cite_conflict(draft, conflict), replace(found, hits=hits)

    def _further(
        self,
        request: AnswerRequest,
        snapshot: Snapshot,
        clock: Clock,
        results: list[SearchResult],
        query: str,
    ) -> tuple[Excerpt, ...]:
        """Excerpts for a further query of a composer; what was found is added to the results."""
        own = replace(request, question=query, turns=())
        found, _ = self._retrieve(own, "", snapshot, request.settings.passages, clock)
        results.append(found)
        return part_excerpts((found,), partial(_text_of, snapshot))

    def _spelled(self, request: AnswerRequest, snapshot: Snapshot) -> AnswerRequest:
        """The question with its spelling mended; what is shown as asked stays as it was."""
        if not snapshot.passage_count:
            return request
        degrees = {request.question[one.start : one.end] for one in degrees_of(request.question)}
        known = {word.lower() for text in degrees for word in text.split()}
        mended = mend_spelling(request.question, snapshot, self._index.count_tokens, known)
        return replace(request, question=mended.text) if mended.corrections else request

    def _condense(
        self, snapshot: Snapshot, request: AnswerRequest, rewritten: str
    ) -> CondensedQuery:
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
        request: AnswerRequest,
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
            fingerprint=fingerprint(request.settings, snapshot),
            computed=draft.computed if draft and not refusal else None,
            searched=draft.searched if draft else (),
            left_out=len(draft.claims) - len(shown.statements) if draft and not refusal else 0,
            is_cut_off=draft.is_cut_off if draft else False,
        )


def build(settings: Settings, being_indexed: Callable[[], str] = str) -> Engine:
    """An engine over the index in `settings.data`, which is opened at the first question.

    `being_indexed` is as of `Index`. Raises ConfigError if the settings lead to no composer.
    """
    return Engine(settings, Index(settings, being_indexed=being_indexed))


def _signals(
    request: AnswerRequest,
    intent: Intent,
    found: SearchResult,
    answer_type: AnswerType,
    snapshot: Snapshot,
) -> AnswerabilitySignals | None:
    instructions = snapshot.terms(" ".join(instruction_words(request.question, intent)))
    return answerability_signals(found, answer_type, snapshot.passage_count, instructions)


def _text_of(snapshot: Snapshot, path: str) -> str:
    document = snapshot.document(path)
    return document.text if document else ""
