"""Settings of a conversation: what may be chosen, how it is shown, and which engine answers so."""

from __future__ import annotations

from pathlib import Path

import lxml.html
import pytest

from index.settings import load_settings
from rag.engine import Engine
from rag.settings import Settings
from rag.types import Done
from tests.helpers.serving import FakeEngine
from ui.page.html_sidebar import form_html, gist_html
from ui.service.admission import AdmissionControl
from ui.service.answer_options import Manner, Manners, NotOffered, Through

DEAD = "http://127.0.0.1:9/v1"
QUESTION = "Who met in Paris?"


def manners(data: Path, engine: Engine | None = None, **settings: object) -> Manners:
    return Manners(engine or FakeEngine(), load_settings(Settings, data=data, **settings))


@pytest.mark.unit
@pytest.mark.parametrize(
    ("wanted", "manner"),
    [
        ({}, Manner("quotes", 8, False)),
        ({"composer": "llm", "passages": 5, "strict": True}, Manner("quotes", 5, True)),
        ({"composer": "rm -rf", "passages": "12", "strict": "true"}, Manner("quotes", 12, False)),
        ({"passages": 0}, Manner("quotes", 1, False)),
        ({"passages": 10**6}, Manner("quotes", 20, False)),
        ({"passages": True}, Manner("quotes", 8, False)),
        ({"passages": "9" * 5000}, Manner("quotes", 20, False)),
        ({"passages": None, "strict": None}, Manner("quotes", 8, False)),
    ],
)
def test_allowed_without_an_llm_is_the_nearest_that_quotes(
    tmp_path: Path, wanted: dict[str, object], manner: Manner
) -> None:
    assert manners(tmp_path).allowed(wanted) == manner


@pytest.mark.unit
def test_allowed_with_an_llm_lets_a_conversation_choose(tmp_path: Path) -> None:
    known = manners(tmp_path, llm_url=DEAD, strict=True, passages=30)
    assert known.usual == Manner("llm", 30, True)
    assert known.allowed({"composer": "quotes", "strict": False}) == Manner("quotes", 30, False)
    assert known.allowed({"composer": "llm", "passages": 99}) == Manner("llm", 30, True)


@pytest.mark.unit
def test_asked_is_as_usual_where_a_request_says_nothing(tmp_path: Path) -> None:
    known = manners(tmp_path, llm_url=DEAD, strict=True, passages=30)
    assert known.asked(None, None, None) == known.usual
    assert known.asked("quotes", None, False) == Manner("quotes", 30, False)
    assert known.asked("llm", 5, None) == Manner("llm", 5, True)


@pytest.mark.unit
def test_asked_for_what_the_settings_do_not_allow_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotOffered, match=r"settings\.composer: this server has no LLM"):
        manners(tmp_path).asked("llm", None, None)
    with pytest.raises(NotOffered, match=r"settings\.passages: at most 30 are taken here"):
        manners(tmp_path, passages=30).asked(None, 31, None)


@pytest.mark.unit
def test_engine_of_the_usual_manner_is_the_one_that_is_there(tmp_path: Path) -> None:
    engine = FakeEngine()
    known = manners(tmp_path, engine)
    assert known.engine(known.usual) is engine
    assert known.quoting is engine


@pytest.mark.unit
def test_form_without_an_llm_offers_the_number_of_passages_alone(tmp_path: Path) -> None:
    known = manners(tmp_path)
    form = lxml.html.fromstring(form_html(known.usual, known))
    (field,) = form.xpath(".//input")
    assert [field.get(name) for name in ("name", "min", "max", "value")] == [
        "passages", "1", "20", "8",
    ]  # fmt: skip
    assert "Quotes · 8 passages" in gist_html(known.usual, known)


@pytest.mark.unit
def test_form_with_an_llm_shows_what_was_chosen(tmp_path: Path) -> None:
    known = manners(tmp_path, llm_url=DEAD, llm_model="<b>small</b>")
    manner = Manner("llm", 1, True)
    form = lxml.html.fromstring(form_html(manner, known))
    chosen = [field.get("value") or field.get("name") for field in form.xpath(".//input[@checked]")]
    assert chosen == ["llm", "strict"]
    assert not form.xpath(".//b")
    assert "Written by &lt;b&gt;small&lt;/b&gt; · 1 passage · strict" in gist_html(manner, known)
    assert "strict" not in gist_html(Manner("quotes", 1, True), known)


@pytest.mark.model
def test_engine_of_another_manner_answers_by_it_from_the_same_index(
    engine: Engine, seeds_data: Path
) -> None:
    known = manners(seeds_data, engine)
    usual = engine.answer(QUESTION)
    few = known.engine(Manner("quotes", 2, False))
    answer = few.answer(QUESTION)
    assert (len(usual.hits), len(answer.hits)) == (8, 2)
    assert answer.text == usual.text
    assert answer.fingerprint != usual.fingerprint
    assert known.engine(Manner("quotes", 2, False)) is few
    assert few.generation == engine.generation


@pytest.mark.model
def test_engine_that_quotes_asks_nothing_of_an_llm_that_is_set(
    engine: Engine, seeds_data: Path
) -> None:
    known = manners(seeds_data, engine, llm_url=DEAD)
    answer = known.quoting.answer(QUESTION)
    assert (answer.composer, answer.refusal) == ("quotes", None)


@pytest.mark.unit
def test_engine_of_another_manner_is_asked_through_the_doorman() -> None:
    usual, other = FakeEngine(), FakeEngine(waits=True)
    doorman = AdmissionControl(usual)
    events = Through(doorman, other).stream(QUESTION)
    next(events)
    assert (doorman.running, other.running, usual.running) == (1, 1, 0)
    other.go.set()
    *_, done = events
    assert isinstance(done, Done)
