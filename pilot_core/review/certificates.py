"""Approval certificates: signed records of what was approved, by whom and when, that anyone can check offline.

They are signed with Ed25519 (RFC 8032) and the installation's key. The signature covers the certificate as JSON in
UTF-8, with sorted keys and without spaces.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from pilot_core.clock import iso
from pilot_core.domain.attempt import PilotRunAttempt
from pilot_core.domain.feedback import Feedback, FeedbackLevel, FeedbackMode
from pilot_core.domain.pilot import PilotRun
from pilot_core.domain.reviews import fraction
from pilot_core.errors import InvalidRequest, PilotNotFound
from pilot_core.insight.rules import current_rules
from pilot_core.store.files.key_file import kept_key
from pilot_core.store.files.layout import CERTIFICATES_KEY
from pilot_core.store.pilots import PilotStore
from pilot_core.store.tables import reviews
from pilot_core.tokens import signing_key

KIND = "Pilot Ops approval certificate"
LONGEST = 200_000
"""Largest file, in bytes, that is read as a certificate."""


@dataclass(frozen=True)
class Verified:
    """A certificate with a valid signature: its contents, and the fingerprint of the key that signed it."""

    says: Mapping[str, Any]
    key: str


def approval_of(pilot: PilotRun) -> tuple[PilotRunAttempt, Feedback] | None:
    """Return the attempt and the approval to certify, or None if no approval has a checksum."""
    for attempt in reversed(pilot.runs):
        given = attempt.review
        if given and given.level is FeedbackLevel.APPROVE and given.sha256:
            return attempt, given
    return None


def certificate(store: PilotStore, pilot: PilotRun, secret: str | None) -> bytes:
    """Return the signed certificate of the pilot's approval, as JSON.

    Raises PilotNotFound if there is none, and StoreError.
    """
    found = approval_of(pilot)
    if found is None:
        raise PilotNotFound("There is no approval to certify.")
    says = _statement(store, pilot, *found)
    key = Ed25519PrivateKey.from_private_bytes(_key(store, secret))
    signed = {
        "certificate": says,
        "public_key": _text(key.public_key().public_bytes_raw()),
        "signature": _text(key.sign(_canonical(says))),
    }
    return (json.dumps(signed, indent=2, ensure_ascii=False) + "\n").encode()


def own_key(store: PilotStore, secret: str | None) -> str | None:
    """Return the fingerprint of the key that signs here, or None before the first certificate. Raises StoreError."""
    if not secret and not (store.root / CERTIFICATES_KEY).exists():
        return None
    return fingerprint(Ed25519PrivateKey.from_private_bytes(_key(store, secret)).public_key().public_bytes_raw())


def verify(data: bytes) -> Verified:
    """Check the signature of a certificate. Raises InvalidRequest if it is not a certificate or was changed."""
    try:
        signed = json.loads(data[:LONGEST])
        says, public, signature = (signed[name] for name in ("certificate", "public_key", "signature"))
        raw = base64.b64decode(public, validate=True)
        Ed25519PublicKey.from_public_bytes(raw).verify(base64.b64decode(signature, validate=True), _canonical(says))
    except InvalidSignature:
        raise InvalidRequest("The signature is wrong: the certificate was changed after it was issued.") from None
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise InvalidRequest("This is not an approval certificate.") from error
    if not isinstance(says, dict) or says.get("kind") != KIND:
        raise InvalidRequest("This is not an approval certificate.")
    return Verified(says, fingerprint(raw))


def is_video(verified: Verified, video: Path) -> bool:
    """Whether a file is the exact video that was approved. Raises InvalidRequest if it cannot be read."""
    try:
        with video.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InvalidRequest(f"The video {video} cannot be read: {error.strerror}.") from error
    return bool(found == verified.says["video"]["sha256"])


def fingerprint(public_key: bytes) -> str:
    """Return a public key's fingerprint for people to compare: 80 bits of its SHA-256, in groups of four."""
    digits = hashlib.sha256(public_key).hexdigest()[:20]
    return " ".join(digits[at : at + 4] for at in range(0, len(digits), 4))


def _statement(store: PilotStore, pilot: PilotRun, attempt: PilotRunAttempt, given: Feedback) -> dict[str, Any]:
    draft, length = attempt.final_draft, attempt.whole_seconds
    seen = store.database.read(lambda connection: reviews.viewings(connection, pilot.pilot_id))
    watched = next((v.watched for v in seen if (v.attempt_id, v.reviewer) == (attempt.attempt_id, given.by)), ())
    others = [f for f in attempt.feedback if f.mode is FeedbackMode.HUMAN and f.feedback_id != given.feedback_id]
    plan = [shot.model_dump(mode="json", exclude={"content"}) for shot in draft.shots] if draft else []
    return {
        "kind": KIND,
        "format": 1,
        "pilot": pilot.pilot_id,
        "company": pilot.company_name,
        "founder": pilot.founder_name,
        "version": attempt.attempt_number,
        "video": {
            "sha256": given.sha256,
            "delivered_sha256": given.original_sha256,
            "seconds": draft.duration if draft else None,
            "frame_rate": draft.frame_rate if draft else None,
        },
        "plan_sha256": hashlib.sha256(_canonical(plan)).hexdigest(),
        "decision": {
            "approved_by": given.by,
            "approved_at": iso(given.received_at) if given.received_at else None,
            "checklist": given.checklist,
        },
        "watched": {"seconds": [list(span) for span in watched], "fraction": fraction(watched, length)},
        "other_decisions": [
            {"by": f.by, "level": f.level.value, "at": iso(f.received_at) if f.received_at else None} for f in others
        ],
        "rules_version": current_rules().version,
        "issued_at": iso(store.clock()),
    }


def _key(store: PilotStore, secret: str | None) -> bytes:
    if secret:
        return signing_key("certificates", secret)
    return kept_key(store.root / CERTIFICATES_KEY, "certificates")


def _canonical(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
