"""The proxy of deploy/nginx.conf in front of a test's own servers: Debian's nginx, on loopback."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import yaml

from pilot_core.settings import ROOT
from tests.browser.serving import free_port, stop, wait_until_healthy

CONFIGURATION = ROOT / "deploy" / "nginx.conf"
COMPOSE = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text(encoding="utf-8"))
BELIEVED = {"FORWARDED_ALLOW_IPS": COMPOSE["x-app"]["environment"]["FORWARDED_ALLOW_IPS"]}
"""The settings that tell the site's dashboards which proxy to trust."""

# The rest of the image's nginx.conf, with every file in one folder.
AROUND = """
daemon off;
{user}
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/site.conf;
}}
"""


def program() -> str | None:
    """Return the path of nginx, which Debian does not put on a user's PATH, or None."""
    return shutil.which("nginx", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin")


@contextmanager
def proxied(
    nginx: str, folder: Path, first: int, second: int, changes: Mapping[str, str] | None = None
) -> Iterator[int]:
    """Yield the port of a proxy in front of the servers at those ports.

    ``changes`` maps further parts of its configuration to their replacements.
    """
    folder.mkdir()
    port = free_port()
    text = CONFIGURATION.read_text(encoding="utf-8")
    for piece, instead in {
        "server first:8501;": f"server 127.0.0.1:{first};",
        "server second:8501;": f"server 127.0.0.1:{second};",
        "listen 80;": f"listen 127.0.0.1:{port};",
        **(changes or {}),
    }.items():
        assert text.count(piece) == 1, f"{CONFIGURATION.name} does not say “{piece}” once"
        text = text.replace(piece, instead)
    (folder / "site.conf").write_text(text, encoding="utf-8")
    # Started by root, nginx runs its workers as another user, who cannot read a test's folder.
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(AROUND.format(folder=folder, user=user), encoding="utf-8")
    log = folder / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [nginx, "-p", folder, "-c", folder / "nginx.conf"],
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            wait_until_healthy(process, f"http://127.0.0.1:{port}/healthz", log)
            yield port
        finally:
            stop(process)
