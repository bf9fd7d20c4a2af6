"""An S3 service on this machine: moto's server in its own process, accessed over HTTP like Amazon's."""

import os
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from urllib.parse import urlsplit

import boto3
import pytest

from pilot_core import PilotStore

KINDS = ("local", "s3")
"""Where a store's videos and documents are. Tests that use this run for each place."""

KEYS = {"AWS_ACCESS_KEY_ID": "AKIATESTTESTTEST", "AWS_SECRET_ACCESS_KEY": "a-secret-that-nobody-may-read"}
START_SECONDS = 60.0
_numbers = count(1)


@dataclass
class Service:
    """A running S3 service; ``url`` is its address."""

    url: str
    process: subprocess.Popen[bytes]

    @property
    def client(self):
        """Return a plain S3 client that does not use the product's code."""
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
        """Return all objects in a bucket, by name."""
        keys = [found["Key"] for found in self.client.list_objects_v2(Bucket=bucket).get("Contents", [])]
        return {key: self.client.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys}

    def stop(self) -> None:
        """Stop the service abruptly, like a power cut."""
        self.process.kill()
        self.process.wait()


@contextmanager
def service() -> Iterator[Service]:
    """Start a service. Its contents are deleted at the end."""
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


@contextmanager
def refusing(service: Service, status: int, code: str) -> Iterator[Service]:
    """Yield the service behind a proxy that answers every upload with this error. Other requests are passed on."""
    there = urlsplit(service.url).netloc

    class Relay(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def relay(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if self.command == "PUT":
                text = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>No.</Message></Error>".encode()
                self.answer(status, {"Content-Type": "application/xml"}, text)
                return
            asked = HTTPConnection(there)
            asked.request(self.command, self.path, body, dict(self.headers))
            found = asked.getresponse()
            self.answer(found.status, dict(found.getheaders()), found.read())
            asked.close()

        def answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response(status)
            for name, value in headers.items():
                if name.lower() not in ("transfer-encoding", "connection", "date", "server"):
                    self.send_header(name, value)
            if "Content-Length" not in headers:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = relay

        def log_message(self, *what: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Relay) as relay:
        thread = threading.Thread(target=relay.serve_forever)
        thread.start()
        try:
            yield Service(f"http://127.0.0.1:{relay.server_port}", service.process)
        finally:
            relay.shutdown()
            thread.join()


def name_in_settings(patch: pytest.MonkeyPatch, service: Service, bucket: str, prefix: str = "ops/media") -> None:
    """Make stores opened from now on keep their files in that bucket."""
    patch.setenv("PILOT_OPS_MEDIA", f"s3://{bucket}/{prefix}".rstrip("/"))
    patch.setenv("PILOT_OPS_MEDIA_ENDPOINT", service.url)
    patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    for name, value in KEYS.items():
        patch.setenv(name, value)


def leave_to_bucket(store: PilotStore, pilot_id: str) -> None:
    """Move a pilot's files to the bucket, so that the folder is empty like another server's."""
    store.media.put_folder(pilot_id)
    if store.media.bucket:
        shutil.rmtree(store.root / pilot_id)
