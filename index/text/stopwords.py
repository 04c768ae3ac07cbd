"""Stopwords by language (function words: they carry grammar, not content).

They tell languages of one script apart, and they are left out of queries. Accents are written as
in good spelling; question words without them are added where people type them so.

stopwordsiso (0.7.1) is not used: of its 1,298 English words 1,190 are not here, among them "date",
"first", "number", "world" and "work", and it would drop a word from 55 of the 82 questions of
`eval/gold/seeds.jsonl`.
"""

from __future__ import annotations

ENGLISH = frozenset(
    (
        "a about after all also am an and any are as at be been before being between both but by "
        "can could d did do does doing during each for from had has have having he her hers him "
        "his how i if in into is it its just ll m me more most my no nor not of on or our out "
        "over own please re s she should so some such t tell than that the their them then there "
        "these they this those to too under up us ve was we were what when where which who whom "
        "whose why will with would you your "
    ).split()
)

_BY_LANGUAGE = {
    "es": (
        "a al algún alguna algunos ante antes así aunque cada como con contra cual cuales cuando "
        "cuánta cuántas cuánto cuántos cuál cuáles cuándo cómo de del desde donde dónde durante e "
        "el él ella ellas ellos en entre era eran es esa ese eso esta está estaba estaban están "
        "este esto estos fue fueron ha había hace hacia hasta hay la las le les lo los más me mi "
        "mientras muy no nos o otra otro otros para pero por porque pues que qué quien quién "
        "quiénes se sea según ser si sí sido sin sobre son su sus también tan tiene tienen todo "
        "todos tu un una unas uno unos y ya yo que cuanto cuantos como quien donde "
    ),
    "fr": (
        "à ai ainsi après au aucun aussi autre autres aux avant avec avait avoir c ce cela celle "
        "celui ces cet cette ceux chez combien comme comment d dans de depuis des dont du elle "
        "elles en entre es est et étaient était été être eu fait il ils j je jusque l la le les "
        "leur leurs lors lorsque lui m ma mais même mes moins mon n ne ni non nos notre nous on "
        "ont ou où par parce pas pendant peut plus pour pourquoi qu quand que quel quelle quelles "
        "quels qui quoi s sa sans se selon ses si sont sous sur t te toujours tous tout toute "
        "très tu un une vers vos votre vous y "
    ),
    "de": (
        "aber alle als also am an auch auf aus bei beim bis da dabei damit dann das dass dem den "
        "denen der deren des dessen die dies diese diesem diesen dieser dieses doch durch ein "
        "eine einem einen einer eines er es für gegen hat hatte hatten haben ich ihr ihre ihrem "
        "ihren ihrer im in ist ja jede jeder kann kein keine man mehr mit nach nicht noch nur ob "
        "oder ohne sehr sein seine seinem seinen seiner seit sich sie sind so sowie über um und "
        "uns unter vom von vor wann war waren warum was welche welchem welchen welcher welches "
        "wenn wer werden wen wem wessen wie wieso wir wird wo wohin woher wurde wurden zu zum zur "
        "zwischen "
    ),
    "it": (
        "a ad agli ai al alla alle allo anche ancora avere c che chi ci come con contro cosa cui "
        "d da dagli dai dal dalla dalle degli dei del dell della delle dello di dopo dove due "
        "durante e è ed era erano essere fra fu furono gli ha hanno i il in io la le lo loro ma "
        "mentre mi molto ne negli nei nel nell nella nelle nello noi non o ogni per perché perche "
        "più poi prima qual quale quali quando quanta quante quanti quanto quella quelle quello "
        "questa queste questi questo se sempre senza si sia sono stata stati stato su sua sue "
        "sugli sui sul sulla sulle suo suoi tra tutti tutto un una uno verso vi "
    ),
    "pt": (
        "a à ao aos após as às até cada com como contra da das de dela dele deles depois desde do "
        "dos durante e é ela elas ele eles em entre era eram essa esse esta está este estes eu "
        "foi foram há isso isto já lhe mais mas me mesmo muito na nas não nem no nos nós num numa "
        "o onde os ou para pela pelas pelo pelos por porque porquê qual quais quando quanta "
        "quantas quanto quantos que quê quem são se seja sem ser seu seus só sobre sua suas "
        "também tem têm tinha todo todos um uma umas uns você nao "
    ),
    "ca": (
        "a abans al als amb aquest aquesta aquests així als ara cada com contra d dels del des "
        "durant e el ella ells els en entre era eren és està fins ha havia hi i ja l la les li lo "
        "més mentre molt ni no o on pel pels per perquè però qual quals quan quant quants què que "
        "qui s sense ser si sobre són també tot tots un una unes uns va van "
    ),
    "nl": (
        "aan al als bij daar dan dat de deze die dit door een en er geen had hadden heb hebben "
        "heeft hem het hij hoe hoeveel hun ik in is je kan kon maar meer men met mijn na naar "
        "niet nog of om omdat onder ons ook op over te tegen toen tot tussen u uit van veel voor "
        "waar waarom wanneer waren was wat we wel welk welke werd werden wie wij wordt worden zal "
        "ze zich zij zijn zo zonder zou "
    ),
    "sv": (
        "alla att av blev bli de dem den denna dess det detta där då efter ej eller en ett från "
        "för genom ha hade han har hennes hon hos hur hans här i icke inte jag kan man med mellan "
        "men mot mycket många måste när någon något några och också om på samma samt sedan sig "
        "sin sina sitt skulle som så till under upp ut vad var vara varför vart varit vem vems vi "
        "vid vilka vilken vilket än är över "
    ),
    "da": (
        "af alle at blev bliver da de dem den denne deres det dette din dog efter eller en end er "
        "et for fra gennem ha havde han hans har hendes her hun hvad hvem hvilke hvilken hvilket "
        "hvis hvor hvordan hvorfor hvornår i ikke ind jeg kan kunne man med meget mellem men mod "
        "når nogle noget nu og også om op over på samme selv sig sin skal skulle som så til ud "
        "under var ved vi vil være været "
    ),
    "no": (
        "alle at av ble bli blir da de dem den denne deres det dette du eller en enn er et etter "
        "for fra før gjennom ha hadde han hans har hennes her hun hva hvem hvilke hvilken hvilket "
        "hvis hvor hvordan hvorfor i ikke jeg kan kunne man med mellom men mot mye når noe noen "
        "nå og også om opp over på samme seg selv sin skal skulle som så til under ut var ved vi "
        "vil være vært "
    ),
    "fi": (
        "ei eivät eli en ennen että ehkä he hän hänen heidän ja jo joka joiden jolla jonka jos "
        "jossa jota jotka kaikki kanssa kenen kuin kuinka kuka kun ketä keitä koska luona me "
        "miksi mikä millainen milloin minkä minä missä mistä mihin mitä mitkä mukaan mutta muun "
        "myös ne niiden niin niitä noin nyt ole oli olisi olivat ollut olla on ovat paljonko se "
        "sekä sen siellä sinä sitä sitten tai te tämä tämän voi vain "
    ),
    "hu": (
        "a az ahol akik aki ami amely amelyek amikor által ban ben be csak de e egy egyik el és "
        "ezek ezt ez hány hanem hogy hogyan hol honnan hova igen ill illetve is itt ki kik kinek "
        "kit le lehet lett legyen már még meg mely melyik mennyi mert mi mikor milyen mint mit "
        "miért minden nagyon nem ő olyan s sem szerint új úgy után vagy vagyok van vannak volt "
        "voltak "
    ),
    "ro": (
        "a acest această aceasta acestui ai al ale am ar are as au avea ca care cât câte câți "
        "către când ce cea cei cel cele cine cu cui cum da dar de deci din după este ei ele el eu "
        "era erau face fi fost în într între la le lor lui mai mult ne nici nu o ori pe pentru "
        "până prin sa sale să sau se si și sunt său sub un una unde unei unor unui ul vor "
    ),
    "pl": (
        "a aby albo ale ani bardzo bez bo był była było były być co czego czy czyli dla do "
        "dlaczego gdy gdzie go i ich ile im jak jaka jaki jakie jako je jego jej jest już kiedy "
        "kto która które którego której który których którzy ma między mnie może na nad nie niż o "
        "od oraz po pod podczas przed przez przy są się także tak ten tego tej to tym tylko w we "
        "wszystkie z za ze że został została "
    ),
    "cs": (
        "a aby ale ani až bez by byl byla byli bylo být co což či do ho i ich jak jaká jaké jaký "
        "jako je jeho jejich její jen ještě jsem jsou již k kde kdo kdy kdyby kolik která které "
        "který kteří ke má mezi mu na nad nebo není než o od po pod podle pro proč proto protože "
        "před při pouze s se si své svou také tak ta tato tento to toho tom tu už u v ve však za "
        "že z ze "
    ),
    "tr": (
        "ama ancak bazı bir biri birçok bu bunu bunun çok çünkü da daha de değil diğer diye en "
        "gibi göre hangi hangisi hem hem her için ile ise kaç kadar kendi ki kim kime kimin mi mı "
        "mu mü nasıl ne neden nedir nerede nereden nereye niçin niye o olan olarak oldu olduğu "
        "olduğunu olup onu onun sonra şu tarafından tüm üzerinde var ve veya ya yok "
    ),
    "id": (
        "ada adalah agar akan apa apakah atau bagaimana bagi bahwa banyak beberapa belum berapa "
        "bisa dalam dan dapat dari dengan di dia hanya harus hingga ia ini itu jika juga kapan "
        "karena ke kepada kita lebih maka mana mengapa mereka namun oleh pada para saat saja "
        "sampai sangat saya sebagai sebelum sebuah secara sedang sejak seperti serta siapa sudah "
        "tahun tak telah tentang tetapi tidak untuk yaitu yang "
    ),
    "ru": (
        "а без более бы был была были было быть в вам вас весь во вот все всё всех вы где да даже "
        "для до его ее её если есть еще ещё же за и из или им их к каждый как какая какие какой "
        "какого каких какую когда кого кому которая которого которой которые который которых кто "
        "куда ли между меня мне мы на над нас не него нее ней нет ни них но о об он она они оно "
        "от откуда по под после потому почему при с сам свои своей свой себя сколько со так также "
        "такой там то того тоже только том ты у уже чего чем что чтобы чья чьи это этого этой "
        "этом этот я "
    ),
    "el": (
        "ένα ένας αλλά αν αντί από αυτά αυτή αυτό αυτός για γιατί δεν είναι είχε εκείνη έχει "
        "έχουν ή η ήταν θα και κατά κάθε με μετά μέχρι μη μια μία μόνο να ο οι όπως όπου ότι όταν "
        "πιο ποια ποιες ποιο ποιοι ποιος πόσα πόσο πόσοι ποτέ πότε που πού πριν προς πως πώς σε "
        "στα στη στην στις στο στον στους τα τη την της τι τις το τον του τους των ως "
    ),
    "ar": (
        "أم أن أنه أو أي أين إذا إلا إلى إن التي الذي الذين اللذان بعد بل بين تلك ثم حتى حول حين "
        "خلال ذلك عن عند على فقط في فيه فيها قبل قد كان كانت كل كم كما كيف لا لكن لم لماذا لماذا "
        "له لها ليس ما ماذا متى مثل مع من منذ منها منه هذا هذه هل هم هناك هو هي و وقد وكان يكون "
        "هؤلاء "
    ),
    "hi": (
        "अपना अपनी अपने और इन इस इसका इसकी इसके इसे उन उनका उनकी उनके उस उसका उसकी उसके उसे एक एवं का "
        "कहाँ कहां कब कितना कितनी कितने किस किसका किसकी किसके किसने किसे की के को कोई कौन कौनसा क्या क्यों "
        "कैसे कैसा गई गए गया जब जहाँ जाता जाती जाते जिस जिसके जो तक तथा तब तो था थी थे द्वारा नहीं ने पर "
        "बाद भी में यदि यह या ये रहा रही रहे लिए वह वे से हम हुआ हुई हुए है हैं हो होता होती होते "
    ),
    "ko": (
        "그 그리고 그러나 누가 누구 누구의 누구인가 누구입니까 는 대한 대해 됩니까 또는 및 무슨 "
        "무엇 무엇을 무엇이 무엇인가 무엇인가요 무엇입니까 수 어느 어디 어디서 어디에 어디에서 "
        "어디인가 어디입니까 어떤 어떻게 언제 언제인가 언제입니까 얼마 얼마나 왜 이 인가 인가요 "
        "있는 있습니까 있다 저 하는 한 합니까 했습니까 "
    ),
}

