-- Times are UTC. Keys are made by the program; references are checked in the code, since DuckDB's foreign keys
-- forbid updates of referenced rows. JSON where a column is only read, child tables where it is filtered.

CREATE TABLE pilots (
    pilot_id TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    founder_name TEXT NOT NULL,
    company_name TEXT NOT NULL,
    scenario_type TEXT NOT NULL,
    brand_preset TEXT NOT NULL,
    brand_context JSON NOT NULL,
    playbook_version TEXT,
    brief JSON NOT NULL,
    status TEXT NOT NULL,
    approval_outcome TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL,
    decided_at TIMESTAMP,
    pause_reason TEXT,
    drop_reason TEXT,
    drop_external BOOLEAN NOT NULL,
    notes JSON NOT NULL,
    max_attempts INTEGER NOT NULL,
    max_iterations_per_attempt INTEGER NOT NULL,
    source JSON NOT NULL,
    -- Derived by the rules at each save, so that lists can filter and sort by them.
    recommendation TEXT,
    recommendation_state TEXT NOT NULL,
    reason_code TEXT NOT NULL,
    reason_text TEXT NOT NULL,
    rules_version TEXT NOT NULL
);

CREATE TABLE attempts (
    attempt_id TEXT PRIMARY KEY,
    pilot_id TEXT NOT NULL,
    attempt_number INTEGER NOT NULL,
    state TEXT NOT NULL,
    pipeline TEXT,
    created_at TIMESTAMP,
    started_at TIMESTAMP,
    ready_at TIMESTAMP,
    folder TEXT,
    upload_path TEXT,
    video_path TEXT,
    review_pack_path TEXT,
    time_to_first_cut_seconds DOUBLE PRECISION,
    iteration_count INTEGER,
    total_cost_dollars DOUBLE PRECISION,
    sla_passed BOOLEAN,
    sla_violations JSON NOT NULL,
    failure TEXT,
    drafts JSON NOT NULL,
    source JSON NOT NULL
);

CREATE TABLE feedback (
    feedback_id TEXT PRIMARY KEY,
    pilot_id TEXT NOT NULL,
    attempt_id TEXT NOT NULL,
    position INTEGER NOT NULL,
    level TEXT NOT NULL,
    notes TEXT NOT NULL,
    mode TEXT NOT NULL,
    said_by TEXT NOT NULL,
    channel TEXT NOT NULL,
    persona TEXT,
    received_at TIMESTAMP
);

CREATE TABLE feedback_flags (
    feedback_id TEXT NOT NULL,
    pilot_id TEXT NOT NULL,
    position INTEGER NOT NULL,
    flag TEXT NOT NULL,
    PRIMARY KEY (feedback_id, flag)
);

-- Append-only. pilot_version and position give the order within a pilot, whatever the clock did.
CREATE TABLE events (
    event_id TEXT PRIMARY KEY,
    pilot_id TEXT NOT NULL,
    pilot_version INTEGER NOT NULL,
    position INTEGER NOT NULL,
    happened_at TIMESTAMP NOT NULL,
    actor TEXT NOT NULL,
    kind TEXT NOT NULL,
    detail JSON NOT NULL
);

-- What is being made right now, by whom; changes many times a minute, so it stands apart from the attempt.
CREATE TABLE renders (
    attempt_id TEXT PRIMARY KEY,
    pilot_id TEXT NOT NULL,
    worker TEXT NOT NULL,
    pid INTEGER NOT NULL,
    waiting BOOLEAN NOT NULL,
    started_at TIMESTAMP NOT NULL,
    heartbeat_at TIMESTAMP NOT NULL,
    fraction DOUBLE PRECISION NOT NULL,
    step TEXT NOT NULL
);
