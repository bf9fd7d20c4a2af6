"""What is exported: each table's columns with type, unit and meaning, and the SQL that reads it from a cohort."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "integer", "number", "boolean", "time"]

SCHEMA_VERSION = "1"
"""Raise it when a column is renamed, removed or changes its meaning."""


@dataclass(frozen=True)
class Column:
    """One column. Times are ISO 8601 in UTC; an empty cell means that the value is not known or does not apply."""

    name: str
    kind: Kind
    meaning: str
    unit: str = ""


@dataclass(frozen=True)
class Table:
    """One table. ``taken`` reads it in a session on the cohort's tables (see ``store.cohorts``), as it comes;
    ``shaped``, run later on that copy, is a SELECT that brings the columns; ``order`` makes the order of rows stable.
    """

    name: str
    columns: tuple[Column, ...]
    taken: str
    order: str
    shaped: str = "SELECT * FROM {copy}"


_PILOT = Column("pilot_id", "text", "The pilot; the same in every table")
_ATTEMPT = Column("attempt_id", "text", "The attempt")
_RECOMMENDATION = (
    Column("recommendation", "text", "PROCEED, REVISE or STOP; empty where it is too early to say"),
    Column("recommendation_state", "text", "final, provisional or not_ready"),
    Column("reason_code", "text", "The rule that decided"),
)

PILOTS = Table(
    "pilots",
    (
        _PILOT,
        Column("founder_name", "text", "The founder"),
        Column("company_name", "text", "The company"),
        Column("scenario_type", "text", "The scenario's id"),
        Column("brand_preset", "text", "The brand preset's id"),
        Column("playbook_version", "text", "The playbook the pilot began with"),
        Column("status", "text", "active, paused or completed"),
        Column("approval_outcome", "text", "pending, approved or dropped"),
        Column("drop_reason", "text", "Why it was dropped"),
        Column("max_attempts", "integer", "How many attempts it may have", "attempts"),
        Column("created_at", "time", "When it was created"),
        Column("updated_at", "time", "When something last happened"),
        Column("decided_at", "time", "When it ended: approved, dropped, out of attempts, or closed"),
        Column("is_censored", "boolean", "Whether it is still open, so that its time to an end is not known yet"),
        Column("n_attempts", "integer", "Attempts, failed renders included", "attempts"),
        Column("n_human_reviews", "integer", "Attempts a person has reviewed", "attempts"),
        Column(
            "n_simulated_reviews", "integer", "Attempts with simulated feedback, which is never counted", "attempts"
        ),
        Column("total_cost_dollars", "number", "What all its attempts cost", "US dollars"),
        *_RECOMMENDATION,
    ),
    """
    SELECT c.pid, s.pilot_id, s.founder_name, s.company_name, s.scenario_type, s.brand_preset, s.playbook_version,
        s.status, s.approval_outcome, s.drop_reason, s.max_attempts, s.created_at, s.updated_at,
        f.ended_at AS decided_at, f.ended_at IS NULL AS is_censored, COALESCE(a.n, 0) AS n_attempts,
        f.reviewed AS n_human_reviews, COALESCE(m.n, 0) AS n_simulated_reviews, f.cost AS total_cost_dollars,
        s.recommendation, s.recommendation_state, s.reason_code
    FROM fates f JOIN chosen c ON c.pid = f.pid JOIN pilots s ON s.pilot_id = c.pilot_id
    LEFT JOIN (SELECT pid, count(*) AS n FROM judged GROUP BY pid) a ON a.pid = f.pid
    LEFT JOIN (
        SELECT pilot_id, count(DISTINCT attempt_id) AS n FROM feedback WHERE mode = 'simulated' GROUP BY pilot_id
    ) m ON m.pilot_id = s.pilot_id
    """,
    "pid",
)

ATTEMPTS = Table(
    "attempts",
    (
        _PILOT,
        _ATTEMPT,
        Column("attempt_number", "integer", "1 for the pilot's first attempt"),
        Column("created_at", "time", "When it was begun"),
        Column("video_path", "text", "The video, in the store's folder"),
        Column("time_to_first_cut_seconds", "number", "From the start until the first draft was ready", "seconds"),
        Column("iteration_count", "integer", "Drafts rendered", "drafts"),
        Column("total_cost_dollars", "number", "What it cost", "US dollars"),
        Column("sla_passed", "boolean", "Whether it kept the SLA; empty where that is not known"),
        Column("sla_violations", "text", "What it missed, sentences joined by ; without a space"),
        Column("is_reviewed_by_human", "boolean", "Whether a person has reviewed it"),
    ),
    """
    SELECT c.pid, a.pilot_id, a.attempt_id, a.attempt_number, a.created_at, a.video_path, a.time_to_first_cut_seconds,
        a.iteration_count, a.total_cost_dollars, a.sla_passed, a.sla_violations,
        j.level IS NOT NULL AS is_reviewed_by_human
    FROM attempts a JOIN chosen c ON c.pilot_id = a.pilot_id
    JOIN judged j ON j.pid = c.pid AND j.attempt_number = a.attempt_number
    """,
    "pid, attempt_number",
    """
    SELECT * REPLACE (array_to_string(from_json(sla_violations, '["VARCHAR"]'), ';') AS sla_violations) FROM {copy}
    """,
)

FEEDBACK = Table(
    "feedback",
    (
        Column("feedback_id", "text", "The feedback"),
        _PILOT,
        _ATTEMPT,
        Column("received_at", "time", "When it was received"),
        Column("mode", "text", "human or simulated; only human feedback is counted"),
        Column("persona_id", "text", "The simulated persona"),
        Column("decision", "text", "approve, minor_changes or major_changes"),
        Column("notes", "text", "What was said"),
    ),
    """
    SELECT c.pid, b.feedback_id, b.pilot_id, b.attempt_id, b.received_at, b.mode, b.persona AS persona_id,
        b.level AS decision, b.notes
    FROM feedback b JOIN chosen c ON c.pilot_id = b.pilot_id
    """,
    "pid, received_at NULLS FIRST, feedback_id",
)

FLAGS = Table(
    "feedback_flags",
    (
        Column("feedback_id", "text", "The feedback it was raised on"),
        Column("flag", "text", "The flag's id"),
        Column("source", "text", "person; or suggestion, where a person accepted what the words suggest"),
        Column("polarity", "text", "complaint, for an accepted suggestion"),
        Column("evidence_quote", "text", "The words that suggested it"),
    ),
    """
    SELECT c.pid, g.feedback_id, g.position, g.flag,
        CASE WHEN t.feedback_id IS NULL THEN 'person' ELSE 'suggestion' END AS source,
        CASE WHEN t.feedback_id IS NOT NULL THEN 'complaint' END AS polarity, t.quote AS evidence_quote
    FROM feedback_flags g JOIN chosen c ON c.pilot_id = g.pilot_id
    LEFT JOIN flag_suggestions t ON t.feedback_id = g.feedback_id AND t.flag = g.flag AND t.accepted
    """,
    "pid, feedback_id, position, flag",
)

COMMENTS = Table(
    "comments",
    (
        Column("comment_id", "text", "The comment"),
        _PILOT,
        _ATTEMPT,
        Column("author", "text", "Who said it"),
        Column("frame", "integer", "The frame it is about, counted from 0", "frames"),
        Column("timecode", "text", "That frame as SMPTE timecode"),
        Column("seconds", "number", "That frame from the start of the film", "seconds"),
        Column("body", "text", "What was said"),
        Column("created_at", "time", "When it was said"),
        Column("resolved_at", "time", "When it was found addressed; empty while it is open"),
    ),
    """
    SELECT c.pid, m.comment_id, m.pilot_id, m.attempt_id, m.author, m.frame, m.rate, m.body, m.created_at,
        CASE WHEN m.addressed THEN m.judged_at END AS resolved_at
    FROM comments m JOIN chosen c ON c.pilot_id = m.pilot_id WHERE m.deleted_at IS NULL
    """,
    "pid, attempt_id, frame, created_at, comment_id",
    # As pilot_core.timecode counts: at 30000/1001 and 60000/1001 the first frame numbers of most minutes are left out.
    """
    SELECT *, CAST(frame AS DOUBLE) * den / num AS seconds, printf('%02d:%02d:%02d%s%02d',
        shown // (3600 * nominal), shown // (60 * nominal) % 60, shown // nominal % 60,
        CASE WHEN dropped > 0 THEN ';' ELSE ':' END, shown % nominal) AS timecode
    FROM (
        SELECT *, CASE WHEN dropped > 0 THEN frame + dropped * (
            9 * (frame // per_ten) + greatest(0, (frame % per_ten - dropped) // (60 * nominal - dropped))
        ) ELSE frame END AS shown
        FROM (
            SELECT *, 600 * nominal - 9 * dropped AS per_ten FROM (
                SELECT *, greatest(1, (2 * num + den) // (2 * den)) AS nominal,
                    CASE WHEN den <> 1001 THEN 0 WHEN num = 30000 THEN 2 WHEN num = 60000 THEN 4 ELSE 0 END AS dropped
                FROM (
                    SELECT *, CAST(split_part(rate, '/', 1) AS BIGINT) AS num,
                        CAST(COALESCE(NULLIF(split_part(rate, '/', 2), ''), '1') AS BIGINT) AS den
                    FROM {copy}
                )
            )
        )
    )
    """,
)

_REPORT_COLUMNS = (
    Column("report_id", "text", "The report, as it was filed"),
    _PILOT,
    Column("as_of", "time", "What was known then is in the report"),
    Column("generated_at", "time", "When it was made"),
    Column("rules_version", "text", "The rules that made it"),
    Column("total_videos", "integer", "Attempts with a video", "attempts"),
    Column("ttfc_mean_seconds", "number", "Mean time-to-first-cut over the attempts", "seconds"),
    Column("ttfc_median_seconds", "number", "Median time-to-first-cut over the attempts", "seconds"),
    Column("iterations_mean", "number", "Mean iterations an attempt", "drafts"),
    Column("pilot_approved", "boolean", "Whether the pilot was approved"),
    Column("review_approval_rate", "number", "Approvals among human reviews", "share, 0 to 1"),
    Column("review_approval_n", "integer", "Human reviews", "attempts"),
    Column("sla_pass_rate", "number", "Attempts that kept the SLA, of those known", "share, 0 to 1"),
    Column("total_cost_dollars", "number", "What all attempts cost", "US dollars"),
    Column("themes_persistent", "text", "Flags that stand on two reviewed attempts and the latest, joined by ;"),
    Column("themes_resolved", "text", "Flags absent from the latest reviewed attempt, joined by ;"),
    Column("themes_new", "text", "Flags on the latest reviewed attempt only, joined by ;"),
    Column("improvement_decision_delta", "integer", "Steps from the first review's decision to the last's, -2 to 2"),
    Column("improvement_ttfc_ratio", "number", "Last over first reviewed attempt's time-to-first-cut"),
    Column("improvement_iterations_delta", "integer", "Last minus first reviewed attempt's iterations", "drafts"),
    *_RECOMMENDATION,
    Column("reasons_json", "text", "The reasons with their quotes, as JSON"),
    Column("risks_json", "text", "The risks, as a JSON list of sentences"),
    Column("override_by", "text", "Who had overridden the recommendation when it was filed"),
    Column("override_reason", "text", "Why"),
)

REPORTS = Table(
    "outcome_reports",
    _REPORT_COLUMNS,
    f"""
    SELECT c.pid, {", ".join(f"r.{column.name}" for column in _REPORT_COLUMNS)}
    FROM outcome_reports r JOIN chosen c ON c.pilot_id = r.pilot_id
    """,  # noqa: S608
    "pid, generated_at, report_id",
)

PROGRAMME = Table(
    "programme_summary",
    (
        Column("segment", "text", "all for the whole cohort, then each scenario × brand by their ids"),
        Column("n_decided", "integer", "Pilots approved, dropped for our own reasons, or out of attempts", "pilots"),
        Column("n_approved", "integer", "Pilots approved", "pilots"),
        Column("n_open", "integer", "Pilots active or paused", "pilots"),
        Column("rate", "number", "Approved of decided", "share, 0 to 1"),
        Column("wilson_low", "number", "Lower end of its 95% Wilson interval", "share, 0 to 1"),
        Column("wilson_high", "number", "Upper end of its 95% Wilson interval", "share, 0 to 1"),
        Column("p_ge_target", "number", "Probability that the rate reaches the target of PROCEED", "share, 0 to 1"),
        Column("recommendation", "text", "PROCEED, REVISE or STOP; empty where it is too early to say"),
        Column("state", "text", "final, provisional or not_ready"),
    ),
    "",
    "place",
)

TABLES = {table.name: table for table in (PILOTS, ATTEMPTS, FEEDBACK, FLAGS, COMMENTS, REPORTS, PROGRAMME)}
"""Every exported table by name, in the order of the zip."""
