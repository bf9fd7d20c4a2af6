"""What axe-core finds on a page."""

from importlib.resources import files as packaged

from playwright.sync_api import Page

AXE = (packaged("axe_playwright_python") / "axe.min.js").read_text("utf-8")
FIND = """async (without) => (await axe.run(document, {
    resultTypes: ["violations"], rules: Object.fromEntries(without.map((rule) => [rule, { enabled: false }])),
  })).violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target).join(", ")}`)"""


def violations(page: Page, without: tuple[str, ...] = ()) -> list[str]:
    """Return each violation of a rule, but for some rules, with the places of its elements."""
    page.evaluate(AXE)
    found: list[str] = page.evaluate(FIND, list(without))
    return found
