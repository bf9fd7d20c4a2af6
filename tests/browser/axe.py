"""What axe-core finds on a page."""

from importlib.resources import files as packaged

from playwright.sync_api import Page

AXE = (packaged("axe_playwright_python") / "axe.min.js").read_text("utf-8")
FIND = """async ([without, exceptions]) => (await axe.run(document, {
    resultTypes: ["violations"], rules: Object.fromEntries(without.map((rule) => [rule, { enabled: false }])),
  })).violations.map(({ id, nodes }) => ({
    id, places: nodes.map(({ target }) => target.join(" "))
      .filter((place) => !(id in exceptions && document.querySelector(place)?.closest(exceptions[id]))),
  })).filter(({ places }) => places.length).map(({ id, places }) => `${id}: ${places.join(", ")}`)"""


def violations(page: Page, without: tuple[str, ...] = (), exceptions: dict[str, str] | None = None) -> list[str]:
    """Return each violation of a rule, but for some rules, with the places of its elements.

    ``exceptions`` has, for a rule, the selector of elements in which it is not looked for.
    """
    page.evaluate(AXE)
    found: list[str] = page.evaluate(FIND, [list(without), exceptions or {}])
    return found
