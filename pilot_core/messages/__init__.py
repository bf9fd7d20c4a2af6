"""Nobody waits in silence: what is due, what is said of it, the outbox, and the ways out.

``hours`` knows working time, ``clocks`` what is due, ``words`` what a message says, ``outbox`` what people do with one,
``ways`` how one goes, ``sender`` when. A message is a row from the moment of the change it tells of, written in that
change's transaction (:func:`pilot_core.store.outbox.tell`).

Secret addresses. A message has to name a review link, of whose token only a hash is kept. Weighed: to keep the address
in the row until it is sent (then every reminder needs a new link, and a new link ends the one before), or to make
tokens anew each time (the same). Chosen: a link of the messages' own, whose token, like the opt-out link's, is an HMAC-
SHA256 of the pilot and of when the link was made, under 256 random bits that lie beside the database in
``.messages.key``, readable by its owner. So every message to a founder names the same living link, kept words hold a
placeholder instead of it, and neither database nor backup can be turned into a link. After a restore there is another
key: links are made anew, and those of earlier mails end. What a lead revoked stays revoked.
"""
