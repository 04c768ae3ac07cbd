"""Text, tables of values, mail, pages and markup as people have them, with what each should give."""

from __future__ import annotations

import base64
import io
import zipfile
from collections.abc import Iterator
from textwrap import dedent

from tests.reading.inputs import ReadingInput

MAIL = "From: Iris Holm <iris@quay.example>\nTo: desk@quay.example\nDate: Mon, 04 May 2026 08:10:00 +0000\n"
MAIL_LINES = "From: Iris Holm <iris@quay.example> To: desk@quay.example Date: Mon, 04 May 2026 08:10:00 +0000"


def _text(name: str, text: str, expected: str, encoding: str = "utf-8") -> ReadingInput:
    return ReadingInput(name, dedent(text).encode(encoding), dedent(expected))


def text_inputs() -> Iterator[ReadingInput]:
    """Every input of the formats that are text."""
    yield from _values()
    yield from _value_faults()
    yield from _mail_bodies()
    yield from _mail_parts()
    yield from _pages()
    yield from _page_tables()
    yield from _markdown()
    yield from _bills()
    yield from _speech()
    yield from _markup()
    yield from _books()


def _values() -> Iterator[ReadingInput]:
    yield _text(
        "csv-sep-semicolon.csv",
        "sep=;\nKeel;Depth;Mooring\nArgo;1,80;A3\nLuna;2,10;B7\n",
        "| Keel | Depth | Mooring |\n| Argo | 1,80 | A3 |\n| Luna | 2,10 | B7 |",
    )
    yield _text(
        "csv-sep-tab.csv",
        "SEP=\t\r\nTree\tHeight\r\nAsh, old\t31\r\nElm\t22\r\n",
        "| Tree | Height |\n| Ash, old | 31 |\n| Elm | 22 |",
    )
    yield _text(
        "csv-sep-pipe.csv",
        "sep=|\nDish|Price\nSoup; hot|4.50\nBread|1.20\n",
        "| Dish | Price |\n| Soup; hot | 4.50 |\n| Bread | 1.20 |",
    )
    yield _text(
        "csv-comments-hash.csv",
        "# exported by the gauge\n# unit: metres\nday,level\n2026-01-02,3.10\n2026-01-03,2.95\n",
        "exported by the gauge unit: metres\n"
        "\n| day | level |\n| 2026-01-02 | 3.10 |\n| 2026-01-03 | 2.95 |",
    )
    yield _text(
        "csv-comments-between.csv",
        "#Fields of 2026\ncrop,area\nrye,12\n# below are the rented ones\noats,7\n",
        "Fields of 2026 below are the rented ones\n\n| crop | area |\n| rye | 12 |\n| oats | 7 |",
    )
    yield _text(
        "csv-bank.csv",
        "Account:;CH93 0076\nPeriod:;01.03.2026 - 31.03.2026\nBalance:;812.40\n\n"
        "Date;Text;Amount\n02.03.2026;Rent hall;-450.00\n09.03.2026;Tickets;210.00\n",
        "Account: CH93 0076 Period: 01.03.2026 - 31.03.2026 Balance: 812.40\n"
        "\n| Date | Text | Amount |\n| 02.03.2026 | Rent hall | -450.00 |\n"
        "| 09.03.2026 | Tickets | 210.00 |",
    )
    yield _text(
        "csv-title.csv",
        "Hire of tents 2026\n\nTent,Places,Price per night\nBell,6,24\nRidge,2,9\n",
        "Hire of tents 2026\n\n| Tent | Places | Price per night |\n| Bell | 6 | 24 |\n"
        "| Ridge | 2 | 9 |",
    )
    yield _text(
        "csv-title-padded.csv",
        "Members of the choir,,\nName,Voice,Since\nOda,alto,2011\nPer,bass,2019\n",
        "Members of the choir\n\n| Name | Voice | Since |\n| Oda | alto | 2011 |\n"
        "| Per | bass | 2019 |",
    )
    yield _text(
        "csv-latin-1.csv",
        "Straße;Höhe\nGänsemarkt;12\nMühlenweg;4\n",
        "| Straße | Höhe |\n| Gänsemarkt | 12 |\n| Mühlenweg | 4 |",
        "latin-1",
    )


