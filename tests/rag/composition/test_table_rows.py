"""Rows of tables as quotes: which are quoted, and how they stand in an answer."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from index.formats.base import moved
from index.formats.delimited import parse_csv
from index.formats.text.pipe_tables import pipe_tables
from index.text.splitter import split
from index.types import Document, Heading, Hit, Passage, Table
from rag.citations.labelling import LabelledAnswer, label
from rag.composition.base import ComposerInput
from rag.composition.blocks.structure import Structures
from rag.composition.extractive import QuotesComposer
from rag.composition.table_rows import best_rows, rows_of, with_cell_of
from rag.retrieval.sentences import RankedSentence
from rag.types import Claim, Draft, Support
from tests.helpers.composing import drained
from tests.helpers.quoting import quotes_in

pytestmark = pytest.mark.unit

CSV = parse_csv(
    b"ticket,title,status\nT-1,Printer jams. It is red,open\nT-2,Mail is slow,closed\n"
    b"T-3,No picture | no sound,open\n"
)
TICKETS = CSV.text
HOSTS = "| host | role |\n|:--|---|\n| ada | database |\n| bob | web \\| mail |\n| cy | web |"


def passage(text: str, document: str = "t.csv", start: int = 0) -> Passage:
    name = f"{document}#{start}"
    return Passage(name, document, "", "", text, start, start + len(text), None, "d")


def by_start(passage: Passage) -> int:
    return passage.start


def tables_of(passages: Sequence[Passage], document: str) -> tuple[Table, ...]:
    """The tables of a document of which these passages are known."""
    text = ""
    for one in sorted({one for one in passages if one.document == document}, key=by_start):
        text += "\n" * (one.start - len(text)) + one.text
    known = moved(CSV.tables, text.index(TICKETS)) if TICKETS in text else ()
    return known + pipe_tables(text)


def quoted(
    query: str, first: str, *passages: Passage, document: Sequence[Passage] = ()
) -> LabelledAnswer:
    """What is answered when the sentences that hold these words are the best, the others far.

    `document` has all the passages of the one document of which some were found.
    """
    sentences = [
        RankedSentence(quote, Hit(one, 1.0, rank), 1.0 if first in quote.text else 0.5, 0.0)
        for rank, one in enumerate(passages, start=1)
        for quote in quotes_in(one)
    ]
    ranked = tuple(sorted(sentences, key=lambda sentence: -sentence.score))
    hits = tuple(Hit(one, 1.0, rank) for rank, one in enumerate(passages, start=1))
    evidence = ComposerInput(
        query,
        hits,
        ranked,
        passages_in=lambda _: document,
        tables_in=lambda path, *_: tables_of([*passages, *document], path),
    )
    texts, draft = drained(QuotesComposer(3).compose(evidence))
    shown, labelled = "".join(texts), label(draft, strict=True)
    bare = labelled.text
    for citation in labelled.citations:
        quote = citation.quote
        text = quote.passage.text
        assert text[quote.start - quote.passage.start : quote.end - quote.passage.start]
        bare = bare.replace(f" [{citation.label}]", "")
    assert shown == bare
    assert {statement.support for statement in labelled.statements} == {Support.SUPPORTED}
    return labelled


def test_a_row_is_quoted_whole_and_reads_by_itself() -> None:
    found = quoted("What is red?", "It is red", passage(TICKETS, start=50))
    row = "ticket: T-1; title: Printer jams. It is red; status: open"
    assert found.text == f"{row} [1]"
    (citation,) = found.citations
    assert (citation.quote.start, citation.quote.text) == (50, row)


def test_rows_that_hold_what_is_asked_are_quoted_as_one_table() -> None:
    found = quoted("Which tickets are open?", "T-1", passage(TICKETS))
    assert found.text == (
        "| ticket | title                   | status |\n"
        "| ------ | ----------------------- | ------ |\n"
        "| T-1    | Printer jams. It is red | open [1] |\n"
        "| T-3    | No picture \\| no sound  | open [2] |"
    )
    assert [statement.text for statement in found.statements] == [
        "ticket: T-1; title: Printer jams. It is red; status: open",
        "ticket: T-3; title: No picture | no sound; status: open",
    ]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("Which tickets are open?", ["T-1", "T-3"]),
        ("What is ticket T-2 about?", ["T-2"]),
        ("Which tickets are not open?", ["T-2"]),
        ("Who wrote them?", ["T-2"]),
    ],
)
def test_best_rows_hold_most_of_the_query_unless_it_denies_or_tells_none_apart(
    query: str, names: list[str]
) -> None:
    rows = rows_of([passage(TICKETS)], lambda *_: CSV.tables, lambda _: ())
    assert [row.cells[0] for row in best_rows(query, rows[1:2], rows)] == names


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("Which tickets are open?", ["T-1", "T-3"]),
        ("List what T-2 is about", ["T-2"]),
        ("Which tickets are there?", []),
    ],
)
def test_with_cell_of_a_query_that_names_a_whole_cell_are_its_rows(
    query: str, names: list[str]
) -> None:
    rows = rows_of([passage(TICKETS)], lambda *_: CSV.tables, lambda _: ())
    assert [row.cells[0] for row in with_cell_of(query, rows)] == names


def test_a_row_of_a_markdown_table_is_quoted_with_its_header() -> None:
    found = quoted("What is the role of bob?", "| bob", passage(f"Hosts:\n\n{HOSTS}", "t.md", 7))
    assert found.text == (
        "| host | role        |\n| ---- | ----------- |\n| bob  | web \\| mail [1] [2] |"
    )
    assert [citation.quote.text for citation in found.citations] == [
        "| bob | web \\| mail |",
        "| host | role |",
    ]
    assert found.statements[0].text == "| bob | web \\| mail |"


def test_a_header_that_is_in_the_passage_before_is_found_there() -> None:
    first, rest = HOSTS.split("\n| bob")
    parts = (passage(f"| bob{rest}", "t.md", len(first) + 1), passage(first, "t.md"))
    found = quoted("Which host is cy?", "| cy", *parts)
    assert found.text.startswith("| host | role |\n")
    assert [citation.quote.start for citation in found.citations] == [HOSTS.index("| cy"), 0]


MEMORY, DISK = (
    f"# {name}\n\n| host | {name} |\n|---|---|\n"
    + "".join(f"| {name}{number} | {number} GB |\n" for number in range(20))
    for name in ("memory", "disk")
)
HEADINGS = (Heading(0, 1, "memory"), Heading(len(MEMORY), 1, "disk"))
LONG = Document("t.md", "Hosts", MEMORY + DISK, "d", HEADINGS)


def test_a_row_far_below_its_header_is_quoted_with_it() -> None:
    parts = split(LONG, lambda texts: [len(text.split()) for text in texts], 40)
    (row,) = (part for part in parts if "| disk18 |" in part.text)
    assert "host" not in row.text
    found = quoted("Which disk has disk18?", "| disk18", row, document=parts)
    assert found.text == ("| host   | disk  |\n| ------ | ----- |\n| disk18 | 18 GB [1] [2] |")
    spans = [(citation.quote.start, citation.quote.end) for citation in found.citations]
    assert [LONG.text[slice(*span)] for span in spans] == [
        "| disk18 | 18 GB |",
        "| host | disk |",
    ]
    for passage in (citation.passage for citation in found.citations):
        assert passage in parts


def test_a_header_whose_rule_is_in_the_next_passage_is_one() -> None:
    head, rest = HOSTS.split("\n", 1)
    parts = (passage(head, "t.md"), passage(rest, "t.md", len(head) + 1))
    found = quoted("Which host is cy?", "| cy", parts[1], document=parts)
    assert [citation.quote.text for citation in found.citations] == ["| cy | web |", head]


def test_a_row_without_a_header_stays_as_it_is() -> None:
    found = quoted("Which host is cy?", "| cy", passage("| bob | mail |\n| cy | web |", "t.md"))
    assert found.text == "| cy | web | [1]"
    other = passage(HOSTS, "other.md")
    found = quoted("Which host is cy?", "| cy | x", passage("| cy | x | y |", "t.md"), other)
    assert found.text == "| cy | x | y | [1]"


def test_the_header_alone_leads_to_the_rows() -> None:
    found = quoted("Which role has which host?", "| host", passage(HOSTS, "t.md"))
    assert len(found.statements) == 3


def test_a_long_row_gives_its_sentence_alone() -> None:
    text = f"name: Ada; note: {'She wrote much. ' * 50}She wrote a program\n\nname: Bo; note: none"
    found = quoted("What program?", "program", passage(text, "t.docx"))
    assert found.text == "She wrote a program [1]"


def test_prose_stands_apart_from_a_table() -> None:
    prose = passage("Both T-1 are known.", "a.txt")
    found = quoted("Which tickets are open?", "T-1", prose, passage(TICKETS))
    assert found.text.startswith("Both T-1 are known. [1]\n\n| ticket |")
    found = quoted("Which tickets are open?", "T-1", passage(TICKETS), prose)
    assert found.text.endswith(" [2] |\n\nBoth T-1 are known. [3]")


def test_label_parts_prose_that_is_added_to_a_table() -> None:
    (quote,) = quotes_in(passage("It rained.", "a.txt"))
    row = Claim("It rained.", (quote,), "\n\n", ("| day |\n| --- |\n| It rained.", " |"))
    draft = Draft((row, Claim("It rained.", (quote,))))
    assert label(draft, strict=False).text == (
        "| day |\n| --- |\n| It rained. [1] |\n\nIt rained. [1]"
    )


@pytest.mark.parametrize(
    ("query", "closing"),
    [
        (
            "Which tickets are open?",
            "2 of 3 rows of the table are shown, those nearest to the question.",
        ),
        ("What is ticket T-2 about?", ""),
    ],
)
def test_part_of_the_rows_is_told_where_several_are_asked_for(query: str, closing: str) -> None:
    document = Document("t.csv", "Tickets", TICKETS, "d", tables=CSV.tables)
    found = passage(TICKETS)
    sentences = [RankedSentence(one, Hit(found, 1.0, 1), 1.0, 0.0) for one in quotes_in(found)]
    evidence = ComposerInput(
        query,
        (Hit(found, 1.0, 1),),
        tuple(sentences),
        passages_in=lambda _: (found,),
        tables_in=lambda *_: CSV.tables,
        structure=lambda _: Structures().of(document),
    )
    _, draft = drained(QuotesComposer(3).compose(evidence))
    assert draft.closing == closing
