"""What is said in place of an answer, or around one.

A refusal names its reason; nothing that the documents do not back is shown in its place. An answer
of little confidence opens with a sentence that says so.
"""

from __future__ import annotations

from dataclasses import replace

from babel import Locale

from index.snapshots import Snapshot
from index.text.languages import language_of
from index.text.tokenizer import words_of
from rag.citations.labelling import LabelledAnswer
from rag.requests import AnswerRequest
from rag.retrieval.answerability import UNSURE_BELOW
from rag.retrieval.hybrid import SearchResult
from rag.types import Draft, Reason, Refusal

_UNSURE = "The documents may not answer this. What comes nearest:"
_MESSAGES = {
    Reason.EMPTY_INDEX: "Nothing is indexed yet, so there is nothing to answer from.",
    Reason.NO_EVIDENCE: "The documents don't seem to answer this question.",
    Reason.DECLINED: "The documents don't seem to answer this question.",
    Reason.UNSUPPORTED: "No answer could be backed by the documents.",
    Reason.UNAVAILABLE: "The answer could not be rewritten.",
}
# The same of a question in another language than the documents, in that language.
_OTHER_LANGUAGE = {
    "en": "The documents don't seem to answer this question. They are in {}: ask in that language.",
    "de": "Die Dokumente scheinen diese Frage nicht zu beantworten. Sie sind auf {}: Fragen Sie "
    "bitte in dieser Sprache.",
    "fr": "Les documents ne semblent pas répondre à cette question. Ils sont en {} : posez-la dans "
    "cette langue.",
    "es": "Los documentos no parecen responder a esta pregunta. Están en {}: pregunte en ese "
    "idioma.",
    "it": "I documenti non sembrano rispondere a questa domanda. Sono in {}: la ponga in questa "
    "lingua.",
    "pt": "Os documentos não parecem responder a esta pergunta. Estão em {}: pergunte nesse "
    "idioma.",
    "nl": "De documenten lijken deze vraag niet te beantwoorden. Ze zijn in het {}: stel de vraag "
    "in die taal.",
    "sv": "Dokumenten verkar inte besvara frågan. De är på {}: ställ den på det språket.",
    "da": "Dokumenterne ser ikke ud til at besvare spørgsmålet. De er på {}: stil det på det "
    "sprog.",
    "no": "Dokumentene ser ikke ut til å besvare spørsmålet. De er på {}: still det på det "
    "språket.",
    "pl": "Dokumenty nie odpowiadają chyba na to pytanie. Ich język to {}: proszę zapytać w tym "
    "języku.",
}
# Of what a question went to, so many are named.
_NAMED = 3
# An LLM is asked down to this share of the confidence below which a question is refused.
_GRAY = 0.4


def hedged(draft: Draft, confidence: float) -> Draft:
    """A quoted draft that may well not answer says so before it quotes.

    `confidence` is the probability, 0..1, that the documents answer.
    """
    return draft if confidence >= UNSURE_BELOW else replace(draft, opening=_UNSURE)


def refusal_before(
    request: AnswerRequest,
    found: SearchResult,
    confidence: float,
    snapshot: Snapshot,
    quotes: bool = True,
) -> Refusal | None:
    """A refusal that needs no draft: there is nothing to answer from, or nothing answers.

    A question in a language that no document is in is told so in that language.
    An LLM reads what may answer, and refuses by itself: `quotes` is false where one is to write.
    """
    if not found.hits:
        return Refusal(Reason.EMPTY_INDEX, _MESSAGES[Reason.EMPTY_INDEX])
    if confidence < request.settings.refuse_below * (1.0 if quotes else _GRAY):
        message = _other_language(request.question, snapshot) or _MESSAGES[Reason.NO_EVIDENCE]
        return _narrowed(Refusal(Reason.NO_EVIDENCE, message), request)
    return None


def _narrowed(refusal: Refusal, request: AnswerRequest) -> Refusal:
    """A refusal that says what the question went to, if that is not everything."""
    filters = request.filters
    if not filters and not request.collections:
        return refusal
    types, places = ", ".join(filters.types), [*filters.documents, *filters.folders]
    places = places or [*request.collections]
    inside, more = ", ".join(places[:_NAMED]), len(places) - _NAMED
    inside += f" and {more:,} more" if more > 0 else ""
    chosen = f"{types} in {inside}" if types and inside else types or inside
    told = f"The question went only to what was chosen: {chosen}."
    return replace(refusal, message=f"{refusal.message} {told}")


def _other_language(question: str, snapshot: Snapshot) -> str:
    """What to say to a question in a language that no document is in; "" if it is in theirs."""
    asked = language_of(words_of(question))
    if asked == snapshot.language(question) or asked not in _OTHER_LANGUAGE:
        return ""
    # Of a text without words the language is that of most documents.
    name = Locale(asked).languages.get(snapshot.language(""))
    return _OTHER_LANGUAGE[asked].format(name) if name else ""


def refusal_of(draft: Draft, labelled: LabelledAnswer, request: AnswerRequest) -> Refusal | None:
    """An answer without a single citation is not shown as an answer.

    The reason is that the composer declined, that it could not be used (with the note that says
    why), or that none of its statements is backed.
    """
    if labelled.citations:
        return None
    if draft.declined:
        return _narrowed(Refusal(Reason.DECLINED, _MESSAGES[Reason.DECLINED]), request)
    if draft.note and not draft.claims:
        return Refusal(Reason.UNAVAILABLE, draft.note)
    return _narrowed(Refusal(Reason.UNSUPPORTED, _MESSAGES[Reason.UNSUPPORTED]), request)


def framed(text: str, draft: Draft | None) -> str:
    """The text between the draft's own sentences before and after it."""
    parts = [draft.opening, text, draft.closing] if draft else [text]
    return "\n\n".join(part for part in parts if part)
