"""The support check: true statements pass, false ones don't, and a model can take part in it."""

from __future__ import annotations

import pytest

from eval.lab.perturb import quoted
from index.settings import load_settings
from rag.settings import Settings
from rag.types import Quote, Support
from rag.verification import roles
from rag.verification.evidence import Words, name_runs
from rag.verification.support import SUPPORT_WEIGHTS, check_support, support_checker, support_of
from tests.helpers.paraphrases import SEEN, UNSEEN

pytestmark = pytest.mark.unit

TEXT = "In the latest round, Egypt led the talks in Cairo, and 33 hostages were discussed."
ROLES = "David Barnea, the head of Mossad, and William J. Burns, the head of the CIA, met in Paris."


def supported(statement: str, cited: str) -> bool:
    return support_of(statement, [quoted(cited)]) is Support.SUPPORTED


@pytest.mark.parametrize(
    ("statement", "verdict"),
    [
        (TEXT, Support.SUPPORTED),
        (TEXT.upper(), Support.SUPPORTED),
        ("Egypt led the talks in Cairo", Support.SUPPORTED),
        ("In the latest round 33 hostages were discussed.", Support.SUPPORTED),
        ("In the latest round, 34 hostages were discussed.", Support.UNSUPPORTED),
        ("In the latest round, Egypt led the talks in Doha.", Support.UNSUPPORTED),
        ("Egypt and Norway discussed the 33 hostages in Cairo.", Support.WEAK),
        ("Egypt did not lead the talks in Cairo in the latest round.", Support.WEAK),
        ("In the latest round, Egypt has not led the talks in Cairo.", Support.UNSUPPORTED),
        ("Norway's capital is Oslo.", Support.UNSUPPORTED),
        ("It is.", Support.UNSUPPORTED),
        ("", Support.UNSUPPORTED),
    ],
)
def test_support_judges_a_statement_by_its_quote(statement: str, verdict: Support) -> None:
    assert support_of(statement, [quoted(TEXT)]) is verdict


def test_support_without_a_quote_is_unsupported() -> None:
    assert support_of("Egypt led the talks.", []) is Support.UNSUPPORTED


def test_judge_score_is_in_step_with_the_verdict() -> None:
    whole, other, false, nothing = (
        check_support(statement, [quoted(TEXT)]).score
        for statement in (TEXT, "Egypt led the talks", "Qatar led the talks in Cairo", "Fjords")
    )
    assert whole == 1.0 > other >= SUPPORT_WEIGHTS.supported > false > nothing > 0.0


def test_judge_takes_what_two_quotes_say_together() -> None:
    quotes = [quoted("Egypt led the latest round."), quoted("Three men met in Paris.")]
    both = "Egypt led the latest round, and three men met in Paris."
    assert support_of(both, quotes) is Support.SUPPORTED
    assert support_of(both, quotes[:1]) is Support.UNSUPPORTED


def test_judge_a_pronoun_stands_for_a_name_before_the_quote() -> None:
    text = "Egypt led the talks. It met officials of Hamas in Cairo."
    quote = quoted(text, text.index("It"))
    assert support_of("Egypt met officials of Hamas in Cairo.", [quote]) is Support.SUPPORTED
    assert support_of("Norway met officials of Hamas in Cairo.", [quote]) is not Support.SUPPORTED


