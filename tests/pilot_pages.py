"""A pilot's page run by AppTest on a real store, and pilots in every state that it can show."""

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pilot_core import PilotStore
from pilot_core.domain.actors import at_command_line, program
from pilot_core.domain.attempt import AttemptState, Draft, SentHow, Shot, SlaCheck
from pilot_core.domain.pilot import PilotRun
from pilot_core.domain.roles import Role
from pilot_core.rendering import failure
from pilot_core.services import pilots
from pilot_core.services.acts import Act
from pilot_core.settings import ROOT
from pilot_core.store.tables import renders
from pilot_core.web.access import page_guard, who
from tests.films import make_film
from tests.served import serve

ENTRY = ROOT / "pilot_core" / "web" / "server" / "entry.py"
PAGE = "../../../pages/pilot.py"
LEAD = at_command_line("Mara Lindqvist")
OTHER = at_command_line("Theo Grant")


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a video of one second."""
    return make_film(tmp_path_factory.mktemp("films") / "film.mp4", seconds=1.0)


@pytest.fixture
def web_store(store: PilotStore, monkeypatch: pytest.MonkeyPatch) -> PilotStore:
    """Return the store that the pages use."""
    pages_store = PilotStore(store.root)
    page_guard.guard(pages_store)
    serve(monkeypatch, pages_store)
    # Renders in these tests finish at once.
    monkeypatch.setenv("PILOT_OPS_COMMAND", "/bin/false")
    return store


@pytest.fixture
def as_lead(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every visitor Mara, a lead. AppTest sends no headers that would identify a visitor."""
    monkeypatch.setattr(page_guard, "visitor", lambda: who.Visitor(LEAD, Role.LEAD))


@pytest.fixture
def open_page(web_store: PilotStore, as_lead: None) -> Callable[..., AppTest]:
    """Return a function that opens a pilot's page in a new browser session: ``open_page(pilot_id)``.

    It runs the page alone. If the page leads to another one, use ``whole=True``, which runs the entry script too.
    """

    def open_(pilot_id: str | None = None, *, whole: bool = False) -> AppTest:
        at = AppTest.from_file(str(ENTRY if whole else ROOT / "pages" / "pilot.py"), default_timeout=30)
        if whole:
            at.run()
            at.switch_page(PAGE)
        if pilot_id is not None:
            at.query_params["pilot"] = pilot_id
        return at.run()

    return open_


class Cast:
    """Make pilots with a history through the real services."""

    def __init__(self, store: PilotStore, film: Path, new_pilot: Callable[..., PilotRun]):
        self.store, self.film, self.new_pilot = store, film, new_pilot

    def new(self, **fields: object) -> str:
        """Start a pilot without attempts. Returns its id."""
        pilot = pilots.start_pilot(self.store, self.new_pilot(**fields), OTHER)
        return pilot.pilot_id

    def attempt(self, pilot_id: str, drafts: int = 1, *, sent: bool = True) -> int:
        """Add a ready attempt with that many drafts and some of its measurements, sent by mail. Returns its number."""
        pilot = self.store.load(pilot_id)
        number = len(pilot.runs) + 1
        folder = f"{pilot_id}/attempt_{number}_20260302_090000"
        paths = [f"{folder}/draft_v{n}.mp4" for n in range(1, drafts + 1)]
        for path in paths:
            (self.store.root / path).parent.mkdir(parents=True, exist_ok=True)
            (self.store.root / path).hardlink_to(self.film)

        def add_attempt(pilot: PilotRun) -> None:
            attempt = pilot.add_attempt(paths[-1], None, 12.0, drafts, 0.26, True, at=self.store.clock())
            attempt.folder = folder
            attempt.drafts = [_draft(n, path) for n, path in enumerate(paths, 1)]
            if sent:
                pilot.mark_sent(number, "", SentHow.MAIL, self.store.clock())

        self.store.change(pilot_id, add_attempt, "pipeline:storyboard")
        return number

    def queued(self, pilot_id: str) -> int:
        """Add a queued attempt. Returns its number."""
        return pilots.queue_attempt(self.store, pilot_id, "storyboard", Act(OTHER))[1].attempt_number

    def rendering(self, pilot_id: str) -> int:
        """Add an attempt that this process is rendering. Returns its number."""
        number = self.queued(pilot_id)
        attempt_id = self.store.load(pilot_id).attempt(number).attempt_id
        now, transaction = self.store.clock(), self.store.database.transaction
        held = transaction(lambda c: renders.claim(c, attempt_id, pilot_id, now))
        assert held
        transaction(lambda c: renders.beat(c, held, now, 0.4, "Drawing shot 3 of 7: turn"))

        def set_rendering(pilot: PilotRun) -> None:
            pilot.attempt(number).state = AttemptState.RENDERING
            pilot.log("render_started", self.store.clock(), attempt_number=number)

        self.store.change(pilot_id, set_rendering, "pipeline:storyboard")
        return number

    def failed(self, pilot_id: str, reason: str = "The render stopped because its process ended. Retry it.") -> int:
        """Add a failed attempt. Returns its number."""
        number = self.queued(pilot_id)
        failure.fail_attempt(self.store, pilot_id, number, reason, program("pipeline:storyboard"))
        return number

    def review(self, pilot_id: str, number: int, level: str, notes: str = "", flags: tuple[str, ...] = ()) -> None:
        """Log feedback by another lead."""
        pilots.record_feedback(self.store, pilot_id, number, notes, level, flags, actor=OTHER)


@pytest.fixture
def cast(web_store: PilotStore, film: Path, new_pilot: Callable[..., PilotRun]) -> Cast:
    return Cast(web_store, film, new_pilot)


def shown(at: AppTest) -> str:
    """Return every text of the page as Markdown source."""
    kinds = ("title", "header", "subheader", "markdown", "caption", "text", "code", "error", "warning", "info")
    return "\n".join(str(element.value) for kind in kinds for element in at.get(kind))


def page_text(at: AppTest) -> str:
    """Return every text of the page as people read it, without Markdown's backslashes and word joiners."""
    return shown(at).replace("\\", "").replace("\u2060", "")


def labels(at: AppTest) -> list[str]:
    """Return the labels of the buttons."""
    return [button.label for button in at.button]


def button(at: AppTest, label: str) -> AppTest:
    """Click the button with that label and run the page."""
    found = [button for button in at.button if button.label == label]
    assert found, f"no button “{label}” among {labels(at)}"
    return found[0].click().run()


def field(at: AppTest, kind: str, label: str) -> object:
    """Return the input of that kind with that label."""
    found = [element for element in at.get(kind) if element.label == label]
    assert found, f"no {kind} “{label}” among {[element.label for element in at.get(kind)]}"
    return found[0]


def _draft(iteration: int, path: str) -> Draft:
    missed = SlaCheck(
        code="length",
        label="Length",
        measured="1 s",
        limit="30 to 60 s",
        passed=False,
        sentence="The video is 1 s long; feature launch videos are 30 to 60 s.",
    )
    kept = SlaCheck(code="faststart", label="Starts while loading", measured="yes", limit="yes", passed=True)
    unknown = SlaCheck(code="cost", label="Cost", measured="not measured", limit="at most $10.00", passed=None)
    return Draft(
        iteration=iteration,
        video_path=path,
        duration=1.0,
        frame_rate="30",
        shots=[Shot(beat="hook", start=0, end=1, text="Find *any* decision")],
        changes=[f"Shortened in draft {iteration}."],
        checks=[missed, kept, unknown],
    )
