"""Where a store keeps files in a bucket: ``s3://bucket/prefix``, and the service's address if it is not Amazon's."""

import re
from typing import NamedTuple
from urllib.parse import urlsplit

from pilot_core.errors import InvalidRequest

URL = r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])((?:/[A-Za-z0-9._-]+)*)/?"


class Place(NamedTuple):
    """Where a store's files are: bucket, key prefix and endpoint.

    The prefix has no slashes at its ends. The endpoint is the service's address if it is not Amazon's.
    """

    bucket: str
    prefix: str
    endpoint: str | None = None

    def __str__(self) -> str:
        return f"s3://{self.bucket}" + (f"/{self.prefix}" if self.prefix else "")

    def key(self, name: str) -> str:
        """Return the full object key for a name in this store."""
        return f"{self.prefix}/{name}" if self.prefix else name


def parse_place(url: str, endpoint: str = "") -> Place:
    """Parse an ``s3://bucket/prefix`` address. Raises InvalidRequest."""
    match = re.fullmatch(URL, url)
    if match is None or any(part in (".", "..") for part in match[2].split("/")):
        raise InvalidRequest(f"“{url}” names no place in a bucket; it must look like s3://bucket/prefix.")
    if endpoint:
        try:
            parts = urlsplit(endpoint)
            is_right = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            is_right = False
        if not is_right or parts.username or parts.password or parts.query:
            raise InvalidRequest("The service's address must look like https://s3.example.com, without a password.")
    return Place(match[1], match[2].strip("/"), endpoint.rstrip("/") or None)
