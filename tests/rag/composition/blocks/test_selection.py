"""Whole blocks as answers: steps, lists, code and FAQs, and every quote exact."""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby, pairwise
from operator import itemgetter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.text.splitter import split
from index.types import BlockKind, Hit
from rag.citations.labelling import label
from rag.composition.base import ComposerInput
from rag.composition.blocks.sections import POLICIES, select_section
from rag.composition.blocks.selector import Selector
from rag.composition.blocks.structure import Structures
from rag.composition.extractive import QuotesComposer
from rag.intents.classifier import LONG, Intent
from rag.retrieval.answer_type import AnswerType
from rag.retrieval.sentences import RankedSentence
from rag.types import Draft
from tests.helpers.composing import drained
from tests.helpers.documents import document_of
from tests.helpers.quoting import quotes_in

pytestmark = pytest.mark.unit


def evidence(
    text: str,
    target: str,
    intent: Intent,
    path: str = "a.md",
    query: str = "q",
    cosine: float = 0.8,
) -> ComposerInput:
    """What is found where the first sentence with a target is the best by far; each sentence has
    the same cosine to the query.
    """
    document = document_of(path, text)
    passages = split(document, lambda texts: [len(each.split()) for each in texts], 60)
    first = next((p for p in passages if target in p.text), passages[0])
    order = [first, *(passage for passage in passages if passage is not first)]
    hits = [Hit(p, 0.9 if p is first else 0.3, rank) for rank, p in enumerate(order, 1)]
    ranked = [
        RankedSentence(quote, hit, float(target in quote.text) - hit.rank / 100, cosine)
        for hit in hits
        for quote in quotes_in(hit.passage)
    ]
    ranked.sort(key=lambda each: (-each.score, each.hit.rank, each.quote.start))
    structure = Structures().of(document)
    return ComposerInput(
        query,
        tuple(hits),
        tuple(ranked),
        passages_in=lambda _: passages,
        structure=lambda _: structure,
        intent=intent,
    )


def draft(found: ComposerInput) -> Draft:
    return drained(QuotesComposer(3).compose(found))[1]


def answered(text: str, target: str, intent: Intent, path: str = "a.md", query: str = "q") -> str:
    return label(draft(evidence(text, target, intent, path, query)), strict=False).text


STEPS = """# Leave

## How to request leave

To request leave:

1. Open the portal.
2. Pick **Absence** in the menu.
3. Enter the dates.

## Sick days

Call the office before nine.
"""


def test_steps_asked_for_are_quoted_whole_in_order_with_their_numbers() -> None:
    assert answered(STEPS, "Enter the dates", Intent.HOW_TO) == (
        "To request leave: [1]\n\n1. Open the portal. [2]\n2. Pick Absence in the menu. [3]\n"
        "3. Enter the dates. [4]"
    )


@pytest.mark.parametrize("intent", [Intent.FACT, Intent.HOW_TO])
def test_lead_in_is_never_quoted_without_its_list(intent: Intent) -> None:
    text = answered(STEPS, "To request leave", intent)
    assert "1. Open the portal." in text
    assert "3. Enter the dates." in text


def test_heading_that_matches_best_is_answered_by_what_stands_below_it() -> None:
    text = answered(STEPS, "How to request leave", Intent.FACT)
    assert "How to request leave" not in text
    assert "2. Pick Absence in the menu." in text


FAQ = """# Questions

**Can I bring a dog?**

No. Dogs have to stay at home.

**When are you open?**

From eight to five.
"""


@pytest.mark.parametrize("target", ["Can I bring a dog", "Dogs have to stay", "No."])
def test_short_answer_of_a_faq_is_quoted_whole_and_the_question_is_not(target: str) -> None:
    assert answered(FAQ, target, Intent.FACT) == "No. Dogs have to stay at home. [1]"


