"""Languages: words of every script, the language of a text, sentences, and what the model reads."""

from __future__ import annotations

from pathlib import Path

import pytest
from babel import Locale

from index.embedding.model_files import multilingual_advice, supports_language
from index.engines.tantivy_store import TantivyStore
from index.sentences import sentence_spans
from index.text.languages import language_of, month_names
from index.text.stopwords import BY_LANGUAGE
from index.text.tokenizer import LATIN, content_words, terms_of, words_of

pytestmark = pytest.mark.unit

# A few documents each, and a question about every one of them, in their order.
CORPORA = {
    "zh": (
        [
            "故宫位于北京市中心，建成于1420年。它曾是明清两代的皇宫。",
            "长江是中国最长的河流，全长约六千三百公里。它流入东海！",
            "大熊猫主要吃竹子。它们住在四川的山区。",
        ],
        ["故宫是什么时候建成的？", "中国最长的河流是哪一条？", "熊猫吃什么？"],
    ),
    "ja": (
        [
            "富士山は日本で一番高い山です。高さは3776メートルあります。",
            "東京スカイツリーは2012年に完成しました。電波塔として使われています。",
            "納豆は大豆から作られる食べ物です。水戸の名物として知られています。",
        ],
        [
            "日本で一番高い山は何ですか？",
            "スカイツリーはいつ完成しましたか？",
            "納豆は何から作られますか？",
        ],
    ),
    "ko": (
        [
            "한라산은 제주도에 있는 산이다. 높이는 1950미터이다.",
            "서울에서 올림픽이 1988년에 열렸다. 많은 나라가 참가했다.",
            "김치는 배추로 만든 음식이다. 겨울에 많이 담근다.",
        ],
        [
            "제주도의 산은 무엇입니까?",
            "서울 올림픽은 언제 열렸습니까?",
            "김치는 무엇으로 만드나요?",
        ],
    ),
    "th": (
        [
            "แม่น้ำเจ้าพระยาไหลผ่านกรุงเทพมหานครลงสู่อ่าวไทย",
            "ช้างเป็นสัตว์ประจำชาติของไทย กินหญ้าและผลไม้",
            "เชียงใหม่อยู่ทางภาคเหนือ มีอากาศเย็นในฤดูหนาว",
        ],
        ["แม่น้ำเจ้าพระยาไหลลงที่ไหน", "ช้างกินอะไร", "อากาศในเชียงใหม่เป็นอย่างไร"],
    ),
    "ar": (
        [
            "يقع المتحف الكبير في مدينة الجيزة قرب الأهرامات.",
            "ينبع نهر النيل من بحيرات وسط أفريقيا ويصب في البحر المتوسط.",
            "تشتهر البصرة بزراعة النخيل والتمور.",
        ],
        ["أين يوجد متحف الجيزة؟", "من أين ينبع النيل؟", "بماذا تشتهر مدينة البصرة؟"],
    ),
    "ru": (
        [
            "Байкал является самым глубоким озером в мире.",
            "Эрмитаж находится в Петербурге и открыт каждый день, кроме понедельника.",
            "Пчёлы собирают мёд с липовых деревьев.",
        ],
        [
            "Какое озеро самое глубокое?",
            "Когда открыт музей Эрмитаж?",
            "С каких деревьев собирают мед пчелы?",
        ],
    ),
    "hi": (
        [
            "ताज महल आगरा में यमुना नदी के किनारे बना है।",
            "हाथी जंगल में घास और फल खाते हैं।",
            "दिल्ली भारत की राजधानी है और यमुना पर बसी है।",
        ],
        ["ताज महल कहाँ बना है?", "हाथियों के झुंड क्या खाते हैं?", "भारत की राजधानी क्या है?"],
    ),
    "el": (
        [
            "Ο Παρθενώνας χτίστηκε στην Ακρόπολη της Αθήνας.",
            "Οι μέλισσες παράγουν μέλι από το θυμάρι.",
            "Το λιμάνι του Πειραιά είναι το μεγαλύτερο της χώρας.",
        ],
        ["Πού χτίστηκε ο Παρθενώνας;", "Τι παράγει η μέλισσα;", "ΠΟΙΟ ΕΙΝΑΙ ΤΟ ΜΕΓΑΛΥΤΕΡΟ ΛΙΜΑΝΙ;"],
    ),
    "fr": (
        [
            "Les chevaux de Camargue vivent dans les marais du sud.",
            "Le musée est fermé le mardi et les jours fériés.",
            "L'élection du maire a lieu tous les six ans.",
        ],
        [
            "Où vit le cheval de Camargue ?",
            "Quel jour les musées sont-ils fermés ?",
            "Quand élit-on le maire ?",
        ],
    ),
}
QUESTIONS = [
    pytest.param(language, place, id=f"{language}{place}")
    for language, (_, questions) in CORPORA.items()
    for place in range(len(questions))
]


