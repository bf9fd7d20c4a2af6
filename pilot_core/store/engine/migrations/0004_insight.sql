-- What leads decide against the rules, what they make of suggested flags, and the outcome reports as they were filed.

-- Of one pilot at most one stands: the one not undone. What the rules said then is kept beside it.
CREATE TABLE overrides (
    override_id TEXT PRIMARY KEY,
    pilot_id TEXT NOT NULL,
    verdict TEXT NOT NULL,
    reason TEXT NOT NULL,
    computed TEXT,
    computed_code TEXT NOT NULL,
    rules_version TEXT NOT NULL,
    made_by TEXT NOT NULL,
    made_at TIMESTAMP NOT NULL,
    undone_by TEXT,
    undone_at TIMESTAMP,
    undone_reason TEXT
);

-- A suggestion somebody accepted or dismissed. quote is the note's characters start_at to end_at.
CREATE TABLE flag_suggestions (
    feedback_id TEXT NOT NULL,
    flag TEXT NOT NULL,
    pilot_id TEXT NOT NULL,
    quote TEXT NOT NULL,
    start_at INTEGER NOT NULL,
    end_at INTEGER NOT NULL,
    lexicon_version TEXT NOT NULL,
    accepted BOOLEAN NOT NULL,
    decided_by TEXT NOT NULL,
    decided_at TIMESTAMP NOT NULL,
    PRIMARY KEY (feedback_id, flag)
);

-- Never updated. report is the whole report; the columns before it are those that are exported.
CREATE TABLE outcome_reports (
    report_id TEXT PRIMARY KEY,
    pilot_id TEXT NOT NULL,
    as_of TIMESTAMP NOT NULL,
    generated_at TIMESTAMP NOT NULL,
    rules_version TEXT NOT NULL,
    total_videos INTEGER NOT NULL,
    ttfc_mean_seconds DOUBLE PRECISION,
    ttfc_median_seconds DOUBLE PRECISION,
    iterations_mean DOUBLE PRECISION,
    pilot_approved BOOLEAN NOT NULL,
    review_approval_rate DOUBLE PRECISION,
    review_approval_n INTEGER NOT NULL,
    sla_pass_rate DOUBLE PRECISION,
    total_cost_dollars DOUBLE PRECISION,
    themes_persistent TEXT NOT NULL,
    themes_resolved TEXT NOT NULL,
    themes_new TEXT NOT NULL,
    improvement_decision_delta INTEGER,
    improvement_ttfc_ratio DOUBLE PRECISION,
    improvement_iterations_delta INTEGER,
    recommendation TEXT,
    recommendation_state TEXT NOT NULL,
    reason_code TEXT NOT NULL,
    reasons_json TEXT NOT NULL,
    risks_json TEXT NOT NULL,
    override_by TEXT,
    override_reason TEXT,
    filed_by TEXT NOT NULL,
    override_verdict TEXT,
    markdown TEXT NOT NULL,
    report JSON NOT NULL
);
