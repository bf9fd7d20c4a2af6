"""Twelve briefs of invented companies, as founders write them: what first cuts are judged by (film.md)."""

from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw

from pilot_core import catalog
from pilot_core.domain.brief import Brief
from pilot_core.rendering.preview import first_brief
from pilot_core.services.pilots import create_pilot
from pilot_core.video.contract import CutBrief, KitFiles, KitPicture
from pilot_core.video.storyboard.palette import kit_palette


@dataclass(frozen=True)
class Told:
    """A founder's company and what they want to say."""

    founder: str
    company: str
    scenario: str
    brand: str
    brief: Brief
    has_kit: bool = False


TWELVE = {
    "freight": Told(
        "Dana Whitfield",
        "Lanehound",
        "funding_announcement",
        "acme",
        Brief(
            product="Lanehound",
            message="Freight that prices itself before the truck is loaded",
            why_now="Spot rates moved 40% in a single quarter",
            news="$65 million Series C led by Harbor Peak",
            use_of_funds="Cross-border lanes into Mexico and Canada",
            what_next="A public rate index opens in March",
            proof_points=["9 of the top 20 US shippers", "2.1 million loads priced", "3 of the 5 largest carriers"],
            quote="We stopped calling around for rates.",
            quote_by="Marcus Bell, VP logistics, Ardent Foods",
            call_to_action="Price your next lane",
            link="https://lanehound.example/price",
        ),
    ),
    "review": Told(
        "Priya Raman",
        "Clausewise",
        "feature_launch",
        "enterprise",
        Brief(
            product="Clausewise Redline",
            message="Contracts reviewed against your own playbook",
            problem="Legal is where deals go to wait",
            quote="Sales asks us for redlines before lunch now.",
            quote_by="Helen Ortiz, general counsel, Brightwater",
            audience="legal teams of 3 to 30",
            proof_points=["Review time: 6 weeks → 4 days", "ISO 27001 and SOC 2", "Runs on your own GPT-4 tenant"],
            call_to_action="Upload one contract",
            link="clausewise.example",
        ),
    ),
    "dinner": Told(
        "Jo Abara",
        "Pantry Fox",
        "problem_solution",
        "acme",
        Brief(
            product="Pantry Fox",
            message="Dinner from what is already in your fridge 🦊",
            problem="It is six o’clock and nobody knows what to cook",
            cost="A family throws away $1,500 of food a year",
            proof_points=["4.8 stars from 31,000 cooks", "Open 24/7, even on Sundays"],
            call_to_action="Cook tonight",
            link="pantryfox.example/app",
        ),
    ),
    "clinic": Told(
        "Dr. Amara Nwosu",
        "Breathwell",
        "problem_solution",
        "wellness",
        Brief(
            product="Breathwell",
            message="A nurse beside you through long COVID-19",
            problem="Climbing the stairs takes the rest of the day",
            cost="1 in 3 patients leaves work within a year",
            proof_points=["Built with 140 pulmonary nurses", "72% walk further after 8 weeks"],
            quote="Somebody finally believed me.",
            quote_by="Ruth, patient since May",
            call_to_action="Talk to a nurse",
            link="breathwell.example",
        ),
    ),
    "heat": Told(
        "Jonas Bergmann",
        "Erdwerk Energie",
        "funding_announcement",
        "enterprise",
        Brief(
            language="de",
            product="Erdwerk",
            message="Wärmepumpen für Mehrfamilienhäuser ohne Bohrung",
            why_now="Ab 2028 darf keine Ölheizung mehr eingebaut werden",
            news="12,5 Mio. € Serie A, angeführt von Nordlicht Kapital",
            use_of_funds="Vier neue Standorte in Süddeutschland",
            what_next="Im Frühjahr heizen 40 Häuser in Leipzig",
            proof_points=["Heizkosten um 38 % gesenkt", "In 9 Tagen eingebaut", "212 Wohnungen am Netz"],
            quote="Die Mieter haben den Umbau kaum bemerkt.",
            quote_by="Sabine Kurz, Hausverwaltung Kurz",
            call_to_action="Gebäude prüfen lassen",
            link="erdwerk.example",
        ),
    ),
    "ledger": Told(
        "Maximiliana Featherstonehaugh-Okonkwo",
        "Hollingsworth Reconciliation Technologies",
        "feature_launch",
        "enterprise",
        Brief(
            product="Hollingsworth Continuous Close",
            message="The month closes while you are still in it",
            problem="Ten people spend ten days finding one missing cent",
            quote="We found the cent on the second of the month.",
            quote_by="Theodora Lindqvist-Marchetti, group controller",
            audience="finance teams with more than one ledger",
            proof_points=["Close time cut from 9 days to 2", "1.4 billion postings matched", "0.02% left to people"],
            call_to_action="Book a close review",
            link="https://www.hollingsworth.example/continuous-close?utm_source=film",
        ),
    ),
    "pflege": Told(
        "Miriam Vogt",
        "Schichtruhe",
        "problem_solution",
        "wellness",
        Brief(
            language="de",
            product="Schichtruhe",
            message="Dienstpläne, die Pflegekräfte schlafen lassen",
            problem="Nach der Nachtschicht klingelt das Telefon: Kannst du einspringen?",
            cost="Jede dritte Pflegekraft denkt ans Aufhören",
            proof_points=["61 Stationen planen damit", "38 % weniger Einspringdienste"],
            quote="Ich habe wieder freie Wochenenden.",
            quote_by="Lena, Intensivpflege",
            call_to_action="Probestation anmelden",
            link="schichtruhe.example",
        ),
    ),
    "kurashi": Told(
        "佐藤 美咲",
        "くらし設計株式会社",
        "feature_launch",
        "enterprise",
        Brief(
            language="ja",
            product="在庫ナビ",
            message="店の在庫が、発注の前にわかる",
            problem="閉店後の棚卸しに毎晩二時間かかっている",
            quote="発注表を開かなくなりました。",
            quote_by="山田 健 青果部門長",
            audience="十店舗以上の食品スーパー",
            proof_points=["廃棄を38%削減", "412店舗で稼働中", "導入まで3週間"],
            call_to_action="一店舗で試す",
            link="zaikonavi.example",
        ),
    ),
    "daftar": Told(
        "ليلى حداد",
        "دفتر",
        "funding_announcement",
        "acme",
        Brief(
            language="ar",
            product="دفتر",
            message="حسابات المتجر تُغلق كل ليلة وحدها",
            why_now="الفوترة الإلكترونية إلزامية من يناير",
            news="12.5 مليون دولار في جولة تمويل تقودها نخيل كابيتال",
            use_of_funds="التوسع إلى ثلاث مدن جديدة",
            what_next="نصل إلى جدة في الربيع",
            proof_points=["18 ألف متجر يعمل بدفتر", "وقت الإغلاق من 3 أيام إلى ساعة"],
            quote="صرت أعرف ربحي كل ليلة.",
            quote_by="سامي، صاحب بقالة",
            call_to_action="ابدأ مجاناً",
            link="daftar.example",
        ),
    ),
    "kisan": Told(
        "अनीता शर्मा",
        "खेतसाथी",
        "funding_announcement",
        "acme",
        Brief(
            language="hi",
            product="खेतसाथी",
            message="बुवाई से पहले फसल का सही दाम",
            why_now="इस साल मानसून दो हफ्ते देर से आया",
            news="₹1,200 करोड़ का निवेश, अगुवाई हरित पूंजी की",
            use_of_funds="छह राज्यों में नए केंद्र",
            what_next="जून में महाराष्ट्र से शुरुआत",
            proof_points=["18 लाख किसान जुड़े", "आमदनी 24% बढ़ी"],
            quote="अब मंडी जाने से पहले दाम पता होता है।",
            quote_by="रमेश पाटिल, किसान",
            call_to_action="ऐप डाउनलोड करें",
            link="khetsathi.example",
        ),
    ),
    "sparse": Told(
        "Ola Berg",
        "Notch",
        "problem_solution",
        "enterprise",
        Brief(product="Notch", message="Meetings that end on time"),
    ),
    "tidewater": Told(
        "Inês Duarte",
        "Tidewater",
        "feature_launch",
        "wellness",
        Brief(
            product="Tidewater Home",
            message="Clean drinking water from the sea for coastal towns",
            problem="Two billion people live where wells turn salty",
            quote="The tap runs all day again.",
            quote_by="Inês Duarte, mayor of Sines",
            audience="towns without a river",
            proof_points=["3 plants running in Portugal", "Half the energy of older plants", "Built in 9 months"],
            call_to_action="Bring it to your town",
            link="tidewater.example/towns",
        ),
        has_kit=True,
    ),
}


