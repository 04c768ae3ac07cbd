"""Sixty questions over five tables with answers computed in plain Python, and those to leave alone.

The answers are computed from the rows as they are written here, never by the code under test.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from index.types import Document
from tests.rag.tables.build import document, markdown, ruled_pdf

Rows = Sequence[Sequence[str]]
Test = Callable[[Sequence[str]], bool]

LESSONS = ("Period", "Time", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday")
TIMETABLE: Rows = (
    ("1", "08:00", "Maths", "German", "Biology", "English", "Maths"),
    ("2", "08:50", "English", "Maths", "Geography", "History", "German"),
    ("3", "09:50", "Chemistry", "Sports", "English", "Maths", "Art"),
    ("4", "10:40", "German", "Sports", "Maths", "Physics", "Art"),
    ("5", "11:40", "History", "Music", "German", "Biology", "English"),
    ("6", "12:30", "Physics", "", "Religion", "Chemistry", ""),
)
TREATMENTS = ("Treatment", "Code", "Price (EUR)", "Duration (min)", "Covered by insurance")
PRICES: Rows = (
    ("First consultation", "K01", "85,50", "45", "yes"),
    ("Follow-up consultation", "K02", "42,00", "20", "yes"),
    ("Blood count", "L10", "18,75", "10", "yes"),
    ("Vaccination against measles", "V03", "36,20", "15", "yes"),
    ("Ultrasound of the abdomen", "U07", "124,90", "30", "yes"),
    ("Knee MRI", "R11", "1.250,00", "40", "no"),
    ("Physiotherapy", "P20", "38,40", "30", "yes"),
    ("Acupuncture", "N05", "64,00", "40", "no"),
    ("Dental cleaning", "D02", "95,00", "60", "no"),
    ("Laser treatment", "R14", "2.480,00", "90", "no"),
)
READINGS = ("Timestamp", "Station", "Temperature (°C)", "Humidity (%)", "Battery (V)", "Status")


def _readings() -> Rows:
    random.seed(7)
    rows = list[tuple[str, ...]]()
    for day in range(1, 31):
        for hour, station in ((6, "Alder"), (12, "Birch"), (15, "Cedar"), (18, "Alder")):
            warm = "n/a" if (day, hour) in {(9, 12), (21, 15)} else f"{random.uniform(8, 31):.1f}"
            status = "fault" if warm == "n/a" or (day, hour) == (17, 6) else "ok"
            cells = (warm, str(random.randint(30, 95)), f"{random.uniform(3.1, 4.2):.2f}", status)
            month = 5 if day <= 18 else 6
            rows.append((f"2025-{month:02}-{day:02} {hour:02}:00", station, *cells))
    return rows


SENSORS = _readings()
PEOPLE = ("No.", "Name", "E-mail", "Section", "Joined", "Annual fee", "Fee paid", "Phone")
MEMBERS: Rows = (
    (
        "101",
        "Anna Weber",
        "anna.weber@club.example",
        "Tennis",
        "12.03.2019",
        "€ 180",
        "yes",
        "0170 111",
    ),
    (
        "102",
        "Ben Okafor",
        "ben.okafor@club.example",
        "Rowing",
        "01.07.2020",
        "€ 240",
        "no",
        "0170 222",
    ),
    ("103", "Carla Rossi", "carla.rossi@club.example", "Tennis", "23.11.2021", "€ 180", "yes", ""),
    (
        "104",
        "David Kim",
        "david.kim@club.example",
        "Chess",
        "05.05.2018",
        "€ 60",
        "yes",
        "0170 444",
    ),
    (
        "105",
        "Elif Yilmaz",
        "elif.yilmaz@club.example",
        "Rowing",
        "17.05.2023",
        "€ 240",
        "yes",
        "0170 555",
    ),
    (
        "106",
        "Frank Weber",
        "frank.weber@club.example",
        "Chess",
        "30.01.2024",
        "€ 60",
        "no",
        "0170 666",
    ),
    (
        "107",
        "Greta Lund",
        "greta.lund@club.example",
        "Tennis",
        "14.02.2022",
        "€ 180",
        "no",
        "0170 777",
    ),
    ("108", "Hassan Ali", "hassan.ali@club.example", "Rowing", "09.09.2019", "€ 240", "yes", ""),
    (
        "109",
        "Ines Duarte",
        "ines.duarte@club.example",
        "Sailing",
        "03.04.2020",
        "€ 410",
        "yes",
        "0170 999",
    ),
)
CARGO = (
    "Shipment",
    "Origin",
    "Destination",
    "Shipped",
    "Delivered",
    "Weight (kg)",
    "Cost",
    "Carrier",
)
SHIPMENTS: Rows = (
    (
        "S-2201",
        "Hamburg",
        "Oslo",
        "3 March 2025",
        "7 March 2025",
        "1,240",
        "$2,310.00",
        "Norfreight",
    ),
    (
        "S-2202",
        "Hamburg",
        "Porto",
        "5 March 2025",
        "14 March 2025",
        "860",
        "$1,945.50",
        "Atlas Lines",
    ),
    (
        "S-2203",
        "Porto",
        "Hamburg",
        "11 March 2025",
        "19 March 2025",
        "2,015",
        "$3,120.00",
        "Atlas Lines",
    ),
    ("S-2204", "Gdansk", "Oslo", "20 March 2025", "24 March 2025", "415", "$890.25", "Norfreight"),
    (
        "S-2205",
        "Oslo",
        "Gdansk",
        "2 April 2025",
        "5 April 2025",
        "1,105",
        "$1,480.00",
        "Baltic Star",
    ),
    (
        "S-2206",
        "Hamburg",
        "Gdansk",
        "9 April 2025",
        "11 April 2025",
        "3,300",
        "$2,875.00",
        "Baltic Star",
    ),
    (
        "S-2207",
        "Porto",
        "Oslo",
        "15 April 2025",
        "29 April 2025",
        "720",
        "$2,640.75",
        "Atlas Lines",
    ),
    ("S-2208", "Oslo", "Hamburg", "6 May 2025", "", "1,990", "$2,205.00", "Norfreight"),
    ("S-2209", "Hamburg", "Oslo", "8 May 2025", "12 May 2025", "95", "$310.00", "Norfreight"),
    ("S-2210", "Gdansk", "Porto", "13 May 2025", "", "2,450", "$4,015.00", "Atlas Lines"),
)


def documents() -> list[Document]:
    """The five documents, each with one table; two are PDFs."""
    return [
        markdown("school/timetable.md", LESSONS, TIMETABLE, "Timetable of class 7b"),
        ruled_pdf("clinic/prices.pdf", TREATMENTS, PRICES, "Price list of the clinic"),
        document("weather/readings.csv", READINGS, SENSORS),
        markdown("club/members.md", PEOPLE, MEMBERS, "Members of the club"),
        ruled_pdf("logistics/shipments.pdf", CARGO, SHIPMENTS, "Shipments"),
    ]


@dataclass(frozen=True, slots=True)
class Case:
    """A question, the rows (from 0) that its answer rests on, and what its sentence must say."""

    path: str
    question: str
    rows: tuple[int, ...]
    says: tuple[str, ...]


def _at(rows: Rows, test: Test) -> tuple[int, ...]:
    return tuple(place for place, row in enumerate(rows) if test(row))


def _all(rows: Rows) -> tuple[int, ...]:
    return _at(rows, lambda _row: True)


def _english(cell: str) -> float:
    return float(cell.replace("$", "").replace("€", "").replace(",", "").strip())


def _german(cell: str) -> float:
    return float(cell.replace(".", "").replace(",", "."))


def _warm(rows: Sequence[int]) -> list[float]:
    return [float(SENSORS[row][2]) for row in rows if SENSORS[row][2] != "n/a"]


def _school() -> list[Case]:
    path = "school/timetable.md"
    return [
        Case(path, "What does class 7b have on Monday in period 3?", (2,), ("Chemistry",)),
        Case(path, "Which subject is on Thursday at 10:40?", (3,), ("Physics",)),
        Case(path, "When is Music on Tuesday?", (4,), ("11:40",)),
        Case(path, "What is the third period on Friday?", (2,), ("Art",)),
        Case(path, "How many Sports periods are there on Tuesday?", (2, 3), (r"\b2\b",)),
        Case(path, "At what time does period 5 start?", (4,), ("11:40",)),
        Case(path, "In which period is Geography on Wednesday?", (1,), (r"\b2\b",)),
        Case(path, "List the lessons on Wednesday", _all(TIMETABLE), ("Biology", "Religion")),
        Case(path, "What is the first lesson on Monday?", (0,), ("Maths",)),
        Case(path, "What is the last lesson on Thursday?", (5,), ("Chemistry",)),
        Case(path, "How many periods does the timetable have?", _all(TIMETABLE), (r"\b6\b",)),
        Case(path, "Which period has Religion?", (5,), (r"\b6\b",)),
    ]


def _clinic() -> list[Case]:
    path = "clinic/prices.pdf"
    costs = [_german(row[2]) for row in PRICES]
    total = f"{sum(costs):,.2f}".translate(str.maketrans(",.", ".,"))
    covered = _at(PRICES, lambda row: row[4] == "yes")
    mean = f"{sum(costs[row] for row in covered) / len(covered):.2f}".replace(".", ",")
    return [
        Case(path, "What does a knee MRI cost?", (5,), (r"1\.250,00", "EUR|€")),
        Case(path, "How much is the blood count?", (2,), ("18,75",)),
        Case(path, "How long does the dental cleaning take?", (8,), (r"\b60\b", "min")),
        Case(path, "Which treatment is the most expensive?", (9,), ("Laser", r"2\.480,00")),
        Case(path, "What is the cheapest treatment?", (2,), ("Blood count", "18,75")),
        Case(
            path, "Which treatments cost more than 100 euros?", (4, 5, 9), ("Ultrasound", "Laser")
        ),
        Case(path, "How many treatments are not covered by insurance?", (5, 7, 8, 9), (r"\b4\b",)),
        Case(path, "Is acupuncture covered by insurance?", (7,), (r"\bno\b",)),
        Case(path, "Which is cheaper, physiotherapy or acupuncture?", (6, 7), ("38,40", "64,00")),
        Case(path, "What is the total price of all treatments?", _all(PRICES), (total,)),
        Case(
            path, "What is the average price of treatments covered by insurance?", covered, (mean,)
        ),
        Case(
            path,
            "How much more does the laser treatment cost than the knee MRI?",
            (5, 9),
            (r"1\.230,00",),
        ),
    ]


def _weather() -> list[Case]:
    path = "weather/readings.csv"
    warm = {row: float(cells[2]) for row, cells in enumerate(SENSORS) if cells[2] != "n/a"}
    top, low = max(warm, key=warm.__getitem__), min(warm, key=warm.__getitem__)
    alder = _at(SENSORS, lambda row: row[1] == "Alder")
    birch = _at(SENSORS, lambda row: row[1] == "Birch" and row[2] != "n/a")
    june = _at(SENSORS, lambda row: row[0].startswith("2025-06"))
    hot = _at(SENSORS, lambda row: row[2] != "n/a" and float(row[2]) > 30)
    damp = max(range(len(SENSORS)), key=lambda row: int(SENSORS[row][3]))
    damp_rows = _at(SENSORS, lambda row: row[3] == SENSORS[damp][3])
    faults = _at(SENSORS, lambda row: row[5] == "fault")
    cold = _at(SENSORS, lambda row: row[2] != "n/a" and float(row[2]) < 10 and row[1] == "Cedar")
    weak = min(alder, key=lambda row: float(SENSORS[row][4]))
    weak_rows = _at(SENSORS, lambda row: row[1] == "Alder" and row[4] == SENSORS[weak][4])
    mean = sum(_warm(birch)) / len(birch)
    may = _at(SENSORS, lambda row: row[0].startswith("2025-05") and row[2] != "n/a")
    noon = _at(SENSORS, lambda row: row[0] == "2025-05-04 12:00")
    return [
        Case(path, "What was the highest temperature?", (top,), (f"{warm[top]}", "°C")),
        Case(path, "What was the lowest temperature?", (low,), (f"{warm[low]}",)),
        Case(path, "How many readings does station Alder have?", alder, (rf"\b{len(alder)}\b",)),
        Case(path, "What is the average temperature at Birch?", birch, (f"{mean:.1f}",)),
        Case(path, "How many readings were taken in June?", june, (rf"\b{len(june)}\b",)),
        Case(path, "How often was the temperature above 30 °C?", hot, (rf"\b{len(hot)}\b",)),
        Case(
            path,
            "Which station had the highest humidity?",
            damp_rows,
            (SENSORS[damp][1], SENSORS[damp][3]),
        ),
        Case(path, "How many readings have the status fault?", faults, (rf"\b{len(faults)}\b",)),
        Case(path, "How many readings at Cedar were below 10 °C?", cold, (rf"\b{len(cold)}\b",)),
        Case(
            path,
            "What was the minimum battery voltage of Alder?",
            weak_rows,
            (SENSORS[weak][4], "V"),
        ),
        Case(
            path,
            "What was the mean temperature in May?",
            may,
            (f"{sum(_warm(may)) / len(may):.1f}",),
        ),
        Case(path, "What was the humidity on 4 May 2025 at 12:00?", noon, (SENSORS[noon[0]][3],)),
    ]


def _club() -> list[Case]:
    path = "club/members.md"
    fees = sum(_english(row[5]) for row in MEMBERS)
    unpaid = _at(MEMBERS, lambda row: row[6] == "no")
    tennis = _at(MEMBERS, lambda row: row[3] == "Tennis")
    since = _at(MEMBERS, lambda row: int(row[4][-4:]) >= 2022)
    rowing = _at(MEMBERS, lambda row: row[3] == "Rowing")
    return [
        Case(path, "What is the e-mail of Carla Rossi?", (2,), ("carla.rossi@club.example",)),
        Case(path, "What is David Kim's phone number?", (3,), ("0170 444",)),
        Case(path, "When did Greta Lund join?", (6,), (r"14\.02\.2022",)),
        Case(path, "Who has not paid the fee?", unpaid, ("Okafor", "Frank Weber", "Lund")),
        Case(path, "How many members are in the tennis section?", tennis, (r"\b3\b",)),
        Case(
            path, "What is the sum of all annual fees?", _all(MEMBERS), (f"{fees:,.0f}|{fees:.0f}",)
        ),
        Case(path, "Which members joined since 2022?", since, ("Yilmaz", "Frank Weber", "Lund")),
        Case(path, "Which member joined first?", (3,), ("David Kim", r"05\.05\.2018")),
        Case(path, "Who is in the sailing section?", (8,), ("Ines Duarte",)),
        Case(path, "What is the total of the annual fees in rowing?", rowing, ("720",)),
        Case(path, "Which members have no phone?", (2, 7), ("Rossi", "Ali")),
        Case(path, "Who joined in May 2023?", (4,), ("Elif Yilmaz",)),
    ]


def _logistics() -> list[Case]:
    path = "logistics/shipments.pdf"
    from_hamburg = _at(SHIPMENTS, lambda row: row[1] == "Hamburg")
    to_oslo = _at(SHIPMENTS, lambda row: row[2] == "Oslo")
    april = _at(SHIPMENTS, lambda row: "April" in row[3])
    heavy = _at(SHIPMENTS, lambda row: _english(row[5]) > 2000)
    atlas = _at(SHIPMENTS, lambda row: row[7] == "Atlas Lines")
    dear = sorted(range(len(SHIPMENTS)), key=lambda row: -_english(SHIPMENTS[row][6]))[:3]
    cost = sum(_english(SHIPMENTS[row][6]) for row in atlas)
    load = sum(_english(row[5]) for row in SHIPMENTS) / len(SHIPMENTS)
    return [
        Case(path, "How much did shipment S-2207 cost?", (6,), (r"\$2,640\.75",)),
        Case(path, "When was S-2203 delivered?", (2,), ("19 March 2025",)),
        Case(path, "How many shipments left from Hamburg?", from_hamburg, (r"\b4\b",)),
        Case(path, "Which shipments went to Oslo?", to_oslo, ("S-2201", "S-2209")),
        Case(path, "Which shipments were shipped in April?", april, ("S-2205", "S-2206", "S-2207")),
        Case(
            path, "Which shipments weigh more than 2000 kg?", heavy, ("S-2203", "S-2206", "S-2210")
        ),
        Case(path, "What is the heaviest shipment?", (5,), ("S-2206", "3,300")),
        Case(
            path,
            "What is the total cost of the shipments by Atlas Lines?",
            atlas,
            (f"{cost:,.2f}",),
        ),
        Case(
            path, "What are the top 3 shipments by cost?", tuple(sorted(dear)), ("S-2210", "S-2203")
        ),
        Case(
            path,
            "What is the average weight of the shipments?",
            _all(SHIPMENTS),
            (rf"{load:,.0f}",),
        ),
        Case(path, "Which shipments have not been delivered?", (7, 9), ("S-2208", "S-2210")),
        Case(path, "What is the difference in weight between S-2201 and S-2204?", (0, 3), ("825",)),
    ]


def cases() -> list[Case]:
    """Sixty questions, twelve for each table."""
    return [*_school(), *_clinic(), *_weather(), *_club(), *_logistics()]


# From prose, why and how-to, columns and values that no table has, and talk.
NOT_COMPUTED = (
    "On which shelf are the screws?",
    "How do I become a member of the club?",
    "Why is acupuncture not covered by insurance?",
    "How do I book a knee MRI?",
    "What should I bring to the first consultation?",
    "Who teaches Maths on Monday?",
    "In which room is Physics on Thursday?",
    "What is the capital of France?",
    "Who founded the club?",
    "What is Anna Weber's address?",
    "How old is David Kim?",
    "Who is the doctor for the knee MRI?",
    "How many doctors does the clinic have?",
    "What are the opening hours of the clinic?",
    "Which sensor model is used at station Birch?",
    "What is the wind speed at Alder?",
    "Who maintains station Cedar?",
    "How is humidity measured?",
    "What does the status fault mean?",
    "What was the temperature on 3 August 2024?",
    "What is the tracking link of S-2204?",
    "Who signed for shipment S-2203?",
    "What happens if a shipment is damaged?",
    "How many containers are on S-2206?",
    "When was S-2299 delivered?",
    "What does a hip replacement cost?",
    "What is the e-mail of Zoe Miller?",
    "Tell me about the club",
    "Summarise the price list",
    "hi",
    "thanks",
    "What can you do?",
    "Can I cancel my membership during the year?",
    "What was decided at the meeting on 17 March?",
    "Is there a discount for students?",
    "How many members have a dog?",
    "What is the colour of the heaviest shipment?",
    "Which members were expelled?",
    "Write an e-mail to Carla Rossi",
    "Does the clinic offer vaccination against rabies?",
)
