-- What was erased on request, as counts that name nobody. ``pilot_id`` stands only until the pilot's files are gone too.
CREATE TABLE erasures (
    erasure_id TEXT PRIMARY KEY,
    erased_at TIMESTAMP NOT NULL,
    erased_by TEXT NOT NULL,
    reason TEXT NOT NULL,
    kind TEXT NOT NULL,
    pilot_id TEXT,
    counts JSON NOT NULL
);
