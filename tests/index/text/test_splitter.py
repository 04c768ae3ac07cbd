"""Passages: exact spans in order that hold everything and fit the model."""

import random
import re
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.embedding.embedder import Embedder
from index.text.splitter import HEADING_TOKENS, split
from index.types import Document, Heading, Passage

pytestmark = pytest.mark.unit
LIMIT = 20


def count_words(texts: Sequence[str]) -> list[int]:
    return [len(text.split()) for text in texts]


def document(text: str, *headings: Heading, pages: tuple[int, ...] = ()) -> Document:
    return Document("a/b.md", "B", text, "d1", headings, pages)


def words(count: int, name: str = "w") -> str:
    return " ".join(f"{name}{number}" for number in range(count))


def texts(passages: Sequence[Passage]) -> list[str]:
    return [passage.text for passage in passages]


WORD = st.one_of(st.text("abcé中.!?", min_size=1, max_size=9), st.just("x" * 300))
PARAGRAPH = st.lists(WORD, min_size=1, max_size=50).map(" ".join)
BREAK = st.sampled_from(["\n\n", "\r\n\r\n", "\n \t\n", "\n\n\n", "\n", "\n- ", "\r\r"])
HEAD = st.tuples(st.integers(1, 4), st.text("ABC ", min_size=1, max_size=12).map("H".__add__))


@st.composite
def documents(draw: st.DrawFn) -> Document:
    text, headings = draw(st.sampled_from(["", "\n", "  "])), list[Heading]()
    for _ in range(draw(st.integers(0, 8))):
        if draw(st.booleans()):
            level, words = draw(HEAD)
            headings.append(Heading(len(text), level, words.strip()))
            text += words + draw(st.sampled_from(["\n", "\r\n", "\n\n", "\r"]))
        else:
            text += draw(PARAGRAPH) + draw(BREAK)
    starts = sorted(draw(st.sets(st.integers(0, len(text)), max_size=3)))
    return document(text, *headings, pages=tuple(starts and [0, *starts]))


@settings(max_examples=120)
@given(documents())
def test_split_random_document_gives_exact_spans_that_hold_everything(doc: Document) -> None:
    passages = split(doc, count_words, LIMIT)
    outside = list(doc.text)
    end = 0
    for passage in passages:
        assert doc.text[passage.start : passage.end] == passage.text
        assert passage.text == passage.text.strip() != ""
        assert end <= passage.start < passage.end
        assert len(passage.text.split()) <= LIMIT
        assert (passage.document, passage.title, passage.digest) == (
            doc.path,
            doc.title,
            doc.digest,
        )
        end = passage.end
        outside[passage.start : passage.end] = []  # keeps the places of what comes before
        outside[passage.start : passage.start] = " " * len(passage.text)
    for heading in doc.headings:
        line = re.compile(r"[^\r\n]*").match(doc.text, heading.start)
        assert line
        outside[heading.start : line.end()] = " " * len(line.group())
    assert not "".join(outside).strip()
    assert len({passage.id for passage in passages}) == len(passages)
    assert split(doc, count_words, LIMIT) == passages


@settings(max_examples=40)
@given(documents())
def test_split_with_the_models_own_tokens_keeps_to_the_limit(doc: Document) -> None:
    for passage in split(doc, MINILM.count_tokens, 32):
        assert MINILM.count_tokens([passage.text])[0] <= 32
        assert MINILM.count_tokens([passage.heading])[0] <= HEADING_TOKENS


MINILM = Embedder("minilm")  # its tokenizer alone is used, which is read at first use


def test_split_short_paragraphs_are_joined_up_to_the_limit() -> None:
    first, second, third = words(8, "a"), words(9, "b"), words(10, "c")
    passages = split(document(f"{first}\n\n{second}\n\n{third}"), count_words, LIMIT)
    assert texts(passages) == [first, f"{second}\n\n{third}"]


@pytest.mark.parametrize("blank", ["\n\n", "\r\n\r\n", "\n \t\n", "\r\r"])
def test_split_blank_lines_of_every_system_part_paragraphs(blank: str) -> None:
    first, second = words(15, "a"), words(16, "b")
    assert texts(split(document(first + blank + second), count_words, LIMIT)) == [first, second]


