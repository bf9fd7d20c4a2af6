-- Named sign-in keys of the operations team. A key is used once; from then on the row is the session it became, until
-- expires_at or ended_at. Of key and session only SHA-256 hashes are kept.
CREATE TABLE sign_in_keys (
    key_id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    key_hash TEXT NOT NULL,
    session_hash TEXT,
    created_at TIMESTAMP NOT NULL,
    created_by TEXT NOT NULL,
    expires_at TIMESTAMP NOT NULL,
    used_at TIMESTAMP,
    ended_at TIMESTAMP,
    ended_by TEXT
);
