-- Files that reviewers attached: each to a comment or to a decision, or to neither after its decision was undone. path is that
-- of the file in the store; a picture has a thumbnail beside it. link_id is as in comments.
CREATE TABLE attachments (
    attachment_id TEXT PRIMARY KEY,
    pilot_id TEXT NOT NULL,
    comment_id TEXT,
    feedback_id TEXT,
    link_id TEXT,
    author TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    path TEXT NOT NULL,
    bytes BIGINT NOT NULL,
    sha256 TEXT NOT NULL,
    width INTEGER,
    height INTEGER,
    seconds DOUBLE PRECISION,
    created_at TIMESTAMP NOT NULL
);
