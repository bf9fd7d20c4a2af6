"""Roles and what each may do."""

import pytest

from pilot_core.domain.roles import PERMISSIONS, SIGN_IN_ROLES, Role
from pilot_core.web.access.who import Visitor
from tests.conftest import HandClock
from tests.reviewing import pilot_in_review, reviewer

OPENS = {
    Role.LEAD: {Role.LEAD, Role.VIEWER, Role.REVIEWER, Role.STRANGER},
    Role.VIEWER: {Role.VIEWER, Role.REVIEWER, Role.STRANGER},
    Role.REVIEWER: {Role.REVIEWER, Role.STRANGER},
    Role.STRANGER: {Role.STRANGER},
    Role.COMMAND_LINE: set(),
    Role.PROGRAM: set(),
}


@pytest.mark.parametrize("role", Role)
def test_every_role_says_what_it_opens(role: Role) -> None:
    assert {needed for needed in Role if Visitor("Somebody", role).may(needed)} == OPENS[role]
    assert PERMISSIONS[role].on_the_team == (Role.VIEWER in OPENS[role] or role is Role.COMMAND_LINE)


def test_only_members_of_the_team_are_invited_with_a_key() -> None:
    assert SIGN_IN_ROLES == ("lead", "viewer")
    assert all(PERMISSIONS[role].on_the_team for role in SIGN_IN_ROLES)


def test_a_grant_opens_the_review_room_and_its_one_pilot_to_anyone(store, clock: HandClock) -> None:
    mine, other = pilot_in_review(store), pilot_in_review(store)
    guest = Visitor("Dana", Role.STRANGER, reviewer(store, mine))
    assert guest.may(Role.REVIEWER)
    assert not guest.may(Role.VIEWER)
    assert (guest.reaches(mine.pilot_id), guest.reaches(other.pilot_id)) == (True, False)
