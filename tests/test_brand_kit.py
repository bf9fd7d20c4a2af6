"""A pilot's brand kit: what is taken, what is refused in one sentence, and what a film is drawn with."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont
from PIL import Image

from pilot_core import PilotStore
from pilot_core.cli import main
from pilot_core.domain.brand_kit import BrandKit, KitImage
from pilot_core.domain.events import describe
from pilot_core.domain.pilot import PilotRun
from pilot_core.errors import InvalidRequest
from pilot_core.maintenance.check import check
from pilot_core.rendering.preview import next_brief
from pilot_core.services import brand_kits, pilots
from pilot_core.settings import read_settings
from pilot_core.store.files.layout import BRAND_KIT
from pilot_core.store.queries.history import history
from pilot_core.video.brand_files import KitFolder, prepare_font, prepare_logo, prepare_picture, read_folder
from pilot_core.video.contract import KitFiles
from pilot_core.video.prepared_kit import prepared_kit
from pilot_core.video.storyboard import revise
from pilot_core.video.storyboard.fonts import VOICES, file_of, voice_of
from pilot_core.video.storyboard.layout import compose
from pilot_core.video.storyboard.palette import contrast, kit_palette, palette_of
from pilot_core.video.storyboard.pictures import colours_of, plate_for
from pilot_core.web.routes import uploads
from tests.asking import Answer, ask
from tests.reviewing import LEAD
from tests.served import serve
from tests.test_uploads import HERE, LOCAL

NewPilot = Callable[..., PilotRun]
SVG = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 320 80">{}</svg>'
GOOD = SVG.format('<circle cx="40" cy="40" r="32" fill="#0F766E"/><rect x="90" y="24" width="200" height="32"/>')
BAD = {
    "a script": (SVG.format("<script>alert(1)</script><circle r='9'/>"), "<script>"),
    "a handler": (SVG.format('<circle r="9" onclick="x()"/>'), "holds a script"),
    "a file": (SVG.format('<image xlink:href="file:///etc/passwd" width="9" height="9"/>'), "another file or address"),
    "a relative file": (SVG.format('<image href="../pilots.duckdb" width="9" height="9"/>'), "another file or address"),
    "an address": (SVG.format('<use href="https://evil.example/a.svg#x"/>'), "another file or address"),
    "an address in a style": (SVG.format('<rect style="fill:url(http://evil.example/p)"/>'), "another file or address"),
    "an import": (SVG.format("<style>@import 'http://evil.example/a.css';</style>"), "another file or address"),
    "an svg inside": (SVG.format('<image href="data:image/svg+xml;base64,PHN2Zy8+"/>'), "another file or address"),
    "a page": (SVG.format("<foreignObject><p>words</p></foreignObject>"), "<foreignObject>"),
    "motion": (SVG.format('<circle r="9"><animate attributeName="r" to="1"/></circle>'), "<animate>"),
    "entities": ('<!DOCTYPE svg [<!ENTITY a "b">]>' + GOOD, "defines entities"),
    "nothing": (SVG.format(""), "shows nothing"),
    "another root": ("<html><body/></html>", "is no SVG"),
    "no XML": ("<svg", "is no SVG"),
    "a long shape": (GOOD.replace("0 0 320 80", "0 0 10 100000"), "20 times"),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a whole kit."""
    kit = tmp_path / "kit"
    kit.mkdir()
    (kit / "logo.svg").write_text(GOOD, encoding="utf-8")
    Image.new("RGB", (400, 300), "#F59E0B").save(kit / "screen.png")
    Image.new("RGB", (300, 400), "#0B2A33").save(kit / "team.jpg")
    (kit / "kit.toml").write_text(
        'colours = ["#0F766E", "#F59E0B"]\ntypeface = "Inter"\n[areas]\n"screen.png" = [0.5, 0.1, 0.9, 0.6]\n',
        encoding="utf-8",
    )
    return kit


@pytest.fixture
def pilot_id(store: PilotStore, new_pilot: NewPilot) -> str:
    return pilots.start_pilot(store, new_pilot(), LEAD).pilot_id


def with_kit(store: PilotStore, pilot_id: str, given: KitFolder) -> PilotRun:
    with prepared_kit(given) as files:
        return brand_kits.change_kit(store, pilot_id, files, LEAD)


