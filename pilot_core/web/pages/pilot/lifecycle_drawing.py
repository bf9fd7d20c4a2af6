"""The lifecycle as a drawing: a line of steps with the current one marked. Its text has the same size at any width.

It is part of the page and no image, since WebKit gives an image whose width is a percentage the height 0.
"""

from collections.abc import Sequence
from html import escape

from pilot_core.web.components.badges import HEX
from pilot_core.web.pages.pilot.lifecycle import Colour, Step

# The page's HTML cannot read Streamlit's theme, so the caller passes which of the two is shown.
INKS = {
    False: {"ink": "#1C2126", "quiet": "#5C646D", "ground": "#FBFAF7", "rail": "#D5CFC2", "accent": "#0B6E6E"},
    True: {"ink": "#E6EAEE", "quiet": "#A9B3BD", "ground": "#121A23", "rail": "#3A4856", "accent": "#35A79F"},
}
GLYPHS: dict[Colour, str] = {"green": "✓", "orange": "–", "red": "✕", "accent": "✓", "gray": "–"}

STYLE = """
.lifecycle { container-type: inline-size; min-height: 86px; }
.lifecycle ol { display: flex; list-style: none; margin: 0; padding: 6px 0 0; }
.lifecycle li { flex: 1; margin: 0; text-align: center; position: relative; font-size: 13px; line-height: 1.3; }
.lifecycle li + li::before {
  content: ""; position: absolute; top: 12px; right: 50%; width: 100%; border-top: 2px solid var(--accent);
}
.lifecycle li.ahead::before { border-top: 2px dotted var(--rail); }
.lifecycle .mark {
  position: relative; z-index: 1; box-sizing: border-box; display: block; width: 18px; height: 18px;
  margin: 3px auto 6px; border-radius: 50%; background: var(--colour); color: #fff; font-size: 11px; line-height: 18px;
  outline: 2px solid var(--ground);
}
.lifecycle .today .mark {
  width: 24px; height: 24px; margin: 0 auto 3px; border: 2.5px solid var(--colour); padding: 4px;
  background: var(--colour) content-box; background-clip: content-box; outline-width: 0;
}
.lifecycle .ahead .mark {
  width: 14px; height: 14px; margin: 5px auto 8px; border: 2px solid var(--rail); background: var(--ground);
}
.lifecycle .today b, .lifecycle .now b { font-weight: 600; }
.lifecycle b { font-weight: 400; display: block; }
.lifecycle .ahead b, .lifecycle small { color: var(--quiet); font-size: 12px; }
.lifecycle .ahead b { font-size: 13px; }
.lifecycle .now b { display: inline; }
.lifecycle .now { display: none; margin: 4px 0 0; font-size: 15px; }
.lifecycle .now small { display: block; font-size: 14px; }
@container (max-width: 700px) {
  .lifecycle li b, .lifecycle li small { display: none; }
  .lifecycle .now { display: block; }
}
"""


def drawing(steps: Sequence[Step], *, dark: bool) -> str:
    """Return the HTML. Where it is narrow only the current step has a label, with its number."""
    inks = INKS[dark]
    style = ";".join((f"color:{inks['ink']}", *(f"--{name}:{colour}" for name, colour in inks.items())))
    return (
        f"<style>{STYLE}</style>"
        f'<div class="lifecycle" role="img" aria-label="{escape(words(steps))}" style="{style}">'
        f"<ol>{''.join(_item(step, inks) for step in steps)}</ol>{_now(steps)}</div>"
    )


def _item(step: Step, inks: dict[str, str]) -> str:
    colour = inks["accent"] if step.colour == "accent" else HEX[step.colour]
    glyph = GLYPHS[step.colour] if step.place == "done" else ""
    return (
        f'<li class="{step.place}" style="--colour:{colour}"><span class="mark">{glyph}</span>'
        f"<b>{escape(step.label)}</b><small>{escape(step.detail)}</small></li>"
    )


def _now(steps: Sequence[Step]) -> str:
    """Return the label of the current step for narrow places, where the other labels are hidden."""
    place, step = next((place, step) for place, step in enumerate(steps, 1) if step.place == "today")
    detail = f" · {escape(step.detail)}" if step.detail else ""
    return f'<p class="now"><b>{escape(step.label)}</b>{detail}<small>Today: step {place} of {len(steps)}</small></p>'


def words(steps: Sequence[Step]) -> str:
    """Return the steps as text: "Step 3 of 6 is today: Sent (2 days ago). Before it: … After it: …"."""
    today = next(place for place, step in enumerate(steps) if step.place == "today")
    parts = [f"Step {today + 1} of {len(steps)} is today: {_step_words(steps[today])}."]
    if before := ", ".join(map(_step_words, steps[:today])):
        parts.append(f"Before it: {before}.")
    if after := ", ".join(map(_step_words, steps[today + 1 :])):
        parts.append(f"After it: {after}.")
    return " ".join(parts)


def _step_words(step: Step) -> str:
    return f"{step.label} ({step.detail})" if step.detail else step.label
