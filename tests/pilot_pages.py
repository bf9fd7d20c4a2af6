"""One pilot's page run by AppTest over a real store, and pilots in every state it can show."""

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pilot_core import rendering, services
from pilot_core.models import AttemptState, Draft, PilotRun, Shot, SlaCheck
from pilot_core.settings import ROOT
from pilot_core.store import renders
from pilot_core.store.pilots import PilotStore
from pilot_core.web import access, stores
from tests.films import make_film

ENTRY = ROOT / "pilot_core" / "web" / "entry.py"
PAGE = "../../pages/pilot.py"
LEAD = "Mara Lindqvist"
OTHER = "Theo Grant"


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film of one second."""
    return make_film(tmp_path_factory.mktemp("films") / "film.mp4", seconds=1.0)


@pytest.fixture
def web_store(store: PilotStore, monkeypatch: pytest.MonkeyPatch) -> PilotStore:
    """The store that the pages work on."""
    monkeypatch.setenv("PILOT_OPS_STORE", str(store.root))
    # Renders of these tests are over at once, and say so.
    monkeypatch.setenv("PILOT_OPS_COMMAND", "/bin/false")
    stores.store.cache_clear()
    return store


@pytest.fixture
def as_lead(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever looks at a page is Mara, a lead; AppTest sends no headers to know anyone by."""
    monkeypatch.setattr(access, "visitor", lambda: access.Visitor(LEAD, access.Role.LEAD))


@pytest.fixture
def open_page(web_store: PilotStore, as_lead: None) -> Callable[..., AppTest]:
    """Opens a pilot's page, as a browser session of its own: ``open_page(pilot_id)``.

    It runs the page alone; one that leads elsewhere takes ``whole=True``, the entry script around it.
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
    """Makes pilots with a history, through the real verbs."""

    def __init__(self, store: PilotStore, film: Path, new_pilot: Callable[..., PilotRun]):
        self.store, self.film, self.new_pilot = store, film, new_pilot

    def new(self, **fields: object) -> str:
        """A started pilot without an attempt; returns its id."""
        pilot = services.start_pilot(self.store, self.new_pilot(**fields), OTHER)
        return pilot.pilot_id

    def attempt(self, pilot_id: str, drafts: int = 1) -> int:
        """A ready attempt with a film of that many drafts, measured in part; returns its number."""
        pilot = self.store.load(pilot_id)
        number = len(pilot.runs) + 1
        folder = f"{pilot_id}/attempt_{number}_20260302_090000"
        paths = [f"{folder}/draft_v{n}.mp4" for n in range(1, drafts + 1)]
        for path in paths:
            (self.store.root / path).parent.mkdir(parents=True, exist_ok=True)
            (self.store.root / path).hardlink_to(self.film)

        def work(pilot: PilotRun) -> None:
            attempt = pilot.add_attempt(paths[-1], None, 12.0, drafts, 0.26, True, at=self.store.clock())
            attempt.folder = folder
            attempt.drafts = [_draft(n, path) for n, path in enumerate(paths, 1)]

        self.store.change(pilot_id, work, "pipeline:storyboard")
        return number

    def queued(self, pilot_id: str) -> int:
        """An attempt that waits to be made; returns its number."""
        return services.queue_attempt(self.store, pilot_id, "storyboard", OTHER)[1].attempt_number

    def rendering(self, pilot_id: str) -> int:
        """An attempt being made by this process; returns its number."""
        number = self.queued(pilot_id)
        attempt_id = self.store.load(pilot_id).attempt(number).attempt_id
        assert renders.claim(self.store.database, attempt_id, pilot_id, self.store.clock())
        renders.beat(self.store.database, attempt_id, self.store.clock(), 0.4, "Drawing shot 3 of 7: turn")

        def work(pilot: PilotRun) -> None:
            pilot.attempt(number).state = AttemptState.RENDERING
            pilot.log("render_started", self.store.clock(), attempt_number=number)

        self.store.change(pilot_id, work, "pipeline:storyboard")
        return number

    def failed(self, pilot_id: str, reason: str = "The render stopped because its process ended. Retry it.") -> int:
        """An attempt that failed; returns its number."""
        number = self.queued(pilot_id)
        rendering.fail_attempt(self.store, pilot_id, number, reason, "pipeline:storyboard")
        return number

    def said(self, pilot_id: str, number: int, level: str, notes: str = "", flags: tuple[str, ...] = ()) -> None:
        """Feedback logged by the other lead."""
        services.record_feedback(self.store, pilot_id, number, notes, level, flags, actor=OTHER)


@pytest.fixture
def cast(web_store: PilotStore, film: Path, new_pilot: Callable[..., PilotRun]) -> Cast:
    return Cast(web_store, film, new_pilot)


def shown(at: AppTest) -> str:
    """Every text of the page, as Markdown gave it."""
    kinds = ("title", "header", "subheader", "markdown", "caption", "text", "code", "error", "warning", "info")
    return "\n".join(str(element.value) for kind in kinds for element in at.get(kind))


def labels(at: AppTest) -> list[str]:
    """What the buttons say."""
    return [button.label for button in at.button]


def button(at: AppTest, label: str) -> AppTest:
    """Click the button of that label and run the page."""
    found = [button for button in at.button if button.label == label]
    assert found, f"no button “{label}” among {labels(at)}"
    return found[0].click().run()


def field(at: AppTest, kind: str, label: str) -> object:
    """The input of that kind and label."""
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
        sentence="The film is 1 s long; feature launch films are 30 to 60 s.",
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
