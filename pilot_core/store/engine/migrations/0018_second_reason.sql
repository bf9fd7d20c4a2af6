-- An override may need the reason of a second person before it takes effect. Earlier ones need none.
ALTER TABLE overrides ADD COLUMN needs_second BOOLEAN DEFAULT FALSE;
ALTER TABLE overrides ADD COLUMN second_by TEXT;
ALTER TABLE overrides ADD COLUMN second_at TIMESTAMP;
ALTER TABLE overrides ADD COLUMN second_reason TEXT;
ALTER TABLE outcome_reports ADD COLUMN override_second_by TEXT;
ALTER TABLE outcome_reports ADD COLUMN override_second_reason TEXT;
