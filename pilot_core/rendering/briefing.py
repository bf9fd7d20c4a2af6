"""Build the brief that a pipeline gets for one draft: the pilot's brief and all human feedback so far."""

from contextlib import suppress
from pathlib import Path, PurePosixPath

from pilot_core import catalog
from pilot_core.documents.names import DRAFT_STORYBOARD
from pilot_core.domain.attempt import AttemptState, OpenRequests, PilotRunAttempt, SlaCheck
from pilot_core.domain.feedback import FeedbackMode
from pilot_core.domain.pilot import PilotRun
from pilot_core.errors import StoreError
from pilot_core.store.files.layout import belongs
from pilot_core.store.pilots import PilotStore
from pilot_core.video.contract import CutBrief, KitFiles, KitPicture, PreviousCut, Review
from pilot_core.video.storyboard.palette import kit_palette
from pilot_core.video.storyboard.pictures import colours_of


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


def with_files(
    store: PilotStore, pilot: PilotRun, brief: CutBrief, *, fetch: bool = True, previous_video: bool = True
) -> CutBrief:
    """Return the brief with the files of the brand kit and of the previous video, as paths on this server.

    The kit's colours, or else those of its logo, replace the preset's. Without ``fetch`` files that lie only in a
    bucket are left out. Raises StoreError if one of the kit cannot be fetched; the previous video is then left out.
    """

    def local(path: str) -> Path | None:
        # A path of an imported pilot may name another pilot's files; what those are is no business of this one.
        if not path or not belongs(path, pilot.pilot_id):
            return None
        found = store.media.local_path(path, of=pilot.pilot_id) if fetch else store.path_in(pilot.pilot_id, path)
        return found if found.exists() else None

    given = pilot.brief.brand_kit
    pictures = [
        KitPicture(name=picture.name, path=path, area=picture.area)
        for picture in given.pictures
        if (path := local(picture.path))
    ]
    kit = KitFiles(logo=local(given.logo), font=local(given.font), typeface=given.typeface, pictures=tuple(pictures))
    brand = dict(brief.brand)
    if palette := kit_palette(given.colours, colours_of(kit.logo) if kit.logo else ()):
        brand |= {"palette": palette, "kit_colours": True}
    previous = brief.previous
    if previous and previous_video:
        video = None
        draft = pilot.attempt(previous.attempt_number).final_draft
        with suppress(StoreError):  # it only saves drawing anew
            plan = PurePosixPath(draft.video_path).with_suffix(DRAFT_STORYBOARD) if draft else None
            video = local(draft.video_path) if draft and plan and local(plan.as_posix()) else None
        previous = previous.model_copy(update={"video_path": video})
    return brief.model_copy(update={"kit": kit, "brand": brand, "previous": previous})


def _preset_of(pilot: PilotRun) -> dict[str, object]:
    return catalog.brands().get(pilot.brand_preset, catalog.default_brand()).context()
