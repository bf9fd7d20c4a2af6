"""Text typed by people in Streamlit's Markdown: shown as typed, never interpreted."""

import re

PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")

# Streamlit and its Markdown libraries replace these in finished text, where a backslash no longer helps: emoji and
# icons (":smile:"), arrows ("->"), addresses ("www.", "@", "//"). An invisible word joiner separates their characters.
JOINER = "\u2060"
REPLACED_LATER = re.compile(
    r"(?<=:)(?=\S)|(?<=[<>=~-])(?=[<>=~-])|(?<=[wW]{3})(?=\.)|(?<=@)(?=\S)|(?<=\S)(?=@)|(?<=/)(?=/)"
)


def plain(text: str) -> str:
    """Escape one line of text for ``st.markdown``, labels and ``help``, so that it is shown as typed."""
    line = " ".join(text.split())
    return PUNCTUATION.sub(r"\\\1", REPLACED_LATER.sub(JOINER, line))
