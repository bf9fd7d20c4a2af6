"""The exported tables and their columns. To add a column to an export, add a row here.

The CSV and Parquet files, the zip, its data dictionary and its manifest all follow from this data.
"""

from pilot_core.store.queries.export_schema import NUMERIC_VERSION, Column, Table


def _version(raw: str) -> str:
    """Return the expression that does what ``version_word`` does."""
    return f"CASE WHEN regexp_full_match({raw}, '{NUMERIC_VERSION}') THEN 'v' || {raw} ELSE {raw} END"


_PILOT = Column("pilot_id", "text", "The pilot; the same in every table")
_ATTEMPT = Column("attempt_id", "text", "The attempt")
_RECOMMENDATION = (
    Column(
        "recommendation",
        "text",
        "PROCEED, REVISE or STOP, from human feedback; empty where there is no verdict yet, or the pilot is not "
        "counted (dropped_external)",
    ),
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
        Column(
            "playbook_version",
            "text",
            "The playbook the pilot began with, as a word: v2026.10",
            copy_sql=_version("playbook"),
        ),
        Column("status", "text", "active, paused or completed"),
        Column("approval_outcome", "text", "pending, approved or dropped"),
        Column("drop_reason", "text", "Why it was dropped"),
        Column("owner", "text", "The lead who looks after it"),
        Column("max_attempts", "integer", "How many attempts it may have", "attempts"),
        Column("created_at", "time", "When it was created"),
        Column("updated_at", "time", "When something last happened"),
        Column(
            "decided_at",
            "time",
            "When it ended, by feedback of the manifest's mode: approved, dropped, out of attempts, or closed",
            sql="pilot_outcomes.ended_at",
        ),
        Column(
            "is_censored",
            "boolean",
            "Whether it is still open, so that its time to an end is not known yet",
            sql="pilot_outcomes.ended_at IS NULL",
        ),
        Column(
            "n_attempts", "integer", "Attempts; a failed render is none", "attempts", sql="COALESCE(attempted.n, 0)"
        ),
        Column(
            "n_human_reviews", "integer", "Attempts a person has reviewed", "attempts", sql="COALESCE(by_people.n, 0)"
        ),
        Column(
            "n_simulated_reviews",
            "integer",
            "Attempts with simulated feedback, which is never counted",
            "attempts",
            sql="COALESCE(simulated.n, 0)",
        ),
        Column(
            "total_cost_dollars",
            "number",
            "What all its attempts cost, as far as known",
            "US dollars",
            sql="pilot_outcomes.cost",
        ),
        *_RECOMMENDATION,
    ),
    order="pid",
    also_read=("t.playbook_version AS playbook",),
    joins="""
    JOIN pilot_outcomes ON pilot_outcomes.pid = c.pid
    LEFT JOIN (
        SELECT pid, count(*) AS n FROM judged WHERE state <> 'failed' GROUP BY pid
    ) attempted ON attempted.pid = c.pid
    LEFT JOIN (
        SELECT pilot_id, count(*) AS n FROM attempts
        WHERE state = 'ready' AND attempt_id IN (SELECT attempt_id FROM feedback WHERE mode = 'human') GROUP BY pilot_id
    ) by_people ON by_people.pilot_id = t.pilot_id
    LEFT JOIN (
        SELECT pilot_id, count(DISTINCT attempt_id) AS n FROM feedback WHERE mode = 'simulated' GROUP BY pilot_id
    ) simulated ON simulated.pilot_id = t.pilot_id
    """,
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
        Column(
            "sla_violations",
            "text",
            "What it missed, sentences joined by ; without a space",
            copy_sql="""array_to_string(from_json(sla_violations_json, '["VARCHAR"]'), ';')""",
        ),
        Column(
            "is_reviewed_by_human",
            "boolean",
            "Whether a person has reviewed it",
            sql="t.state = 'ready' AND t.attempt_id IN (SELECT attempt_id FROM feedback WHERE mode = 'human')",
        ),
        Column("state", "text", "ready, queued, rendering or failed; a failed render is no attempt and counts nowhere"),
    ),
    order="pid, attempt_number",
    also_read=("t.sla_violations AS sla_violations_json",),
)

FEEDBACK = Table(
    "feedback",
    (
        Column("feedback_id", "text", "The feedback"),
        _PILOT,
        _ATTEMPT,
        Column("received_at", "time", "When it was received"),
        Column("mode", "text", "human or simulated; only human feedback is counted"),
        Column("persona_id", "text", "The simulated persona", sql="t.persona"),
        Column("decision", "text", "approve, minor_changes or major_changes", sql="t.level"),
        Column("notes", "text", "What was said"),
        Column("attachment", "text", "The name of the file attached to it", sql="attached.name"),
        Column("people_hours", "number", "What the team spent on the attempt, if it was said", "hours"),
    ),
    order="pid, received_at NULLS FIRST, feedback_id",
    joins="LEFT JOIN attachments attached ON attached.feedback_id = t.feedback_id",
)

