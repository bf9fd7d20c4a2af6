"""The command that checks an approval certificate; it needs no store and no network."""

import argparse

from pilot_core.errors import InvalidRequest
from pilot_core.review.certificates import LONGEST, is_video, verify
from pilot_core.settings import Settings

WRONG = 1


def verify_certificate(arguments: argparse.Namespace, config: Settings) -> int:
    """Print what the certificate says, and whether the --video is the approved one."""
    path = arguments.verify_certificate
    try:
        with path.open("rb") as file:
            data = file.read(LONGEST + 1)
    except OSError as error:
        raise InvalidRequest(f"The certificate {path} cannot be read: {error.strerror}.") from error
    try:
        found = verify(data)
    except InvalidRequest as error:
        print(error)
        return WRONG
    says = found.says
    decision = says["decision"]
    print(f"The signature is valid. Key: {found.key}. Compare it with the key that the team names.")
    print(f"{decision['approved_by']} approved version {says['version']} of {says['company']}’s video.")
    print(f"Approved at {decision['approved_at']}, certificate issued at {says['issued_at']}.")
    print(f"Video SHA-256: {says['video']['sha256']}")
    if arguments.video is None:
        print("Check a file against it with --video FILE.")
        return 0
    if is_video(found, arguments.video):
        print(f"{arguments.video} is the approved video.")
        return 0
    print(f"{arguments.video} is NOT the approved video.")
    return WRONG