def test_a_kit_is_kept_in_the_pilots_folder_and_its_next_film_is_drawn_with_it(
    store: PilotStore, pilot_id: str, folder: Path
) -> None:
    before = revise.plan(next_brief(store, store.load(pilot_id)))
    pilot = with_kit(store, pilot_id, read_folder(folder))
    kit = pilot.brief.brand_kit
    assert kit.parts == ["logo", "2 colours", "2 pictures", "Inter"]
    assert all(path.startswith(f"{pilot_id}/{BRAND_KIT}/") for path in kit.paths)
    assert {path.suffix for path in (store.root / pilot_id / BRAND_KIT).iterdir()} == {".png", ".jpg"}
    assert "corrected the brief: brand kit" in [describe(step.event) for step in history(store.database, pilot_id, 0)]
    assert store.load(pilot_id).brief.brand_kit == kit
    assert [finding.kind for finding in check(store)] == []

    brief = next_brief(store, pilot)
    film, palette = revise.plan(brief), palette_of(brief.brand)
    assert palette.accent == (0xF5, 0x9E, 0x0B)
    assert film.kit.typeface == "Inter"
    assert {shot.picture for shot in film.shots} == {"", "screen.png", "team.jpg"}
    assert [shot.text for shot in film.shots] == [shot.text for shot in before.shots]
    shown = {picture.kind for shot in film.shots for picture in compose(film, shot, palette).pictures}
    assert shown == {"logo", "frame"}
    [pointed] = [p for shot in film.shots for p in compose(film, shot, palette).pictures if p.area]
    left, top, right, bottom = pointed.box
    assert pointed.area[0] == pytest.approx(left + 0.5 * (right - left))
    assert pointed.area[3] == pytest.approx(top + 0.6 * (bottom - top))

    (store.root / kit.logo).unlink()
    [finding] = check(store)
    assert (finding.kind, finding.about) == ("missing", kit.logo)
    revise.plan(next_brief(store, pilot))


@pytest.mark.parametrize("kind", list(BAD))
def test_an_svg_that_is_more_than_a_picture_is_refused_in_one_sentence(kind: str, tmp_path: Path) -> None:
    text, said = BAD[kind]
    (tmp_path / "logo.svg").write_text(text, encoding="utf-8")
    with pytest.raises(InvalidRequest, match=r"^[^\n]{10,160}\.$") as told:
        prepare_logo(tmp_path / "logo.svg", tmp_path)
    assert said in str(told.value)


def test_a_logo_is_drawn_alone_without_the_room_around_it(tmp_path: Path) -> None:
    (tmp_path / "logo.svg").write_text(GOOD, encoding="utf-8")
    with Image.open(prepare_logo(tmp_path / "logo.svg", tmp_path)) as made:
        assert made.mode == "RGBA"
        assert made.getchannel("A").getbbox() == (0, 0, *made.size)


def test_fonts_are_taken_if_they_may_be_embedded(tmp_path: Path) -> None:
    heebo = file_of("fontpkg_heebo", "Heebo")
    assert heebo
    made = prepare_font(heebo, tmp_path)
    assert made.suffix == ".ttf"
    restricted = tmp_path / "restricted.ttf"
    with TTFont(heebo) as font:
        font["OS/2"].fsType = 0x0002
        font.save(restricted)
    with pytest.raises(InvalidRequest, match="licence forbids"):
        prepare_font(restricted, tmp_path)
    cut = tmp_path / "cut.ttf"
    cut.write_bytes(heebo.read_bytes()[:2000])
    with pytest.raises(InvalidRequest, match="damaged"):
        prepare_font(cut, tmp_path)
    words = tmp_path / "words.ttf"
    words.write_text("words")
    with pytest.raises(InvalidRequest, match="no TrueType or OpenType"):
        prepare_font(words, tmp_path)


def test_a_picture_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"%PDF-1.7 words")
    with pytest.raises(InvalidRequest):
        prepare_picture(tmp_path / "a.png", tmp_path)


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ("colours = ['teal']", "four numbers|#RRGGBB"),
        ("colours = ['#000000', '#111111', '#222222', '#333333', '#444444']", "at most 4 colours"),
        ("typeface = 'Comic Sans'", "no typeface “Comic Sans”"),
        ("shoes = 1", "may hold colours, typeface and areas"),
        ("[areas]\n'screen.png' = [0, 0, 2, 1]", "four numbers from 0 to 1"),
        ("colours = [", "cannot be used"),
    ],
)
def test_a_kit_file_that_is_wrong_is_refused_and_nothing_changes(
    store: PilotStore, pilot_id: str, folder: Path, told: str, said: str
) -> None:
    (folder / "kit.toml").write_text(told, encoding="utf-8")
    with pytest.raises(InvalidRequest, match=said):
        with_kit(store, pilot_id, read_folder(folder))
    assert store.load(pilot_id).brief.brand_kit.is_empty


def test_a_folder_with_too_much_or_nothing_is_refused(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(InvalidRequest, match="There is no folder"):
        read_folder(tmp_path / "gone")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InvalidRequest, match="nothing of a brand kit"):
        read_folder(tmp_path / "empty")
    for number in range(4):
        Image.new("RGB", (20, 20)).save(folder / f"more_{number}.png")
    with pytest.raises(InvalidRequest, match="at most 5 pictures, and the folder has 6"):
        read_folder(folder)


