-- An approval names the file that was watched (sha256) and the delivered one that it was conformed from.
ALTER TABLE feedback ADD COLUMN original_sha256 TEXT;
