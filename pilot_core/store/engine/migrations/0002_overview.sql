-- When each visitor looked at the overview. What came in after the end of their visit before this one is new to them.
CREATE TABLE last_seen (
    visitor TEXT PRIMARY KEY,
    looked_at TIMESTAMP NOT NULL,
    visit_before TIMESTAMP
);

-- Where each pilot stands, derived at each save like the recommendation, so that lists need not read every attempt.
ALTER TABLE pilots ADD COLUMN decisions TEXT;
ALTER TABLE pilots ADD COLUMN attempts_used INTEGER;
ALTER TABLE pilots ADD COLUMN total_cost_dollars DOUBLE PRECISION;
ALTER TABLE pilots ADD COLUMN exhausted BOOLEAN;
ALTER TABLE pilots ADD COLUMN latest_attempt INTEGER;
ALTER TABLE pilots ADD COLUMN latest_state TEXT;
ALTER TABLE pilots ADD COLUMN latest_decision TEXT;
ALTER TABLE pilots ADD COLUMN latest_said_by TEXT;
ALTER TABLE pilots ADD COLUMN latest_sla_passed BOOLEAN;
ALTER TABLE pilots ADD COLUMN latest_note TEXT;
ALTER TABLE pilots ADD COLUMN latest_since TIMESTAMP;

UPDATE pilots SET decisions = '', attempts_used = 0, exhausted = FALSE;

UPDATE pilots SET
    decisions = d.decisions,
    attempts_used = d.attempts_used,
    total_cost_dollars = d.total_cost_dollars,
    exhausted = d.attempts_used >= pilots.max_attempts AND d.attempts_used = d.reviewed,
    latest_attempt = d.latest_attempt,
    latest_state = d.state,
    latest_decision = d.level,
    latest_said_by = d.said_by,
    latest_sla_passed = d.sla_passed,
    latest_note = COALESCE(d.failure, d.sla_violations->>0),
    latest_since = CASE WHEN d.level IS NULL THEN COALESCE(d.ready_at, d.created_at) ELSE d.received_at END
FROM (
    SELECT all_of.pilot_id, all_of.decisions, all_of.attempts_used, all_of.total_cost_dollars, all_of.reviewed,
        all_of.latest_attempt, a.state, a.sla_passed, a.failure, a.sla_violations, a.ready_at, a.created_at,
        s.level, s.said_by, s.received_at
    FROM (
        SELECT a.pilot_id,
            string_agg(COALESCE(s.level, a.state), ' ' ORDER BY a.attempt_number) AS decisions,
            count(*) FILTER (WHERE a.state <> 'failed') AS attempts_used,
            count(s.level) FILTER (WHERE a.state <> 'failed') AS reviewed,
            sum(a.total_cost_dollars) AS total_cost_dollars,
            max(a.attempt_number) AS latest_attempt
        FROM attempts a LEFT JOIN (
            SELECT DISTINCT ON (attempt_id) attempt_id, level FROM feedback WHERE mode = 'human'
            ORDER BY attempt_id, received_at DESC NULLS LAST, position DESC
        ) s ON s.attempt_id = a.attempt_id
        GROUP BY a.pilot_id
    ) all_of
    JOIN attempts a ON a.pilot_id = all_of.pilot_id AND a.attempt_number = all_of.latest_attempt
    LEFT JOIN (
        SELECT DISTINCT ON (attempt_id) attempt_id, level, said_by, received_at FROM feedback WHERE mode = 'human'
        ORDER BY attempt_id, received_at DESC NULLS LAST, position DESC
    ) s ON s.attempt_id = a.attempt_id
) d WHERE d.pilot_id = pilots.pilot_id;
