"""Made-up false statements, and the fit of the support check on a handful of texts."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from eval.lab.perturb import SourceParagraph, support_cases
from eval.lab.support_fit import area, balanced, fit, measure, read_wice
from index.errors import ConfigError
from ui.cli import main

pytestmark = pytest.mark.unit

SHARED = Path(__file__).parents[3].parent / "shared" / "data"
CAIRO = (
    "In the year 1998 Egypt led some 33 envoys of Qatar to Cairo. They did not meet anybody there."
)
OSLO = "It is known that Norway has 356 cities along the coast. The capital of Norway is Oslo."
ASKED = (("Who led the envoys?", "Egypt"), ("Where did they go to?", "Cairo"))


def made(*paragraphs: SourceParagraph) -> dict[str, list[str]]:
    found = defaultdict[str, list[str]](list)
    for case in support_cases(paragraphs):
        found[case.kind].append(case.statement)
        assert case.true is (case.kind.split(",")[0] in {"verbatim", "answer"})
    return found


def test_cases_change_one_thing_in_each_sentence() -> None:
    found = made(SourceParagraph("Cairo", CAIRO, ASKED), SourceParagraph("Oslo", OSLO))
    whole = [*CAIRO.replace(". T", ".|T").split("|"), *OSLO.replace(". T", ".|T").split("|")]
    assert found["verbatim"] == found["verbatim, in its passage"] == whole
    assert found["citation: of another article"] == whole
    assert "citation: of the same article" not in found
    for kind in ("number: any other", "name: of another article", "negation: put in"):
        assert found[kind], kind
        assert not set(found[kind]) & set(whole)
    assert found["negation: taken out"] == ["They did meet anybody there."]
    assert found["answer"] == ["Egypt led the envoys."]
    assert found["answer: to another question"] == ["Cairo led the envoys."]


def test_cases_are_the_same_each_time() -> None:
    paragraphs = [SourceParagraph("Cairo", CAIRO, ASKED), SourceParagraph("Oslo", OSLO)]
    assert list(support_cases(paragraphs)) == list(support_cases(paragraphs))


def test_balanced_and_area_of_a_hand_sized_example() -> None:
    true, scores = np.array([True, True, False, False]), np.array([0.9, 0.4, 0.4, 0.1])
    assert balanced(true, scores >= 0.4) == 0.75
    assert area(true, scores) == 0.875


def wice(path: Path, *labels: str) -> Path:
    claims = ["Egypt led 33 envoys to Cairo.", "Norway led 40 camels to Doha in 1999."]
    items = [
        {"claim": claims[label != "supported"], "evidence": CAIRO.split(". "), "label": label}
        for label in labels
    ]
    path.write_text("".join(f"{json.dumps(item)}\n" for item in items), encoding="utf-8")
    return path


def squad(path: Path) -> Path:
    articles = [
        {"title": title, "paragraphs": [{"context": text, "qas": []}]}
        for title, text in (("a", CAIRO), ("b", CAIRO), ("c", OSLO), ("d", OSLO))
    ]
    path.write_text(json.dumps({"data": articles}), encoding="utf-8")
    return path


def test_read_wice_cites_the_sentences_that_hold_the_claim(tmp_path: Path) -> None:
    claims = read_wice(wice(tmp_path / "w", "supported", "partially_supported"))
    assert [case.true for case in claims] == [True, False]
    assert [quote.text for quote in claims[0].quotes] == [CAIRO.split(". ")[0]]


def test_measure_judges_what_it_was_not_fitted_to(tmp_path: Path) -> None:
    labels = ("supported", "supported", "not_supported", "partially_supported")
    report = measure(wice(tmp_path / "w", *labels), squad(tmp_path / "x"), lambda _: None)
    assert (report.claims, report.auc, report.balanced_supported) == (2, 1.0, 1.0)
    lines = {line.kind: line for line in report.lines}
    assert (lines["verbatim"].cases, lines["verbatim"].doubted) == (4, 0.0)
    assert lines["citation: of another article"].doubted == 1.0
    assert [weight > 0 for weight in report.fitted.weights] == [True, True, False, False]
    assert [(v.verdict, v.cases, v.true) for v in report.verdicts if v.source == "WiCE"] == [
        ("supported", 1, 1.0),
        ("weak", 0, 0.0),
        ("unsupported", 1, 0.0),
    ]


@pytest.mark.parametrize("language", ["de", "fr", "es"])
def test_cases_of_each_language_change_one_thing(language: str) -> None:
    sentence, changed = {
        "de": (
            "Gestern traf Anna Weber zufällig Paul Klein, und das war nicht geplant.",
            "war geplant",
        ),
        "fr": (
            "Demain, Anna Weber verra sans doute Paul Klein, ce qui n'est pas prévu.",
            "qui est prévu",
        ),
        "es": ("Hoy, Anna Weber ve a menudo a Paul Klein, y eso no estaba previsto.", "eso estaba"),
    }[language]
    paragraphs = [SourceParagraph("a", sentence), SourceParagraph("b", sentence)]
    found = {case.kind: case.statement for case in support_cases(paragraphs, language=language)}
    first, _, second = found["role: swapped"].partition("Paul Klein")
    assert "Anna Weber" not in first
    assert "Anna Weber" in second
    assert changed in found["negation: taken out"]


def test_fit_to_true_statements_alone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="too few statements to fit"):
        fit(read_wice(wice(tmp_path / "w", "supported")))


def test_support_command_prints_the_fit_and_a_line_for_each_kind(tmp_path: Path) -> None:
    files = [
        str(wice(tmp_path / "w", "supported", "supported", "not_supported", "not_supported")),
        str(squad(tmp_path / "x")),
    ]
    done = CliRunner().invoke(main, ["eval", "support", *files])
    assert done.exit_code == 0
    assert "fitted on even places: WEIGHTS = (" in done.stdout
    assert "WiCE, 2 claims at odd places: AUC 1.000" in done.stdout
    assert "true: verbatim" in done.stdout
    report = json.loads(CliRunner().invoke(main, ["eval", "support", *files, "--json"]).stdout)
    assert report["claims"] == 2


@pytest.mark.parametrize("text", ["", "{}", "[1]", "not JSON"])
def test_measure_names_a_file_of_another_kind(tmp_path: Path, text: str) -> None:
    good, bad = squad(tmp_path / "x"), tmp_path / "bad"
    bad.write_text(text, encoding="utf-8")
    claims = wice(tmp_path / "w", "supported", "not_supported")
    with pytest.raises(ConfigError, match=r"bad is not a SQuAD-format file"):
        measure(claims, bad, lambda _: None)
    with pytest.raises(ConfigError, match=r"bad is not WiCE's JSONL of claims"):
        measure(bad, good, lambda _: None)
    with pytest.raises(ConfigError, match=r"none cannot be read"):
        measure(tmp_path / "none", good, lambda _: None)


@pytest.mark.full
@pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared/data")
def test_measure_on_the_halves_that_were_not_tuned_on_keeps_what_is_promised() -> None:
    report = measure(
        SHARED / "wice" / "claim_dev.jsonl",
        SHARED / "xquad" / "xquad.en.json",
        lambda _: None,
        {"es": SHARED / "xquad" / "xquad.es.json"},
    )
    assert report.auc >= 0.85
    assert report.balanced_weak >= 0.7
    least = {"number": 0.95, "name": 0.95, "negation": 0.9, "role": 0.8, "citation": 0.98}
    for line in report.lines:
        if line.kind.startswith("verbatim"):
            assert line.doubted <= 0.02
        elif line.kind.split(":")[0] in least:
            assert line.doubted >= least[line.kind.split(":")[0]], line
