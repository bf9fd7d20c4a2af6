"""Send, list, read and remove objects in a bucket of an S3 service. Each failure is one sentence.

s3fs and its dependencies are imported at the first request, and never if no bucket is set.
"""

import logging
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pilot_core.errors import StoreError
from pilot_core.media_place import Place

if TYPE_CHECKING:
    from s3fs import S3FileSystem

log = logging.getLogger(__name__)

CONNECT_SECONDS, READ_SECONDS = 5, 60
REMOVED_AT_ONCE = 1000
FULL = r"(?i)Quota|Full|InsufficientStorage|ExceededLimit"


class BucketError(StoreError):
    """The service refused or failed a request, or an expected object is missing."""


class ObjectInfo(NamedTuple):
    """An object in a listing: its size in bytes, and when it was sent."""

    size: int
    sent_at: datetime


class Bucket:
    """The objects at one place in a bucket. Every method raises BucketError, with one sentence, if it fails."""

    def __init__(self, place: Place):
        self.place = place

    def __str__(self) -> str:
        return str(self.place)

    def send(self, name: str, path: Path) -> None:
        """Send a file as the object with that name, replacing an existing one."""
        with self._reporting("did not take the files"):
            self._service.put_file(str(path), self._at(name))

    def size(self, name: str) -> int | None:
        """Return the object's size in bytes, or None if there is no such object."""
        try:
            with self._reporting("could not be asked"):
                found = self._service.call_s3("head_object", Bucket=self.place.bucket, Key=self.place.key(name))
        except FileNotFoundError:
            return None
        return int(found["ContentLength"])

    def piece(self, name: str, start: int, end: int) -> bytes:
        """Return the object's bytes from ``start`` up to ``end``. Also raises FileNotFoundError."""
        with self._reporting("could not be read"):
            return bytes(self._service.cat_file(self._at(name), start=start, end=end))

    def listed(self, beginning: str = "") -> dict[str, ObjectInfo]:
        """Return every object whose name starts with ``beginning``, by name."""
        return dict(self._listed(beginning, None))

    def is_empty(self) -> bool:
        """Whether there are no objects."""
        return next(self._listed("", 1), None) is None

    def _listed(self, beginning: str, most: int | None) -> Iterator[tuple[str, ObjectInfo]]:
        whole = self.place.key(beginning)
        asked: dict[str, Any] = {"Bucket": self.place.bucket, "Prefix": whole}
        if most:
            asked["MaxKeys"] = most
        while True:
            try:
                with self._reporting("could not be looked through"):
                    answer = self._service.call_s3("list_objects_v2", **asked)
            except FileNotFoundError as error:
                raise self._no_bucket() from error
            for found in answer.get("Contents", []):
                name = found["Key"][len(whole) - len(beginning) :]
                yield name, ObjectInfo(found["Size"], found["LastModified"])
            if most or not answer.get("IsTruncated"):
                return
            asked["ContinuationToken"] = answer["NextContinuationToken"]

    def remove(self, names: Iterable[str]) -> None:
        """Remove those of the objects that exist."""
        keys = [self.place.key(name) for name in names]
        for start in range(0, len(keys), REMOVED_AT_ONCE):
            some = [{"Key": key} for key in keys[start : start + REMOVED_AT_ONCE]]
            try:
                with self._reporting("did not remove the files"):
                    answer = self._service.call_s3(
                        "delete_objects", Bucket=self.place.bucket, Delete={"Objects": some, "Quiet": True}
                    )
            except FileNotFoundError as error:
                raise self._no_bucket() from error
            if answer.get("Errors"):
                raise self._error("did not remove all files", f"{answer['Errors'][0].get('Code')}")

    @cached_property
    def _service(self) -> "S3FileSystem":
        import s3fs  # start-up time: it takes most of a second, and a store without a bucket never needs it

        style = {"s3": {"addressing_style": "path"}} if self.place.endpoint else {}
        return s3fs.S3FileSystem(
            endpoint_url=self.place.endpoint,
            use_listings_cache=False,
            skip_instance_cache=True,  # a cached instance may use other credentials
            config_kwargs={
                "connect_timeout": CONNECT_SECONDS,
                "read_timeout": READ_SECONDS,
                "retries": {"total_max_attempts": 2, "mode": "standard"},  # s3fs would try five times
                # Not every S3 service supports the newer checksums.
                "request_checksum_calculation": "when_required",
                "response_checksum_validation": "when_required",
                **style,
            },
        )

    def _at(self, name: str) -> str:
        return f"{self.place.bucket}/{self.place.key(name)}"

    @contextmanager
    def _reporting(self, what: str) -> Iterator[None]:
        """Turn every error into BucketError, except FileNotFoundError, which means that an object is missing."""
        try:
            yield
        except FileNotFoundError as error:
            if _code(error) == "NoSuchBucket":
                raise self._no_bucket() from error
            raise
        except Exception as error:
            # botocore, aiohttp and s3fs have no common base class for errors.
            raise self._error(what, _reason(error)) from error

    def _error(self, what: str, reason: str) -> BucketError:
        return BucketError(
            f"The bucket {self.place} {what} ({reason}); what is in the store's folder is as it was. "
            "Check the service and who may use the bucket, then try again."
        )

    def _no_bucket(self) -> BucketError:
        return BucketError(f"There is no bucket {self.place.bucket}; make it, or correct the setting PILOT_OPS_MEDIA.")


def _code(error: BaseException) -> str:
    """Return the service's error code."""
    response = getattr(error.__cause__, "response", None) or getattr(error, "response", None) or {}
    return str(response.get("Error", {}).get("Code", ""))


def _reason(error: Exception) -> str:
    """Return the reason in our own words: library messages may contain addresses and keys."""
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