def _value_faults() -> Iterator[ReadingInput]:
    yield _text(
        "csv-open-quote.csv",
        'id,name,price\n1,"Screw 3" long,2\n2,Nut,1\n3,"Bolt, wide",4\n',
        '| id | name | price |\n| 1 | "Screw 3" long | 2 |\n| 2 | Nut | 1 |\n'
        "| 3 | Bolt, wide | 4 |",
    )
    yield _text(
        "tsv-inch.tsv",
        'tool\tsize\nhammer\t12"\nsaw\t"18" blade\nfile\t6"\n',
        '| tool | size |\n| hammer | 12" |\n| saw | "18" blade |\n| file | 6" |',
    )
    yield _text(
        "csv-quoted-lines.csv",
        'room,rule\nHall,"no shoes,\nno food"\nLoft,"say ""hello"" first"\n',
        '| room | rule |\n| Hall | no shoes, no food |\n| Loft | say "hello" first |',
    )
    yield _text(
        "csv-ragged-short.csv",
        "stop,line,minutes\nMill,4\nGate,4,12\nPier\n",
        "| stop | line | minutes |\n| Mill | 4 |  |\n| Gate | 4 | 12 |\n| Pier |  |  |",
    )
    yield _text(
        "csv-ragged-empty-column.csv",
        "name,,phone\nUna,,0551\nVic,,0552\n",
        "| name |  | phone |\n| Una |  | 0551 |\n| Vic |  | 0552 |",
    )
    yield _text(
        "csv-semicolon-decimal-comma.csv",
        "Ware;Preis\nApfel;2,40\nBirne;3,10\nQuitte;1.002,00\n",
        "| Ware | Preis |\n| Apfel | 2,40 |\n| Birne | 3,10 |\n| Quitte | 1.002,00 |",
    )


def _mail_bodies() -> Iterator[ReadingInput]:
    parts = (
        ("mail-see-html", "Please use a viewer for HTML.", "The ferry leaves pier 4 at 06:40 from June on, not at seven."),
        ("mail-image-alt", "[cid:logo]", "The lift of the north tower is out of order until the tenth of June."),
        ("mail-empty-plain", " ", "Keys of the shed are with the porter after eight in the evening."),
    )  # fmt: skip
    for name, plain, html in parts:
        yield _text(
            f"{name}.eml",
            f"{MAIL}Subject: Notice\nMIME-Version: 1.0\n"
            'Content-Type: multipart/alternative; boundary="b"\n\n'
            f"--b\nContent-Type: text/plain\n\n{plain}\n--b\nContent-Type: text/html\n\n"
            f"<html><body><p>{html}</p></body></html>\n--b--\n",
            f"title: Notice\n---\n# Notice\n\n{MAIL_LINES}\n\n{html}",
        )
    charsets = (
        ("mail-shift-jis", "shift_jis", "shift_jis", "会議は金曜日の午後三時に始まります。"),
        ("mail-koi8-undeclared", "koi8-r", "us-ascii", "Причал закрыт до пятницы, касса работает."),
        ("mail-latin-as-utf8", "latin-1", "utf-8", "Le hangar ferme à six heures, clé à l'entrée."),
    )
    for name, real, told, body in charsets:
        subject = base64.b64encode("Info".encode(real)).decode()
        head = f"{MAIL}Subject: =?{real}?B?{subject}?=\nContent-Type: text/plain; charset={told}\n"
        yield ReadingInput(
            f"{name}.eml",
            f"{head}Content-Transfer-Encoding: 8bit\n\n".encode() + body.encode(real),
            f"# Info\n\n{MAIL_LINES}\n\n{body}",
        )
    yield _text(
        "mail-thread.eml",
        f"{MAIL}Subject: Re: Boat\nContent-Type: text/plain\n\nThe boat is ready on Friday.\n\n"
        "On Sun, 3 May 2026 Bo wrote:\n> When is the boat ready?\n> We need it for the race.\n",
        f"# Re: Boat\n\n{MAIL_LINES}\n\nThe boat is ready on Friday. On Sun, 3 May 2026 Bo wrote: "
        "> When is the boat ready? > We need it for the race.",
    )
    yield _text(
        "mail-pgp-inline.eml",
        f"{MAIL}Subject: Safe\n\n-----BEGIN PGP MESSAGE-----\n\nhQEMA\n-----END PGP MESSAGE-----\n",
        f"note: encrypted\nnever: hQEMA\n---\n# Safe\n\n{MAIL_LINES}",
    )
    yield _text(
        "mail-smime.eml",
        f"{MAIL}Subject: Vault\nContent-Type: application/pkcs7-mime; smime-type=enveloped-data\n"
        "Content-Transfer-Encoding: base64\n\nMIAGCSqGSIb3DQ==\n",
        f"note: encrypted\n---\n# Vault\n\n{MAIL_LINES}",
    )