BY_LANGUAGE = {"en": ENGLISH} | {
    language: frozenset(words.split()) for language, words in _BY_LANGUAGE.items()
}

# The same of scripts that put no space between words, the longer first.
UNSPACED = sorted(
    (
        # Chinese
        "什么时候 什麼時候 为什么 為什麼 是什么 是什麼 什么样 哪一个 哪一個 有多少 多少 什么 什麼 "
        "怎么样 怎么 怎麼 怎样 怎樣 哪里 哪裡 哪儿 哪个 哪個 哪些 哪一 哪 谁 誰 何时 何時 如何 "
        "几个 多久 请问 請問 是谁 是誰 是在 是否 可以 我们 他们 的 了 吗 嗎 呢 吧 "
        # Japanese
        "でしたか ましたか でしょうか ですか ますか ました ません でした です ます とは何 とは "
        "どのように どのような どうやって どこで どこに どこ いつ だれ 誰が どの どれ どう なぜ "
        "なに 何が 何を 何ですか いくつ いくら について によって において における という "
        "されました された されて している していた した して する から まで "
        # Thai
        "อะไร ที่ไหน ไหน เมื่อไหร่ เมื่อไร เมื่อใด ใคร ทำไม อย่างไร ยังไง เท่าไหร่ เท่าไร เท่าใด กี่ หรือไม่ ไหม คือ "
        "เป็น และ หรือ ของ ที่ ใน จาก ว่า ได้ ให้ โดย "
        # Lao, Khmer, Burmese
        "ຫຍັງ ໃສ ເມື່ອໃດ ໃຜ ແມ່ນ ແລະ ຢູ່ ຂອງ អ្វី ណា នៅ និង របស់ ជា ဘာ ဘယ် ဘယ်သူ ဘယ်မှာ သည် "
    ).split(),
    key=lambda word: (-len(word), word),
)
