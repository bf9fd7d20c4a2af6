-- Files of pilots that are kept in a bucket, by their path in the store; each lies there once for a pilot, under the
-- SHA-256 of what is in it. Empty where films and documents are kept in the store's folder.
CREATE TABLE media (
    path TEXT PRIMARY KEY,
    pilot_id TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    bytes BIGINT NOT NULL,
    put_at TIMESTAMP NOT NULL
);

-- Of an erased pilot's id: whoever has another folder of this store can tell there what was erased, and nobody else can.
ALTER TABLE erasures ADD COLUMN pilot_hash TEXT;
