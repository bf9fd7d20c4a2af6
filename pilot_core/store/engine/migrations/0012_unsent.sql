-- What reviewers have typed and not sent, for each grant and form, in case their browser forgets it. words is empty once it
-- was sent or discarded: the row then keeps a save that arrives late from bringing them back. turn counts the saves of one
-- browser upwards; form_key is the key with which the form is sent.
CREATE TABLE unsent_words (
    grant_hash TEXT NOT NULL,
    form TEXT NOT NULL,
    pilot_id TEXT NOT NULL,
    reviewer TEXT NOT NULL,
    form_key TEXT NOT NULL,
    turn BIGINT NOT NULL,
    words TEXT NOT NULL,
    saved_at TIMESTAMP NOT NULL,
    PRIMARY KEY (grant_hash, form)
);
