-- The review room. Tokens are random and passphrases typed; of both only hashes are kept.

-- One row a reviewer of a pilot; a link made again for the same reviewer is the same row with another token.
CREATE TABLE review_links (
    link_id TEXT PRIMARY KEY,
    pilot_id TEXT NOT NULL,
    reviewer TEXT NOT NULL,
    token_hash TEXT NOT NULL,
    passphrase_hash TEXT,
    created_at TIMESTAMP NOT NULL,
    created_by TEXT NOT NULL,
    expires_at TIMESTAMP NOT NULL,
    revoked_at TIMESTAMP,
    tries INTEGER NOT NULL,
    locked_until TIMESTAMP
);

-- What a browser got for a link. The reviewer's name may have been changed there ("not you?").
CREATE TABLE review_grants (
    grant_hash TEXT PRIMARY KEY,
    link_id TEXT NOT NULL,
    pilot_id TEXT NOT NULL,
    reviewer TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP NOT NULL
);

-- link_id is NULL where the team speaks. rate is exact, such as 30000/1001. A deleted comment keeps its place only.
CREATE TABLE comments (
    comment_id TEXT PRIMARY KEY,
    pilot_id TEXT NOT NULL,
    attempt_id TEXT NOT NULL,
    parent_id TEXT,
    frame INTEGER NOT NULL,
    end_frame INTEGER,
    rate TEXT NOT NULL,
    shape JSON,
    body TEXT NOT NULL,
    author TEXT NOT NULL,
    link_id TEXT,
    created_at TIMESTAMP NOT NULL,
    edited_at TIMESTAMP,
    deleted_at TIMESTAMP,
    addressed BOOLEAN,
    judged_in INTEGER,
    judged_by TEXT,
    judged_at TIMESTAMP
);

-- What of an attempt a reviewer opened and watched; watched holds [first, last] whole seconds, merged.
CREATE TABLE review_receipts (
    attempt_id TEXT NOT NULL,
    reviewer TEXT NOT NULL,
    pilot_id TEXT NOT NULL,
    opened_at TIMESTAMP NOT NULL,
    last_opened_at TIMESTAMP NOT NULL,
    watched JSON NOT NULL,
    watched_at TIMESTAMP,
    PRIMARY KEY (attempt_id, reviewer)
);

-- Which file an approval approved, and what was ticked.
ALTER TABLE feedback ADD COLUMN sha256 TEXT;
ALTER TABLE feedback ADD COLUMN checklist JSON;
