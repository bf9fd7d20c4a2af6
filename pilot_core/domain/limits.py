"""Limits on what people enter: maximum lengths of texts in characters, and maximum counts."""

NAME = 200
"""A person's or a company's name."""
SCENARIO_ID = 80
CHANNEL = 60
"""How feedback arrived, such as "call" or "mail"."""
NOTES = 10_000
"""The notes of a decision."""
COMMENT = 2_000
"""A comment on a frame, or a reply."""
REASON = 2_000
"""Why a pilot was paused or dropped, why a limit was raised, why a recommendation was overridden."""
ERASURE_REASON = 500
PASSPHRASE_SHORTEST, PASSPHRASE_LONGEST = 8, 200
LINK_DAYS = 365
"""The longest validity of a review link in days."""

SUBJECT = 200
"""A message's subject line."""
MESSAGE = 10_000

PRODUCT = 80
BRIEF_MESSAGE = 160
PROOF_POINT = 120
PROOF_POINTS = 5
"""The maximum number of proof points in a brief."""
CALL_TO_ACTION = 60
PEOPLE_HOURS = 1000
"""The most hours of people that one piece of feedback can say were spent on its attempt."""
QUOTE, QUOTE_BY = 100, 60
LANGUAGE = 20
LINK = 200
KIT_COLOURS, KIT_PICTURES = 4, 5
"""The most colours and pictures of a brand kit."""
KIT_NAME, PATH = 100, 400

ANY_TEXT = 1_000_000
"""A text without a shorter limit of its own."""
FIRST_YEAR, LAST_YEAR = 1900, 2200
ATTEMPT_NUMBER = 100_000
"""The highest number of an attempt or a draft; an imported pilot may skip numbers."""
COUNT = 2**31 - 1
"""The largest number of things."""
AMOUNT = 1e9
"""The largest number of seconds or dollars."""
DRAFT_COST = 1_000_000
"""The highest cost of one draft in dollars, so that an attempt's sum stays far below ``AMOUNT``."""
JSON_DEPTH = 100
"""How deep the unknown fields of a state file may be nested."""
JSON_INTEGER = 2**63

ATTEMPTS = 50
"""The highest attempt limit that a pilot can have."""
DRAFTS = 20
"""The highest draft limit that an attempt can have."""
