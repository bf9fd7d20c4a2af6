"""Messages to founders and leads: what is due, their text, the outbox, and sending.

``deadlines`` computes what is due and which messages that calls for, ``templates`` writes their text, ``outbox`` has
what people do with a message, ``letters`` makes a message for one recipient, ``transports`` sends by mail and webhook,
and ``sender`` decides when. A message is a row, written in the transaction that causes it
(:func:`pilot_core.store.tables.outbox.enqueue`).

Capability links. A message has to contain a review link, but only a hash of a link's token is stored. Storing the
address until the message is sent would mean a new link for every reminder, and a new link ends the one before. So
messages use a link of their own, whose token, like that of the opt-out link, is an HMAC-SHA256 of the pilot and of when
the link was made, under 256 random bits that are stored beside the database in ``.messages.key``, readable by its
owner. Every message to a founder then has the same link, the stored text has a placeholder instead, and nobody can make
a link from the database or a backup. A restore creates a new key: links are made anew, and those in earlier mails stop
working. A link that a lead revoked stays revoked.
"""
