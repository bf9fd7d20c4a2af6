"""A visitor and what they may do, as plain values. :mod:`visitors` and :mod:`page_guard` find out who it is."""

from dataclasses import dataclass

from pilot_core.domain.actors import Actor, Source
from pilot_core.domain.actors import Way as Way
from pilot_core.domain.reviews import Grant
from pilot_core.domain.roles import CLOSED as CLOSED
from pilot_core.domain.roles import PERMISSIONS, Role
from pilot_core.domain.roles import READ_ONLY as READ_ONLY
from pilot_core.errors import AccessDenied as AccessDenied


@dataclass(frozen=True)
class Visitor:
    """A visitor: their name in events, their role, and their valid review grant, if any.

    ``ended`` is true if they sent a grant that is no longer valid. ``sign_in`` is what they were recognised by: the
    key's id, or a hash of the account's cookie.
    """

    name: str
    role: Role
    grant: Grant | None = None
    ended: bool = False
    way: Way | None = None
    sign_in: str = ""

    @property
    def principal(self) -> str:
        """What their rights rest on, to compare: the role, and the one sign-in in one browser or this machine."""
        return " ".join((self.role, self.way or "", self.sign_in))

    @property
    def on_the_team(self) -> bool:
        """Whether they may read every pilot."""
        return PERMISSIONS[self.role].on_the_team

    @property
    def actor(self) -> Actor:
        """Who acts when this visitor does something: a member of the team, else the holder of the grant."""
        if self.way is None and self.grant is not None:
            return self.grant.actor
        return Actor(self.name, Source(self.way or Way.HERE, self.role, self.sign_in))

    def may(self, role: Role) -> bool:
        """Whether the visitor has the permissions of ``role``. A review grant adds the reviewer's."""
        return role in PERMISSIONS[self.role].opens or (role is Role.REVIEWER and self.grant is not None)

    def reaches(self, pilot_id: str) -> bool:
        """Whether they may see what that pilot's founder sees."""
        return self.on_the_team or (self.grant is not None and self.grant.pilot_id == pilot_id)