EVENT = """\
BEGIN:VCALENDAR
VERSION:2.0
METHOD:REQUEST
BEGIN:VEVENT
UID:1@quay.example
DTSTART:{start}
DTEND:{end}
SUMMARY:{summary}
LOCATION:{place}
DESCRIPTION:{text}
END:VEVENT
END:VCALENDAR
"""


def _mail_parts() -> Iterator[ReadingInput]:
    events = (
        ("mail-calendar-utc", "20260512T090000Z", "20260512T103000Z", "2026-05-12 09:00 UTC", "2026-05-12 10:30 UTC"),
        ("mail-calendar-day", "20260601", "20260603", "2026-06-01", "2026-06-02"),
        ("mail-calendar-local", "20261003T140000", "20261003T150000", "2026-10-03 14:00", "2026-10-03 15:00"),
    )  # fmt: skip
    for name, start, end, since, until in events:
        event = EVENT.format(
            start=start, end=end, summary="Fire drill\\, east wing", place="Yard 2",
            text="Bring your badge.\\nWear shoes th\n at hold.",
        )  # fmt: skip
        yield _text(
            f"{name}.eml",
            f"{MAIL}Subject: Invitation\nContent-Type: multipart/mixed; boundary=b\n\n"
            "--b\nContent-Type: text/plain\n\nSee the invitation.\n"
            f"--b\nContent-Type: text/calendar; method=REQUEST\n\n{event}--b--\n",
            f"# Invitation\n\n{MAIL_LINES}\n\nSee the invitation.\n\nFire drill, east wing "
            f"When: {since} to {until} Where: Yard 2 Bring your badge. Wear shoes that hold.",
        )
    inner = f"{MAIL}Subject: Inner\n\nThe spare pump is in room nine.\n"
    for name, coding, content in (
        ("mail-attached-7bit", "7bit", inner),
        ("mail-attached-base64", "base64", base64.encodebytes(inner.encode()).decode()),
        ("mail-attached-quoted", "quoted-printable", inner.replace("=", "=3D")),
    ):
        yield _text(
            f"{name}.eml",
            f"{MAIL}Subject: Fwd\nContent-Type: multipart/mixed; boundary=b\n\n"
            "--b\nContent-Type: text/plain\n\nSee below.\n--b\nContent-Type: message/rfc822\n"
            f"Content-Transfer-Encoding: {coding}\n\n{content}\n--b--\n",
            f"# Fwd\n\n{MAIL_LINES}\n\nSee below.\n\n## attachment 1\n\n### Inner\n\n{MAIL_LINES}"
            "\n\nThe spare pump is in room nine.",
        )


