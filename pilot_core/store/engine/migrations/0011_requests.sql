-- Whether an attempt addresses what a decision on an earlier one asked for: a flag, or the written words ("notes"). One row
-- for each attempt it was asked of; of comments, the comment itself says so. link_id is NULL where the team answered.
CREATE TABLE request_answers (
    feedback_id TEXT NOT NULL,
    subject TEXT NOT NULL,
    attempt_id TEXT NOT NULL,
    pilot_id TEXT NOT NULL,
    addressed BOOLEAN NOT NULL,
    answered_by TEXT NOT NULL,
    link_id TEXT,
    answered_at TIMESTAMP NOT NULL,
    PRIMARY KEY (feedback_id, subject, attempt_id)
);

-- Whether the link's reviewer may download the video once it is approved; NULL, as on older links, is no.
ALTER TABLE review_links ADD COLUMN may_download BOOLEAN;
