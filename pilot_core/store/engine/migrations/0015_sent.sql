-- When an attempt was sent to the founder, by whom ('' for the server) and how: 'mail', 'webhook', 'hand', or 'link' where all
-- that is known of older data is that a review link was made for the founder. All are NULL while nothing is known to be sent.
ALTER TABLE attempts ADD COLUMN sent_at TIMESTAMP;
ALTER TABLE attempts ADD COLUMN sent_by TEXT;
ALTER TABLE attempts ADD COLUMN sent_how TEXT;

-- Derived, as the other latest_ columns: the latest attempt's stage and when it began, the largest share of the video that a
-- reviewer watched (0 to 1, NULL if unknown), and when the founder was sent the video or someone opened it, the earlier of both.
ALTER TABLE pilots ADD COLUMN latest_stage TEXT;
ALTER TABLE pilots ADD COLUMN latest_stage_since TIMESTAMP;
ALTER TABLE pilots ADD COLUMN latest_watched DOUBLE PRECISION;
ALTER TABLE pilots ADD COLUMN latest_reached_at TIMESTAMP;

UPDATE attempts SET sent_at = s.ended_at, sent_by = s.sent_by, sent_how = s.sent_how
FROM (
    SELECT DISTINCT ON (m.pilot_id, m.attempt_number) m.pilot_id, m.attempt_number, m.ended_at,
        CASE WHEN m.reason LIKE 'Sent by hand by %.' THEN substr(m.reason, 17, length(m.reason) - 17) ELSE '' END AS sent_by,
        CASE WHEN d.by_mail THEN 'mail' WHEN d.by_mail IS NULL THEN 'hand' ELSE 'webhook' END AS sent_how
    FROM messages m LEFT JOIN (
        SELECT message_id, bool_or(way = 'mail') AS by_mail FROM deliveries WHERE state = 'sent' GROUP BY message_id
    ) d ON d.message_id = m.message_id
    WHERE m.kind IN ('cut_ready', 'reminder', 'link_expiring') AND m.state = 'sent' AND m.ended_at IS NOT NULL
    ORDER BY m.pilot_id, m.attempt_number, m.ended_at
) s
WHERE attempts.pilot_id = s.pilot_id AND attempts.attempt_number = s.attempt_number AND attempts.state = 'ready'
    AND (attempts.ready_at IS NULL OR attempts.ready_at <= s.ended_at);

-- A link that a lead made for the founder while the attempt was the newest.
UPDATE attempts SET sent_at = s.created_at, sent_by = s.created_by, sent_how = 'link'
FROM (
    SELECT DISTINCT ON (a.attempt_id) a.attempt_id, l.created_at, l.created_by
    FROM attempts a
    JOIN pilots p ON p.pilot_id = a.pilot_id
    JOIN review_links l ON l.pilot_id = a.pilot_id AND lower(l.reviewer) = lower(p.founder_name)
    WHERE a.state = 'ready' AND a.sent_at IS NULL AND a.ready_at <= l.created_at
        AND l.revoked_at IS NULL AND l.created_by <> 'pipeline'
        AND NOT EXISTS (
            SELECT 1 FROM attempts b
            WHERE b.pilot_id = a.pilot_id AND b.attempt_number > a.attempt_number AND b.created_at <= l.created_at
        )
    ORDER BY a.attempt_id, l.created_at
) s
WHERE attempts.attempt_id = s.attempt_id;

UPDATE pilots SET
    latest_stage = CASE
        WHEN d.state <> 'ready' THEN d.state
        WHEN pilots.latest_decision IS NOT NULL THEN 'decided'
        WHEN d.watched_at IS NOT NULL THEN 'watched'
        WHEN d.opened_at IS NOT NULL THEN 'opened'
        WHEN d.sent_at IS NOT NULL THEN 'sent'
        ELSE 'ready'
    END,
    latest_stage_since = CASE
        WHEN d.state = 'queued' THEN d.created_at
        WHEN d.state = 'rendering' THEN d.started_at
        WHEN d.state = 'failed' THEN NULL
        WHEN pilots.latest_decision IS NOT NULL THEN pilots.latest_since
        ELSE COALESCE(d.watched_at, d.opened_at, d.sent_at, d.ready_at)
    END,
    latest_reached_at = LEAST(COALESCE(d.sent_at, d.opened_at), COALESCE(d.opened_at, d.sent_at))
FROM (
    SELECT a.pilot_id, a.attempt_number, a.state, a.created_at, a.started_at, a.ready_at, a.sent_at, r.opened_at, r.watched_at
    FROM attempts a LEFT JOIN (
        SELECT attempt_id, min(opened_at) AS opened_at, max(watched_at) AS watched_at FROM review_receipts GROUP BY attempt_id
    ) r ON r.attempt_id = a.attempt_id
) d
WHERE d.pilot_id = pilots.pilot_id AND d.attempt_number = pilots.latest_attempt;

-- Who released a message, so that what it sends is known to be sent by them.
ALTER TABLE messages ADD COLUMN released_by TEXT;

-- What to call the people whom this machine or its command line knows only by their login.
CREATE TABLE display_names (
    login TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    set_at TIMESTAMP NOT NULL
);