def test_pictures_are_added_up_to_five_and_the_same_one_once(store: PilotStore, pilot_id: str, folder: Path) -> None:
    with_kit(store, pilot_id, read_folder(folder))
    with pytest.raises(InvalidRequest, match="as it was"):
        with_kit(store, pilot_id, read_folder(folder))
    more = []
    for number in range(4):
        more.append(folder / f"more_{number}.png")
        Image.new("RGB", (20 + number, 20)).save(more[-1])
    with pytest.raises(InvalidRequest, match="at most 5 pictures"):
        with_kit(store, pilot_id, KitFolder(pictures=tuple(more)))
    assert len(store.load(pilot_id).brief.brand_kit.pictures) == 2


def test_a_kit_that_names_files_of_another_pilot_is_drawn_without_them(
    store: PilotStore, pilot_id: str, new_pilot: NewPilot, folder: Path
) -> None:
    theirs = pilots.start_pilot(store, new_pilot(), LEAD).pilot_id
    kit = with_kit(store, theirs, read_folder(folder)).brief.brand_kit
    for path in (kit.logo, "../pilots.duckdb", "/etc/hostname", f"{pilot_id}/../{kit.logo}"):
        stolen = BrandKit(logo=path, pictures=[KitImage(name="a", path=path)])
        brief = store.load(pilot_id).brief.model_copy(update={"brand_kit": stolen})
        pilot = store.load(pilot_id).model_copy(update={"brief": brief})
        found = next_brief(store, pilot).kit
        assert (found.logo, found.pictures) == (None, ())


def test_without_colours_the_logos_are_taken_and_hues_stay_whatever_the_contrast(tmp_path: Path) -> None:
    (tmp_path / "logo.svg").write_text(GOOD, encoding="utf-8")
    logo = prepare_logo(tmp_path / "logo.svg", tmp_path)
    teal = colours_of(logo)[0]
    assert max(abs(a - b) for a, b in zip(teal, (0x0F, 0x76, 0x6E), strict=True)) <= 8
    assert kit_palette([], ()) is None
    for colours in (["#0F766E"], ["#F59E0B", "#FDE68A"], ["#FF0000", "#FF8888", "#880000", "#220000"], ["#FFFFFF"]):
        palette = palette_of({"palette": kit_palette(colours, ())})
        assert contrast(palette.dark, palette.light) >= 7
    assert plate_for(logo, teal, (250, 250, 250), (10, 10, 10)) == (250, 250, 250)
    assert plate_for(logo, (250, 250, 250), (250, 250, 250), (10, 10, 10)) is None


def test_a_typeface_of_the_kit_keeps_the_weights_of_the_tone() -> None:
    for tone, voice in VOICES.items():
        brief_kit = KitFiles(typeface="Inter")
        other = voice_of(tone, brief_kit)
        assert other.display.stem == "Inter"
        assert (dict(other.display.axes)["weight"] >= 700) == (tone == "bold")
        assert voice_of(tone, KitFiles(typeface="")) == voice


@pytest.fixture
def served(store: PilotStore, monkeypatch: pytest.MonkeyPatch) -> None:
    serve(monkeypatch, store)


def sent(kind: str, body: bytes) -> Answer:
    ticket = uploads.ticket(read_settings(), LOCAL)
    return ask(f"{uploads.BRAND_FILES}/{kind}", "POST", host=HERE, body=body, x_upload_ticket=ticket)


@pytest.mark.usefixtures("served")
def test_a_file_of_a_kit_is_uploaded_checked_and_taken_up_by_its_id(store: PilotStore, folder: Path) -> None:
    answer = sent("logo", GOOD.encode())
    assert answer.status == 201
    path = uploads.taken_up_brand_file(store, json.loads(answer.body)["upload"])
    assert path
    assert path.read_text(encoding="utf-8") == GOOD
    assert sent("picture", (folder / "team.jpg").read_bytes()).status == 201
    for kind, body in (
        ("logo", BAD["a script"][0].encode()),
        ("picture", GOOD.encode()),
        ("font", GOOD.encode()),
        ("picture", b""),
    ):
        answer = sent(kind, body)
        assert answer.status == 422, kind
        assert json.loads(answer.body)["problem"].endswith(".")
    assert sent("shoe", b"x").status == 404
    assert sent("logo", b"x" * 10_000_001).status == 413
    assert len(list((store.root / uploads.FOLDER).iterdir())) == 2
    with pytest.raises(InvalidRequest, match="not there any more"):
        uploads.taken_up_brand_file(store, "upload_0000000000000000")
    with pytest.raises(InvalidRequest, match="not there any more"):
        uploads.taken_up_brand_file(store, "../../etc/passwd")


def test_the_command_refuses_a_kit_before_anything_is_written(
    tmp_path: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "logo.svg").write_text(BAD["a script"][0], encoding="utf-8")
    store = tmp_path / "store"
    told = ["--store", str(store), "--founder", "A", "--company", "B", "--scenario", "problem_solution"]
    assert main([*told, "--brand-kit", str(folder)]) == 2
    assert capsys.readouterr().err.startswith("logo.svg: The SVG holds <script>")
    assert not store.exists()
    assert main(["--list", "--brand-kit", str(folder)]) == 2
    assert "--brand-kit does not go with --list" in capsys.readouterr().err