def test_answer_whose_question_is_asked_goes_before_a_sentence_that_scores_higher() -> None:
    query = "When are you open?"
    assert answered(FAQ, "Dogs have", Intent.FACT, query=query) == "From eight to five. [1]"
    other = answered(FAQ, "Dogs have", Intent.FACT, query="When are you open in May?")
    assert other == "No. Dogs have to stay at home. [1]"


@pytest.mark.parametrize("intent", [Intent.FACT, Intent.EXPLAIN])
def test_meaning_of_a_term_that_is_asked_for_is_the_answer(intent: Intent) -> None:
    text = "# Words\n\nSign the tide table at once.\n\nTide table\nA list of high waters.\n"
    found = answered(text, "Sign the", intent, query="What is a tide table?")
    assert found.startswith("A list of high waters. [1]")
    assert "Sign" not in found


# A paragraph that is longer than those that are quoted whole.
LONG_START = " ".join(["Many people ask about it, each at another time and for other reasons."] * 3)


def test_answer_below_a_question_with_sections_begins_with_the_sentences_found() -> None:
    text = "# How do I?\n\n## Book\n\n1. Search by name.\n2. Press new.\n\n## Order\n\n"
    text += f"{LONG_START} Small orders go out. {LONG_START} Large ones wait."
    assert answered(text, "Small orders", Intent.FACT) == "Small orders go out. [1]"


SHORT = """# Notes

## Pool

Two people have complained. The target is 34 degrees. It shuts in June.
"""


def test_short_section_is_quoted_whole_where_no_sentence_is_near_to_the_question() -> None:
    assert label(draft(evidence(SHORT, "Two people", Intent.FACT, cosine=0.5)), False).text == (
        "Two people have complained. [1] The target is 34 degrees. [2] It shuts in June. [3]"
    )
    assert answered(SHORT, "Two people", Intent.FACT) == "Two people have complained. [1]"


def test_short_paragraph_of_a_long_section_is_quoted_whole_and_a_long_one_is_not() -> None:
    long = " ".join(["Many people ask about it, each at another time."] * 12)
    text = f"{SHORT}\n{long} It smells.\n"
    assert label(draft(evidence(text, "Two people", Intent.FACT, cosine=0.5)), False).text == (
        "Two people have complained. [1] The target is 34 degrees. [2] It shuts in June. [3]"
    )
    found = evidence(text, "It smells", Intent.FACT, cosine=0.5)
    assert label(draft(found), False).text == "It smells. [1]"


def test_sentence_with_the_type_of_answer_that_is_expected_is_quoted_alone() -> None:
    query = "Since which year does the target hold?"
    text = SHORT.replace("34 degrees", "34 degrees since 2019")
    found = evidence(text, "The target", Intent.FACT, query=query, cosine=0.5)
    assert label(draft(found), False).text == "The target is 34 degrees since 2019. [1]"


def test_short_section_is_not_quoted_whole_where_another_passage_is_as_good() -> None:
    found = evidence(SHORT, "Two people", Intent.FACT, cosine=0.5)
    other = split(document_of("b.md", "Someone else complained."), lambda t: [9] * len(t), 60)[0]
    hit = Hit(other, 0.88, 2)
    sentence = RankedSentence(quotes_in(other)[0], hit, 0.1, 0.5)
    found = replace(found, hits=(*found.hits[:1], hit), sentences=(*found.sentences, sentence))
    assert label(draft(found), False).text == "Two people have complained. [1]"


def test_section_with_a_table_is_not_quoted_whole_for_a_sentence() -> None:
    text = f"{SHORT}\n| Day | Open |\n|---|---|\n| Monday | 8 |\n"
    found = evidence(text, "Monday", Intent.FACT, cosine=0.5)
    assert "Two people" not in label(draft(found), False).text


def test_sentence_that_asks_is_quoted_with_what_follows_it() -> None:
    text = f"# Shop\n\n{LONG_START} Can they order now?\n\n## Reply\n\nYes, until noon.\n"
    shown = answered(text, "Can they order", Intent.FACT)
    assert shown == "Can they order now? [1]\n\nYes, until noon. [2]"