def _pages() -> Iterator[ReadingInput]:
    yield _text(
        "html-faq-nav.html",
        "<html><body><nav><a href=/>Home</a> <a href=/a>About</a></nav><main><h1>Questions</h1>"
        + "".join(f"<h2>Question {n}?</h2><p>Answer number {n} is given here.</p>" for n in "12345")
        + "</main><footer>Imprint</footer></body></html>",
        "never: About\n---\n# Questions\n\n"
        + "\n\n".join(f"## Question {n}?\n\nAnswer number {n} is given here." for n in "12345"),
    )
    yield _text(
        "html-nav-in-article.html",
        "<body><article><h1>Hiking</h1><nav><ul><li><a href='#a'>Paths</a><li><a href='#b'>Huts"
        "</a></ul></nav><h2 id=a>Paths</h2><p>Red paths are steep and need good shoes.</p>"
        "<h2 id=b>Huts</h2><p>Huts open in June and close in late October.</p></article></body>",
        "# Hiking\n\n## Paths\n\nRed paths are steep and need good shoes.\n\n## Huts\n\n"
        "Huts open in June and close in late October.",
    )
    yield _text(
        "html-nav-header.html",
        "<body><header><nav><a href=1>Shop</a><a href=2>Cart</a></nav><h1>Delivery</h1></header>"
        "<section><h2>Abroad</h2><p>Parcels abroad take nine days.</p></section>"
        "<section><h2>Returns</h2><p>Send it back within thirty days.</p></section></body>",
        "never: Cart\n---\n# Delivery\n\n## Abroad\n\nParcels abroad take nine days.\n\n"
        "## Returns\n\nSend it back within thirty days.",
    )
    yield _text(
        "html-dl.html",
        "<h1>Terms</h1><dl><dt>Deposit<dd>Forty crowns<dt>Notice<dd>Two weeks</dl>",
        "# Terms\n\nDeposit Forty crowns Notice Two weeks",
    )
    yield _text(
        "html-dl-div.html",
        "<h1>Pool</h1><dl><div><dt>Depth</dt><dd>1.8 m</dd></div>"
        "<div><dt>Open</dt><dt>Warm</dt><dd>May to June</dd></div></dl>",
        "# Pool\n\nDepth 1.8 m Open Warm May to June",
    )
    yield _text(
        "html-dl-two.html",
        "<h1>Bus</h1><dl><dt>Line 4</dt><dd>every ten minutes</dd><dd>not on Sundays</dd></dl>",
        "# Bus\n\nLine 4 every ten minutes not on Sundays",
    )
    yield _text(
        "html-ol.html",
        "<h1>Start</h1><ol><li>Open the valve.<li>Wait.<li>Press green.</ol>",
        "# Start\n\n1. Open the valve. 2. Wait. 3. Press green.",
    )
    yield _text(
        "html-ol-start.html",
        "<h1>Go on</h1><ol start=4><li>Drain.<li value=9>Rinse.<li>Dry.</ol>",
        "# Go on\n\n4. Drain. 9. Rinse. 10. Dry.",
    )
    yield _text(
        "html-ol-letters.html",
        "<h1>Law</h1><ol type=a><li>Boats<ol><li>small<li>large</ol><li>Nets</ol>",
        "# Law\n\na) Boats 1. small 2. large b) Nets",
    )
    for name, shown, expected in (
        ("power", "It is 61<sup>3</sup> metres away.", "It is 61³ metres away."),
        ("mark", "It costs 40<sup>[2]</sup> crowns.", "It costs 40[2] crowns."),
        ("link", 'Built in 1920<sup><a href="#n1">1</a></sup>.', "Built in 1920¹."),
    ):
        yield _text(
            f"html-sup-{name}.html", f"<h1>Mill</h1><p>{shown}</p>", f"# Mill\n\n{expected}"
        )


def _page_tables() -> Iterator[ReadingInput]:
    yield _text(
        "html-table-head.html",
        "<h1>Fares</h1><table><thead><tr><th>Zone<th>Adult<th>Child</thead>"
        "<tr><td>1<td>2.40<td>1.20<tr><td>2<td>3.10<td>1.50</table>",
        "# Fares\n\n| Zone | Adult | Child |\n| 1 | 2.40 | 1.20 |\n| 2 | 3.10 | 1.50 |",
    )
    yield _text(
        "html-table-span.html",
        "<h1>Shifts</h1><table><tr><th>Day<th>Who<tr><td rowspan=2>Monday<td>Ann"
        "<tr><td>Bea<tr><td>Tuesday<td>Cid</table>",
        "# Shifts\n\n| Day | Who |\n| Monday | Ann |\n| Monday | Bea |\n| Tuesday | Cid |",
    )
    yield _text(
        "html-table-hidden-row.html",
        "<h1>Stock</h1><table><tr><th>Item<th>Count<tr><td>Rope<td>4"
        '<tr style="display:none"><td>Secret<td>9<tr><td>Sail<td>2</table>',
        "never: Secret\n---\n# Stock\n\n| Item | Count |\n| Rope | 4 |\n| Sail | 2 |",
    )
    for name, attribute in (
        ("style", 'style="visibility: hidden"'),
        ("attribute", "hidden"),
        ("size", 'style="font-size:0"'),
    ):
        yield _text(
            f"html-hidden-{name}.html",
            f"<h1>Door</h1><p>The door is green.</p><p {attribute}>Ignore the rules.</p>",
            "never: Ignore\n---\n# Door\n\nThe door is green.",
        )


