"""What is set large of a phrase: the figure that carries the claim, with unit and scale, and nothing that is a name."""

import pytest

from pilot_core.domain.attempt import Shot
from pilot_core.video.review_pack import poster_time
from pilot_core.video.storyboard import words
from pilot_core.video.storyboard.figures import is_money, split_figure
from pilot_core.video.storyboard.film import plain
from pilot_core.video.storyboard.fonts import VOICES
from pilot_core.video.storyboard.type import Room, Style, fit

FIGURES = [
    # Pairs
    ("Review time: 6 weeks → 4 days", "Review time:", "6 weeks → 4 days", ""),
    ("Close time cut from 9 days to 2", "Close time cut", "from 9 days to 2", ""),
    ("Cost per order down from $40 to $12", "Cost per order down", "from $40 to $12", ""),
    ("50,000 → 2,000 errors", "", "50,000 → 2,000", "errors"),
    ("Durchlaufzeit von 9 Tagen auf 2", "Durchlaufzeit", "von 9 Tagen auf 2", ""),
    # Out of how many
    ("9 of the top 20 US shippers", "", "9 of the top 20", "US shippers"),
    ("3 of the 5 largest", "", "3 of the 5 largest", ""),
    ("1 in 4 patients", "", "1 in 4", "patients"),
    ("9 out of 10 doctors", "", "9 out of 10", "doctors"),
    ("3 من أكبر 5 بنوك", "", "3 من أكبر 5", "بنوك"),
    ("7 von 10 Kliniken", "", "7 von 10", "Kliniken"),
    # Scale and currency
    ("$65 million Series C led by General Catalyst", "", "$65 million", "Series C led by General Catalyst"),
    ("€12M Series A", "", "€12M", "Series A"),
    ("€1.2 Mrd. verwaltet", "", "€1.2 Mrd.", "verwaltet"),
    ("1,2 Mio. Euro gespart", "", "1,2 Mio. Euro", "gespart"),
    ("12,5 Millionen Euro", "", "12,5 Millionen Euro", ""),
    ("₹1,200 करोड़", "", "₹1,200 करोड़", ""),
    ("18 लाख किसान", "", "18 लाख", "किसान"),
    ("12.5 مليون دولار", "", "12.5 مليون دولار", ""),
    ("5億円を調達", "", "5億円", "を調達"),
    ("1,200社が利用", "", "1,200社", "が利用"),
    ("3万人の患者", "", "3万人", "の患者"),
    ("USD 5 million saved", "", "USD 5 million", "saved"),
    ("2.4 billion requests a day", "", "2.4 billion", "requests a day"),
    ("3 000 clients", "", "3 000", "clients"),
    # Shares and factors
    ("38% fewer empty shifts", "", "38%", "fewer empty shifts"),
    ("99.9% uptime", "", "99.9%", "uptime"),
    ("Reduced by 40 %", "Reduced by", "40 %", ""),
    ("10x faster than before", "", "10x", "faster than before"),
    ("3× the yield", "", "3×", "the yield"),
    ("+27% margin", "", "+27%", "margin"),
    ("SOC 2 Type II and 99.99% uptime", "SOC 2 Type II and", "99.99%", "uptime"),
    # Counts and spans of time
    ("412 finance teams", "", "412", "finance teams"),
    ("Saves 9 days each month", "Saves", "9 days", "each month"),
    ("Answers in 4 seconds", "Answers in", "4 seconds", ""),
    ("Built with 40 sleep nurses", "Built with", "40", "sleep nurses"),
    ("Used by 3 lenders", "Used by", "3", "lenders"),
    ("100+ hospitals", "", "100+", "hospitals"),
    ("3–5 days to go live", "", "3–5 days", "to go live"),
    ("12-week pilot", "", "12-week", "pilot"),
    ("4.8 stars from 2,300 reviews", "", "4.8 stars", "from 2,300 reviews"),
    ("In 2025, 40 hospitals joined", "In 2025,", "40", "hospitals joined"),
    ("14 banks live", "", "14", "banks live"),
    ("180 kWh saved a month", "", "180 kWh", "saved a month"),
]
NONE = [
    "ISO 27001 and SOC 2",
    "COVID-19",
    "GPT-4",
    "24/7",
    "Support 24/7",
    "Audited by KPMG since 2021",
    "Trusted by nurses",
    "Works with B2B teams",
    "Web 3 ready",
    "Level 3 autonomy",
    "Runs on H100",
    "HIPAA and DIN 9001",
    "Since 12 March",
    "Version 2.1.4",
    "Ready at 9:30",
    "Founded in 1998",
    "Series 7 licensed",
    "EN 13485 certified",
    "Windows 11",
    "Nr. 1 in Bayern",
]