def test_split_long_paragraph_is_cut_between_sentences_into_equal_pieces() -> None:
    sentences = [f"{words(6, letter)} end." for letter in "ABCDEF"]
    passages = split(document(" ".join(sentences)), count_words, LIMIT)
    assert texts(passages) == [" ".join(sentences[at : at + 2]) for at in (0, 2, 4)]


def test_split_long_list_keeps_each_mark_with_its_item() -> None:
    items = [f"- {words(7, letter)}" for letter in "ABCDEF"]
    passages = split(document("\n".join(items)), count_words, LIMIT)
    assert texts(passages) == ["\n".join(items[at : at + 2]) for at in (0, 2, 4)]


@pytest.mark.parametrize("gap", [" ", "\n", "\t"])
def test_split_long_sentence_is_cut_between_words(gap: str) -> None:
    text = words(50).replace(" ", gap)
    passages = split(document(text), count_words, LIMIT)
    assert [word for passage in passages for word in passage.text.split()] == text.split()


def test_split_long_word_is_cut_by_characters() -> None:
    passages = split(document("x" * 1_000_000), count_words, 100)
    assert "".join(texts(passages)) == "x" * 1_000_000
    assert max(len(text) for text in texts(passages)) < 8 * 101


@pytest.mark.parametrize("text", ["", " \n\t\n "])
def test_split_empty_document_has_no_passages(text: str) -> None:
    assert split(document(text), count_words, LIMIT) == []


def test_split_bare_heading_is_its_own_passage() -> None:
    text = "# A\n\n# B\n\n## C\n\nText."
    headings = Heading(0, 1, "A"), Heading(5, 1, "B"), Heading(10, 2, "C")
    found = [(p.heading, p.text) for p in split(document(text, *headings), count_words, LIMIT)]
    assert found == [("", "# A"), ("B > C", "Text.")]


def test_split_headings_part_passages_and_give_their_path() -> None:
    text = "Before.\n\n# A\n\nOne.\n\n## B\n\nTwo.\n\n# C\n\nThree."
    marks = [
        Heading(text.index(mark), mark.count("#"), mark[-1]) for mark in ("# A", "## B", "# C")
    ]
    found = [(p.heading, p.text) for p in split(document(text, *marks), count_words, LIMIT)]
    assert found == [("", "Before."), ("A", "One."), ("A > B", "Two."), ("C", "Three.")]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_split_line_ends_of_every_system_end_a_heading(end: str) -> None:
    text = end.join(["# A", "One.", "## B", "Two."])
    headings = Heading(0, 1, "A"), Heading(text.index("## B"), 2, "B")
    found = [(p.heading, p.text) for p in split(document(text, *headings), count_words, LIMIT)]
    assert found == [("A", "One."), ("A > B", "Two.")]


def test_split_underlined_heading_leaves_its_line_out() -> None:
    passages = split(document("Top\n===\n\nText.", Heading(0, 1, "Top")), count_words, LIMIT)
    assert [(p.heading, p.text) for p in passages] == [("Top", "Text.")]


def test_split_long_heading_path_loses_its_outermost() -> None:
    names = ["x " * 30 + "1", "y " * 30 + "2", "Last"]
    text = "\n".join([*names, "Text."])
    starts = [0, len(names[0]) + 1, len(names[0]) + len(names[1]) + 2]
    heads = [
        Heading(at, level, n) for level, (at, n) in enumerate(zip(starts, names, strict=True), 1)
    ]
    assert split(document(text, *heads), count_words, LIMIT)[0].heading == f"{names[1]} > Last"


def test_split_long_heading_is_shortened_to_the_models_room() -> None:
    name = "長い見出し" * 40
    passages = split(document(f"{name}\nText.", Heading(0, 1, name)), MINILM.count_tokens, LIMIT)
    assert MINILM.count_tokens([passages[0].heading])[0] <= HEADING_TOKENS
    assert name.startswith(passages[0].heading)


