"""Values of a PDF's form fields, as words at the places where they are shown."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from index.formats.pdf.geometry import Shown
from index.formats.pdf.words import PdfWord, WordLine

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument, PdfPage

_PASSWORD_FLAG = 1 << 13
# A field is this much higher than its type.
_FIELD_SCALE = 1.6


def with_form_values(pdf: PdfDocument, page: PdfPage, lines: Sequence[WordLine]) -> list[WordLine]:
    """Lines of a page with each field's value behind its label, or in a line of its own."""
    found = list(lines)
    for word in _values(pdf, page):
        beside = [
            at for at, line in enumerate(found)
            if abs(line.top - word.base) < word.size and line.words[0].left < word.left
        ]  # fmt: skip
        if beside:
            at = min(beside, key=lambda at: abs(found[at].top - word.base))
            words = sorted((*found[at].words, word), key=lambda other: other.left)
            found[at] = replace(found[at], words=tuple(words))
        else:
            above = [at for at, line in enumerate(found, start=1) if line.top < word.base]
            found.insert(max(above, default=0), WordLine((word,), word.base))
    return found


def _values(pdf: PdfDocument, page: PdfPage) -> Iterator[PdfWord]:
    import pypdfium2.raw as pdfium

    form, shown = pdf.formenv, Shown(page)
    if form is None:
        return
    for at in range(pdfium.FPDFPage_GetAnnotCount(page)):
        annotation = pdfium.FPDFPage_GetAnnot(page, at)
        if pdfium.FPDFAnnot_GetSubtype(annotation) == pdfium.FPDF_ANNOT_WIDGET:
            value = _value(form, annotation)
            box = pdfium.FS_RECTF()
            pdfium.FPDFAnnot_GetRect(annotation, box)
            (left, bottom), (right, top) = (
                shown.place(box.left, box.bottom),
                shown.place(box.right, box.top),
            )
            size = min(abs(bottom - top) / _FIELD_SCALE, 12.0)
            base = (bottom + top) / 2 + size / 3
            if value:
                yield PdfWord(value, range(0), min(left, right), max(left, right), base, size)
        pdfium.FPDFPage_CloseAnnot(annotation)


def _value(form: object, annotation: object) -> str:
    """What a field shows: a text, or a box that is checked or not; "" for none."""
    import pypdfium2.raw as pdfium

    hidden = pdfium.FPDF_ANNOT_FLAG_HIDDEN | pdfium.FPDF_ANNOT_FLAG_NOVIEW
    if pdfium.FPDFAnnot_GetFlags(annotation) & hidden:
        return ""
    kind = pdfium.FPDFAnnot_GetFormFieldType(form, annotation)
    if kind in {pdfium.FPDF_FORMFIELD_CHECKBOX, pdfium.FPDF_FORMFIELD_RADIOBUTTON}:
        return "☑" if pdfium.FPDFAnnot_IsChecked(form, annotation) else "☐"
    if kind == pdfium.FPDF_FORMFIELD_TEXTFIELD:
        if pdfium.FPDFAnnot_GetFormFieldFlags(form, annotation) & _PASSWORD_FLAG:
            return ""
    elif kind not in {pdfium.FPDF_FORMFIELD_COMBOBOX, pdfium.FPDF_FORMFIELD_LISTBOX}:
        return ""
    return " ".join(_text(pdfium.FPDFAnnot_GetFormFieldValue, form, annotation).split())


def _text(function: Callable[..., int], *arguments: Any) -> str:
    length = function(*arguments, None, 0)
    buffer = (ctypes.c_ushort * (length // 2 + 1))()
    function(*arguments, buffer, length)
    return bytes(buffer).decode("utf-16-le", "replace").rstrip("\0")
