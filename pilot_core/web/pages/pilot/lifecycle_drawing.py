"""The lifecycle as an SVG: a line of steps with the current one marked. Its text has the same size at any width."""

from collections.abc import Sequence
from html import escape

from pilot_core.web.components.badges import HEX
from pilot_core.web.pages.pilot.lifecycle import Colour, Step

HEIGHT = 86
LINE_Y = 20

# An image cannot read the page's theme, so the caller passes which of the two is shown.
INKS = {
    False: {"ink": "#1C2126", "quiet": "#5C646D", "ground": "#FBFAF7", "rail": "#D5CFC2", "accent": "#0B6E6E"},
    True: {"ink": "#E6EAEE", "quiet": "#A9B3BD", "ground": "#121A23", "rail": "#3A4856", "accent": "#35A79F"},
}
GLYPHS: dict[Colour, str] = {
    "green": "M-4 .2l2.8 2.8 5.2-5.6",
    "orange": "M-3.8 0h7.6",
    "red": "M-3 -3l6 6M3 -3l-6 6",
    "accent": "M-4 .2l2.8 2.8 5.2-5.6",
    "gray": "M-3.8 0h7.6",
}


def words(steps: Sequence[Step]) -> str:
    """Return the steps as text: "Step 3 of 6 is today: With the founder (since 2 days). Before it: … After it: …"."""
    today = next(place for place, step in enumerate(steps) if step.place == "today")
    parts = [f"Step {today + 1} of {len(steps)} is today: {_step_words(steps[today])}."]
    if before := ", ".join(map(_step_words, steps[:today])):
        parts.append(f"Before it: {before}.")
    if after := ", ".join(map(_step_words, steps[today + 1 :])):
        parts.append(f"After it: {after}.")
    return " ".join(parts)


def svg(steps: Sequence[Step], *, dark: bool) -> str:
    """Return the SVG. On a narrow screen only the current step has a label, with its number."""
    inks = INKS[dark]
    count = len(steps)
    today = next(place for place, step in enumerate(steps) if step.place == "today")
    at = [f"{100 * (place + 0.5) / count:.2f}%" for place in range(count)]
    rails = [
        f'<line x1="{at[0]}" y1="{LINE_Y}" x2="{at[-1]}" y2="{LINE_Y}" stroke="{inks["rail"]}" '
        f'stroke-width="2" stroke-dasharray="2 5" stroke-linecap="round"/>',
        f'<line x1="{at[0]}" y1="{LINE_Y}" x2="{at[today]}" y2="{LINE_Y}" stroke="{inks["accent"]}" stroke-width="2"/>',
    ]
    drawn = [_station(step, x, inks) for step, x in zip(steps, at, strict=True)]
    narrow = _narrow(steps[today], today, count, inks)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="100%" height="{HEIGHT}">'
        "<style>text{font-family:'Source Sans 3','Source Sans Pro',system-ui,sans-serif;font-size:13px}"
        ".b{font-weight:600}.n{display:none}.q{font-size:12px}"
        "@media (max-width:700px){.w{display:none}.n{display:inline}text{font-size:15px}.q{font-size:14px}}</style>"
        f"{''.join(rails)}{''.join(drawn)}{narrow}</svg>"
    )


def _station(step: Step, x: str, inks: dict[str, str]) -> str:
    colour = inks["accent"] if step.colour == "accent" else HEX[step.colour]
    if step.place == "ahead":
        mark = f'<circle r="6" fill="{inks["ground"]}" stroke="{inks["rail"]}" stroke-width="2"/>'
    elif step.place == "today":
        mark = (
            f'<circle r="11" fill="{inks["ground"]}" stroke="{colour}" stroke-width="2.5"/>'
            f'<circle r="5.5" fill="{colour}"/>'
        )
    else:
        mark = (
            f'<circle r="8.5" fill="{colour}" stroke="{inks["ground"]}" stroke-width="2"/>'
            f'<path d="{GLYPHS[step.colour]}" fill="none" stroke="#fff" stroke-width="1.7" stroke-linecap="round" '
            'stroke-linejoin="round"/>'
        )
    ink = inks["quiet"] if step.place == "ahead" else inks["ink"]
    bold = ' class="w b"' if step.place == "today" else ' class="w"'
    return (
        # Only a nested svg accepts a percentage as its position.
        f'<svg x="{x}" y="{LINE_Y}" overflow="visible">{mark}'
        f'<text{bold} y="33" text-anchor="middle" fill="{ink}">{escape(step.label)}</text>'
        f'<text class="w q" y="50" text-anchor="middle" fill="{inks["quiet"]}">{escape(step.detail)}</text></svg>'
    )


def _narrow(step: Step, place: int, count: int, inks: dict[str, str]) -> str:
    """Return the label of the current step for narrow screens, where the other labels are hidden."""
    detail = f" · {step.detail}" if step.detail else ""
    return (
        f'<text class="n b" x="2" y="56" fill="{inks["ink"]}">{escape(step.label)}'
        f'<tspan font-weight="400" fill="{inks["quiet"]}">{escape(detail)}</tspan></text>'
        f'<text class="n q" x="2" y="76" fill="{inks["quiet"]}">Today: step {place + 1} of {count}</text>'
    )


def _step_words(step: Step) -> str:
    return f"{step.label} ({step.detail})" if step.detail else step.label