def text_store(folder: Path, texts: dict[str, str]) -> TantivyStore:
    TantivyStore.build(folder)
    TantivyStore.add(folder, texts.items())
    return TantivyStore.open(folder)


@pytest.fixture(scope="module")
def babel(tmp_path_factory: pytest.TempPathFactory) -> TantivyStore:
    """The documents of all languages in one index."""
    texts = {
        f"{language}{place}": text
        for language, (documents, _) in CORPORA.items()
        for place, text in enumerate(documents)
    }
    return text_store(tmp_path_factory.mktemp("babel") / "words", texts)


@pytest.mark.parametrize(("language", "place"), QUESTIONS)
def test_search_words_of_a_question_finds_its_document_first(
    babel: TantivyStore, tmp_path: Path, language: str, place: int
) -> None:
    documents, questions = CORPORA[language]
    alone = text_store(tmp_path / "words", {str(i): text for i, text in enumerate(documents)})
    assert alone.search(questions[place], 5)[0][0] == str(place)
    found = babel.search(questions[place], 5)
    assert found[0][0] == f"{language}{place}"
    assert min(score for _, score in found) > 0


@pytest.mark.parametrize("language", CORPORA)
def test_language_of_documents_and_questions_is_told(language: str) -> None:
    documents, questions = CORPORA[language]
    for text in (" ".join(documents), *questions):
        assert language_of(words_of(text)) == language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Where is the station?", "en"),
        ("¿Dónde está la estación?", "es"),
        ("donde esta la estacion y cuando abre", "es"),
        ("Wo ist der Bahnhof, und wann wird er geöffnet?", "de"),
        ("Dov'è la stazione e quando viene aperta?", "it"),
        ("Onde fica a estação e quando ela é aberta?", "pt"),
        ("Waar is het station en wanneer gaat het open?", "nl"),
        ("Var är stationen och när är den öppen?", "sv"),
        ("Kde je to nádraží a kdy se otevírá?", "cs"),
        ("Gdzie jest dworzec i kiedy się otwiera?", "pl"),
        ("Istasyon nerede ve ne zaman açılır, bu için?", "tr"),
        ("Missä asema on ja milloin se on auki?", "fi"),
        ("Hol van az állomás, és mikor van nyitva?", "hu"),
        ("Unde este gara și când este deschisă?", "ro"),
        ("Di mana stasiun itu dan kapan dibuka untuk umum?", "id"),
        ("Volkswagen AG 2019", "en"),
        ("", "en"),
        ("12 345", "en"),
        ("iPhone 手机", "en"),
        ("这款手机叫 iPhone，它很贵", "zh"),
        ("東京都", "zh"),
        ("東京の天気", "ja"),
    ],
)
def test_language_of_a_text_goes_by_script_and_function_words(text: str, language: str) -> None:
    assert language_of(words_of(text)) == language


def test_language_of_words_without_evidence_is_the_default() -> None:
    assert language_of(["toyota"], among=["fr", "en"], default="fr") == "fr"
    assert language_of(["the"], among=["fr"], default="fr") == "fr"


@pytest.mark.parametrize(
    "text",
    [
        "host: ada; role: database; memory: 128 GB; room: C03",
        "host: ada; memory: 128 GB\n\nhost: bo; memory: 64 GB; near: ada\n\nhost: cy; near: ada",
        "ticket: T-1; owner: Ada; title: Printer jams\n\nticket: T-2; owner: Ada; title: No mail",
    ],
)
def test_language_of_a_table_does_not_go_by_a_name_that_is_a_word_elsewhere(text: str) -> None:
    assert language_of(words_of(text)) == "en"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Zürich's Cafés", ["zürich", "s", "cafés"]),
        ("max_token_count=12", ["max", "token", "count", "12"]),
        ("ﬁle １２３ ＡＢＣ", ["file", "123", "abc"]),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("iPhone手机2024年", ["iphone", "手机", "2024", "年"]),
        ("cafe\u0301", ["café"]),
        ("84² m, 12 km²", ["84", "m", "12", "km2"]),
        ("?!… —", []),
    ],
)
def test_words_of_a_text_are_those_of_its_scripts(text: str, words: list[str]) -> None:
    assert words_of(text) == words


