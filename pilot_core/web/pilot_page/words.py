"""What happened to a pilot, in plain words. Plain text: whoever draws it escapes it."""

from datetime import datetime, timedelta

from pilot_core import catalog
from pilot_core.documents.facts import BRIEF_LABELS
from pilot_core.formatting import count, moment, percent, seconds
from pilot_core.insight.recommend import TOO_EARLY
from pilot_core.models import Event, FeedbackLevel, FeedbackMode

LEVEL_WORDS = {
    FeedbackLevel.APPROVE: "Approve",
    FeedbackLevel.MINOR_CHANGES: "Minor changes",
    FeedbackLevel.MAJOR_CHANGES: "Major changes",
}


def who(actor: str) -> str:
    """The name an event's actor goes by: "The storyboard pipeline" for "pipeline:storyboard"."""
    if actor == "pipeline":
        return "The server"
    return f"The {actor.removeprefix('pipeline:')} pipeline" if actor.startswith("pipeline:") else actor


def did(event: Event) -> str:
    """What the actor did, to follow the name: "logged major changes on attempt 1, said by Alice Chen"."""
    told = event.detail
    attempt = f"attempt {told.get('attempt_number')}"
    reason = f": {told['reason']}" if told.get("reason") else ""
    match event.kind:
        case "created":
            scenario, brand = (catalog.label(kind, str(told.get(kind) or "")) for kind in ("scenario", "brand"))
            return f"created the pilot ({', '.join(filter(None, (scenario, brand)))})"
        case "imported":
            return f"took the pilot in from {told.get('file') or 'a state file'}"
        case "attempt_added":
            return f"started {attempt}" if told.get("pipeline") else f"added {attempt}"
        case "attempt_retried":
            return f"retried {attempt}"
        case "render_started":
            return f"began to make {attempt}"
        case "cut_ready":
            took = told.get("time_to_first_cut_seconds")
            after = f", its first cut after {seconds(took)}" if took is not None else ""
            kept = told.get("sla_passed")
            verdict = "" if kept is None else "; the SLA is kept" if kept else "; the SLA is missed"
            return f"made {attempt}{after}{verdict}"
        case "render_given_back":
            return f"gave {attempt} back to the queue, since its worker died"
        case "render_failed":
            return f"could not make {attempt}{reason}"
        case "feedback_received":
            return _feedback(event, attempt)
        case "approved":
            return f"completed the pilot with the approval of {attempt}, by {told.get('by') or 'someone unnamed'}"
        case "paused":
            return f"paused the pilot{reason}"
        case "resumed":
            return "resumed the pilot"
        case "dropped":
            return f"dropped the pilot{', for a reason that is not ours' if told.get('external') else ''}{reason}"
        case "limit_raised":
            return f"raised the limit from {told.get('before')} to {told.get('after')} attempts{reason}"
        case "brief_edited":
            fields = [BRIEF_LABELS.get(field, str(field)) for field in told.get("fields") or []]
            return f"corrected the brief: {', '.join(fields)}"
        case "review_decision":
            return f"decided on {attempt} in the review room"
        case "decision_undone":
            level = str(told.get("level") or "decision").replace("_", " ").replace("approve", "approval")
            return f"took back the {level} on {attempt}"
        case "link_made":
            return f"made a review link for {told.get('reviewer')}, good until {told.get('until')}"
        case "link_revoked":
            return f"revoked the review link of {told.get('reviewer')}"
        case "link_opened":
            return "opened the review link"
        case "film_opened":
            return f"opened the film of {attempt}"
        case "film_watched":
            return f"watched {percent(told.get('fraction'))} of the film of {attempt}"
        case "passphrase_wrong":
            return "typed a wrong passphrase"
        case "reviewer_renamed":
            return f"gave their name as {told.get('after')}, before {told.get('before')}"
        case "comment_added" | "comment_answered" | "comment_edited" | "comment_deleted":
            return f"{COMMENT_WORDS[event.kind]} {attempt}"
        case "comment_addressed" | "comment_not_addressed":
            verdict = "addressed" if event.kind == "comment_addressed" else "not addressed"
            return f"judged a comment on {attempt} as {verdict} in attempt {told.get('in_attempt')}"
        case "person_erased":
            return f"erased a person’s data from this pilot{_of_reviews(told.get('reviews'))}"
        case "recommendation_overridden" | "override_undone":
            chosen = told.get("verdict")
            if event.kind == "override_undone":
                return f"took back the override with {chosen}{reason}"
            return f"overrode the recommendation {told.get('computed') or TOO_EARLY} with {chosen}{reason}"
        case "flag_accepted" | "flag_dismissed" | "flag_decision_undone":
            return _suggestion(event, attempt)
        case "report_filed":
            return _filed(event)
    return event.kind.replace("_", " ")


COMMENT_WORDS = {
    "comment_added": "commented on",
    "comment_answered": "answered a comment on",
    "comment_edited": "changed a comment on",
    "comment_deleted": "deleted a comment on",
}


def _suggestion(event: Event, attempt: str) -> str:
    told = event.detail
    flag = f"“{catalog.label('flag', str(told.get('flag')))}”"
    if event.kind == "flag_decision_undone":
        return f"took back {'the accepted flag' if told.get('accepted') else 'the dismissal of'} {flag} on {attempt}"
    words = f", suggested by “{told['quote']}”" if told.get("quote") else ""
    return f"{event.kind.removeprefix('flag_')} the flag {flag} on {attempt}{words}"


def _filed(event: Event) -> str:
    told = event.detail
    verdict, rules = told.get("recommendation") or TOO_EARLY, told.get("rules_version")
    then = datetime.fromisoformat(str(told["as_of"])) if told.get("as_of") else event.at
    past = f" as of {moment(then)}" if event.at - then >= timedelta(minutes=1) else ""
    return f"filed an outcome report{past}: {verdict}, by rules {rules}"


def _of_reviews(number: object) -> str:
    return f", with the words of {count(number, 'review')}" if isinstance(number, int) and number else ""


def _feedback(event: Event, attempt: str) -> str:
    told = event.detail
    level = str(told.get("level") or "feedback").replace("_", " ").replace("approve", "an approval")
    simulated = "simulated feedback, " if told.get("mode") == FeedbackMode.SIMULATED else ""
    by = told.get("by")
    said = f", said by {by}" if by and by != event.actor else ""
    return f"logged {simulated}{level} on {attempt}{said}"