@pytest.mark.parametrize(
    ("statement", "cited", "true"),
    [
        ("It cost 2.5 million dollars.", "It cost 2,500,000 dollars.", True),
        ("Twenty-three men came.", "23 men came.", True),
        ("The third round began.", "The 3rd round began.", True),
        ("Half of the men came.", "50 percent of the men came.", False),
        ("120 women and 33 men came.", "There came 33 women, 12 dogs, 9 cats and 120 men.", False),
        ("Israeli officials came to Egypt.", "Officials from Israel came to Egypt.", True),
        ("William Barnea came to Paris.", ROLES.replace("met in", "came to"), False),
        ("The head of the CIA is David Barnea.", ROLES, False),
        ("The chief of Mossad is David Barnea.", ROLES, True),
        (
            "The head of the CIA, Barnea, came.",
            "The head of the CIA, William Burns, met Barnea.",
            False,
        ),
        ("Egypt led envoys to Cairo.", "Egypt led envoys of Qatar to Cairo.", True),
        ("Mossad is David Barnea.", "Mossad met the CIA. David Barnea was there.", False),
        ("Hamas attacked Israel.", "Israel attacked Hamas.", False),
        ("Hamas was attacked by Israel.", "Israel attacked Hamas.", True),
        ("Burns met Barnea.", "Barnea met Burns.", True),
        ("Egypt agreed to the plan.", "Egypt refused to agree to the plan.", False),
        ("Egypt led the talks.", "It is not true that Egypt led the talks.", False),
        ("Egypt restarted the talks.", "Egypt hopes to restart the talks.", False),
        ("Egypt hopes to restart talks.", "Egypt hopes to restart the talks.", True),
        ("Prices rose in May.", "In May, prices fell.", False),
        ("The war lasted seven years.", "The war lasted seven months.", False),
        ("Every hostage was freed.", "The hostage was freed.", False),
        ("The door is ticket T-1034.", "The door is ticket T-1035.", False),
        ("The machine belongs to owner121.", "The machine belongs to owner120.", False),
        ("The machine belongs to owner120.", "The machine belongs to owner120.", True),
    ],
)
def test_support_of_numbers_names_roles_and_turns(statement: str, cited: str, true: bool) -> None:
    assert supported(statement, cited) is true


@pytest.mark.parametrize(("statement", "cited", "true"), SEEN, ids=[case[0] for case in SEEN])
def test_support_of_paraphrases_is_right(statement: str, cited: str, true: bool) -> None:
    assert supported(statement, cited) is true


def test_support_of_unseen_paraphrases_is_right_as_often_as_measured() -> None:
    doubted = [said for said, cited, true in UNSEEN if true and not supported(said, cited)]
    caught = [said for said, cited, true in UNSEEN if not true and not supported(said, cited)]
    assert (len(UNSEEN), sum(true for *_, true in UNSEEN)) == (40, 20)
    assert len(doubted) <= 2
    assert len(caught) >= 12


def test_judge_with_a_chance_replaces_what_is_fitted_but_keeps_faults() -> None:
    asked = list[tuple[str, str]]()

    def sure(quoted: str, statement: str) -> float:
        asked.append((quoted, statement))
        return 1.0

    quotes: list[Quote] = [quoted(TEXT), quoted(ROLES)]
    free = check_support("They haggled over thirty-three captives.", quotes, sure)
    assert (free.support, free.score) == (Support.SUPPORTED, 0.9)
    assert asked == [(f"{TEXT} {ROLES}", "They haggled over thirty-three captives.")]
    assert check_support("Norway haggled.", quotes, sure).support is Support.WEAK
    assert (
        check_support("They haggled over 34 captives.", quotes, sure).support is Support.UNSUPPORTED
    )


def test_judge_of_settings_without_a_model_is_the_check_by_words() -> None:
    assert support_checker(load_settings(Settings)) is check_support


@pytest.mark.parametrize(
    ("statement", "source", "support"),
    [
        ("Pets are not allowed.", "Pets are not allowed, except for guide dogs.", "weak"),
        ("Pets may sleep in the yard.", "Pets may sleep in the yard unless it rains.", "weak"),
        (
            "Pets are not allowed, except guide dogs.",
            "Pets are not allowed, except for guide dogs.",
            "supported",
        ),
        (
            "The yard opens at noon.",
            "The yard opens at noon. Pets are not allowed, except for guide dogs.",
            "supported",
        ),
        (
            "Hunde sind im Haus nicht erlaubt.",
            "Hunde sind im Haus nicht erlaubt, außer Blindenhunden.",
            "weak",
        ),
        (
            "Les chiens ne sont pas admis dans la maison.",
            "Les chiens ne sont pas admis dans la maison, sauf les chiens guides.",
            "weak",
        ),
        (
            "Los perros no están permitidos en la casa.",
            "Los perros no están permitidos en la casa, salvo los perros guía.",
            "weak",
        ),
    ],
)
def test_check_of_a_rule_without_its_exception_is_weak_at_most(
    statement: str, source: str, support: str
) -> None:
    assert check_support(statement, (quoted(source),)).support == support


