"""Firefox by WebDriver BiDi and WebKit by WebDriver, each without a library of its own; Chromium by Playwright."""

import json
import os
import re
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any, Protocol

from playwright.sync_api import Browser, Error
from websockets.sync.client import connect

from tests.browser.serving import free_port

FIREFOX = shutil.which("firefox-esr") or shutil.which("firefox")
WEBKIT_DRIVER = shutil.which("WebKitWebDriver")
SCREEN = shutil.which("Xvfb")
START_SECONDS = 60
PREFERENCES = {
    "media.autoplay.default": 0,
    "media.volume_scale": "0.0",
    "app.update.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "toolkit.telemetry.enabled": False,
}


class Engine(Protocol):
    """What the tests need of a browser."""

    def goto(self, address: str) -> None:
        """Open an address and wait until it has loaded."""

    def run(self, script: str, *values: Any) -> Any:
        """Call an async function, given as ``(…) => { … }``, with those values; returns what it returns.

        Raises RuntimeError when the function throws, or when the page is left meanwhile.
        """

    def pointer(self, *places: tuple[float, float]) -> None:
        """Press at the first place, move over the others, and let go."""

    def type(self, text: str) -> None:
        """Press the keys of a text, where the focus is."""


class Chromium:
    """A page of Playwright's, with what the other engines can do."""

    def __init__(self, browser: Browser):
        self._context = browser.new_context(viewport={"width": 390, "height": 844})
        self._context.set_default_timeout(60_000)
        self._page = self._context.new_page()

    def goto(self, address: str) -> None:
        self._page.goto(address)

    def run(self, script: str, *values: Any) -> Any:
        try:
            return self._page.evaluate(f"(given) => ({script})(...given)", list(values))
        except Error as error:
            raise RuntimeError(error.message) from error

    def pointer(self, *places: tuple[float, float]) -> None:
        self._page.mouse.move(*places[0])
        self._page.mouse.down()
        for place in places[1:]:
            self._page.mouse.move(*place)
        self._page.mouse.up()

    def type(self, text: str) -> None:
        self._page.keyboard.type(text)

    def close(self) -> None:
        self._context.close()


class Firefox:
    """A headless Firefox, spoken to by WebDriver BiDi."""

    def __init__(self, line: Any):
        self._line, self._numbers = line, count(1)
        self._ask("session.new", capabilities={})
        self._context = self._ask("browsingContext.getTree")["contexts"][0]["context"]
        self._ask("browsingContext.setViewport", context=self._context, viewport={"width": 390, "height": 844})

    def goto(self, address: str) -> None:
        self._ask("browsingContext.navigate", context=self._context, url=address, wait="complete")

    def run(self, script: str, *values: Any) -> Any:
        told = self._ask(
            "script.callFunction",
            functionDeclaration=f"async (given) => JSON.stringify(await ({script})(...JSON.parse(given)) ?? null)",
            arguments=[{"type": "string", "value": json.dumps(values)}],
            target={"context": self._context},
            awaitPromise=True,
            userActivation=True,
        )
        if told["type"] != "success":
            raise RuntimeError(told["exceptionDetails"]["text"])
        return json.loads(told["result"]["value"])

    def pointer(self, *places: tuple[float, float]) -> None:
        self._act({"type": "pointer", "id": "mouse", "parameters": {"pointerType": "mouse"}, "actions": _path(places)})

    def type(self, text: str) -> None:
        self._act({"type": "key", "id": "keys", "actions": _keys(text)})

    def _act(self, source: dict[str, Any]) -> None:
        self._ask("input.performActions", context=self._context, actions=[source])

    def _ask(self, method: str, **given: Any) -> dict[str, Any]:
        number = next(self._numbers)
        self._line.send(json.dumps({"id": number, "method": method, "params": given}))
        while True:
            told = json.loads(self._line.recv(timeout=60))
            if told.get("id") == number:
                if told["type"] == "error":
                    raise RuntimeError(f"{method}: {told['message']}")
                result: dict[str, Any] = told["result"]
                return result