def test_short_sentence_keeps_the_sentence_that_it_opens() -> None:
    text = f"# Pets\n\n{LONG_START} Never. Dogs have to stay at home. Cats as well."
    assert answered(text, "Dogs have", Intent.FACT) == "Never. [1] Dogs have to stay at home. [2]"


LADDER = """# Titles

| Category | Junior tester | Senior tester | Lead tester |
| --- | --- | --- | --- |
| **Skill** |  |  |  |
| *Scope* | Works on small tasks that others define clearly. {0} | Takes whole features. {0} \
| Owns a system. {0} |
| *Trust* | Is looked at often. {0} | Needs no review of single tasks. {0} | Sets the rules. {0} |
""".format("More is said of this in the guide that each team keeps for itself and its tasks. " * 3)


@pytest.mark.parametrize(
    ("query", "target", "shown"),
    [
        ("What is expected of a senior tester in scope?", "small tasks", "Takes whole features."),
        ("How much trust does a lead tester get?", "Is looked at", "Sets the rules."),
        ("How much trust does a lead tester get?", "Category", "Sets the rules."),
        ("How much trust does a lead tester get?", "**Skill**", "Sets the rules."),
    ],
)
def test_table_of_prose_is_quoted_by_the_cell_of_the_row_and_column_that_are_named(
    query: str, target: str, shown: str
) -> None:
    named = "Scope, Senior tester" if "scope" in query else "Trust, Lead tester"
    text = answered(LADDER, target, Intent.FACT, query=query)
    assert text.startswith(f"**{named}:** {shown} More is said of this")
    assert text.count("**") == 2
    assert "|" not in text


def test_table_of_prose_without_a_name_in_the_question_is_quoted_by_the_cell_found() -> None:
    text = answered(LADDER, "small tasks", Intent.FACT, query="Who gets defined work?")
    assert text.startswith("**Scope, Junior tester:** Works on small tasks that others define")


OUTLINE = """# Handbook

## Our rituals

### Meet-ups

We meet twice a year. Book your flights.

### All hands

[Photos](https://example.org/photos)

- At the end of each cycle.
- On a call.

### Support days

Everyone answers customers.

## Our systems

They are as follows:

### Dash

Dash is where the logs are.

### Mail

It sends mail.

### Wiki

```
wiki.example.org
```

### Vault

It keeps secrets.
"""
RITUALS = (
    "- **Meet-ups:** We meet twice a year. [1]\n- **All hands:** At the end of each cycle. [2]\n"
    "- **Support days:** Everyone answers customers. [3]"
)


def test_list_of_what_a_heading_names_is_the_sections_below_it() -> None:
    target = "Book your flights"
    assert answered(OUTLINE, target, Intent.LIST, query="What rituals are there?") == RITUALS
    assert answered(OUTLINE, target, Intent.LIST, query="List the rituals") == RITUALS
    assert "Meet-ups:" not in answered(OUTLINE, target, Intent.LIST, query="What trips are there?")


def test_explanation_that_a_section_leads_to_is_the_sections_below_it_each_once() -> None:
    shown = answered(OUTLINE, "as follows", Intent.EXPLAIN, query="Explain our tools")
    assert shown.count("It sends mail.") == 1
    assert "- **Dash:** Dash is where the logs are." in shown


def test_section_by_the_date_in_its_heading_is_what_stands_below_it() -> None:
    parts = "".join(f"## {n}. Item\n\nItem {n} was moved to the hall.\n\n" for n in "123")
    text = f"# Minutes of 14 April\n\nPresent: Ada, Tom.\n\n{parts}"
    shown = answered(text, "Present", Intent.FACT, query="What was decided on 14 April?")
    assert shown == "\n".join(
        f"- **{n}. Item:** Item {n} was moved to the hall. [{n}]" for n in (1, 2, 3)
    )


