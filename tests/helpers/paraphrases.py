"""Statements about the seeds in other words, half of them true and half of them subtly false.

Each stands beside the sentence of the seeds that it cites. The first set was looked at while the
support check was made; `UNSEEN` was written after it, and first judged by it as it is.
"""

_PARIS = (
    "David Barnea, the director of Mossad, William J. Burns, the director of the CIA, and Sheikh "
    "Mohammed bin Abdulrahman Al Thani, the prime minister of Qatar, met in Paris for preliminary "
    "talks."
)
_HELD = (
    "Preliminary talks were held in Paris between David Barnea, the head of Mossad, William J. "
    "Burns, the head of the CIA, and Sheikh Mohammed bin Abdulrahman Al Thani, the prime minister "
    "of Qatar."
)
_AIM = (
    "Diplomats aim to restart ceasefire talks between Israel and Hamas by the following week, "
    "according to three officials briefed on the process."
)
_ANONYMOUS = "The three officials spoke anonymously because the matter is sensitive."
_MONTHS = (
    "Qatar, the United States and Egypt have worked for months to bring about a truce between "
    "Israel and Hamas and an exchange of prisoners."
)
_SEVEN = (
    "A truce and an exchange of prisoners could help end the war, which has lasted seven months."
)
_BROKE = (
    "Earlier talks broke down because Israel and Hamas could not agree on how long a truce should "
    "last and what kind of truce it should be."
)
_MEDIATORS = "Qatar, the United States and Egypt are the mediators between Israel and Hamas."
_ENVOYS = "Envoys of Hamas do not meet Israelis or Americans in person."
_INSTEAD = "Instead, Egyptian and Qatari officials deal directly with the envoys of Hamas."
_CAIRO = "The latest round of talks took place in Cairo."
_LED = "Egypt led the latest round, and officials from Qatar attended it."
_PERMANENT = "Hamas wants a permanent ceasefire that leaves Hamas in charge of Gaza."
_FIGHT = "Israel wants to be able to fight on after a pause, so that it can wrest Hamas from power."
_PHASES = "The deal under discussion has three phases."
_JOIN = (
    "It would join a truce with an exchange of hostages held by Hamas for Palestinian prisoners "
    "held by Israel."
)
_RELEASE = "In the latest round, the negotiators discussed the release of 33 hostages."
_MOST = "Most of the 33 hostages are women, elderly people and people who need urgent medical care."
_GAZA = "According to Israel's latest assessment, more than 120 hostages remain in Gaza."
_QUARTER = "Israel believes that about a quarter of the hostages who remain in Gaza are dead."
_NOT_AGREED = (
    "Israel and Hamas have not agreed on how many Palestinian prisoners Israel frees, nor on how "
    "many hostages Hamas releases."
)
_PAUSE = "Israel asks for a pause after which it can fight on."
_HEZBOLLAH = (
    "Hezbollah is a Lebanese militia that is fighting the Israeli army along the border of Israel "
    "and Lebanon."
)
_SAUDI = "Normal relations between Israel and Saudi Arabia also wait for the hostage negotiations."
_GOVERN = "One related effort is to decide who should govern Gaza after the war."
_QUESTION = (
    "Diplomats say that this question cannot move until the hostage negotiations are completed."
)
_TROOPS = "Israel and Hamas disagreed on how far Israeli troops should withdraw during a truce."
_NORTH = (
    "Israel and Hamas disagreed on whether Gazans may move freely between the north and the south "
    "of Gaza."
)
_KEY = "The prime minister of Qatar, Sheikh Mohammed bin Abdulrahman Al Thani, is a key mediator."
_WEEKEND = "The preliminary talks in Paris were held over a weekend."
_CAMPAIGN = "Israel, meanwhile, is pressing on with its campaign."
_FAILED = "Earlier talks between Israel and Hamas failed over the length and the nature of a truce."
_NEXT = (
    "In the latest round, the other main dispute was how to move from one phase of the deal to "
    "the next."
)
_DIFFER = (
    "Israel and Hamas also differ on how many hostages Hamas should release and how many "
    "Palestinian prisoners Israel should free."
)
_FREE = "Israel would free Palestinian prisoners as its part of the exchange."
_THIRD = "A third related effort is a ceasefire between Israel and Hezbollah."
_RELATED = (
    "Diplomats say that the hostage negotiations must be completed before these related efforts "
    "can move forward."
)

