"""The roles of visitors and actors, and their permissions: what they open, and which acts they do.

To add a role, add an entry here and a line in its test. To add an act, add a member to :class:`ActKind` and give it to
the roles that do it; its function asks with ``store/permission.py``.
"""

from dataclasses import dataclass, field
from enum import StrEnum

CLOSED = (
    "This dashboard is open only to the operations team. If you belong to it, open the sign-in link you were sent. "
    "If you are here to review a video, open the link you were sent once more."
)
READ_ONLY = "You can read everything here and change nothing. Ask a lead to do this, or to let you in as one."


class Role(StrEnum):
    """The role of a visitor; the last two are of actors that visit nothing: a command, and the program itself."""

    LEAD = "lead"
    VIEWER = "viewer"
    REVIEWER = "reviewer"
    STRANGER = "stranger"
    COMMAND_LINE = "command line"
    PROGRAM = "program"


class ActKind(StrEnum):
    """The acts that change something, in the words of the table in SECURITY.md."""

    START = "start a pilot"
    BEGIN = "begin an attempt"
    RETRY = "retry an attempt"
    RENDER = "render an attempt"
    GIVE_FEEDBACK = "log feedback"
    PAUSE = "pause a pilot"
    RESUME = "resume a pilot"
    DROP = "drop a pilot"
    RAISE_LIMIT = "raise the limit of attempts"
    EDIT_BRIEF = "correct the brief"
    IMPORT = "import state files"
    OVERRIDE = "override the recommendation"
    CONFIRM_OVERRIDE = "confirm an override as a second person"
    UNDO_OVERRIDE = "undo the override"
    SUGGEST = "decide on suggested flags"
    FILE_REPORT = "file or withdraw a report"
    ASSIGN = "set a pilot's owner"
    SNOOZE = "snooze a pilot"
    REMIND = "remind the founder"
    MAKE_LINK = "make a review link"
    REVOKE_LINK = "revoke a review link"
    ALLOW_DOWNLOAD = "allow the download of an approved video"
    WATCH = "be noted as having opened and watched"
    RENAME = "change the name on the link"
    KEEP_WORDS = "keep words that are not sent yet"
    DECIDE = "approve or ask for changes"
    UNDO_DECISION = "undo a decision"
    COMMENT = "comment and reply"
    EDIT_COMMENT = "edit or delete one's own comment"
    JUDGE_COMMENT = "say whether a comment or a request is addressed"
    MARK_REQUEST = "mark a request as done or not possible"
    CONTACT = "set the founder's address and reminders"
    EDIT_MESSAGE = "edit a message"
    SEND = "send an attempt to the founder, or mark it as sent"
    MOVE_MESSAGE = "hold, release, cancel or tick off a message"
    FEED = "make or end one's calendar address"
    NAME = "set one's display name"
    INVITE = "make a sign-in key"
    REVOKE_KEY = "revoke a sign-in key"
    ERASE_PILOT = "erase a pilot"
    ERASE_PERSON = "erase a person"


IN_REVIEW = frozenset(
    {
        ActKind.WATCH,
        ActKind.RENAME,
        ActKind.KEEP_WORDS,
        ActKind.DECIDE,
        ActKind.UNDO_DECISION,
        ActKind.COMMENT,
        ActKind.EDIT_COMMENT,
        ActKind.JUDGE_COMMENT,
    }
)
"""What reviewers do, each on the pilot of their link."""

OF_A_LINK = frozenset({ActKind.WATCH, ActKind.RENAME, ActKind.KEEP_WORDS, ActKind.DECIDE})
"""What only the holder of a link does: the team logs feedback instead."""

OF_THE_TEAM = frozenset(ActKind) - OF_A_LINK - {ActKind.RENDER}


@dataclass(frozen=True)
class Permissions:
    """What a role may do.

    ``opens`` are the roles whose pages and routes it may use. ``on_the_team``: it may see every pilot. ``signs_in``:
    people can be invited to the role with a sign-in key. ``acts`` are what it may change.
    """

    opens: frozenset[Role]
    on_the_team: bool = False
    signs_in: bool = False
    acts: frozenset[ActKind] = field(default=frozenset())


PERMISSIONS = {
    Role.LEAD: Permissions(
        frozenset({Role.LEAD, Role.VIEWER, Role.REVIEWER, Role.STRANGER}),
        on_the_team=True,
        signs_in=True,
        acts=OF_THE_TEAM,
    ),
    Role.VIEWER: Permissions(frozenset({Role.VIEWER, Role.REVIEWER, Role.STRANGER}), on_the_team=True, signs_in=True),
    Role.REVIEWER: Permissions(frozenset({Role.REVIEWER, Role.STRANGER}), acts=IN_REVIEW),
    Role.STRANGER: Permissions(frozenset({Role.STRANGER})),
    Role.COMMAND_LINE: Permissions(frozenset(), on_the_team=True, acts=OF_THE_TEAM | {ActKind.RENDER}),
    Role.PROGRAM: Permissions(frozenset(), acts=frozenset({ActKind.RENDER, ActKind.IMPORT, ActKind.FILE_REPORT})),
}
"""A reviewer sees and changes the one pilot of their grant; see :class:`pilot_core.web.access.who.Visitor`."""

SIGN_IN_ROLES = tuple(role for role, permissions in PERMISSIONS.items() if permissions.signs_in)


def permission_table() -> str:
    """Return the acts by role as a table in Markdown, for SECURITY.md."""
    heads = (Role.STRANGER, Role.REVIEWER, Role.VIEWER, Role.LEAD, Role.COMMAND_LINE, Role.PROGRAM)
    lines = [f"| | {' | '.join(heads)} |", "|---" * (len(heads) + 1) + "|"]
    for kind in ActKind:
        cells = ["own pilot" if role is Role.REVIEWER else "yes" for role in heads]
        cells = [cell if kind in PERMISSIONS[role].acts else "" for role, cell in zip(heads, cells, strict=True)]
        lines.append(f"| {kind} | {' | '.join(cells)} |")
    return "\n".join(lines)
