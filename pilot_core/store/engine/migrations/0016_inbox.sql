-- Whose a pilot is on the team, and until when it is left out of the inbox. reports_due: pilots that were completed or
-- opened again (since), and whose outcome report is to be filed or withdrawn; due_at as in documents_due.
ALTER TABLE pilots ADD COLUMN owner TEXT;
ALTER TABLE pilots ADD COLUMN snoozed_until TIMESTAMP;
CREATE TABLE reports_due (
    pilot_id TEXT PRIMARY KEY,
    since TIMESTAMP NOT NULL,
    due_at TIMESTAMP NOT NULL
);
