"""What is asked for in the words of the document: a question, a term, or a heading."""

from __future__ import annotations

from collections.abc import Sequence

from index.text.languages import language_of
from index.text.tokenizer import content_words, fold, stopwords_of, terms_of
from index.types import BlockKind
from rag.composition.blocks.sections import (
    POLICIES,
    SHORT_ANSWER,
    add_outline,
    add_short,
    select_outline,
    select_section,
)
from rag.composition.blocks.selector import Selector
from rag.composition.blocks.structure import Structure
from rag.intents.classifier import LONG, Intent, instruction_words
from rag.retrieval.answer_type import AnswerType, expected_answer_type
from rag.retrieval.figures import figures_in
from rag.retrieval.sentences import RankedSentence


def select_asked(
    query: str, intent: Intent, ranked: Sequence[RankedSentence], selector: Selector
) -> None:
    """Choose the answer to a question whose words are all that is asked, or what a term means:
    "What is a discharge letter?" of the term "Discharge letter", on a line above its meaning.
    """
    language = language_of(content_words(query))
    asked = terms_in(query, language)
    for sentence in ranked if asked else ():
        found = selector.place(sentence)
        if found is None:
            continue
        structure, number = found
        block = structure.blocks[number]
        term, line, _ = structure.text((block.start, block.end)).partition("\n")
        if line and block.kind is BlockKind.PARAGRAPH and terms_in(term, language) == asked:
            selector.add_span(structure, number, (block.start + len(term) + 1, block.end), 0)
            return
        answer = structure.answers.get(number)
        if answer and terms_in(_question_text(structure, answer), language) == asked:
            select_answer(selector, structure, answer, number, 0)
            if policy := POLICIES.get(intent):
                room = policy.words - selector.words
                select_section(selector, policy, structure, answer, answer.start, room, 0)
            return


def select_titled(query: str, ranked: Sequence[RankedSentence], selector: Selector) -> None:
    """Choose short sections whose headings hold all figures of a question that asks for a thing:
    "What is new in 3.2?", "What was decided on 17 March?".
    """
    figures = figures_in(query)
    if not figures or expected_answer_type(query) is not AnswerType.ANY:
        return
    for sentence in sorted(ranked, key=lambda one: one.hit.rank):
        is_titled = figures.within(sentence.quote.passage.heading) == figures
        found = selector.place(sentence) if is_titled else None
        if found is None:
            continue
        structure, number = found
        section = structure.section(number)
        if not selector.words and select_outline(selector, structure, section, 0):
            return
        words = structure.size(section)
        if words + selector.words <= SHORT_ANSWER * 2:
            for each in section:
                selector.add_whole(structure, each, sentence.hit.rank)
        elif not selector.words:
            return


def select_headed(
    query: str, intent: Intent, ranked: Sequence[RankedSentence], selector: Selector
) -> None:
    """Choose what is below a heading whose words are all that is asked for: the outline of a list
    ("What benefits are there?" of "Our benefits"), else the section if it is short ("opening
    hours").
    """
    language = language_of(content_words(query))
    told = " ".join(instruction_words(query, intent))
    asked = terms_in(query, language) - terms_in(told, language)
    for sentence in ranked if asked else ():
        structure, number = selector.place(sentence) or (None, 0)
        for heading in structure.headings_above(number) if structure else ():
            if structure and terms_in(structure.heading_words(heading), language) == asked:
                if intent is Intent.LIST:
                    add_outline(selector, structure, structure.subheadings(heading), 0)
                elif intent not in LONG and heading == structure.headings[number]:
                    add_short(selector, structure, structure.section(number), 0)
                return


def select_answer(
    selector: Selector, structure: Structure, answer: range, number: int, rank: int
) -> None:
    """The answer to a question: the whole if it is short, else how it begins."""
    before = range(answer.start, number)
    is_headed = any(structure.blocks[each].kind is BlockKind.HEADING for each in before)
    if not add_short(selector, structure, answer, rank) and before and not is_headed:
        block = structure.blocks[answer.start]
        for span in (block.items or structure.sentences(block))[:1]:
            selector.add_span(structure, answer.start, span, rank)


def _question_text(structure: Structure, answer: range) -> str:
    """The question that an answer's blocks stand below."""
    first = answer.start
    while structure.answers.get(first - 1) == answer:
        first -= 1
    return structure.text((structure.blocks[first].start, structure.blocks[answer.start].start))


def terms_in(text: str, language: str) -> frozenset[str]:
    """The terms of a text without stopwords, as they are searched for in a language."""
    stopwords = stopwords_of(language)
    words = [word for word in content_words(text) if fold(word) not in stopwords]
    return frozenset(terms_of(words, language))
