"""Pilots in review: with ready attempts, stored videos and open links."""

from pilot_core import PilotStore
from pilot_core.domain.actors import Actor, at_command_line
from pilot_core.domain.attempt import AttemptState, Draft
from pilot_core.domain.pilot import PilotRun
from pilot_core.domain.reviews import Grant, TeamMember
from pilot_core.review.links import make_link, open_link
from pilot_core.services.pilots import create_pilot

LEAD = at_command_line("Lea Lead")


def pilot_in_review(store: PilotStore, *, attempts: int = 1, rate: str = "25", seconds: float = 20.0) -> PilotRun:
    """Save a pilot with that many ready attempts, with videos of that length in seconds and that frame rate."""
    pilot = create_pilot("Alice Chen", "AcmeAI", "feature_launch", "acme", now=store.clock())
    store.save(pilot, LEAD)
    for _ in range(attempts):
        pilot = next_attempt(store, pilot.pilot_id, rate=rate, seconds=seconds)
    return pilot


def next_attempt(store: PilotStore, pilot_id: str, *, rate: str = "25", seconds: float = 20.0) -> PilotRun:
    """Return the pilot with one more ready attempt. A queued attempt is made ready instead."""

    def work(pilot: PilotRun) -> None:
        queued = [a for a in pilot.runs if a.state is AttemptState.QUEUED]
        attempt = queued[0] if queued else pilot.add_attempt(pipeline="storyboard", at=store.clock())
        film = f"{pilot.pilot_id}/attempt_{attempt.attempt_number}/draft_v1.mp4"
        store.path_of(film).parent.mkdir(parents=True, exist_ok=True)
        store.path_of(film).write_bytes(f"the film of attempt {attempt.attempt_number}".encode())
        attempt.state, attempt.video_path, attempt.ready_at = AttemptState.READY, film, store.clock()
        attempt.drafts = [Draft(iteration=1, conformed=True, video_path=film, duration=seconds, frame_rate=rate)]

    return store.change(pilot_id, work, "pipeline")[0]


def queued_attempt(store: PilotStore, pilot_id: str) -> PilotRun:
    """Return the pilot with one more queued attempt."""
    pilot = store.change(pilot_id, lambda p: p.add_attempt(pipeline="storyboard", at=store.clock()), LEAD)[0]
    assert pilot.runs[-1].state is AttemptState.QUEUED
    return pilot


def reviewer(store: PilotStore, pilot: PilotRun, name: str = "Dana Cruz") -> Grant:
    """Open a new link of the pilot and return the reviewer's grant."""
    _, token = make_link(store, pilot.pilot_id, name, actor=LEAD)
    return open_link(store, token)[0]


def team(pilot: PilotRun, name: Actor = LEAD) -> TeamMember:
    """Return a team member who works on the pilot."""
    return TeamMember(name, pilot.pilot_id)


def kinds(store: PilotStore, pilot_id: str) -> list[tuple[str, str]]:
    """Return the pilot's events as (kind, actor)."""
    return [(event.kind, event.actor) for event in store.events(pilot_id)]
