"""Build the brief that a pipeline gets for one draft: the pilot's brief and all human feedback so far."""

from pilot_core import catalog
from pilot_core.domain.attempt import AttemptState, OpenRequests, PilotRunAttempt, SlaCheck
from pilot_core.domain.feedback import FeedbackMode
from pilot_core.domain.pilot import PilotRun
from pilot_core.video.contract import CutBrief, PreviousCut, Review


def brief_for(
    pilot: PilotRun,
    attempt: PilotRunAttempt,
    asked: OpenRequests,
    iteration: int = 1,
    missed: list[SlaCheck] | None = None,
) -> CutBrief:
    """Build the brief for one draft of an attempt.

    ``asked`` is what is open of earlier attempts; ``missed`` the SLA misses of the draft before this one.
    """
    scenario = catalog.scenario(pilot.scenario_type)
    intent = catalog.intents()[scenario.intent]
    earlier = sorted(
        (a for a in pilot.runs if a.attempt_number < attempt.attempt_number), key=lambda a: a.attempt_number
    )
    seen = [a for a in earlier if a.state is AttemptState.READY and a.video_path]
    previous = None
    if seen and (draft := seen[-1].final_draft):
        previous = PreviousCut(
            attempt_number=seen[-1].attempt_number,
            iteration=draft.iteration,
            duration=draft.duration,
            shots=draft.shots,
        )
    return CutBrief(
        pilot_id=pilot.pilot_id,
        founder_name=pilot.founder_name,
        company_name=pilot.company_name,
        scenario=scenario,
        # An imported pilot may lack parts of the preset; the catalogue fills them.
        brand={**_preset_of(pilot), **pilot.brand_context},
        playbook_version=pilot.playbook_version,
        brief=pilot.brief,
        attempt_number=attempt.attempt_number,
        iteration=iteration,
        width=intent.width,
        height=intent.height,
        reviews=[
            Review(
                attempt_number=a.attempt_number,
                feedback=given,
                still_raised=asked.still_raised.get(a.attempt_number, []),
                attachment=asked.attached.get(given.feedback_id),
            )
            for a in earlier
            if (given := a.standing(FeedbackMode.HUMAN))
        ],
        comments=list(asked.comments),
        unmet=list(asked.unmet),
        missed_checks=missed or [],
        previous=previous,
    )


def _preset_of(pilot: PilotRun) -> dict[str, object]:
    return catalog.brands().get(pilot.brand_preset, catalog.default_brand()).context()
