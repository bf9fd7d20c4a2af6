"""A lead's day, from a new pilot to its exported row: what the lead does in the dashboard, the founder on a phone."""

import csv
import io
import re
import sys
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from pilot_core import PilotStore
from pilot_core.domain.attempt import SentHow
from pilot_core.store.queries.judgements import filed_reports
from tests.browser.rooms import Room, soon
from tests.browser.team_pages import settled
from tests.films import make_film

pytestmark = pytest.mark.browser
expect.set_options(timeout=20_000)

# Hands over a film that is as long as the attempt's number asks for.
PROGRAM = """
import json, os, shutil, sys
from pathlib import Path

brief = json.loads(Path(os.environ["PILOT_OPS_BRIEF"]).read_text())
shutil.copy(Path(sys.argv[1]) / f"{min(2, brief['attempt_number'])}.mp4", "film.mp4")
Path(os.environ["PILOT_OPS_RESULT"]).write_text(json.dumps({"video_path": "film.mp4"}))
"""


@pytest.fixture(scope="module")
def server_settings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("films")
    (folder / "program.py").write_text(PROGRAM)
    make_film(folder / "1.mp4", seconds=4.0)
    make_film(folder / "2.mp4", seconds=2.0)
    command = f"{sys.executable} {folder / 'program.py'} {folder}"
    return {"PILOT_OPS_COMMAND": command}


def test_from_a_new_pilot_to_its_exported_row(open_page: Callable[..., Page], store: PilotStore) -> None:
    lead = open_page("/")
    expect(lead.get_by_text("No pilots yet").first).to_be_visible()
    lead.get_by_role("textbox", name="Your name").fill("Mara Lindqvist")
    lead.get_by_role("button", name="Save your name").click()
    expect(lead.get_by_role("textbox", name="Your name")).to_have_count(0)

    # New, made
    lead.get_by_role("link", name="New pilot").first.click()
    lead.get_by_label("Founder").fill("Alice Chen")
    lead.get_by_label("Company").fill("Brisa Health")
    lead.get_by_text("Command: the program").click()
    lead.get_by_label("Max drafts per attempt").fill("1")
    lead.get_by_role("button", name="Create pilot").click()
    expect(lead.get_by_text("Attempt 1 is ready")).to_be_visible(timeout=60_000)
    [pilot_id] = store.pilot_ids()
    lead.get_by_role("link", name="Open the pilot").click()

    # Sent
    path = send(lead, "Send to Alice")
    expect(lead.get_by_text("It has not been opened in the review room yet.")).to_be_visible()
    sent = store.load(pilot_id).attempt(1)
    assert (sent.sent_by, sent.sent_how) == ("Mara Lindqvist", SentHow.HAND)

    # Opened, changes asked for
    founder = open_page(path, phone=True)
    room = Room(founder).ready()
    lead.goto("/")
    expect(lead.get_by_text("Opened").or_(lead.get_by_text("Watched")).first).to_be_visible()
    room.button("Ask for changes").click()
    founder.get_by_label("Too long").check(force=True)
    founder.get_by_label("What would you change first?").fill("Half of it would do.")
    founder.get_by_role("button", name="Send: ask for changes").click()
    expect(founder.get_by_text("Thank you, Alice Chen.")).to_be_visible()

    # Next, with its checklist
    expect(lead.get_by_text("Alice Chen asked for minor changes on attempt 1")).to_be_visible()
    lead.get_by_role("button", name="Start attempt 2").click()
    expect(lead).to_have_url(re.compile("/pilot"))
    lead.get_by_role("button", name="Start attempt 2").click()
    expect(lead.get_by_role("heading", name="Checklist of attempt 2")).to_be_visible(timeout=60_000)
    expect(lead.get_by_text("Measured: length 4.0 s → 2.0 s")).to_be_visible()
    lead.get_by_role("button", name="Mark by hand").click()
    lead.get_by_role("textbox", name="What was done, or why it is not possible").fill("Cut to half.")
    lead.get_by_role("button", name="Mark as done").click()
    expect(lead.get_by_text("Done by hand, says Mara Lindqvist: Cut to half.")).to_be_visible()
    send(lead, "Send to Alice")

    # Confirmed and approved
    founder.get_by_role("link", name="Show version 2").click()
    Room(founder).ready().button("Approve").click()
    founder.get_by_role("button", name="Yes, approve as Alice Chen").click()
    expect(founder.get_by_text("The review is complete.")).to_be_visible()

    # Filed by itself
    lead.goto(f"/pilot?pilot={pilot_id}")
    expect(lead.get_by_text("PROCEED").first).to_be_visible()
    expect(lead.get_by_text("Alice Chen approved attempt 2.").first).to_be_visible()
    soon(lambda: bool(filed_reports(store.database, pilot_id)))
    lead.goto("/reports")
    expect(lead.get_by_text("Brisa Health").first).to_be_visible()
    expect(lead.get_by_role("button", name=re.compile("All reports"))).to_be_visible()

    # Exported
    lead.get_by_role("tab", name="Exports").click()
    settled(lead)
    with lead.expect_download() as download:
        lead.get_by_role("link", name="CSV").first.click()
    [row] = csv.DictReader(io.StringIO(download.value.path().read_text("utf-8-sig")))
    assert row["company_name"] == "Brisa Health"
    assert row["recommendation"] == "PROCEED"
    lead.goto("/")
    expect(lead.get_by_role("heading", level=1)).to_contain_text("0 open")


def send(lead: Page, name: str) -> str:
    """Send the newest attempt by hand; returns the path of the link in the message."""
    lead.get_by_role("button", name=re.compile(name)).first.click()
    dialog = lead.get_by_role("dialog")
    expect(dialog.get_by_text("it is an address of this computer only")).to_be_visible()
    dialog.get_by_text("Show it anyway, to try it here").click()
    words = dialog.get_by_test_id("stCode").locator("code").first
    expect(words).to_contain_text("/r/")
    path = re.search(r"http://localhost:\d+(/r/\S+)", words.inner_text())
    assert path
    dialog.get_by_role("button", name="Mark as sent").click()
    expect(dialog).to_have_count(0)
    return path[1]