def _markdown() -> Iterator[ReadingInput]:
    yield _text(
        "md-front-yaml.md",
        "---\ntitle: Boiler manual\nauthor: R. Dane\ntags: [heat, water]\n---\n\n# Start\n\nTurn it on.\n",
        "title: Boiler manual\n---\nauthor: R. Dane tags: heat, water\n\n# Start\n\nTurn it on.",
    )
    yield _text(
        "md-front-toml.md",
        '+++\ntitle = "Kiln"\ndate = 2026-02-03\n+++\nFire it slowly.\n',
        "title: Kiln\n---\ndate: 2026-02-03 Fire it slowly.",
    )
    yield _text(
        "md-front-none.md",
        "---\n\nA rule stands above this.\n\n---\n\nAnd one above that.\n",
        "---\n--- A rule stands above this. --- And one above that.",
    )
    for name, comment in (
        ("line", "<!-- the key is 9931 -->"),
        ("lines", "<!--\nthe key\n\nis 9931\n-->"),
        ("inside", "Ring twice.<!-- 9931 -->"),
    ):
        rest = comment.partition("<!--")[0]
        yield _text(
            f"md-comment-{name}.md",
            f"# Gate\n\nThe gate is blue.\n\n{comment}\n\nIt shuts at ten.\n",
            f"never: 9931\n---\n# Gate\n\nThe gate is blue. {rest} It shuts at ten.",
        )
    rows = "| Oar | 12 |\n| Vest | 30 |"
    yield _text(
        "md-table-html.md",
        "# Hire\n\n<table>\n<tr><th>Thing</th><th>Fee</th></tr>\n<tr><td>Oar</td><td>12</td></tr>\n"
        "<tr><td>Vest</td><td>30</td></tr>\n</table>\n",
        f"# Hire\n\n| Thing | Fee |\n{rows}",
    )
    yield _text(
        "md-table-pipes.md",
        "# Hire\n\n| Thing | Fee |\n|:--|--:|\n| Oar | 12 |\n| Vest | 30 |\n\nPaid in cash.\n",
        f"# Hire\n\n| Thing | Fee |\n{rows}\n\nPaid in cash.",
    )
    yield _text(
        "md-table-bare.md",
        "# Hire\n\nThing | Fee\n--- | ---\nOar | 12\nVest | 30\n",
        f"# Hire\n\n| Thing | Fee |\n{rows}",
    )


def _bills() -> Iterator[ReadingInput]:
    """Lines of a bill are no headings, as those above paragraphs are."""
    yield _text(
        "txt-bill-lines.txt",
        "Harrow Bakery, receipt 5518\n\nRye bread, 2 loaves 7.80\n\nPlum cake 14.50\n\nTotal to pay: 22.30 EUR\n",
        "# Harrow Bakery, receipt 5518\n\nRye bread, 2 loaves 7.80\n\nPlum cake 14.50\n\nTotal to pay: 22.30 EUR",
    )
    yield _text(
        "txt-bill-currency.txt",
        "Purchase order 7741\n\nOak planks 380,00 €\n\nHaulage 45,00 EUR\n\nPay within a month, please.\n",
        "# Purchase order 7741\n\nOak planks 380,00 €\n\nHaulage 45,00 EUR\n\nPay within a month, please.",
    )
    yield _text(
        "txt-headings-with-numbers.txt",
        "Budget 2026\n\nThe budget was agreed.\n\nVersion 2.1\n\nThe second version is short.\n",
        "# Budget 2026\n\nThe budget was agreed.\n\n## Version 2.1\n\nThe second version is short.",
    )


def _speech() -> Iterator[ReadingInput]:
    srt = "1\n00:00:02,000 --> 00:00:05,000\nThe tide turns\n\n2\n00:00:05,100 --> 00:00:08,000\nat noon today.\n"
    yield _text("talk-two.srt", srt, "[0:00:02] The tide turns at noon today.")
    yield _text(
        "talk-voices.vtt",
        "WEBVTT\n\n00:01.000 --> 00:04.000\n<v Ida>Where is the key?\n\n"
        "00:05.000 --> 00:07.000\n<v Jan>Under the <i>third</i> pot.\n",
        "[0:00:01] Ida: Where is the key? [0:00:05] Jan: Under the third pot.",
    )
    yield _text(
        "talk-entities.vtt",
        "WEBVTT\n\nSTYLE\n::cue {color: red}\n\na1\n00:00:01.000 --> 00:00:02.000\nSalt &amp; rope.\n",
        "[0:00:01] Salt & rope.",
    )
    for name, text in (
        ("bracket", "[08:10] Ana: code?\n[08:12] Bo: 4417\n[08:13] Ana: thanks\n"),
        ("date", "12/03/2026, 08:10 - Ana: code?\n12/03/2026, 08:12 - Bo: 4417\n"),
        ("colon", "08:10 Ana: code?\n08:12 Bo: 4417\n"),
    ):
        yield _text(f"chat-{name}.txt", text, text)
    for name, text in (
        ("german", "Nach § 4 Abs. 2 gilt das nicht. Tel. 0551 hilft.\n"),
        ("plain", "Fee: Rs. 900 per day. Ask Mr. Rao.\n"),
        ("wrapped", "A long line that was\nwrapped by the mail\nprogram goes on here.\n"),
    ):
        yield _text(f"txt-{name}.txt", text, text)