def test_list_that_a_section_leads_to_is_the_sections_below_it() -> None:
    shown = answered(OUTLINE, "as follows", Intent.LIST, query="Which tools do we use?")
    assert shown == (
        "They are as follows: [1]\n\n- **Dash:** Dash is where the logs are. [2]\n"
        "- **Mail:** It sends mail. [3]\n- **Vault:** It keeps secrets. [4]"
    )


def test_bold_type_goes_but_for_a_line_that_is_a_heading_and_what_is_code() -> None:
    text = "# API\n\n**Extra features**\n\n- **name**: see `__init__(**options)` and __more__.\n"
    assert answered(text, "see", Intent.EXPLAIN) == (
        "**Extra features** [1]\n\n- name: see `__init__(**options)` and more. [2]"
    )


def test_question_that_is_a_heading_is_explained_by_more_than_its_first_sentence() -> None:
    text = (
        "# Clients\n\n## Why use a client?\n\nUse one for more than a trial.\n\n"
        + "Each request opens a connection of its own otherwise, which is slow. " * 8
        + "\n\nIt keeps cookies.\n"
    )
    shown = answered(text, "keeps cookies", Intent.EXPLAIN, query="Why should I use a client?")
    assert shown.startswith("Use one for more than a trial. [1]\n\nEach request opens")
    fact = answered(text, "keeps cookies", Intent.FACT, query="Why should I use a client?")
    assert fact == "Use one for more than a trial. [1]"


def test_section_too_long_to_be_quoted_whole_for_its_figure_leaves_no_room_to_the_next() -> None:
    text = (
        "# HTTP/2\n\n## Enabling HTTP/2\n\nInstall the extra first. "
        + "Then make a client that has it switched on, as is shown below. " * 11
        + "\n\n## The version of HTTP/2\n\nLook at the reply.\n"
    )
    shown = answered(text, "Install the extra", Intent.HOW_TO, query="How do I enable HTTP/2?")
    assert shown.startswith("Install the extra first. [1]")


def test_code_is_quoted_as_it_stands_between_fences() -> None:
    text = "# Install\n\nRun this:\n\n```sh\npip install  footnote\nfootnote doctor\n```\n"
    assert answered(text, "Run this", Intent.HOW_TO) == (
        "Run this: [1]\n\n```\npip install  footnote\nfootnote doctor\n```\n [2]"
    )


def test_nested_list_keeps_its_levels() -> None:
    text = "# Kit\n\nBring these:\n\n- Boots\n  - dry ones\n  - clean ones\n- Rope\n"
    assert answered(text, "Rope", Intent.LIST) == (
        "Bring these: [1]\n\n- Boots [2]\n  - dry ones [3]\n  - clean ones [4]\n- Rope [5]"
    )


def test_fact_in_one_item_of_a_list_is_that_item_alone() -> None:
    text = "# Kit\n\nBring these:\n\n- Boots of leather\n- Rope of hemp\n- Some water\n"
    assert answered(text, "hemp", Intent.FACT) == "- Rope of hemp [1]"


def test_long_section_is_cut_and_the_answer_says_where_the_rest_stands() -> None:
    paragraphs = [" ".join([f"Part {n} is told here by word."] * 12) for n in range(6)]
    text = "# Story\n\n" + "\n\n".join(paragraphs)
    made = draft(evidence(text, "Part 0", Intent.EXPLAIN))
    assert made.closing == "More on this: a.md, under “Story”."
    assert sum(len(claim.text.split()) for claim in made.claims) == 84