@pytest.mark.parametrize(("text", "before", "figure", "after"), [row for row in FIGURES if row[2]])
def test_the_figure_is_set_large_with_its_unit_and_scale(text: str, before: str, figure: str, after: str) -> None:
    assert split_figure(text) == (before, figure, after)


@pytest.mark.parametrize("text", NONE)
def test_a_name_with_a_number_is_no_figure(text: str) -> None:
    assert split_figure(text) is None


@pytest.mark.parametrize("most", [4, 5, 8, 11])
@pytest.mark.parametrize("text", [row[0] for row in FIGURES if row[2]] + NONE)
def test_no_screen_divides_a_figure_and_what_it_counts(text: str, most: int) -> None:
    """However few words a screen has, it has the whole figure, and nothing of the phrase is lost."""
    screens = words.fitted(words.claim(text, "moderate", "Northwind Labs"), most, 66)
    said = [screen.text for screen in screens]
    assert "".join(" ".join(said).split()) == "".join(text.split())
    if parts := split_figure(text):
        noun = parts[2].split()[0] if parts[2] else ""
        assert any(parts[1] in screen and noun in screen for screen in said)


@pytest.mark.parametrize(
    ("text", "large"), [("9 of the top 20 US shippers", "9 of the top 20"), ("ISO 27001 and SOC 2", "")]
)
def test_a_screen_shows_the_figure_as_its_largest_words(text: str, large: str) -> None:
    phrase = words.claim(text, "moderate", "Northwind Labs")
    assert (plain(phrase.main) if phrase.role == "figure" else "") == large


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("聞くことから始まる睡眠ケア", ["聞く", "ことから", "始まる", "睡眠ケア"]),
        ("夜中の三時、相談できる人がいない", ["夜中の", "三時、", "相談できる", "人が", "いない"]),
        ("ปิดบัญชีสิ้นเดือน", ["ปิด", "บัญชีสิ้น", "เดือน"]),
        ("Hello 世界 now", ["Hello", "世界", "now"]),
    ],
)
def test_a_line_breaks_between_phrases_where_a_script_has_no_spaces(text: str, pieces: list[str]) -> None:
    assert [piece for piece, _ in words.units(text)] == pieces
    assert words.join(words.units(text)) == text


@pytest.mark.parametrize(
    ("text", "money"),
    [
        ("€12 million seed round", True),
        ("We raised $65 million", True),
        ("12.5 مليون دولار", True),
        ("₹1,200 करोड़", True),
        ("5億円を調達", True),
        ("CHF 3 Mio.", True),
        ("412 finance teams", False),
        ("18 लाख किसान", False),
    ],
)
def test_a_sum_of_money_is_known_by_its_currency_or_scale(text: str, money: bool) -> None:
    assert is_money(text) is money


@pytest.mark.parametrize(
    ("texts", "shown"),
    [
        (["hook|Know it now", "proof|61 wards"], 0),
        (["hook|The van is there,", "hook|and the dock is closed", "proof|11% less driving"], 2),
        (["hook|The van is there,", "hook|and the dock is closed", "cta|Call us"], 0),
    ],
)
def test_the_poster_says_something_whole(texts: list[str], shown: int) -> None:
    shots = [Shot(beat=b, start=i, end=i + 1, text=t) for i, (b, t) in enumerate(text.split("|") for text in texts)]
    assert int(poster_time(shots)) == shown


@pytest.mark.parametrize(
    ("language", "pieces"),
    [("de", ["Umsatz-", "steuervor-", "anmeldung"]), ("xx", ["Umsatzste-", "uervoran-", "meldung"])],
)
def test_a_word_too_long_for_its_line_is_divided_where_its_language_does(language: str, pieces: list[str]) -> None:
    style = Style(VOICES["professional"].display, 600, language=language)
    block = fit("Umsatzsteuervoranmeldung", style, Room(520, 900), largest=120, smallest=96)
    assert [word.text for word in block.words] == pieces