def test_split_pages_are_those_on_which_passages_start() -> None:
    first, second, third = words(15, "a"), words(15, "b"), words(15, "c")
    text = f"{first}\n\n{second}\n\n{third}"
    pages = (0, text.index(second), text.index(second), text.index("c7"))
    assert [p.page for p in split(document(text, pages=pages), count_words, LIMIT)] == [1, 3, 3]
    assert [p.page for p in split(document(text), count_words, LIMIT)] == [None, None, None]


def test_split_passages_that_read_the_same_have_ids_of_their_own() -> None:
    passages = split(document(f"{words(15)}\n\n{words(15)}\n\n{words(15)}"), count_words, LIMIT)
    key = passages[0].key[:12]
    assert [p.id for p in passages] == [f"a/b.md#{key}", f"a/b.md#{key}~2", f"a/b.md#{key}~3"]
    assert len({p.key for p in passages}) == 1


def test_split_ids_of_another_path_differ_in_the_path_alone() -> None:
    doc = document(words(15))
    moved = split(replace(doc, path="c.md"), count_words, LIMIT)
    assert moved[0].id == split(doc, count_words, LIMIT)[0].id.replace("a/b.md", "c.md")


def test_split_paragraph_added_on_top_of_a_book_changes_one_key() -> None:
    book = [words(15, f"p{number}-") for number in range(200)]
    before = {p.key for p in split(document("\n\n".join(book)), count_words, LIMIT)}
    after = {p.key for p in split(document("\n\n".join([words(15), *book])), count_words, LIMIT)}
    assert (len(before), len(after - before), len(before - after)) == (200, 1, 0)


def test_split_sentence_edited_in_a_book_changes_one_key() -> None:
    book = [words(15, f"p{number}-") for number in range(200)]
    before = {p.key for p in split(document("\n\n".join(book)), count_words, LIMIT)}
    book[100] = book[100].replace("p100-3", "changed")
    after = {p.key for p in split(document("\n\n".join(book)), count_words, LIMIT)}
    assert (len(after - before), len(before - after)) == (1, 1)


SHORT = (
    st.integers(1, 30)
    .flatmap(lambda count: st.text("abcdefgh", min_size=count, max_size=count))
    .map(" ".join)
)


@settings(max_examples=300)
@given(st.lists(SHORT, max_size=60), SHORT)
def test_split_paragraph_added_on_top_of_any_paragraphs_changes_few_keys(
    book: list[str], added: str
) -> None:
    before = {p.key for p in split(document("\n\n".join(book)), count_words, LIMIT)}
    after = {p.key for p in split(document("\n\n".join([added, *book])), count_words, LIMIT)}
    # At most two, since the longest of these paragraphs is cut in two by itself.
    assert len(after - before) <= (1 if len(added.split()) <= LIMIT else 2)


def test_split_paragraph_added_anywhere_in_a_long_run_changes_what_is_near() -> None:
    chance = random.Random(3)
    book = [words(chance.randrange(2, 11), f"p{number}-") for number in range(400)]
    before = {p.key for p in split(document("\n\n".join(book)), count_words, LIMIT)}
    changed = list[int]()
    for place in range(0, 400, 10):
        edited = "\n\n".join([*book[:place], words(5), *book[place:]])
        changed.append(len({p.key for p in split(document(edited), count_words, LIMIT)} - before))
    assert sum(changed) / len(changed) < 4
    assert max(changed) < 16


@pytest.mark.parametrize(
    "text",
    ["&" * 30_000, "a" * 30_000, "中文" * 8_000, ("word " * 9_000 + "\n\n") * 2, "é\u0301" * 9_000],
    ids=["signs", "word", "chinese", "words", "marks"],
)
def test_split_tokenizes_no_text_that_is_too_long_anyway(text: str) -> None:
    seen = list[int]()

    def count(texts: Sequence[str]) -> list[int]:
        seen.extend(map(len, texts))
        return MINILM.count_tokens(texts)

    passages = split(document(text), count, 32)
    assert "".join(passage.text for passage in passages).split() == text.split() or " " in text
    assert max(MINILM.count_tokens([passage.text for passage in passages])) <= 32
    assert max(seen) < 33 * 8
    assert sum(seen) < 7 * len(text)