# Statement, the sentence it cites, whether it is true.
SEEN = (
    ("David Barnea heads Mossad.", _PARIS, True),
    ("William Burns is the director of the CIA.", _PARIS, True),
    ("Barnea, Burns and Al Thani met in Paris.", _PARIS, True),
    ("The head of Mossad is David Barnea.", _HELD, True),
    ("Al Thani, Qatar's prime minister, is a key mediator.", _KEY, True),
    ("The latest round was led by Egypt.", _LED, True),
    ("Qatari officials attended the latest round, which Egypt led.", _LED, True),
    ("Israelis do not meet the envoys of Hamas in person.", _ENVOYS, True),
    ("Officials from Egypt and Qatar deal directly with the Hamas envoys.", _INSTEAD, True),
    ("The mediators between Israel and Hamas are Egypt, Qatar and the US.", _MEDIATORS, True),
    ("Egypt, Qatar and the United States have worked for months towards a truce.", _MONTHS, True),
    ("The deal has 3 phases.", _PHASES, True),
    ("The release of 33 hostages was discussed.", _RELEASE, True),
    ("Hezbollah fights Israel's army along the Lebanese border.", _HEZBOLLAH, True),
    ("A permanent ceasefire is what Hamas wants.", _PERMANENT, True),
    ("William Burns is the director of Mossad.", _PARIS, False),
    ("David Barnea heads the CIA.", _PARIS, False),
    ("The head of Mossad is William J. Burns.", _HELD, False),
    ("William Burns is Qatar's prime minister.", _HELD, False),
    ("The person who is David Barnea is William J. Burns.", _PARIS, False),
    ("Hamas and Israel will restart talks by the following week.", _AIM, False),
    ("The exchange of prisoners helped end the war.", _SEVEN, False),
    ("Envoys of Hamas meet Israelis in person.", _ENVOYS, False),
    ("The ferry does not meet Israelis in person.", _ENVOYS, False),
    ("Israel and Hamas are the mediators between Qatar and Egypt.", _MEDIATORS, False),
    ("Qatar led the latest round, and officials from Egypt attended it.", _LED, False),
    ("Israeli officials deal directly with the envoys of Hamas.", _INSTEAD, False),
    ("Hezbollah is an Israeli militia that is fighting the Lebanese army.", _HEZBOLLAH, False),
    ("All of the 33 hostages are women.", _MOST, False),
    ("Fewer than 120 hostages remain in Gaza.", _GAZA, False),
    ("The hostages remain in Gaza.", _GAZA, False),
    ("More than a quarter of the hostages who remain in Gaza are dead.", _QUARTER, False),
    ("Israel and Hamas have agreed on how many hostages Hamas releases.", _NOT_AGREED, False),
    ("Egypt has worked for years to bring about a truce.", _MONTHS, False),
    ("Hamas wants a temporary ceasefire.", _PERMANENT, False),
)
UNSEEN = (
    ("The CIA is led by William J. Burns, who met Barnea in Paris.", _PARIS, True),
    ("Preliminary talks in Paris brought together the heads of Mossad and the CIA.", _HELD, True),
    ("According to officials, ceasefire talks may restart by the following week.", _AIM, True),
    ("Three officials spoke on condition of anonymity.", _ANONYMOUS, True),
    ("Egypt has been working for months on a truce and an exchange of prisoners.", _MONTHS, True),
    ("A truce could help end the war.", _SEVEN, True),
    ("The war has lasted for seven months so far.", _SEVEN, True),
    ("Israel and Hamas failed to agree on the length of a truce.", _BROKE, True),
    ("Qatar is a mediator between Hamas and Israel.", _MEDIATORS, True),
    ("Americans do not meet Hamas envoys in person.", _ENVOYS, True),
    ("Qatari officials deal with the envoys directly.", _INSTEAD, True),
    ("The talks took place in Cairo in the latest round.", _CAIRO, True),
    ("Israel wants to remove Hamas from power.", _FIGHT, True),
    ("Hostages would be exchanged for Palestinian prisoners.", _JOIN, True),
    ("Women and elderly people are among the 33 hostages.", _MOST, True),
    ("Over 120 hostages are in Gaza, by Israel's latest assessment.", _GAZA, True),
    ("How far Israeli troops should withdraw was disputed.", _TROOPS, True),
    ("Relations between Saudi Arabia and Israel depend on the hostage negotiations.", _SAUDI, True),
    ("Who should govern Gaza after the war has to be decided.", _GOVERN, True),
    ("This question cannot move before the hostage negotiations are complete.", _QUESTION, True),
    ("Mossad is led by William J. Burns, who met Al Thani in Paris.", _PARIS, False),
    ("Preliminary talks were held in Cairo between Barnea and Burns.", _HELD, False),
    ("Diplomats aim to end ceasefire talks between Israel and Hamas.", _AIM, False),
    ("Three officials spoke publicly because the matter is sensitive.", _ANONYMOUS, False),
    ("Egypt has worked for months to prevent a truce.", _MONTHS, False),
    ("The truce has lasted seven months.", _SEVEN, False),
    ("Talks broke down because Israel and Hamas agreed on a truce.", _BROKE, False),
    ("Israel and Egypt are mediators.", _MEDIATORS, False),
    ("Envoys of Hamas meet Americans, but not Israelis.", _ENVOYS, False),
    ("Egyptian officials never deal directly with the envoys of Hamas.", _INSTEAD, False),
    ("The latest round of talks took place outside Cairo.", _CAIRO, False),
    ("Hamas wants to be able to fight on after a pause.", _FIGHT, False),
    ("Israel holds the hostages and Hamas the Palestinian prisoners.", _JOIN, False),
    ("A few of the 33 hostages are women and elderly people.", _MOST, False),
    ("More than 120 hostages have left Gaza.", _GAZA, False),
    ("Israel and Hamas agreed on how far Israeli troops should withdraw.", _TROOPS, False),
    ("Israel and Saudi Arabia have restored normal relations.", _SAUDI, False),
    ("Hamas should govern Gaza after the war.", _GOVERN, False),
    ("Diplomats deny that this question must wait for the hostage negotiations.", _QUESTION, False),
    ("Israel would free hostages as its part of the exchange.", _FREE, False),
)
