"""A place in a bucket of an S3 service: objects by their keys, sent, read in pieces and removed; trouble as a sentence.

s3fs and what it brings along are imported when the first object is asked for, and never where no bucket is set.
"""

import logging
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from pilot_core.errors import InvalidRequest, StoreError

if TYPE_CHECKING:
    from s3fs import S3FileSystem

log = logging.getLogger(__name__)

CONNECT_SECONDS, READ_SECONDS = 5, 60
REMOVED_AT_ONCE = 1000
URL = r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])((?:/[A-Za-z0-9._-]+)*)/?"
FULL = r"(?i)Quota|Full|InsufficientStorage|ExceededLimit"


class BucketTrouble(StoreError):
    """The service did not do what was asked of it, or does not have what it should."""


class Place(NamedTuple):
    """Where a store's files are kept: a bucket, the beginning of every key without slashes around it, and the service's
    address where it is not Amazon's.
    """

    bucket: str
    prefix: str
    endpoint: str | None = None

    def __str__(self) -> str:
        return f"s3://{self.bucket}" + (f"/{self.prefix}" if self.prefix else "")

    def key(self, name: str) -> str:
        """The whole key of the object that is called so here."""
        return f"{self.prefix}/{name}" if self.prefix else name


def parse_place(url: str, endpoint: str = "") -> Place:
    """The place that such an address names. Raises InvalidRequest."""
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


class Held(NamedTuple):
    """An object as a listing tells of it: its size in bytes, and when it was sent."""

    size: int
    sent_at: datetime


class Bucket:
    """The objects at a place. Every method raises BucketTrouble, in one sentence, when the service does not do it."""

    def __init__(self, place: Place):
        self.place = place

    def send(self, name: str, path: Path) -> None:
        """Put the file there under that name, over what there is."""
        with self._telling("did not take the files"):
            self._service.put_file(str(path), self._at(name))

    def size(self, name: str) -> int | None:
        """How many bytes the object has; None where there is none."""
        try:
            with self._telling("could not be asked"):
                found = self._service.call_s3("head_object", Bucket=self.place.bucket, Key=self.place.key(name))
        except FileNotFoundError:
            return None
        return int(found["ContentLength"])

    def piece(self, name: str, start: int, end: int) -> bytes:
        """The object's bytes from ``start`` up to ``end``. Raises FileNotFoundError too."""
        with self._telling("could not be read"):
            return bytes(self._service.cat_file(self._at(name), start=start, end=end))

    def listed(self, beginning: str = "") -> dict[str, Held]:
        """Every object whose name begins so."""
        return dict(self._listed(beginning, None))

    def is_empty(self) -> bool:
        """Whether there is no object at all."""
        return next(self._listed("", 1), None) is None

    def _listed(self, beginning: str, most: int | None) -> Iterator[tuple[str, Held]]:
        whole = self.place.key(beginning)
        asked: dict[str, Any] = {"Bucket": self.place.bucket, "Prefix": whole}
        if most:
            asked["MaxKeys"] = most
        while True:
            try:
                with self._telling("could not be looked through"):
                    told = self._service.call_s3("list_objects_v2", **asked)
            except FileNotFoundError as error:
                raise self._no_bucket() from error
            for found in told.get("Contents", []):
                name = found["Key"][len(whole) - len(beginning) :]
                yield name, Held(found["Size"], found["LastModified"])
            if most or not told.get("IsTruncated"):
                return
            asked["ContinuationToken"] = told["NextContinuationToken"]

    def remove(self, names: Iterable[str]) -> None:
        """Remove those objects, as far as they are there."""
        keys = [self.place.key(name) for name in names]
        for start in range(0, len(keys), REMOVED_AT_ONCE):
            some = [{"Key": key} for key in keys[start : start + REMOVED_AT_ONCE]]
            try:
                with self._telling("did not remove the files"):
                    told = self._service.call_s3(
                        "delete_objects", Bucket=self.place.bucket, Delete={"Objects": some, "Quiet": True}
                    )
            except FileNotFoundError as error:
                raise self._no_bucket() from error
            if told.get("Errors"):
                raise self._trouble("did not remove all files", f"{told['Errors'][0].get('Code')}")

    @cached_property
    def _service(self) -> "S3FileSystem":
        import s3fs

        style = {"s3": {"addressing_style": "path"}} if self.place.endpoint else {}
        return s3fs.S3FileSystem(
            endpoint_url=self.place.endpoint,
            use_listings_cache=False,
            skip_instance_cache=True,  # else one that was made with other credentials
            config_kwargs={
                "connect_timeout": CONNECT_SECONDS,
                "read_timeout": READ_SECONDS,
                "retries": {"total_max_attempts": 2, "mode": "standard"},  # s3fs itself tries five times
                # Not every service of the kind knows the newer checksums.
                "request_checksum_calculation": "when_required",
                "response_checksum_validation": "when_required",
                **style,
            },
        )

    def _at(self, name: str) -> str:
        return f"{self.place.bucket}/{self.place.key(name)}"

    @contextmanager
    def _telling(self, what: str) -> Iterator[None]:
        """Raises BucketTrouble for any trouble but FileNotFoundError, by which some say that an object is missing."""
        try:
            yield
        except FileNotFoundError as error:
            if _code(error) == "NoSuchBucket":
                raise self._no_bucket() from error
            raise
        except Exception as error:
            # botocore, aiohttp and s3fs have errors of their own, which share no base.
            raise self._trouble(what, _reason(error)) from error

    def _trouble(self, what: str, reason: str) -> BucketTrouble:
        return BucketTrouble(
            f"The bucket {self.place} {what} ({reason}); what is in the store's folder is as it was. "
            "Check the service and who may use the bucket, then try again."
        )

    def _no_bucket(self) -> BucketTrouble:
        return BucketTrouble(
            f"There is no bucket {self.place.bucket}; make it, or correct the setting PILOT_OPS_MEDIA."
        )


def _code(error: BaseException) -> str:
    """What the service calls an error."""
    response = getattr(error.__cause__, "response", None) or getattr(error, "response", None) or {}
    return str(response.get("Error", {}).get("Code", ""))


def _reason(error: Exception) -> str:
    """Why, in a few words of ours: what libraries say may hold addresses and keys."""
    code, kind = _code(error), type(error).__name__
    if isinstance(error, PermissionError) or code in ("AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch"):
        return f"no permission{f', {code}' if code else ''}"
    if re.search(FULL, code):
        return f"it is full, {code}"
    if "Credentials" in kind:
        return "no credentials; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
    if isinstance(error, (ConnectionError, TimeoutError)) or "Connect" in kind or "Timeout" in kind or "HTTP" in kind:
        return "it cannot be reached"
    return code or kind
