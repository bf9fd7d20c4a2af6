"""An S3 service on this machine, moto's server, in a process of its own: it is asked over HTTP, as Amazon's is."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count

import boto3
import pytest

from pilot_core.store.pilots import PilotStore

KINDS = ("local", "s3")
"""Where a store keeps its films and documents; what holds of one holds of the other."""

KEYS = {"AWS_ACCESS_KEY_ID": "AKIATESTTESTTEST", "AWS_SECRET_ACCESS_KEY": "a-secret-that-nobody-may-read"}
START_SECONDS = 60.0
_numbers = count(1)


@dataclass
class Service:
    """The service; ``url`` is its address."""

    url: str
    process: subprocess.Popen[bytes]

    @property
    def client(self):
        """A client that is none of ours."""
        return boto3.client(
            "s3",
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id=KEYS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=KEYS["AWS_SECRET_ACCESS_KEY"],
        )

    def new_bucket(self) -> str:
        """Make an empty bucket; returns its name."""
        name = f"pilots-{next(_numbers)}"
        self.client.create_bucket(Bucket=name)
        return name

    def objects(self, bucket: str) -> dict[str, bytes]:
        """All that is in a bucket."""
        keys = [found["Key"] for found in self.client.list_objects_v2(Bucket=bucket).get("Contents", [])]
        return {key: self.client.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys}

    def stop(self) -> None:
        """End it as a power cut would."""
        self.process.kill()
        self.process.wait()


@contextmanager
def service() -> Iterator[Service]:
    """A service of its own; what is in it is gone with it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, env={**os.environ, **KEYS}, **quiet)
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_for(url, process)
        yield Service(url, process)
    finally:
        process.kill()
        process.wait()


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError), urllib.request.urlopen(f"{url}/moto-api/", timeout=5):
            return
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.1)
    raise RuntimeError(f"moto's server did not come up at {url}")


def name_in_settings(patch: pytest.MonkeyPatch, service: Service, bucket: str, prefix: str = "ops/media") -> None:
    """Have stores that are opened from now on keep their files there."""
    patch.setenv("PILOT_OPS_MEDIA", f"s3://{bucket}/{prefix}".rstrip("/"))
    patch.setenv("PILOT_OPS_MEDIA_ENDPOINT", service.url)
    patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    for name, value in KEYS.items():
        patch.setenv(name, value)


def leave_to_bucket(store: PilotStore, pilot_id: str) -> None:
    """Put a pilot's files where the settings say, and have them there only, as they are for another server's folder."""
    store.media.put_folder(pilot_id)
    if store.media.place:
        shutil.rmtree(store.root / pilot_id)