@pytest.mark.parametrize(
    ("text", "language", "terms"),
    [
        ("ciudades españolas", "es", ["ciudad", "espanol"]),
        ("Straße Straßen", "de", ["strass", "strass"]),
        ("жителей Москвы", "es", ["жител", "москв"]),
        ("running жителей", "ru", ["run", "жител"]),
        ("北京市", "zh", ["北", "京", "市", "北京", "京市"]),
        ("猫", "ja", ["猫"]),
        ("カメラ", "ja", ["カメ", "メラ"]),
        ("서울은", "ko", ["서울", "울은"]),
        ("ช้าง", "th", ["ช้า", "าง"]),
        ("שָׁלוֹם", "he", ["שלום"]),
        ("Łódź Øre smørrebrød", "xx", ["lodz", "ore", "smorrebrod"]),
        ("a" * 61, "en", []),
    ],
)
def test_terms_of_words_are_stems_or_pairs_without_accents(
    text: str, language: str, terms: list[str]
) -> None:
    assert terms_of(words_of(text), language) == terms


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("北京的天气怎么样？", ["北京", "天气"]),
        ("東京タワーの高さは?", ["東京タワー", "高さは"]),
        ("ช้างกินอะไร", ["ช้างกิน"]),
        ("Where is it?", ["where", "is", "it"]),
    ],
)
def test_telling_words_of_unspaced_scripts_leave_question_words_out(
    text: str, words: list[str]
) -> None:
    assert content_words(text) == words


def test_function_words_are_in_lower_case_and_one_word_each() -> None:
    for words in BY_LANGUAGE.values():
        for word in words:
            assert words_of(word) == [word]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("故宫很大。它在北京！真的吗？是的。", ["故宫很大。", "它在北京！", "真的吗？", "是的。"]),
        ("山です。高いです！", ["山です。", "高いです！"]),
        ("वह आगरा में है। नदी पास है॥ हाँ।", ["वह आगरा में है।", "नदी पास है॥", "हाँ।"]),
        ("أين هو؟ هو هنا.", ["أين هو؟", "هو هنا."]),
        ("នេះជាឆ្មា។ វាស៊ីត្រី។", ["នេះជាឆ្មា។", "វាស៊ីត្រី។"]),
        ("Սա կատու է։ Նա քնում է։", ["Սա կատու է։", "Նա քնում է։"]),
    ],
)
def test_sentence_spans_end_at_the_marks_of_other_scripts(text: str, expected: list[str]) -> None:
    assert [text[start:end] for start, end in sentence_spans(text)] == expected


def test_reads_of_the_built_in_model_is_english_alone() -> None:
    assert supports_language("minilm", "en")
    assert not supports_language("minilm", "es")
    assert supports_language("/models/multilingual-e5", "es")


def test_multilingual_advice_names_the_languages_of_many_texts_that_the_model_does_not_read() -> (
    None
):
    said = multilingual_advice({"en": 50, "es": 40, "zh": 30, "fr": 2}, "minilm")
    assert "passages in Spanish and Chinese are found by their words" in said
    assert "set embedding_model to a multilingual one" in said
    assert multilingual_advice({"en": 95, "es": 5}, "minilm") == ""
    assert multilingual_advice({}, "minilm") == ""
    assert multilingual_advice({"es": 9}, "intfloat/multilingual-e5-small") == ""


@pytest.mark.parametrize("language", sorted(LATIN))
def test_month_names_are_those_of_cldr(language: str) -> None:
    months = Locale(language).months
    tables = [
        months[context][width]
        for context in ("format", "stand-alone")
        for width in ("wide", "abbreviated")
    ]
    expected = [list(dict.fromkeys(table[number] for table in tables)) for number in range(1, 13)]
    assert month_names()[language] == expected, "run: python scripts/month_names.py"
