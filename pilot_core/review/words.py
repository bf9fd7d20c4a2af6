"""What reviewers type, made plain text: any language, no control characters, no more than a given length."""

import re
import unicodedata

from pilot_core.errors import InvalidRequest

NAME_LENGTH = 200
# Every way a text may end a line, so that a line here is a line in CSV, EDL and XML as well.
LINE_BREAK = re.compile("\r\n|[\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029]")
# What XML cannot hold, and no person types.
NONCHARACTER = re.compile("[\ufdd0-\ufdef\ufffe\uffff]")


def clean_text(text: str) -> str:
    """The text with line breaks as "\\n", tabs as spaces, without other control characters, surrogates and outer space.

    Cleaning twice changes nothing more. Format characters stay: Persian, Hebrew and emoji need them.
    """
    lines = LINE_BREAK.sub("\n", text).replace("\t", " ")
    kept = (c for c in lines if c == "\n" or unicodedata.category(c) not in ("Cc", "Cs"))
    return NONCHARACTER.sub("", "".join(kept)).strip()


def checked_text(text: str, limit: int, field: str, what: str) -> str:
    """The cleaned text, "" if nothing in it can be seen. Raises InvalidRequest when it is longer than ``limit``."""
    text = clean_text(text)
    if len(text) > limit:
        raise InvalidRequest(
            f"{what} is {len(text):,} characters long; at most {limit:,} are kept. Shorten it.", field=field
        )
    return text if _visible(text) else ""


def checked_name(name: str, field: str = "reviewer") -> str:
    """A person's name on one line. Raises InvalidRequest when it is empty or longer than 200 characters."""
    name = " ".join(clean_text(name).split())
    if not _visible(name):
        raise InvalidRequest("A name is needed: type the reviewer's name.", field=field)
    if len(name) > NAME_LENGTH:
        raise InvalidRequest(f"The name is longer than {NAME_LENGTH} characters; shorten it.", field=field)
    return name


def _visible(text: str) -> bool:
    """Whether anything would be seen: a letter, number, sign or punctuation mark, or a character not yet in Unicode."""
    return any(unicodedata.category(c)[0] in "LNSP" or unicodedata.category(c) in ("Cn", "Co") for c in text)
