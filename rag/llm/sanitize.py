"""Sanitising an LLM's text: no active markup, no hidden characters, no reasoning.

The text arrives in pieces, and a construct may be cut anywhere, so `PlainText` holds back what it
cannot judge yet. Whatever the cuts are, the pieces it lets out add up to the same text.
"""

import re

from index.formats.hidden_characters import SUSPECT

# The longest construct that is looked for; what is longer, or spans a blank line, is only text.
_WINDOW = 1200
# Escapes of a terminal are looked for as a whole. A reply has no pages that a form feed would part.
_HIDDEN = re.compile(f"(?!\x1b)[{SUSPECT}\x0c]")
_OPENER = re.compile(r"[<\[\x1b!]")
_REASONING = re.compile(r"<(think|thinking|reasoning)>", re.IGNORECASE)

_INNER = r"(?:[^\[\]]|\[[^\[\]]{0,200}\]){0,400}"
_TARGET = (
    r"""\(\s*(?:<[^<>\n]*>|[^\s()<>]*(?:\([^\s()]*\)[^\s()<>]*)*)"""
    r"""(?:\s+(?:"[^"]*"|'[^']*'|\([^()]*\)))?\s*\)"""
)
_CONSTRUCT = re.compile(
    rf"""(?P<ansi>\x1b(?:\[[0-?]*[\ -/]*[@-~]|[^\[]))
    | <(?P<address>[A-Za-z][A-Za-z0-9+.-]*:[^\s<>]*)>
    | (?P<tag><[/!?|A-Za-z][^>]{{0,300}}>)
    | !?\[(?P<linked>{_INNER})\]{_TARGET}
    | (?P<literal>\x1b(?=\[[0-?]*[\ -/]*[^\ -~]) | <(?=[^/!?|A-Za-z]|[^>]{{302}})
        | !(?=[^\[]) | !?\[(?={_INNER}\][^(:]))
    """,
    re.VERBOSE | re.DOTALL,
)
_DEFINITION = re.compile(r"\[[^\[\]\n]*\]:(?P<rest>[^\n]*)(?=\n)")
_ADDRESS = re.compile(r"\s*<?(?:[A-Za-z][A-Za-z0-9+.-]*:\S|/|\#|www\.)")
_NO_DEFINITION = re.compile(r"!?\[[^\[\]]*\]:")
# Taking something out can bring the halves of a tag, a link or a link's definition together.
_MARKUP_SEAM = re.compile(r"(?<=<)(?=[A-Za-z/!?])|(?<=\])(?=[(:])")
_LABEL_LIKE = re.compile(r"\^?\d{1,3}")


class PlainText:
    """Turns a stream of an LLM's text into plain text, as early as is safe."""

    def __init__(self) -> None:
        self._pending = ""
        self._line = ""

    def feed(self, piece: str) -> str:
        """Take a further piece; return what is plain text by now, maybe nothing."""
        return self._advance(piece, final=False)

    def finish(self) -> str:
        """The rest, once no piece follows."""
        return self._advance("", final=True)

    def _advance(self, piece: str, final: bool) -> str:
        raw = self._pending + piece.replace("\r", "")
        out: list[str] = []
        position = 0
        while position < len(raw):
            opener = _OPENER.search(raw, position)
            stop = opener.start() if opener else len(raw)
            self._emit(raw[position:stop], out)
            position = stop
            if opener:
                step, text = self._construct(raw, stop, final)
                if not step:
                    break
                self._emit(text, out)
                position += step
        self._pending = raw[position:]
        return "".join(out)

    def _emit(self, text: str, out: list[str]) -> None:
        last = self._line[-1:]
        shown = separate_markup(last + _HIDDEN.sub("", text))[len(last) :]
        out.append(shown)
        self._line = (self._line + shown).rpartition("\n")[2]

    def _construct(self, raw: str, start: int, final: bool) -> tuple[int, str]:
        """How many characters the construct at an opener takes (0: wait), and its plain text."""
        reasoning = _REASONING.match(raw, start)
        if reasoning:
            return _skip_reasoning(raw, start, reasoning, final)
        window = raw[start : start + _WINDOW]
        blank = window.find("\n\n")
        settled = final or blank >= 0 or len(window) == _WINDOW
        window = window[:blank] if blank >= 0 else window
        if not self._line.strip():
            definition = _DEFINITION.match(window if not settled else window + "\n")
            if definition:
                return _definition(definition)
            if not settled and _NO_DEFINITION.match(window):
                return 0, ""
        found = _CONSTRUCT.match(window)
        if found and (settled or found.end() < len(window)):
            return found.end(), _text_of(found)
        return (1, window[0].strip("\x1b")) if settled else (0, "")


def to_plain_text(text: str) -> str:
    """A whole text as plain text."""
    cleaner = PlainText()
    return cleaner.feed(text) + cleaner.finish()


def separate_markup(text: str) -> str:
    """Text with a space wherever its characters would otherwise form a tag or a link."""
    return _MARKUP_SEAM.sub(" ", text)


def _skip_reasoning(raw: str, start: int, tag: re.Match[str], final: bool) -> tuple[int, str]:
    closing = f"</{tag.group(1)}>".lower()
    end = raw.lower().find(closing, tag.end())
    if end >= 0:
        return end + len(closing) - start, ""
    return (len(raw) - start, "") if final else (0, "")


def _definition(found: re.Match[str]) -> tuple[int, str]:
    """A link's definition is dropped; a label and a colon before words are kept as they are."""
    if _ADDRESS.match(found["rest"]):
        return found.end(), ""
    return 1, "["


def _text_of(found: re.Match[str]) -> str:
    if found["literal"]:
        return found["literal"].strip("\x1b")
    if found["address"]:
        return found["address"]
    if found["tag"] and found["tag"].lower() == "<sup>":
        return "^"  # without it, 10<sup>6</sup> would read 106
    if found["linked"] is not None:
        inner = to_plain_text(found["linked"])
        return f"[{inner}]" if _LABEL_LIKE.fullmatch(inner.strip()) else inner
    return ""
