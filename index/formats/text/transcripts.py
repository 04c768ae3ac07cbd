"""Subtitles to text: what is said in paragraphs, each behind the time at which it starts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import unescape

from index.formats.base import Parsed, TextBlock, Unreadable, from_blocks
from index.formats.decode import decode

_TIME = r"(?:(\d{1,3}):)?(\d{1,2}):(\d{2})[.,](\d{1,3})"
_TIMING = re.compile(rf"[ \t]*{_TIME}[ \t]*-->[ \t]*{_TIME}[^\n]*")
_VOICE = re.compile(r"<v(?:\.[^ >]*)?[ \t]+([^>]*)>")
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>|<\d[\d:.]*>|\{\\[^{}]*\}")
_SPEAKER_CHANGE = re.compile(
    r"(?:[-–—>]|>>)[ \t]*(?=\S)|[^\W\d_][\w .'’-]{0,30}: |\[[^]\n]{1,30}\]:? "
)
_SENTENCE_END = re.compile(r"[.!?…。！？][\"'”’»)\]]*$")
_PAUSE_SECONDS = 4.0
# A paragraph ends with a sentence once it is so long, or anywhere once it is so much longer.
_CHARACTERS, _MOST_CHARACTERS = 240, 900


@dataclass(frozen=True, slots=True)
class _Cue:
    """What is shown at a time; both ends are in seconds."""

    start: float
    end: float
    text: str


def parse_subtitles(data: bytes) -> Parsed:
    """The cues of an SRT or WebVTT file, joined to sentences.

    Raises Unreadable if it has no cues.
    """
    cues = list(_cues(decode(data).replace("\r\n", "\n").replace("\r", "\n")))
    if not cues:
        raise Unreadable("damaged: it has no times at which something is said")
    return from_blocks([TextBlock(_written(group)) for group in _groups(cues)])


def _cues(text: str) -> Iterator[_Cue]:
    timings = list(_TIMING.finditer(text))
    ends = [*(timing.start() for timing in timings[1:]), len(text)]
    before = ""
    for number, (timing, end) in enumerate(zip(timings, ends, strict=True)):
        lines = text[timing.end() : end].strip("\n").split("\n")
        if number + 1 < len(timings):
            lines = _without_name(lines)
        shown = list(map(_plain, lines[: lines.index("")] if "" in lines else lines))
        # Captions that roll show a line again when the next one comes.
        fresh = shown[1:] if shown and shown[0] == before else shown
        before = shown[-1] if shown else before
        if words := " ".join(filter(None, fresh)):
            yield _Cue(_seconds(timing.groups()[:4]), _seconds(timing.groups()[4:]), words)


def _without_name(lines: Sequence[str]) -> list[str]:
    """Lines below a timing without the number or name of the next cue, which stands by itself."""
    return list(lines[:-1]) if len(lines) > 1 and lines[-1] and not lines[-2].strip() else [*lines]


def _plain(line: str) -> str:
    return " ".join(unescape(_TAG.sub("", _VOICE.sub(r"\1: ", line))).split())


def _seconds(parts: Sequence[str | None]) -> float:
    hours, minutes, seconds, fraction = (part or "0" for part in parts)
    return int(hours) * 3600 + int(minutes) * 60 + int(seconds) + int(fraction.ljust(3, "0")) / 1000


def _groups(cues: Sequence[_Cue]) -> Iterator[list[_Cue]]:
    """Cues that make a paragraph: until the speaker changes, a pause, or enough is said."""
    group, length = list[_Cue](), 0
    for cue in cues:
        if group and _ends(group[-1], cue, length):
            yield group
            group, length = [], 0
        group.append(cue)
        length += len(cue.text) + 1
    yield group


def _ends(last: _Cue, cue: _Cue, length: int) -> bool:
    is_sentence = bool(_SENTENCE_END.search(last.text))
    if _SPEAKER_CHANGE.match(cue.text) or (is_sentence and length >= _CHARACTERS):
        return True
    return length >= _MOST_CHARACTERS or (is_sentence and cue.start - last.end >= _PAUSE_SECONDS)


def _written(group: Sequence[_Cue]) -> str:
    start = int(group[0].start)
    time = f"[{start // 3600}:{start // 60 % 60:02}:{start % 60:02}]"
    return f"{time} {' '.join(cue.text for cue in group)}"