class WebKit:
    """WebKitGTK's MiniBrowser, spoken to by WebDriver."""

    def __init__(self, driver: str):
        self._driver = driver
        wanted = {"alwaysMatch": {"webkitgtk:browserOptions": {"args": ["--automation"]}}}
        self._session = self._ask("POST", "/session", {"capabilities": wanted})["sessionId"]
        self._tell("timeouts", {"script": 120_000, "pageLoad": 60_000})
        self._tell("window/rect", {"width": 390, "height": 844})

    def goto(self, address: str) -> None:
        self._tell("url", {"url": address})

    def run(self, script: str, *values: Any) -> Any:
        body = f"""const told = arguments[arguments.length - 1];
          Promise.resolve(JSON.parse(arguments[0])).then((given) => ({script})(...given))
            .then((found) => told(JSON.stringify({{ found: found ?? null }})), (error) => told(String(error)));"""
        told = self._tell("execute/async", {"script": body, "args": [json.dumps(values)]})
        if not told.startswith("{"):
            raise RuntimeError(told)
        return json.loads(told)["found"]

    def pointer(self, *places: tuple[float, float]) -> None:
        source = {"type": "pointer", "id": "mouse", "parameters": {"pointerType": "mouse"}, "actions": _path(places)}
        self._tell("actions", {"actions": [source]})

    def type(self, text: str) -> None:
        self._tell("actions", {"actions": [{"type": "key", "id": "keys", "actions": _keys(text)}]})

    def close(self) -> None:
        self._ask("DELETE", f"/session/{self._session}")

    def _tell(self, what: str, body: dict[str, Any]) -> Any:
        return self._ask("POST", f"/session/{self._session}/{what}", body)

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._driver + path, data, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=150) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{path}: {error.read().decode()[:500]}") from error


@contextmanager
def firefox(folder: Path) -> Iterator[Firefox]:
    """A running Firefox with a profile in that folder."""
    assert FIREFOX
    profile, log = folder / "profile", folder / "firefox.log"
    profile.mkdir()
    lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in PREFERENCES.items()]
    (profile / "user.js").write_text("\n".join(lines))
    command = [FIREFOX, "--headless", "--no-remote", "--profile", str(profile), "--remote-debugging-port", "0"]
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, stdout=out, stderr=subprocess.STDOUT, env=os.environ | {"HOME": str(folder)}
        )
    try:
        address = _told(log, re.compile(r"WebDriver BiDi listening on (ws://\S+)"), process)
        with connect(f"{address}/session", max_size=None) as line:
            yield Firefox(line)
    finally:
        process.kill()
        process.wait()


@contextmanager
def webkit(folder: Path) -> Iterator[WebKit]:
    """A running WebKit on a screen of its own."""
    assert WEBKIT_DRIVER
    assert SCREEN
    log, port = folder / "screen.log", free_port()
    with log.open("wb") as out:
        screen = subprocess.Popen(
            [SCREEN, "-displayfd", "2", "-screen", "0", "1200x1000x24", "-nolisten", "tcp"], stderr=out, stdout=out
        )
    display = f":{_told(log, re.compile(r'^([0-9]+)$', re.M), screen)}"
    told = os.environ | {"DISPLAY": display, "HOME": str(folder), "WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS": "1"}
    with (folder / "webkit.log").open("wb") as out:
        driver = subprocess.Popen([WEBKIT_DRIVER, f"--port={port}"], env=told, stdout=out, stderr=out)
    browser = None
    try:
        deadline = time.monotonic() + START_SECONDS
        while browser is None:
            try:
                browser = WebKit(f"http://127.0.0.1:{port}")
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)
        yield browser
    finally:
        if browser:
            browser.close()
        for process in (driver, screen):
            process.kill()
            process.wait()


def _told(log: Path, pattern: re.Pattern[str], process: "subprocess.Popen[bytes]") -> str:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if found := pattern.search(log.read_text(errors="replace")):
            return found[1]
        time.sleep(0.1)
    raise RuntimeError(f"the browser did not come up; it said:\n{log.read_text(errors='replace')}")


def _path(places: tuple[tuple[float, float], ...]) -> list[dict[str, Any]]:
    moves = [{"type": "pointerMove", "x": round(x), "y": round(y), "duration": 60} for x, y in places]
    down, up = {"type": "pointerDown", "button": 0}, {"type": "pointerUp", "button": 0}
    return [moves[0], down, *moves[1:], up]


def _keys(text: str) -> list[dict[str, Any]]:
    return [{"type": kind, "value": key} for key in text for kind in ("keyDown", "keyUp")]