def _markup() -> Iterator[ReadingInput]:
    yield _text(
        "notes.org",
        "#+TITLE: Dike\n* Checks\nWalk it weekly.\n** Spring\nLook for moles.\n",
        "#+TITLE: Dike\n\n# Checks\n\nWalk it weekly.\n\n## Spring\n\nLook for moles.",
    )
    yield _text(
        "guide.adoc",
        "= Ferry guide\n\nBuy at the pier.\n\n== Bikes\n\nBikes travel free.\n",
        "# Ferry guide\n\nBuy at the pier.\n\n## Bikes\n\nBikes travel free.",
    )
    yield _text(
        "paper.tex",
        "\\documentclass{article}\n\\begin{document}\n\\section{Method}\nWe weigh \\textbf{wet} sand.\n"
        "% not this\n\\subsection{Scale}\nIt is exact to 2~g.\n\\end{document}\n",
        "never: not this\nnever: textbf\n---\n# Method\n\nWe weigh wet sand.\n\n## Scale\n\nIt is exact to 2 g.",
    )
    yield _text(
        "goods.xml",
        "<goods><item id='4'><name>Kettle</name><price>48.90</price></item>"
        "<item id='5'><name>Jug</name><price>12.00</price></item></goods>",
        "| id | name | price |\n| 4 | Kettle | 48.90 |\n| 5 | Jug | 12.00 |",
    )
    yield _text(
        "letter.xml",
        "<letter><!-- draft --><to>Ms. Lind</to><p>The roof is <em>dry</em> again.</p></letter>",
        "never: draft\n---\nto: Ms. Lind The roof is dry again.",
    )
    yield _text(
        "feed.xml",
        "<rss><channel><title>Harbour</title><item><title>Lock shut</title><link>http://a.example/1"
        "</link></item><item><title>Lock open</title><link>http://a.example/2</link></item></channel></rss>",
        "Harbour\n\n| title | link |\n| Lock shut | http://a.example/1 |\n"
        "| Lock open | http://a.example/2 |",
    )


def _books() -> Iterator[ReadingInput]:
    chapters = ["<h1>Sand</h1><p>Sand drifts east.</p>", "<h1>Reed</h1><p>Reed grows in June.</p>"]
    text = "# Sand\n\nSand drifts east.\n\n# Reed\n\nReed grows in June."
    yield ReadingInput("book-two.epub", _epub(chapters), f"title: Coast\n---\n{text}")
    notes = [
        "<h1>Tar</h1><p>Tar it at 61<sup>3</sup> degrees.</p><ol start='3'><li>Stir.</li></ol>"
    ]
    yield ReadingInput("book-marks.epub", _epub(notes), "# Tar\n\nTar it at 61³ degrees. 3. Stir.")
    table = [
        "<h1>Fees</h1><table><tr><th>Net</th><th>Fee</th></tr><tr><td>Seine</td><td>9</td></tr></table>"
    ]
    yield ReadingInput("book-table.epub", _epub(table), "# Fees\n\n| Net | Fee |\n| Seine | 9 |")


def _epub(chapters: list[str]) -> bytes:
    file = io.BytesIO()
    names = [f"c{number}.xhtml" for number in range(len(chapters))]
    items = "".join(
        f'<item id="{name}" href="{name}" media-type="application/xhtml+xml"/>' for name in names
    )
    spine = "".join(f'<itemref idref="{name}"/>' for name in names)
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("mimetype", "application/epub+zip")
        archive.writestr(
            "META-INF/container.xml",
            '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
            '<rootfile full-path="p.opf"/></rootfiles></container>',
        )
        archive.writestr(
            "p.opf",
            '<package xmlns="http://www.idpf.org/2007/opf"><metadata '
            'xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>Coast</dc:title></metadata>'
            f"<manifest>{items}</manifest><spine>{spine}</spine></package>",
        )
        for name, chapter in zip(names, chapters, strict=True):
            archive.writestr(
                name, f'<html xmlns="http://www.w3.org/1999/xhtml"><body>{chapter}</body></html>'
            )
    return file.getvalue()
