"""A PostgreSQL server for the tests: Debian's package, on loopback, in a temporary folder."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

TEMPLATE = "pilots_template"
PASSWORD = "not-to-be-told"
OPTIONS = (
    "-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=100 -c shared_buffers=64MB "
    "-c listen_addresses=127.0.0.1 -c unix_socket_directories=''"
)


def programs() -> Path | None:
    """Return the newest folder with initdb and postgres, which Debian does not put on the PATH, or None."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    beside = shutil.which("initdb")
    return Path(beside).parent if beside else None


class Server:
    """A running server. All of its databases belong to the user ``pilot``."""

    def __init__(self, port: int, beside: Executor):
        self.port = port
        self._beside = beside

    def url(self, name: str) -> str:
        return f"postgresql://pilot:{PASSWORD}@127.0.0.1:{self.port}/{name}"

    def run(self, *statements: str) -> None:
        """Run statements outside of every store's database."""
        import psycopg

        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)

    @contextmanager
    def database(self, template: str = "template0") -> Iterator[str]:
        """Yield the address of a new database, which is dropped soon after the end."""
        name = f"t_{uuid4().hex}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {template}")
        try:
            yield self.url(name)
        finally:
            # Dropping waits for open connections, so the next test does not wait for it.
            self._beside.submit(self.run, f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def server(bin_folder: Path, options: str = OPTIONS, *, memory: bool = True) -> Iterator[Server]:
    """Start a server, by default with its files in memory, and stop it at the end.

    PostgreSQL refuses to run as root, so the server then runs as Debian's postgres user.
    """
    place = "/dev/shm" if memory and os.access("/dev/shm", os.W_OK) else None
    folder = Path(tempfile.mkdtemp(prefix="pilot-ops-postgres-", dir=place))
    user = None
    if os.getuid() == 0:
        user = "postgres"
        os.chown(folder, pwd.getpwnam(user).pw_uid, -1)
    data, log = folder / "data", folder / "log"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    def run(program: str, *arguments: str) -> None:
        done = subprocess.run(
            [bin_folder / program, *arguments],
            user=user,
            cwd=folder,
            env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if program == "initdb" else subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode:
            told = done.stdout or (log.read_text() if log.exists() else "")
            raise RuntimeError(f"{program} ended with {done.returncode}: {told[-2000:]}")

    try:
        run(
            "initdb",
            *("-D", str(data), "-U", "pilot", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"),
            "--no-instructions",
        )
        run("pg_ctl", "-D", str(data), "-l", str(log), "-w", "-o", f"{options} -p {port}", "start")
        try:
            with ThreadPoolExecutor(1) as beside:
                yield Server(port, beside)
        finally:
            run("pg_ctl", "-D", str(data), "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
