"""--plan: how many decided pilots a programme needs until the rules show PROCEED or STOP."""

import argparse
import json
from dataclasses import asdict

from pilot_core.errors import InvalidRequest
from pilot_core.formatting import percent
from pilot_core.insight.plan import CHANCES, MOST, Plan, plan_programme
from pilot_core.insight.rules import current_programme_rules
from pilot_core.settings import Settings


def plan(arguments: argparse.Namespace, config: Settings) -> int:
    """Print the plan for a target, as a table or as JSON. It looks at the rules only, not at a store."""
    found = plan_programme(current_programme_rules(), _target(arguments.plan))
    if arguments.json:
        print(json.dumps({**asdict(found), "chances": CHANCES, "most": MOST}, indent=2))
        return 0
    print(found.reading)
    print()
    print("\n".join(_lines(found)))
    return 0


def _lines(found: Plan) -> list[str]:
    chances = (f"Pilots, {percent(chance)} chance" for chance in CHANCES)
    heads = ["True rate", *chances, f"PROCEED first, in {MOST}", f"STOP first, in {MOST}"]
    lines = [heads]
    for row in found.rows:
        needed = [f"over {MOST}" if number is None else f"{number}" for number in row.needed]
        lines.append([percent(row.rate), *needed, f"{row.proceed:.1%}", f"{row.stop:.1%}"])
    widths = [max(len(line[column]) for line in lines) for column in range(len(heads))]
    return ["  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)) for line in lines]


def _target(text: str) -> float | None:
    """Return “70”, “70%” or “0.7” as a share; None for no text. Raises InvalidRequest for other words."""
    if not text:
        return None
    try:
        number = float(text.removesuffix("%"))
    except ValueError:
        raise InvalidRequest(f"“{text[:40]}” is not a rate; use a number such as 70 or 0.7.", field="plan") from None
    return number / 100 if number > 1 or text.endswith("%") else number