def cut_brief(name: str, folder: Path | None = None) -> CutBrief:
    """Return what a pipeline gets for a first attempt of one of the twelve; ``folder`` is for the files of its kit."""
    told = TWELVE[name]
    pilot = create_pilot(told.founder, told.company, told.scenario, told.brand, brief=told.brief)
    brief = first_brief(pilot.model_copy(update={"pilot_id": f"pilot_20260101_{name.ljust(8, '0')[:8]}"}))
    if not told.has_kit or folder is None:
        return brief
    palette = kit_palette(["#0F766E", "#F59E0B"], ())
    return brief.model_copy(
        update={"kit": kit(folder), "brand": {**brief.brand, "palette": palette, "kit_colours": True}}
    )


def kit(folder: Path) -> KitFiles:
    """Return a brand kit whose pictures are drawn into ``folder``: a logo, a screenshot and a photograph."""
    folder.mkdir(parents=True, exist_ok=True)
    logo = Image.new("RGBA", (640, 160))
    pen = ImageDraw.Draw(logo)
    pen.ellipse((4, 4, 156, 156), fill="#0F766E")
    pen.polygon([(80, 26), (124, 96), (80, 134), (36, 96)], fill="#F0FDFA")
    for at, wide in ((190, 120), (330, 90), (440, 180)):
        pen.rounded_rectangle((at, 56, at + wide, 104), 24, fill="#0B2A33")
    logo.save(folder / "logo.png")
    screen = Image.new("RGB", (1200, 800), "#F2F8F7")
    pen = ImageDraw.Draw(screen)
    pen.rectangle((0, 0, 1200, 96), fill="#0F766E")
    for number in range(5):
        pen.rounded_rectangle((70 + number * 220, 690 - number * 105, 210 + number * 220, 740), 12, fill="#F59E0B")
    screen.save(folder / "screen.png")
    sea = Image.new("RGB", (900, 1200))
    pen = ImageDraw.Draw(sea)
    for y in range(1200):
        pen.line((0, y, 900, y), fill=(18 + y // 24, 86 + y // 16, 104 + y // 12))
    pen.ellipse((330, 240, 570, 480), fill="#FDE68A")
    sea.save(folder / "sea.png")
    pictures = (
        KitPicture(name="screen.png", path=folder / "screen.png", area=(0.7, 0.25, 0.97, 0.95)),
        KitPicture(name="sea.png", path=folder / "sea.png"),
    )
    return KitFiles(logo=folder / "logo.png", typeface="Inter", pictures=pictures)


def every_scenario() -> set[str]:
    """Return the scenarios that the twelve use."""
    return {told.scenario for told in TWELVE.values()} & set(catalog.scenarios())
