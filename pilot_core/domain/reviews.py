"""Review links, grants and viewings: who can see which pilot, and what they opened."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from pilot_core.domain.actors import Actor, Source, Way
from pilot_core.domain.roles import Role


class LinkState(StrEnum):
    """The state of a review link. Only a LIVING link can be opened."""

    LIVING = "living"
    EXPIRED = "expired"
    REVOKED = "revoked"


@dataclass(frozen=True)
class ReviewLink:
    """One reviewer's link to a pilot, valid until ``expires_at``. Times are in UTC. The token itself is not stored.

    With ``may_download`` the reviewer may download the video once it is approved.
    """

    link_id: str
    pilot_id: str
    reviewer: str
    created_at: datetime
    created_by: str
    expires_at: datetime
    revoked_at: datetime | None
    has_passphrase: bool
    locked_until: datetime | None
    may_download: bool = False

    def state(self, now: datetime) -> LinkState:
        """Return the state of the link at ``now``."""
        if self.revoked_at:
            return LinkState.REVOKED
        return LinkState.LIVING if now < self.expires_at else LinkState.EXPIRED


def acting_through_link(name: str) -> str:
    """Return the actor name for events by someone who came through a review link."""
    return f"{name} (review link)"


@dataclass(frozen=True)
class Grant:
    """A browser's access after opening a link: to one pilot, under one name, until ``expires_at`` (UTC).

    ``may_download`` is the link's, as it was when the grant was looked up.
    """

    grant_hash: str = field(repr=False)
    link_id: str
    pilot_id: str
    name: str
    expires_at: datetime
    may_download: bool = False

    @property
    def actor(self) -> Actor:
        """Who acts; the name cannot be mistaken for a team member's."""
        return Actor(acting_through_link(self.name), Source(Way.GRANT, Role.REVIEWER, self.grant_hash, self.pilot_id))


@dataclass(frozen=True)
class TeamMember:
    """A team member working on one pilot, without a link."""

    name: Actor
    pilot_id: str
    link_id: None = None

    @property
    def actor(self) -> Actor:
        """Who acts."""
        return self.name


Speaker = Grant | TeamMember


@dataclass(frozen=True)
class Unsent:
    """What one form of the review room holds and was not sent: ``words`` as JSON, "" for nothing.

    ``form_key`` is the key with which the form will be sent. A later save has a higher ``turn``.
    """

    form: str
    form_key: str
    turn: int
    words: str


@dataclass(frozen=True)
class FoundLink:
    """A valid link, as found by its token."""

    link: ReviewLink
    passphrase_hash: str | None


@dataclass(frozen=True)
class Viewing:
    """What a reviewer opened and watched of one attempt. Times are in UTC.

    ``watched`` holds the watched parts as (first, last) in whole seconds.
    """

    attempt_number: int
    attempt_id: str
    reviewer: str
    opened_at: datetime
    last_opened_at: datetime
    watched: tuple[tuple[int, int], ...]
    watched_at: datetime | None

    def fraction(self, length: int | None) -> float | None:
        """Return the share of a video of ``length`` seconds that was seen, 0 to 1; None for an unknown length."""
        return fraction(self.watched, length)


def fraction(watched: Iterable[tuple[int, int]], length: int | None) -> float | None:
    """Return the share of ``length`` seconds that merged ranges cover, 0 to 1; None for an unknown length."""
    return min(1.0, sum(last - first + 1 for first, last in watched) / length) if length else None
