"""The hours that people spent are logged with feedback, kept, added up for a programme, and never guessed."""

import csv
import io

import pytest

from pilot_core import PilotStore
from pilot_core.cli import main
from pilot_core.documents.programme import generate_programme_report
from pilot_core.errors import InvalidRequest
from pilot_core.insight.cohort import Cohort
from pilot_core.services import pilots
from pilot_core.store.queries.people_hours import PeopleHours, people_hours
from tests.reviewing import LEAD, next_attempt, pilot_in_review


def test_hours_are_kept_with_their_feedback_and_added_up(store: PilotStore, tmp_path) -> None:
    first, second = pilot_in_review(store), pilot_in_review(store)
    assert people_hours(store.database, Cohort(), store.clock()) == PeopleHours(None, 0, 0)
    assert "hours" not in generate_programme_report(store).markdown
    pilots.record_feedback(store, first.pilot_id, 1, "No.", "major_changes", people_hours=2.5, actor=LEAD)
    next_attempt(store, first.pilot_id)
    pilots.record_feedback(store, first.pilot_id, 2, "Yes.", "approve", people_hours=0, actor=LEAD)
    pilots.record_feedback(store, second.pilot_id, 1, "Nearly.", "minor_changes", actor=LEAD)
    pilots.record_feedback(
        store, second.pilot_id, 1, "Hm.", "minor_changes", mode="simulated", people_hours=9, actor=LEAD
    )
    found = people_hours(store.database, Cohort(), store.clock())
    assert found == PeopleHours(2.5, 2, 3)
    assert f"| People’s hours | {found.sentence} |" in generate_programme_report(store).markdown
    assert found.sentence == "2.5 h, given with 2 of 3 pieces of feedback"

    copy = PilotStore(tmp_path / "copy")
    copy.import_state(store.root)
    assert [given.people_hours for given in copy.load(first.pilot_id).attempt(1).feedback] == [2.5]


@pytest.mark.parametrize("hours", [-0.5, 1000.5, float("nan")])
def test_hours_that_nobody_can_have_spent_are_refused(store: PilotStore, hours: float) -> None:
    pilot = pilot_in_review(store)
    with pytest.raises(InvalidRequest, match="from 0 to 1,000") as refused:
        pilots.record_feedback(store, pilot.pilot_id, 1, "", "approve", people_hours=hours, actor=LEAD)
    assert refused.value.field == "hours"
    assert not store.load(pilot.pilot_id).attempt(1).feedback


def test_the_command_line_takes_them(store: PilotStore, capsys: pytest.CaptureFixture[str]) -> None:
    pilot = pilot_in_review(store)
    asked = ["--store", str(store.root), "--record-feedback", pilot.pilot_id, "--attempt", "1"]
    assert main([*asked, "--level", "minor_changes", "--people-hours", "1.5"]) == 0
    assert store.load(pilot.pilot_id).attempt(1).feedback[0].people_hours == 1.5
    assert main(["--store", str(store.root), "--export", str(store.root / "out")]) == 0
    rows = csv.DictReader(io.StringIO((store.root / "out" / "feedback.csv").read_text("utf-8-sig")))
    assert [row["people_hours"] for row in rows] == ["1.5"]
