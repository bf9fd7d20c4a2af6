"""Findings of a check, and the paths that an attempt refers to."""

from collections.abc import Iterator
from dataclasses import dataclass

from pilot_core.domain.attempt import AttemptState, PilotRunAttempt


@dataclass(frozen=True)
class Finding:
    """One inconsistency: its kind, its subject (a pilot id, a path in the store or a column), and a sentence."""

    kind: str
    about: str
    sentence: str


def labelled_paths(attempt: PilotRunAttempt) -> Iterator[tuple[str, str]]:
    """Yield (label, path) for each video, captions file and review pack of the attempt; each path once."""
    named = [("film", attempt.video_path), ("review pack", attempt.review_pack_path)]
    for draft in attempt.drafts:
        named += [
            (f"draft {draft.iteration}", draft.video_path),
            (f"delivered file of draft {draft.iteration}", draft.original_path),
            (f"light video of draft {draft.iteration}", draft.light_path),
            (f"captions of {draft.iteration}", draft.captions_path),
        ]
    seen: set[str] = set()
    for label, path in named:
        if path and path not in seen:
            seen.add(path)
            yield label, path


def paths_of(attempt: PilotRunAttempt) -> Iterator[str]:
    """Yield every path that the attempt needs. A failed attempt needs its upload but not its folder."""
    yield from (path for _, path in labelled_paths(attempt))
    if attempt.upload_path:
        yield attempt.upload_path
    if attempt.folder and attempt.state is not AttemptState.FAILED:
        yield attempt.folder
