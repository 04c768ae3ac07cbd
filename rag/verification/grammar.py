"""Function words that change what a sentence says, in the languages that the check is measured in.

Negations, denials and hedges with what they reach; numbers in words; forms of "be" and the "by" of
the passive; what opens an exception, or a sentence without saying anything ("in short,").

`python -m eval.lab.perturb` makes the false statements that
each language is measured with. A language that is not here has no verdict of `supported` but for
words taken as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from index.text.english import NUMBER_WORDS, TENS

_EMPTY: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Grammar:
    """The closed word classes of a language, in lower case.

    `intentions` are verbs whose "to" is hedged, `refusals` those whose "to" is negated, `to` that
    word. `units` and `tens` are number words that may be joined to one number, `scales` what they
    are multiplied by. `openers` are words and phrases that only join a sentence to the one before,
    up to a comma or colon; `reports` is a pattern of "the documents state that".
    `calendar` are names of days and months where these are written like other words.
    `decimal` parts the digits below one, and its counterpart the thousands.
    """

    stemmer: str
    negations: frozenset[str]
    denials: frozenset[str] = _EMPTY
    hedges: frozenset[str] = _EMPTY
    intentions: frozenset[str] = _EMPTY
    refusals: frozenset[str] = _EMPTY
    to: str = ""
    clause_openers: frozenset[str] = _EMPTY
    fillers: frozenset[str] = _EMPTY
    units: Mapping[str, int] = field(default_factory=dict)
    tens: Mapping[str, int] = field(default_factory=dict)
    scales: Mapping[str, int] = field(default_factory=dict)
    ordinals: Mapping[str, str] = field(default_factory=dict)
    forms_of_be: frozenset[str] = _EMPTY
    by: frozenset[str] = _EMPTY
    joins: frozenset[str] = _EMPTY
    exceptions: frozenset[str] = _EMPTY
    calendar: frozenset[str] = _EMPTY
    openers: frozenset[str] = _EMPTY
    reports: str = ""
    decimal: str = "."
    elides: bool = False

    @property
    def numbers(self) -> dict[str, int]:
        """Number words with their values."""
        return {**self.units, **self.tens}


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


def _phrases(words: str) -> frozenset[str]:
    return frozenset(" ".join(phrase.split()) for phrase in words.split("|"))


def _counted(words: str, first: int = 0, step: int = 1) -> dict[str, int]:
    return {word: first + step * place for place, word in enumerate(words.split())}


def _ordinals(words: str) -> dict[str, str]:
    return {word: f"{place}th" for place, word in enumerate(words.split(), start=1)}


ENGLISH = Grammar(
    stemmer="english",
    negations=_set(
        "no not never none nobody nothing neither nor nowhere without cannot hardly unable"
    ),
    denials=_set("deny denies denied reject rejects rejected lack lacks lacked"),
    hedges=_set(
        "could may might would possibly perhaps maybe allegedly alleged reportedly supposedly "
        "rumour rumours rumoured rumor rumors rumored if unless"
    ),
    intentions=_set(
        "hope hopes hoped hoping aim aims aimed aiming plan plans planned planning want wants "
        "wanted wish wishes wished try tries tried trying seek seeks sought threaten threatens "
        "threatened propose proposes proposed expect expects expected attempt attempts attempted "
        "work works worked working"
    ),
    refusals=_set("fail fails failed refuse refuses refused decline declines declined"),
    to="to",
    clause_openers=_set("but because although though while whereas until instead which who"),
    fillers=_set("however therefore thus moreover meanwhile furthermore also according together"),
    units={word: value for word, value in NUMBER_WORDS.items() if word not in TENS},
    tens={word: NUMBER_WORDS[word] for word in TENS},
    scales={"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9},
    ordinals=_ordinals("first second third fourth fifth sixth seventh eighth ninth tenth"),
    forms_of_be=_set("is was are were be named called"),
    by=_set("by"),
    joins=_set("and or"),
    exceptions=_set("except excepting excluding unless"),
    openers=_phrases(
        "first|firstly|first of all|second|secondly|third|thirdly|then|next|after that|afterwards"
        "|finally|lastly|step|in short|in brief|in summary|to summarise|to summarize|to sum up"
        "|overall|in contrast|by contrast|on the one hand|on the other hand|however|therefore|thus"
        "|also|in addition|additionally|moreover|note|please note|important|tip|for example"
        "|for instance|in particular|specifically|similarly|likewise|in other words|that is"
        "|as a result|consequently|meanwhile"
    ),
    reports=r"the (?:documents|excerpts|passages|sources|texts) "
    r"(?:state|say|mention|give|list|name|specify|indicate|note|show|explain)(?: that)?",
)
GERMAN = Grammar(
    stemmer="german",
    negations=_set(
        "nicht kein keine keinen keinem keiner keines nie niemals niemand niemanden niemandem "
        "nichts weder noch ohne nirgends nirgendwo kaum außerstande"
    ),
    denials=_set("leugnet leugnete bestreitet bestritt bestritten abgelehnt ablehnte verweigerte"),
    hedges=_set(
        "könnte könnten möglicherweise vielleicht angeblich vermutlich mutmaßlich dürfte dürften "
        "falls sofern würde würden"
    ),
    clause_openers=_set("aber sondern weil obwohl während wohingegen bis sodass"),
    fillers=_set(
        "jedoch daher deshalb somit außerdem ferner zudem ebenfalls zusammen zuerst zunächst "
        "danach anschließend schließlich hingegen dagegen beispielsweise"
    ),
    units=_counted(
        "null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn "
        "fünfzehn sechzehn siebzehn achtzehn neunzehn"
    ),
    tens=_counted("zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig", 20, 10),
    scales={
        "hundert": 100,
        "tausend": 1000,
        "million": 10**6,
        "millionen": 10**6,
        "milliarde": 10**9,
        "milliarden": 10**9,
    },
    forms_of_be=_set("ist war sind waren wird wurde wurden werden worden sein heißt"),
    by=_set("von vom durch"),
    joins=_set("und oder"),
    exceptions=_set("außer ausgenommen ausser sofern"),
    openers=_phrases(
        "erstens|zweitens|drittens|schritt|kurz gesagt|kurzum|zusammengefasst|zusammenfassend"
        "|im gegensatz dazu|hinweis|wichtig|tipp|zum beispiel|anders gesagt|das heißt|übrigens"
    ),
    reports=r"die (?:dokumente|auszüge|texte|unterlagen|passagen) "
    r"(?:nennen|besagen|sagen|erwähnen|zeigen|erklären)(?:, dass)?",
    decimal=",",
)
FRENCH = Grammar(
    stemmer="french",
    negations=_set("ne n pas jamais aucun aucune rien ni sans nul nulle non guère"),
    denials=_set("nie nient niait refusé rejette rejeté rejetée"),
    hedges=_set(
        "pourrait pourraient peut-être probablement éventuellement prétendument serait seraient "
        "aurait auraient"
    ),
    clause_openers=_set("mais parce car bien tandis alors jusque qui dont"),
    fillers=_set("cependant donc ainsi toutefois pourtant également ensemble selon"),
    units=_counted(
        "zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze "
        "seize"
    ),
    tens=_counted("vingt trente quarante cinquante soixante", 20, 10),
    scales={
        "cent": 100,
        "cents": 100,
        "mille": 1000,
        "million": 10**6,
        "millions": 10**6,
        "milliard": 10**9,
        "milliards": 10**9,
    },
    forms_of_be=_set("est était sont étaient fut furent été être sera seront"),
    by=_set("par"),
    joins=_set("et ou"),
    exceptions=_set("sauf excepté hormis"),
    calendar=_set(
        "lundi mardi mercredi jeudi vendredi samedi dimanche janvier février mars avril mai juin "
        "juillet août septembre octobre novembre décembre"
    ),
    openers=_phrases(
        "d'abord|tout d'abord|premièrement|deuxièmement|troisièmement|ensuite|puis|après cela"
        "|enfin|finalement|étape|en bref|en résumé|pour résumer|dans l'ensemble|en revanche"
        "|par contre|d'une part|d'autre part|cependant|toutefois|de plus|en outre|remarque|note"
        "|important|conseil|par exemple|en particulier|de même|autrement dit|par conséquent"
    ),
    reports=r"les (?:documents|extraits|textes|passages) "
    r"(?:indiquent|mentionnent|précisent|disent|donnent|citent|expliquent)(?: que)?",
    decimal=",",
    elides=True,
)
SPANISH = Grammar(
    stemmer="spanish",
    negations=_set("no nunca jamás ningún ninguna ninguno nada nadie ni sin tampoco"),
    denials=_set("niega niegan negó negaron rechaza rechazó rechazaron carece carecen"),
    hedges=_set(
        "podría podrían quizás quizá posiblemente probablemente supuestamente presuntamente "
        "habría habrían sería serían"
    ),
    clause_openers=_set("pero sino porque aunque mientras hasta quien quienes cual"),
    fillers=_set("embargo tanto además también asimismo según juntos"),
    units=_counted(
        "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince "
        "dieciséis diecisiete dieciocho diecinueve"
    ),
    tens=_counted("veinte treinta cuarenta cincuenta sesenta setenta ochenta noventa", 20, 10),
    scales={
        "cien": 100,
        "ciento": 100,
        "mil": 1000,
        "millón": 10**6,
        "millones": 10**6,
    },
    forms_of_be=_set("es era son eran fue fueron ser sido será serán está están"),
    by=_set("por"),
    joins=_set("y e o u"),
    exceptions=_set("salvo excepto"),
    calendar=_set(
        "lunes martes miércoles jueves viernes sábado domingo enero febrero marzo abril mayo junio "
        "julio agosto septiembre octubre noviembre diciembre"
    ),
    openers=_phrases(
        "primero|en primer lugar|segundo|en segundo lugar|tercero|luego|después|a continuación"
        "|por último|finalmente|paso|en resumen|en suma|en breve|en general|en cambio"
        "|por el contrario|por un lado|por otro lado|sin embargo|no obstante|además|nota"
        "|importante|consejo"
        "|por ejemplo|en particular|del mismo modo|es decir|por lo tanto|en consecuencia"
    ),
    reports=r"los (?:documentos|extractos|textos|pasajes) "
    r"(?:indican|mencionan|dicen|señalan|especifican|dan|explican)(?: que)?",
    decimal=",",
)
GRAMMARS: Mapping[str, Grammar] = {
    "en": ENGLISH,
    "de": GERMAN,
    "fr": FRENCH,
    "es": SPANISH,
}
