"""Reports, exports and judgement in a real browser: what is downloaded agrees with what was on screen."""

import io
import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from pilot_core import PilotStore
from pilot_core.domain.actors import at_command_line
from pilot_core.services import pilots
from pilot_core.store.queries.judgements import standing_overrides
from pilot_core.web.pages.reports.exports import WORDS

pytestmark = pytest.mark.browser

Visit = Callable[[str], Page]
ROWS = re.compile(rf"^({'|'.join(title for title, _ in WORDS.values())}) · ([\d,]+) rows?")


@pytest.fixture(scope="module")
def store(store_folder: Path) -> PilotStore:
    """The server's store, opened from here too, with three reviewed pilots of two scenarios."""
    store = PilotStore(store_folder)
    for company, scenario, level in (
        ("Harvestline", "problem_solution", "major_changes"),
        ("Brisa Health", "problem_solution", "approve"),
        ("Northwind", "feature_launch", "minor_changes"),
    ):
        pilot = pilots.create_pilot("Alice Chen", company, scenario, "acme")
        store.save(pilot, "Mara Lindqvist")
        store.change(pilot.pilot_id, lambda p: p.add_attempt("film.mp4", None, 40.0, 1, 0.25, True))
        pilots.record_feedback(
            store, pilot.pilot_id, 1, "The hook is weak.", level, ["too_long"], actor=at_command_line("Mara")
        )
    return store


def id_of(store: PilotStore, company: str) -> str:
    return next(pilot.pilot_id for pilot in store.load_all() if pilot.company_name == company)


def download(page: Page, label: str) -> tuple[str, bytes]:
    """What the link of that label saves: the file's name and its content."""
    address = page.get_by_role("link", name=label, exact=True).first.get_attribute("href")
    answer = page.request.get(address)
    assert answer.ok, address
    return answer.headers["content-disposition"], answer.body()


def test_the_zip_agrees_with_what_was_on_screen(store: PilotStore, visit: Visit) -> None:
    page = visit("/reports?part=Exports")
    expect(page.get_by_text("Pilots · 3 rows")).to_be_visible(timeout=30_000)
    page.get_by_role("combobox", name="Scenario").click()
    page.get_by_role("option", name="Problem and solution").click()
    page.keyboard.press("Escape")
    expect(page.get_by_text("Pilots · 2 rows")).to_be_visible()
    expect(page).to_have_url(re.compile(r"part=Exports.*scenarios=Problem"))
    expect(page.locator("p").filter(has_text=ROWS)).to_have_count(len(WORDS))
    shown = [ROWS.match(text) for text in page.locator("p").all_inner_texts()]
    counts = [int(match[2].replace(",", "")) for match in shown if match]

    name, body = download(page, "Download all, one zip")
    assert "pilot_ops_tables.zip" in name
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        assert archive.testzip() is None
        manifest = json.loads(archive.read("manifest.json"))
        assert "data_dictionary.csv" in archive.namelist()
        in_the_files = [
            len(pd.read_csv(io.BytesIO(archive.read(f"{table}.csv")), encoding="utf-8-sig"))
            for table in manifest["row_counts"]
        ]
    assert list(manifest["row_counts"].values()) == in_the_files == counts
    assert manifest["filters"]["scenario"] == ["problem_solution"]

    name, body = download(page, "Parquet")
    assert "pilots.parquet" in name
    assert sorted(pd.read_parquet(io.BytesIO(body))["company_name"]) == ["Brisa Health", "Harvestline"]


def test_a_lead_overrides_files_a_report_and_takes_the_override_back(store: PilotStore, visit: Visit) -> None:
    pilot_id = id_of(store, "Harvestline")
    page = visit(f"/pilot?pilot={pilot_id}")
    page.get_by_role("tab", name="Outcome report").click()
    expect(page.get_by_role("heading", name="Recommendation: NO VERDICT YET")).to_be_visible(timeout=30_000)
    page.get_by_role("radio", name="■ STOP").click()
    page.get_by_role("textbox", name="Why", exact=True).fill("They sold the product.")
    page.get_by_role("button", name="Override the recommendation").click()
    expect(page.get_by_text("They sold the product.")).to_be_visible()
    expect(page.get_by_text(re.compile(r"■ STOP · ")).filter(visible=True)).to_have_count(3)  # head, report, override
    expect(page.get_by_text("○ NO VERDICT YET").first).to_be_visible()
    assert standing_overrides(store.database, [pilot_id])[pilot_id].reason == "They sold the product."

    page.get_by_role("button", name="File this report").click()
    expect(page.get_by_text(re.compile(r"filed just now by"))).to_be_visible()
    printed = page.context.new_page()
    printed.goto(page.get_by_role("link", name="Open", exact=True).get_attribute("href"))
    expect(printed.get_by_role("heading", name="Recommendation: NO VERDICT YET")).to_be_visible()
    expect(printed.get_by_text(re.compile("overrides this: STOP."))).to_be_visible()
    printed.close()

    page.get_by_role("textbox", name="Why it no longer holds").fill("They bought it back.")
    page.get_by_role("button", name="Take the override back").click()
    expect(page.get_by_text(re.compile("Taken back just now by .*: They bought it back."))).to_be_visible()
    assert standing_overrides(store.database, [pilot_id]) == {}

    page = visit("/reports?find=harvest")
    expect(page.get_by_text("1 pilot with 1 filed report")).to_be_visible(timeout=30_000)
    # As it stood when it was filed.
    expect(page.get_by_text(re.compile(r"■ STOP · ")).filter(visible=True)).to_have_count(1)


def test_a_suggested_flag_is_accepted_beside_the_words_and_taken_back(store: PilotStore, visit: Visit) -> None:
    pilot_id = id_of(store, "Northwind")
    page = visit(f"/pilot?pilot={pilot_id}")
    page.get_by_role("tab", name="Feedback and comments").click()
    expect(page.get_by_text("“hook is weak” suggests Hook is weak")).to_be_visible(timeout=30_000)
    page.get_by_role("button", name="Accept").click()
    expect(page.get_by_text(re.compile("suggested by “hook is weak”: accepted by"))).to_be_visible()
    assert store.load(pilot_id).runs[0].feedback[0].flags == ["too_long", "hook_weak"]
    page.get_by_role("button", name="Take back").click()
    expect(page.get_by_role("button", name="Accept")).to_be_visible()
    assert store.load(pilot_id).runs[0].feedback[0].flags == ["too_long"]