FLAGS = Table(
    "feedback_flags",
    (
        Column("feedback_id", "text", "The feedback it was raised on"),
        Column("flag", "text", "The flag's id"),
        Column(
            "source",
            "text",
            "person; or suggestion, where a person accepted what the words suggest",
            sql="CASE WHEN suggested.feedback_id IS NULL THEN 'person' ELSE 'suggestion' END",
        ),
        Column(
            "polarity",
            "text",
            "complaint, for an accepted suggestion",
            sql="CASE WHEN suggested.feedback_id IS NOT NULL THEN 'complaint' END",
        ),
        Column("evidence_quote", "text", "The words that suggested it", sql="suggested.quote"),
    ),
    order="pid, feedback_id, position, flag",
    joins="""
    LEFT JOIN flag_suggestions suggested
        ON suggested.feedback_id = t.feedback_id AND suggested.flag = t.flag AND suggested.accepted
    """,
    also_read=("t.position",),
)

COMMENTS = Table(
    "comments",
    (
        Column("comment_id", "text", "The comment"),
        _PILOT,
        _ATTEMPT,
        Column("author", "text", "Who said it"),
        Column("frame", "integer", "The frame it is about, counted from 0", "frames"),
        Column(
            "timecode",
            "text",
            "That frame as SMPTE timecode",
            copy_sql="""printf('%02d:%02d:%02d%s%02d',
                shown // (3600 * nominal), shown // (60 * nominal) % 60, shown // nominal % 60,
                CASE WHEN dropped > 0 THEN ';' ELSE ':' END, shown % nominal)""",
        ),
        Column(
            "seconds",
            "number",
            "That frame from the start of the film",
            "seconds",
            copy_sql="CAST(frame AS DOUBLE) * den / num",
        ),
        Column("body", "text", "What was said"),
        Column("created_at", "time", "When it was said"),
        Column(
            "resolved_at",
            "time",
            "When it was found addressed; empty while it is open",
            sql="CASE WHEN t.addressed THEN t.judged_at END",
        ),
        Column("end_frame", "integer", "The last frame it is about; empty where that is the same frame", "frames"),
        Column(
            "source_seconds",
            "number",
            "That frame's time in the video as it was delivered",
            "seconds",
            copy_sql="source_start + CAST(frame AS DOUBLE) * den / num",
        ),
        Column("parent_comment_id", "text", "The comment it replies to; empty for a comment", sql="t.parent_id"),
        Column(
            "mark",
            "text",
            "What is marked on the picture: left, top, width and height as shares of the picture, as a JSON list; "
            "width and height are 0 for a point",
            sql="CAST(t.shape AS TEXT)",
        ),
        Column(
            "status",
            "text",
            "addressed, not addressed, or open where nobody has judged it; empty for a reply",
            sql="""CASE WHEN t.parent_id IS NOT NULL THEN NULL WHEN t.addressed THEN 'addressed'
                WHEN t.addressed IS NULL THEN 'open' ELSE 'not addressed' END""",
        ),
        Column("attachment", "text", "The name of the file attached to it", sql="attached.name"),
    ),
    order="pid, attempt_id, frame, created_at, comment_id",
    joins="LEFT JOIN attempts a ON a.attempt_id = t.attempt_id "
    "LEFT JOIN attachments attached ON attached.comment_id = t.comment_id",
    where="t.deleted_at IS NULL",
    also_read=("t.rate", "a.video_path AS shown_path", "a.drafts AS drafts_json"),
    # As pilot_core.timecode counts: at 30000/1001 and 60000/1001 the first frame numbers of most minutes are left out.
    # And as PilotRunAttempt.final_draft chooses: source_start is that of the draft that is shown.
    copy_source="""(
        SELECT *, CASE WHEN dropped > 0 THEN frame + dropped * (
            9 * (frame // per_ten) + greatest(0, (frame % per_ten - dropped) // (60 * nominal - dropped))
        ) ELSE frame END AS shown
        FROM (
            SELECT *, 600 * nominal - 9 * dropped AS per_ten FROM (
                SELECT *, greatest(1, (2 * num + den) // (2 * den)) AS nominal,
                    CASE WHEN den <> 1001 THEN 0 WHEN num = 30000 THEN 2 WHEN num = 60000 THEN 4 ELSE 0 END AS dropped
                FROM (
                    SELECT *, CAST(split_part(rate, '/', 1) AS BIGINT) AS num,
                        CAST(COALESCE(NULLIF(split_part(rate, '/', 2), ''), '1') AS BIGINT) AS den,
                        COALESCE(COALESCE(
                            list_filter(drafts, lambda draft: draft.video_path = shown_path)[-1], drafts[-1]
                        ).source_start, 0) AS source_start
                    FROM (
                        SELECT *, CAST(
                            from_json(drafts_json, '[{{"video_path": "VARCHAR", "source_start": "DOUBLE"}}]')
                            AS STRUCT(video_path VARCHAR, source_start DOUBLE)[]
                        ) AS drafts FROM {copy}
                    )
                )
            )
        )
    )""",
)

