-- Pilots whose runbook and founder documents are to be written after a change. A row is written with the change, for the
-- version of the pilot it makes, and removed when the documents are there. due_at is moved on before each try.
CREATE TABLE documents_due (
    pilot_id TEXT PRIMARY KEY,
    pilot_version INTEGER NOT NULL,
    due_at TIMESTAMP NOT NULL
);

-- Keys of acts that were sent by a form, so that one sent twice is done once; with what came of it. A key lasts a day.
CREATE TABLE act_keys (
    act_key TEXT PRIMARY KEY,
    pilot_id TEXT,
    result JSON NOT NULL,
    done_at TIMESTAMP NOT NULL
);
