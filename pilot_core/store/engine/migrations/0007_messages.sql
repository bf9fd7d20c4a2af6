-- Messages to founders and leads, one an event. The row is written with the change it tells of; its words are kept from
-- the moment somebody edits it or it goes, with a placeholder where a secret address will stand. attempt_number and
-- about say what it tells of. go_at is when a person released it.
CREATE TABLE messages (
    message_id TEXT PRIMARY KEY,
    pilot_id TEXT,
    kind TEXT NOT NULL,
    attempt_number INTEGER,
    about TEXT NOT NULL,
    position INTEGER NOT NULL,
    state TEXT NOT NULL,
    reason TEXT,
    written_at TIMESTAMP NOT NULL,
    go_at TIMESTAMP,
    ended_at TIMESTAMP,
    subject TEXT,
    body TEXT,
    html TEXT,
    edited_at TIMESTAMP,
    edited_by TEXT
);

-- One row a way and recipient of a message that goes. next_try_at is moved on before each try.
CREATE TABLE deliveries (
    delivery_id TEXT PRIMARY KEY,
    message_id TEXT NOT NULL,
    pilot_id TEXT,
    way TEXT NOT NULL,
    recipient TEXT NOT NULL,
    state TEXT NOT NULL,
    tries INTEGER NOT NULL,
    next_try_at TIMESTAMP NOT NULL,
    sent_at TIMESTAMP,
    trouble TEXT
);

-- Where a pilot's founder is written to. quiet_hash is of the opt-out link's token.
CREATE TABLE pilot_contacts (
    pilot_id TEXT PRIMARY KEY,
    email TEXT,
    messages_off BOOLEAN NOT NULL,
    quiet_hash TEXT,
    quiet_at TIMESTAMP,
    set_by TEXT,
    set_at TIMESTAMP
);

-- The one sender there is at a time.
CREATE TABLE message_sender (
    place INTEGER PRIMARY KEY,
    holder TEXT NOT NULL,
    until TIMESTAMP NOT NULL
);

-- Secret addresses of the calendar; of the token only the SHA-256 is kept.
CREATE TABLE calendar_feeds (
    feed_id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    is_account BOOLEAN NOT NULL,
    token_hash TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    ended_at TIMESTAMP
);
