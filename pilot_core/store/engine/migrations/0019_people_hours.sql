-- How many hours people spent on an attempt, if it was said with the feedback on it.
ALTER TABLE feedback ADD COLUMN people_hours DOUBLE PRECISION;