WORDS = st.lists(st.sampled_from("ada bo cleans the red boat now".split()), min_size=1, max_size=9)
SENTENCE = WORDS.map(lambda words: " ".join(words).capitalize() + ".")
PARAGRAPH = st.lists(SENTENCE, min_size=1, max_size=5).map(" ".join)
LEAD = WORDS.map(lambda words: " ".join(words).capitalize() + ":")
BULLETS = st.lists(SENTENCE, min_size=1, max_size=5).map(
    lambda items: "\n".join(f"- {item}" for item in items)
)
NUMBERED = st.lists(SENTENCE, min_size=1, max_size=5).map(
    lambda items: "\n".join(f"{n}. {item}" for n, item in enumerate(items, 1))
)
NESTED = st.lists(SENTENCE, min_size=2, max_size=5).map(
    lambda items: "\n".join(f"{'  ' * (n % 2)}- {item}" for n, item in enumerate(items))
)
CODE = st.lists(SENTENCE, min_size=1, max_size=3).map(
    lambda lines: "```\n" + "\n".join(lines) + "\n```"
)
HEADING = st.tuples(st.integers(1, 3), WORDS).map(lambda p: f"{'#' * p[0]} {' '.join(p[1])}")
QUESTION = WORDS.map(lambda words: f"**Does {' '.join(words)}?**")
BLOCK = st.one_of(PARAGRAPH, LEAD, BULLETS, NUMBERED, NESTED, CODE, HEADING, QUESTION)
MARKDOWN = st.lists(BLOCK, min_size=1, max_size=12).map("\n\n".join)


@settings(max_examples=150)
@given(MARKDOWN, st.sampled_from([Intent.FACT, *sorted(LONG)]), st.data())
def test_answer_from_any_markdown_quotes_exact_spans_in_order_within_its_budget(
    text: str, intent: Intent, data: st.DataObject
) -> None:
    document = document_of("a.md", text)
    passages = split(document, lambda texts: [len(each.split()) for each in texts], 60)
    if not passages:
        return
    sentence = data.draw(st.sampled_from([q.text for p in passages for q in quotes_in(p)]))
    found = evidence(text, sentence, intent)
    made = draft(found)
    structure = found.structure("a.md")
    assert structure
    quotes = [quote for claim in made.claims for quote in claim.quotes]
    assert all(quote.text == document.text[quote.start : quote.end] for quote in quotes)
    starts = [claim.quotes[0].start for claim in made.claims]
    sections = [structure.section(structure.at(start) or 0).start for start in starts]
    runs = [list(group) for _, group in groupby(zip(sections, starts, strict=True), itemgetter(0))]
    assert all(run == sorted(run) for run in runs)
    assert len(runs) == len({*sections})
    assert len({(quote.start, quote.end) for quote in quotes}) == len(quotes)
    spans = sorted((quote.start, quote.end) for quote in quotes)
    assert all(one[1] <= other[0] for one, other in pairwise(spans))
    if intent in LONG:
        longest = max(structure.words(block) for block in structure.blocks)
        words = sum(len(claim.text.split()) for claim in made.claims)
        assert words <= POLICIES[intent].words + longest


CHAT = """[03.02.26, 08:01] Femke: Good morning all
[03.02.26, 08:05] Joost: The van is back
[03.02.26, 08:09] Ruud: The gate code is 4482
[03.02.26, 08:11] Joost: thanks
"""


def test_a_reason_in_a_chat_is_the_message_with_the_replies_to_it() -> None:
    text = answered(CHAT, "van is back", Intent.EXPLAIN, "chat.txt", "Why is it back?")
    assert "The van is back" in text
    assert "4482" in text
    assert "Good morning" not in text


