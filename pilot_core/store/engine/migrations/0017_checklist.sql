-- What a lead says was done about a request in a later attempt: by hand, or not possible. request_id is a comment's id, or
-- <feedback id>.<flag or "notes">. What the founder says of it is in request_answers and in the comment.
CREATE TABLE request_marks (
    request_id TEXT NOT NULL,
    attempt_id TEXT NOT NULL,
    pilot_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    note TEXT NOT NULL,
    made_by TEXT NOT NULL,
    made_at TIMESTAMP NOT NULL,
    PRIMARY KEY (request_id, attempt_id)
);

-- Whether a reviewer, not the team, said that the comment is addressed or not. NULL is no.
ALTER TABLE comments ADD COLUMN judged_by_reviewer BOOLEAN;
UPDATE comments SET judged_by_reviewer = TRUE WHERE EXISTS (
    SELECT 1 FROM events e
    WHERE e.pilot_id = comments.pilot_id AND e.kind IN ('comment_addressed', 'comment_not_addressed')
        AND e.happened_at = comments.judged_at AND e.actor = comments.judged_by || ' (review link)'
);
