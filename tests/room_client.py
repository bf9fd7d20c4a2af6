"""A reviewer's browser without JavaScript: opens pages of the room over HTTP, reads them, and submits their forms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookies import SimpleCookie
from urllib.parse import urlencode

from pilot_core.domain.pilot import PilotRun
from pilot_core.domain.reviews import Grant
from pilot_core.review.links import grant_for, make_link, open_link
from pilot_core.store.pilots import PilotStore
from pilot_core.web.access.visitors import GRANT_COOKIE
from tests.asking import AWAY, Answer, ask
from tests.reviewing import LEAD

BOUNDARY = "boundary-of-the-test"
MULTIPART = f"multipart/form-data; boundary={BOUNDARY}"
SKIPPED = ("script", "style", "title")


@dataclass
class SentForm:
    """A form on a page: its address, its fields, and its buttons as (label, name, value)."""

    name: str
    action: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    choices: list[tuple[str, str]] = field(default_factory=list)
    buttons: list[tuple[str, str, str]] = field(default_factory=list)

    def value(self, name: str) -> str:
        """Return a field's value."""
        return next((value for key, value in self.fields if key == name), "")


class Page(HTMLParser):
    """The contents of a page: its visible text, links and forms."""

    def __init__(self, answer: Answer, path: str):
        super().__init__()
        self.answer, self.status, self.path = answer, answer.status, path
        self.source = answer.body.decode()
        self.text, self.forms, self.links = "", [], {}
        self.headings: list[tuple[str, str]] = []
        self._open: list[str] = []
        self._form: SentForm | None = None
        self._link: str | None = None
        self._area: str | None = None
        self.feed(self.source)
        self.text = " ".join(self.text.split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        if tag not in ("input", "br", "meta", "link", "track", "img"):
            self._open.append(tag)
        if tag in ("p", "li", "h1", "h2", "h3", "h4", "div", "section", "label", "summary", "button", "a", "textarea"):
            self.text += " "
        if tag == "form":
            self._form = SentForm(told.get("data-form", ""), told.get("action", self.path))
            self.forms.append(self._form)
        elif tag == "a":
            self._link = told.get("href")
        elif tag in ("h1", "h2", "h3", "h4"):
            self.headings.append((tag, ""))
        elif self._form and tag == "textarea":
            self._area = told.get("name", "")
            self._form.fields.append((self._area, ""))
        elif self._form and tag == "button":
            self._form.buttons.append(("", told.get("name", ""), told.get("value", "")))
        elif self._form and tag == "input":
            held = (told["name"], told.get("value", ""))
            if told.get("type") in ("checkbox", "radio"):
                self._form.choices.append(held)
                if "checked" in told:
                    self._form.fields.append(held)
            else:
                self._form.fields.append(held)

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop() != tag:
            pass
        if tag == "form":
            self._form = None
        elif tag == "a":
            self._link = None
        elif tag == "textarea":
            self._area = None

    def handle_data(self, data: str) -> None:
        if any(tag in SKIPPED for tag in self._open):
            return
        self.text += data
        if self._link is not None and data.strip():
            self.links[data.strip()] = self._link
        if self._open and self._open[-1] in ("h1", "h2", "h3", "h4"):
            tag, words = self.headings[-1]
            self.headings[-1] = (tag, words + data)
        if self._form and self._area is not None:
            name, value = self._form.fields[-1]
            self._form.fields[-1] = (name, value + data)
        if self._form and self._open and self._open[-1] == "button":
            words, name, value = self._form.buttons[-1]
            self._form.buttons[-1] = (words + data.strip(), name, value)

    def form(self, name: str) -> SentForm:
        """Return the form with that name, or the first whose name starts with it."""
        return next(form for form in self.forms if form.name == name or form.name.startswith(f"{name} "))

    def has_form(self, name: str) -> bool:
        """Whether the page has that form."""
        return any(form.name == name or form.name.startswith(f"{name} ") for form in self.forms)

    def heads(self) -> list[str]:
        """Return the headings of the page's own sections."""
        return [words.strip() for tag, words in self.headings if tag == "h2"]


class Browser:
    """A browser with its cookies. ``host`` is not this machine's, unless given."""

    def __init__(self, store: PilotStore, host: str = AWAY):
        self.store, self.host = store, host
        self.cookies: dict[str, str] = {}

    def asks(self, path: str, method: str = "GET", body: bytes = b"", **headers: str) -> Page:
        """Send a request and follow redirects. Header names take underscores for hyphens."""
        carried = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        answer = ask(path.split("#")[0], method, cookies=carried, host=self.host, body=body, **headers)
        for name, value in answer.header_lines:
            if name == "set-cookie":
                self.cookies |= {key: kept.value for key, kept in SimpleCookie(value).items()}
        if answer.status == 303:
            return self.asks(answer.headers["location"])
        return Page(answer, path)

    def takes_link(self, pilot: PilotRun, name: str = "Dana Cruz") -> Grant:
        """Set a grant's cookie as if the link had been opened."""
        grant, self.cookies[GRANT_COOKIE] = open_link(
            self.store, make_link(self.store, pilot.pilot_id, name, actor=LEAD)[1]
        )
        return grant

    @property
    def grant(self) -> Grant | None:
        """Return the browser's valid grant, or None."""
        return grant_for(self.store, self.cookies.get(GRANT_COOKIE))

    def opens(self, pilot: PilotRun | None = None, path: str = "/review", reviewer: str = "Dana Cruz") -> Page:
        """Open a page. With a pilot, first open a new link of that pilot."""
        if pilot:
            self.takes_link(pilot, reviewer)
        return self.asks(path)

    def posts(self, path: str, fields: Mapping[str, str | list[str]], **headers: str) -> Page:
        """Post fields to an address. By default the request comes from a page of the same server."""
        body = urlencode(fields, doseq=True).encode()
        return self.asks(path, "POST", body, **(headers or {"origin": f"http://{self.host}"}))

    def sends(self, page: Page, form_name: str, button: str = "", **fields: str | list[str]) -> Page:
        """Fill in a form of the page, press a button (by default the first), and follow redirects."""
        form = page.form(form_name)
        sent: dict[str, str | list[str]] = {}
        for key, value in form.fields:
            sent[key] = [*sent.get(key, ()), value]
        pressed = next(b for b in form.buttons if b[0] == button) if button else form.buttons[0]
        return self.posts(form.action, sent | fields | ({pressed[1]: pressed[2]} if pressed[1] else {}))

    def sends_files(
        self, page: Page, form_name: str, files: Sequence[tuple[str, bytes]], **fields: str | list[str]
    ) -> Page:
        """Fill in a form of the page with files, given as (name, contents), and send it as a browser does."""
        form = page.form(form_name)
        sent = [(key, value) for key, value in form.fields if key not in fields and key != "file"]
        for key, given in fields.items():
            sent += [(key, value) for value in ([given] if isinstance(given, str) else given)]
        headers = {"origin": f"http://{self.host}", "content_type": MULTIPART}
        return self.asks(form.action, "POST", multipart(sent, files), **headers)


def multipart(fields: Sequence[tuple[str, str]], files: Sequence[tuple[str, bytes]]) -> bytes:
    """Return the body of a form with files, given as (name, contents); its content type is :data:`MULTIPART`."""
    parts = [_part(f'name="{key}"', value.encode(errors="surrogatepass")) for key, value in fields]
    parts += [_part(f'name="file"; filename="{name}"', data) for name, data in files]
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


def _part(disposition: str, data: bytes) -> bytes:
    return f"--{BOUNDARY}\r\nContent-Disposition: form-data; {disposition}\r\n\r\n".encode() + data + b"\r\n"
