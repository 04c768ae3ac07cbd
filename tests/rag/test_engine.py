"""The engine over the seeds: one path, exact quotes, honest refusals."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Generator, Sequence
from pathlib import Path

import pytest

from index.errors import ConfigError, EmptyIndex, UnknownDocument
from index.filtered import NO_FILTERS, Filters
from index.settings import load_settings
from index.snapshots import Index
from index.sync.sync import sync
from rag.composition.base import ComposerInput
from rag.engine import Engine, build
from rag.schema import AnswerBody
from rag.settings import Settings
from rag.types import (
    AskOptions,
    Citation,
    Claim,
    Delta,
    Done,
    Draft,
    Quote,
    Reason,
    Retrieved,
    Support,
    Turn,
)

pytestmark = pytest.mark.model


class Scripted:
    """A composer that says what it is told to, over the passages that were really found."""

    name = "scripted"

    def __init__(self, *texts: str, stray: int = 0, declined: bool = False, note: str = "") -> None:
        self.texts = texts
        self.rest = {"stray": stray, "declined": declined, "note": note}

    def compose(
        self, evidence: ComposerInput, turns: Sequence[Turn] = ()
    ) -> Generator[str, None, Draft]:
        passage = evidence.hits[0].passage
        quote = Quote(passage, passage.start, passage.end)
        claims = []
        for text in self.texts:
            yield text
            claims.append(Claim(text, (quote,)))
        return Draft(tuple(claims), **self.rest)  # type: ignore[arg-type]


def scripted(seeds_data: Path, composer: Scripted, strict: bool = False) -> Engine:
    settings = load_settings(Settings, data=seeds_data, strict=strict)
    return Engine(settings, Index(settings), composer)


def test_stream_gives_retrieved_then_deltas_then_done(engine: Engine) -> None:
    events = list(engine.stream("Who met in Paris?"))
    assert isinstance(events[0], Retrieved)
    assert isinstance(events[-1], Done)
    assert len(events) > 2
    assert all(isinstance(event, Delta) for event in events[1:-1])


def test_answer_is_the_last_event_of_stream_but_for_its_times(engine: Engine) -> None:
    *_, done = engine.stream("Who met in Paris?")
    assert isinstance(done, Done)
    streamed, answered = (
        AnswerBody.of(answer).model_dump(exclude={"seconds"})
        for answer in (done.answer, engine.answer("Who met in Paris?"))
    )
    assert streamed == answered


@pytest.mark.parametrize(
    "question",
    [
        "Who met in Paris?",
        "How many hostages remain in Gaza?",
        "What is Hezbollah?",
        "Who governs Gaza after the war?",
        "What does Hamas want?",
    ],
)
def test_every_quote_is_the_documents_text_at_its_place(engine: Engine, question: str) -> None:
    answer = engine.answer(question)
    assert answer.citations
    for citation in answer.citations:
        document = engine.document(citation.passage.document)
        quote = citation.quote
        assert document.text[quote.start : quote.end] == quote.text
        assert document.digest == citation.passage.digest
        assert f"[{citation.label}]" in answer.text
    assert {s.support for s in answer.statements} == {Support.SUPPORTED}


def test_a_row_of_a_long_table_is_quoted_with_its_header(tmp_path: Path) -> None:
    rows = "".join(f"| m{n:03} | {n} GB |\n" for n in range(150))
    text = f"# Site\n\nThese are the machines.\n\n| name | disk |\n|---|---|\n{rows}"
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "long.md").write_text(text, encoding="utf-8")
    settings = load_settings(Settings, data=tmp_path / "data", passages=1)
    sync(settings, tmp_path / "docs")
    engine = build(settings)
    answer = engine.answer("How large is m140?")
    engine.close()
    header = "| name | disk |"
    assert header not in answer.hits[0].passage.text
    assert [citation.quote.text for citation in answer.citations] == [
        "| m140 | 140 GB |",
        header,
    ]
    assert text[slice(*_span(answer.citations[1]))] == header


def _span(citation: Citation) -> tuple[int, int]:
    return citation.quote.start, citation.quote.end


def test_a_page_of_a_pdf_is_cited_by_its_number(engine: Engine) -> None:
    answer = engine.answer("What would Israel free as its part of the exchange?")
    pages = {c.passage.page for c in answer.citations if c.passage.document == "terms.pdf"}
    assert pages == {2}


def test_follow_up_is_searched_for_with_what_it_points_back_to(engine: Engine) -> None:
    turns = [Turn("Where did the latest round of talks take place?", "In Cairo.")]
    answer = engine.answer("Who led it?", turns)
    assert "latest round of talks" in answer.query
    assert "Egypt" in answer.text


@pytest.mark.parametrize(
    ("before", "question", "query", "said"),
    [
        ("Who leads Mossad?", "And the CIA?", "Who leads CIA?", "William J. Burns"),
        ("Who leads the CIA?", "What about Mossad?", "Who leads the Mossad?", "David Barnea"),
        ("What is Qatar's part?", "And Egypt?", "What is Egypt's part?", "Egypt"),
        ("What does Israel want?", "How about Hamas?", "What does Hamas want?", "ceasefire"),
    ],
)
def test_follow_up_that_names_another_is_answered_about_that_one(
    engine: Engine, before: str, question: str, query: str, said: str
) -> None:
    answer = engine.answer(question, [Turn(before, engine.answer(before).text)])
    assert answer.query == query
    assert said in answer.text


def test_search_ranks_as_an_answer_does(engine: Engine) -> None:
    _, hits = engine.search("Who met in Paris?", 8)
    assert hits == engine.answer("Who met in Paris?").hits


def test_two_answers_to_one_question_are_the_same(engine: Engine) -> None:
    first, second = (engine.answer("What is the release of 33 hostages?") for _ in range(2))
    assert (first.text, first.hits, first.fingerprint) == (
        second.text,
        second.hits,
        second.fingerprint,
    )


def test_question_that_the_documents_do_not_answer_is_refused(engine: Engine) -> None:
    answer = engine.answer("What is the capital of Norway?")
    assert answer.refusal
    assert answer.refusal.reason is Reason.NO_EVIDENCE
    assert answer.text == "The documents don't seem to answer this question."
    assert (answer.statements, answer.citations, len(answer.hits)) == ((), (), 8)


@pytest.mark.parametrize(
    ("filters", "chosen"),
    [
        (Filters(documents=("brief.md",)), "brief.md"),
        (Filters(types=(".md", ".pdf")), ".md, .pdf"),
        (
            Filters(documents=("brief.md", "terms.pdf"), types=(".pdf",)),
            ".pdf in brief.md, terms.pdf",
        ),
        (Filters(documents=("brief.md", "b", "c", "d", "e")), "brief.md, b, c and 2 more"),
    ],
)
def test_question_to_some_documents_that_do_not_answer_is_told_which_they_were(
    engine: Engine, filters: Filters, chosen: str
) -> None:
    answer = engine.answer("What is the capital of Norway?", options=AskOptions(filters=filters))
    assert answer.text == (
        "The documents don't seem to answer this question. "
        f"The question went only to what was chosen: {chosen}."
    )


@pytest.mark.parametrize(
    ("filters", "chosen"),
    [
        (NO_FILTERS, "talks"),
        (Filters(types=(".pdf",)), ".pdf in talks"),
        (Filters(documents=("brief.md",)), "brief.md"),
    ],
)
def test_question_to_a_chosen_collection_that_does_not_answer_is_told_which_it_was(
    engine: Engine, filters: Filters, chosen: str
) -> None:
    options = AskOptions(filters=filters, collections=("talks",))
    answer = engine.answer("What is the capital of Norway?", options=options)
    assert answer.text.endswith(f"The question went only to what was chosen: {chosen}.")


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("¿Cuántos días de vacaciones tengo?", "Están en inglés: pregunte en ese idioma."),
        ("Wie kann ich Urlaub beantragen?", "Sie sind auf Englisch: Fragen Sie bitte in dieser"),
        ("Who won the chess championship?", "The documents don't seem to answer this question."),
    ],
)
def test_question_in_another_language_than_the_documents_is_told_so_in_its_own(
    engine: Engine, question: str, said: str
) -> None:
    refusal = engine.answer(question).refusal
    assert refusal
    assert refusal.reason is Reason.NO_EVIDENCE
    assert said in refusal.message


def test_empty_index_is_refused_as_such(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    settings = load_settings(Settings, data=tmp_path / "data")
    sync(settings, tmp_path / "docs")
    engine = build(settings)
    refusal = engine.answer("Who?").refusal
    engine.close()
    assert refusal
    assert refusal.reason is Reason.EMPTY_INDEX


def test_no_index_says_what_to_run(tmp_path: Path) -> None:
    engine = build(load_settings(Settings, data=tmp_path / "none"))
    with pytest.raises(EmptyIndex, match="run: footnote index FOLDER"):
        engine.answer("Who?")


@pytest.mark.parametrize(
    ("question", "sentence"),
    [(" ", "the question is empty"), ("x" * 4001, "has 4,001 characters, the limit is 4,000")],
)
def test_question_that_is_empty_or_too_long_is_refused_with_the_limit(
    engine: Engine, question: str, sentence: str
) -> None:
    with pytest.raises(ConfigError, match=sentence):
        engine.answer(question)


def test_unknown_document_is_named(engine: Engine) -> None:
    with pytest.raises(UnknownDocument, match=r"no document 'nothing.md' is indexed"):
        engine.document("nothing.md")


def test_strict_drops_what_is_not_backed(seeds_data: Path) -> None:
    texts = ("The talks were in Paris.", "Norway sent 40 envoys to Bergen.")
    loose = scripted(seeds_data, Scripted(*texts)).answer("Who met in Paris?")
    strict = scripted(seeds_data, Scripted(*texts), strict=True).answer("Who met in Paris?")
    assert [s.support for s in loose.statements][-1] is Support.UNSUPPORTED
    assert "Norway" not in strict.text
    assert strict.left_out == 1


@pytest.mark.parametrize(
    ("composer", "reason"),
    [
        (Scripted(declined=True), Reason.DECLINED),
        (Scripted(note="The LLM at host cannot be reached."), Reason.UNAVAILABLE),
        (Scripted(), Reason.UNSUPPORTED),
    ],
)
def test_draft_without_a_citation_is_not_shown_as_an_answer(
    seeds_data: Path, composer: Scripted, reason: Reason
) -> None:
    answer = scripted(seeds_data, composer).answer("Who met in Paris?")
    assert answer.refusal
    assert answer.refusal.reason is reason
    assert answer.hits
    if composer.rest["note"]:
        assert answer.text == composer.rest["note"]


def test_options_of_a_question_change_its_answer_and_no_other(engine: Engine) -> None:
    usual = engine.answer("Who met in Paris?")
    few = engine.answer("Who met in Paris?", options=AskOptions("quotes", 2))
    again = engine.answer("Who met in Paris?", options=AskOptions("quotes", 8, False))
    assert (len(usual.hits), len(few.hits)) == (8, 2)
    assert few.text == usual.text == again.text
    assert few.fingerprint != usual.fingerprint == again.fingerprint


def test_options_may_be_strict_where_the_settings_are_not(seeds_data: Path) -> None:
    texts = ("The talks were in Paris.", "Norway sent 40 envoys to Bergen.")
    answering = scripted(seeds_data, Scripted(*texts))
    strict = answering.answer("Who met in Paris?", options=AskOptions(strict=True))
    loose = answering.answer("Who met in Paris?", options=AskOptions(strict=False))
    assert "Norway" not in strict.text
    assert "Norway" in loose.text


def test_option_to_quote_asks_nothing_of_an_llm_that_is_set(seeds_data: Path) -> None:
    dead = "http://127.0.0.1:9/v1"
    quoting = build(load_settings(Settings, data=seeds_data, llm_url=dead))
    answer = quoting.answer("Who met in Paris?", options=AskOptions("quotes"))
    quoting.close()
    assert (answer.composer, answer.refusal) == ("quotes", None)


@pytest.mark.parametrize(
    ("composer", "sentence"),
    [
        ("llm", "the llm composer needs a server; set FOOTNOTE_LLM_URL or use quotes"),
        ("poet", "there is no composer 'poet'; use quotes or llm"),
    ],
)
def test_composer_that_is_not_there_is_refused(
    engine: Engine, composer: str, sentence: str
) -> None:
    with pytest.raises(ConfigError, match=sentence):
        engine.answer("Who met in Paris?", options=AskOptions(composer))


def test_stray_labels_are_counted(seeds_data: Path) -> None:
    composer = Scripted("The talks were in Paris.", stray=2)
    assert scripted(seeds_data, composer).answer("Who met in Paris?").stray == 2


def test_answer_that_is_unsure_says_so_before_it_quotes(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rag.refusals.UNSURE_BELOW", 1.01)
    unsure = engine.answer("Where were the talks held?")
    assert unsure.text.startswith("The documents may not answer this. What comes nearest:\n\n")
    monkeypatch.setattr("rag.refusals.UNSURE_BELOW", 0.0)
    sure = engine.answer("Where were the talks held?")
    assert unsure.text.endswith(f"\n\n{sure.text}")
    assert unsure.citations == sure.citations


def test_answer_with_the_built_in_model_loads_no_torch_and_nothing_of_scipy(
    seeds_data: Path,
) -> None:
    script = (
        "import sys; from pathlib import Path; from index.settings import load_settings;"
        "from rag.engine import build; from rag.settings import Settings;"
        "engine = build(load_settings(Settings, data=Path(sys.argv[1])));"
        "assert engine.answer('Where were the talks held?').citations;"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(seeds_data)], capture_output=True, text=True, check=True
    )
    heavy = {"torch", "transformers", "sentence_transformers", "sklearn", "scipy", "pandas"}
    assert heavy.isdisjoint(done.stdout.split())