def test_an_explanation_in_a_chat_is_the_message_that_answers_alone() -> None:
    text = answered(CHAT, "gate code", Intent.EXPLAIN, "chat.txt")
    assert text == "[03.02.26, 08:09] Ruud: The gate code is 4482 [1]"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("What is due on invoice 71?", "invoice 71 of May [1]\n\nAmount due: 9.20 [2]"),
        ("What does delivery cost on invoice 71?", "invoice 71 of May [1]\n\nDelivery 2.00 [2]"),
        ("What is due in May?", "invoice 71 of May [1]"),
    ],
)
def test_a_line_that_names_the_number_asked_for_is_completed_by_the_line_with_the_rest(
    query: str, expected: str
) -> None:
    text = "invoice 71 of May\n\nDelivery 2.00\n\nAmount due: 9.20\n\nDue sums are paid in June."
    found = evidence(text, "invoice", Intent.FACT, "a.txt", query)
    words = set(query.lower().strip("?").split())
    sentences = tuple(
        replace(
            one, matched_terms=frozenset(words & {*one.quote.text.lower().replace(":", "").split()})
        )
        for one in found.sentences
    )
    assert label(draft(replace(found, sentences=sentences)), strict=False).text == expected


def test_sentence_is_completed_by_the_one_beside_it_that_has_more_of_what_is_asked() -> None:
    text = f"# Plan\n\n{LONG_START} We match all that you pay in. Join the 401k at once.\n"
    found = evidence(text, "401k", Intent.FACT, query="What is the 401k match?")
    terms = {"We match": {"match"}, "Join": {"401k"}}
    ranked = [
        replace(
            one,
            matched_terms=frozenset(
                next((t for w, t in terms.items() if w in one.quote.text), set())
            ),
        )
        for one in found.sentences
    ]
    shown = label(draft(replace(found, sentences=tuple(ranked))), strict=False).text
    assert shown == "We match all that you pay in. [1] Join the 401k at once. [2]"


def test_steps_of_a_long_section_are_quoted_from_what_leads_to_the_best_of_them() -> None:
    text = (
        "# Logs\n\nMake a file of settings first.\n\nThen name the file when you start.\n\n"
        + "Each line of it is written at once, with the time at which it came in. " * 12
    )
    assert answered(text, "when you start", Intent.HOW_TO).startswith(
        "Make a file of settings first. [1]\n\nThen name the file"
    )
    assert answered(text, "when you start", Intent.EXPLAIN).startswith("Then name the file")


def test_little_room_is_not_spent_on_what_leads_to_the_best_block_alone() -> None:
    items = "\n".join(f"- item {n} of the many that are in the box" for n in range(20))
    document = document_of("a.md", f"# Box\n\nIn brief:\n\n{items}\n")
    structure = Structures().of(document)
    selector = Selector(lambda _: structure)
    number = next(n for n, one in enumerate(structure.blocks) if one.kind is BlockKind.LIST)
    policy = POLICIES[Intent.COMPARE]
    room = policy.words // 3 + 1
    select_section(selector, policy, structure, structure.section(number), number, room, 1)
    assert selector.has(structure, number)
    assert room < selector.words < room + 20


def test_time_that_is_asked_for_is_a_fact_whatever_the_question_was_taken_for() -> None:
    text = "# Pool\n\nIt is shut.\n\nFirst session after the works: Monday 16 June.\n"
    found = replace(evidence(text, "First session", Intent.HOW_TO), answer_type=AnswerType.TIME)
    assert label(draft(found), False).text == "First session after the works: Monday 16 June. [1]"


MAIL = """# New lift

From: Benedikt Arnolds <arnolds@court.example>
Date: Mon, 2 Jun 2025 08:00:00 +0200

Dear tenants,

The lift is 38 years old. It will be replaced in July.

Tell us by 20 June if you cannot climb stairs.
"""


def test_the_head_of_a_mail_and_its_greeting_are_no_part_of_an_explanation() -> None:
    assert answered(MAIL, "It will be replaced", Intent.EXPLAIN) == (
        "The lift is 38 years old. [1] It will be replaced in July. [2]\n\n"
        "Tell us by 20 June if you cannot climb stairs. [3]"
    )


def test_the_head_of_a_mail_is_quoted_where_it_is_what_fits_best() -> None:
    assert answered(MAIL, "Benedikt Arnolds", Intent.FACT).startswith(
        "From: Benedikt Arnolds <arnolds@court.example>"
    )