@pytest.mark.parametrize(
    ("statement", "source"),
    [
        ("Open the red lid.", "Open the blue lid."),
        ("Open the red lid of the pump slowly.", "Open the blue lid of the pump slowly."),
        ("Confirm on your tablet within ten minutes.", "Confirm on your phone within ten minutes."),
        ("Turn the upper valve to the left side.", "Turn the upper valve to the right side."),
        ("Öffnen Sie den roten Deckel.", "Öffnen Sie den blauen Deckel."),
        ("Ouvrez le couvercle rouge de la pompe.", "Ouvrez le couvercle bleu de la pompe."),
        ("Le bureau de la mairie ouvre le mardi.", "Le bureau de la mairie ouvre le lundi."),
        ("Abra la tapa roja de la bomba.", "Abra la tapa azul de la bomba."),
        ("La oficina abre en marzo.", "La oficina abre en mayo."),
    ],
)
def test_check_of_a_copied_sentence_with_another_word_is_not_supported(
    statement: str, source: str
) -> None:
    assert not supported(statement, source)
    assert supported(source, source)


def test_check_of_a_copied_sentence_takes_words_of_the_headings_above_it() -> None:
    text = "Red pump\n\nOpen the blue lid of the pump."
    start = text.index("Open")
    assert support_of("Open the red lid of the pump.", [quoted(text, start)]) != "unsupported"
    assert support_of("Open the green lid of the pump.", [quoted(text, start)]) == "weak"


GERMAN = "Öffnen Sie das Ventil nicht vor dem Start. Schließen Sie den Deckel der Pumpe."
FRENCH = "N'ouvrez pas la vanne avant le début. Fermez le couvercle de la pompe."
SPANISH = "No abra la válvula antes de empezar. Cierre la tapa de la bomba."


@pytest.mark.parametrize(
    ("statement", "cited"),
    [
        ("Finally, confirm on your phone.", "Confirm on your phone."),
        ("Step 3: Confirm on your phone.", "Confirm on your phone."),
        ("Note that dogs are allowed in Lisbon.", "Dogs are allowed in Lisbon."),
        ("The documents state that dogs are allowed in Lisbon.", "Dogs are allowed in Lisbon."),
        ("Schritt 2: Schließen Sie den Deckel der Pumpe.", GERMAN),
        ("Anschließend schließen Sie den Deckel der Pumpe.", GERMAN),
        ("Ensuite, fermez le couvercle de la pompe.", FRENCH),
        ("Por último, cierre la tapa de la bomba.", SPANISH),
    ],
)
def test_support_looks_past_what_only_joins_sentences(statement: str, cited: str) -> None:
    assert supported(statement, cited)


def test_support_of_a_sentence_as_it_stands_keeps_what_joins_it() -> None:
    cited = "The mediators met in Cairo. For example, Norway's envoys came late."
    assert check_support("For example, Norway's envoys came late.", [quoted(cited)]).score == 1.0


@pytest.mark.parametrize(
    ("statement", "cited"),
    [
        ("Finally, do not confirm on your phone.", "Confirm on your phone."),
        ("Note that dogs are not allowed in Lisbon.", "Dogs are allowed in Lisbon."),
        ("The documents state no fee of 22 euros.", "The fee is 22 euros."),
        ("Step 3: Confirm on your tablet.", "Confirm on your phone."),
        ("Second place went to Norway.", "Third place went to Norway."),
        ("They open the red lid slowly.", "They open the blue lid slowly."),
    ],
)
def test_support_looks_past_nothing_that_says_something(statement: str, cited: str) -> None:
    assert not supported(statement, cited)


def test_support_of_a_text_that_repeats_itself_looks_for_its_names_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked = list[int]()

    def counted(words: Words) -> list[list[int]]:
        looked.append(len(words))
        return name_runs(words)

    monkeypatch.setattr(roles, "name_runs", counted)
    loop = "Anna saw Bert and " * 100
    assert support_of(f"{loop} Carl", [quoted(loop)]) is Support.WEAK
    assert sorted(looked) == [400, 401, 401]  # and once in the statement for names equated