ANSWERS = Table(
    "request_answers",
    (
        Column("feedback_id", "text", "The feedback whose flag or notes it is about"),
        Column("request", "text", "The flag’s id; notes for what was written", sql="t.subject"),
        _PILOT,
        Column("attempt_id", "text", "The later attempt that was asked about"),
        Column(
            "status",
            "text",
            "addressed or not addressed",
            sql="CASE WHEN t.addressed THEN 'addressed' ELSE 'not addressed' END",
        ),
        Column("answered_by", "text", "Who said so last"),
        Column("answered_at", "time", "When"),
    ),
    order="pid, feedback_id, request, attempt_id",
)

MARKS = Table(
    "request_marks",
    (
        Column("request_id", "text", "The comment, or the feedback, a dot and its flag, or notes for its words"),
        _PILOT,
        Column("attempt_id", "text", "The later attempt that it is about"),
        Column("status", "text", "done or not possible", sql="t.kind"),
        Column("note", "text", "What was done by hand, or why it is not possible"),
        Column("made_by", "text", "The lead who says so"),
        Column("made_at", "time", "When"),
    ),
    order="pid, request_id, attempt_id",
)

REPORTS = Table(
    "outcome_reports",
    (
        Column("report_id", "text", "The report, as it was filed"),
        _PILOT,
        Column("as_of", "time", "What was known then is in the report"),
        Column("generated_at", "time", "When it was made"),
        Column("rules_version", "text", "The rules that made it, as a word: v2026.10", copy_sql=_version("rules")),
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
        Column("themes_resolved", "text", "Flags not raised again on the latest reviewed attempt, joined by ;"),
        Column("themes_new", "text", "Flags on the latest reviewed attempt only, joined by ;"),
        Column(
            "improvement_decision_delta", "integer", "Steps from the first review's decision to the last's, -2 to 2"
        ),
        Column("improvement_ttfc_ratio", "number", "Last over first reviewed attempt's time-to-first-cut"),
        Column("improvement_iterations_delta", "integer", "Last minus first reviewed attempt's iterations", "drafts"),
        *_RECOMMENDATION,
        Column("reasons_json", "text", "The reasons with their quotes, as JSON"),
        Column("risks_json", "text", "The risks, as a JSON list of sentences"),
        Column("override_by", "text", "Whose override of the recommendation was in effect when it was filed"),
        Column("override_reason", "text", "Why"),
        Column("override_second_by", "text", "Who confirmed that override; empty where it needed no second person"),
        Column("override_second_reason", "text", "Why"),
    ),
    order="pid, generated_at, report_id",
    also_read=("t.rules_version AS rules",),
)

PROGRAMME = Table(
    "programme_summary",
    (
        Column("segment", "text", "all for the whole cohort, then each scenario × brand by their ids"),
        Column("scenario_type", "text", "The segment's scenario; empty for the whole cohort"),
        Column("brand_preset", "text", "The segment's brand preset; empty for the whole cohort"),
        Column("n_decided", "integer", "Pilots approved, dropped for our own reasons, or out of attempts", "pilots"),
        Column("n_approved", "integer", "Pilots approved", "pilots"),
        Column("n_out_of_attempts", "integer", "Pilots with all attempts reviewed and none approved", "pilots"),
        Column("n_open", "integer", "Pilots that are active and not decided", "pilots"),
        Column("n_paused", "integer", "Pilots that are paused and not decided", "pilots"),
        Column("rate", "number", "Approved of decided", "share, 0 to 1"),
        Column("wilson_low", "number", "Lower end of its 95% Wilson interval", "share, 0 to 1"),
        Column("wilson_high", "number", "Upper end of its 95% Wilson interval", "share, 0 to 1"),
        Column("p_ge_target", "number", "Probability that the rate reaches the target of PROCEED", "share, 0 to 1"),
        Column("p_le_floor", "number", "Probability that the rate is at or below the floor of STOP", "share, 0 to 1"),
        Column("sla_rate", "number", "Attempts that met the SLA, of those known", "share, 0 to 1"),
        Column("sla_n", "integer", "Attempts of which it is known whether they met the SLA", "attempts"),
        Column("ttfc_first_median_seconds", "number", "Median time-to-first-cut of first attempts", "seconds"),
        Column(
            "cost_per_approved_dollars",
            "number",
            "What all decided pilots cost, by approved pilot; empty where none is approved or no cost is known",
            "US dollars",
        ),
        Column("costs_known", "integer", "Decided pilots of which the cost of every attempt is known", "pilots"),
        Column("guardrail_breached", "boolean", "Whether the SLA, time or cost limit of a programme is breached"),
        Column("recommendation", "text", "PROCEED, REVISE or STOP; empty where there is no verdict yet"),
        Column("state", "text", "final, provisional or not_ready"),
    ),
    order="place",
    is_computed=True,
)

TABLES = {
    table.name: table for table in (PILOTS, ATTEMPTS, FEEDBACK, FLAGS, COMMENTS, ANSWERS, MARKS, REPORTS, PROGRAMME)
}
"""Every exported table by name, in the order of the zip."""
