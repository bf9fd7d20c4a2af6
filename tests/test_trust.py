"""What the rules for programmes show by the true rate: the curves on the metrics page, and plans."""

import json
import random
import shutil
from pathlib import Path

import numpy as np
import pytest

from pilot_core import catalog
from pilot_core.cli import main
from pilot_core.errors import InvalidRequest
from pilot_core.insight.operating import first_shown, operating_characteristic
from pilot_core.insight.plan import CHANCES, plan_programme
from pilot_core.insight.posterior import verdict_of
from pilot_core.insight.recommend import Verdict
from pilot_core.insight.rules import current_programme_rules
from pilot_core.web.components import badges
from pilot_core.web.pages.metrics import plan as plan_section
from pilot_core.web.pages.metrics import trust

SHIPPED = Path("data/catalog").resolve()


def curves() -> dict[str, list[float]]:
    """Return the curves as drawn for the rules in force."""
    rules = current_programme_rules()
    drawn = trust.figure(trust.computed(rules), rules)
    assert [list(line.x) for line in drawn.data] == [list(trust.RATES)] * 3
    return {line.name: list(line.y) for line in drawn.data}


def exact() -> dict[str, list[float]]:
    ever = operating_characteristic(current_programme_rules(), trust.RATES, trust.PILOTS).ever
    return {badges.mark(verdict).label: list(ever[verdict]) for verdict in Verdict}


def test_the_curves_are_those_of_the_rules_in_force_and_changed_thresholds_redraw_them(tmp_path: Path) -> None:
    before = curves()
    assert before == exact()
    changed = shutil.copytree(SHIPPED, tmp_path / "catalog")
    rules = (changed / "rules.toml").read_text()
    (changed / "rules.toml").write_text(rules.replace("proceed_probability = 0.90", "proceed_probability = 0.80"))
    assert rules != (changed / "rules.toml").read_text()
    catalog.use(changed)
    try:
        after = curves()
        assert after == exact()
    finally:
        catalog.use(SHIPPED)
    assert max(b - a for a, b in zip(before["▲ PROCEED"], after["▲ PROCEED"], strict=True)) > 0.05
    assert curves() == before


def test_the_paragraph_says_what_the_reference_says() -> None:
    """Its table at 50%, 70% and 30%: PROCEED .084, .772, .003; STOP .053, .003, .640; REVISE .143 and .966."""
    rules = current_programme_rules()
    told = trust.paragraph(trust.computed(rules), rules)
    assert "50% of pilots are truly approved, 8 are shown PROCEED at some look" in told
    assert "and 5 are shown STOP. " in told
    assert (
        "Where 70% are truly approved, 77 are shown PROCEED, 14 are shown REVISE and fewer than 1 is shown STOP."
        in told
    )
    assert "Where 30% are, 64 are shown STOP, 97 are shown REVISE and fewer than 1 is shown PROCEED." in told


def test_a_plan_says_when_half_and_most_programmes_are_decided() -> None:
    """Compared with 4,000 programmes of which each pilot is approved by chance."""
    rules, chance = current_programme_rules(), random.Random(3)
    row = plan_programme(rules, rates=(0.7,)).rows[0]
    shown = {(k, n): verdict_of(k, n, rules) for n in range(60) for k in range(n + 1)}
    first = []
    for _ in range(4000):
        k = 0
        for n in range(1, 60):
            k += chance.random() < 0.7
            if shown[k, n] in (Verdict.PROCEED, Verdict.STOP):
                first.append(n)
                break
    decided_by = [sum(n <= number for n in first) / 4000 for number in range(60)]
    for number, share in zip(row.needed[:2], CHANCES, strict=False):
        assert number is not None
        assert decided_by[number - 1] - 0.03 < share < decided_by[number] + 0.03


def test_the_first_of_two_verdicts_takes_nothing_from_the_other_twice() -> None:
    rates = (0.2, 0.5, 0.8)
    rules = current_programme_rules()
    both = first_shown(rules, rates, 40, (Verdict.PROCEED, Verdict.STOP))
    alone = {v: first_shown(rules, rates, 40, (v,))[v] for v in both}
    for verdict, chances in both.items():
        assert (np.diff(chances, axis=1) >= -1e-12).all()
        assert (chances <= alone[verdict] + 1e-12).all()
    assert (sum(both.values()) <= 1 + 1e-12).all()


def test_a_higher_target_needs_more_pilots_and_one_under_stop_is_refused() -> None:
    rules = current_programme_rules()
    now, higher = (plan_programme(rules, target, rates=(0.9,)).rows[0] for target in (None, 0.7))
    assert all(a <= b for a, b in zip(now.needed, higher.needed, strict=True))
    for target in (0.4, 0.1, 1.0):
        with pytest.raises(InvalidRequest, match="over 40%, where STOP begins, and under 100%"):
            plan_programme(rules, target)


def test_the_command_line_prints_the_plan_that_the_page_shows(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--plan", "70%"]) == 0
    printed = capsys.readouterr().out
    assert main(["--plan", "0.7", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    found = plan_programme(current_programme_rules(), 0.7)
    assert [row["needed"] for row in told["rows"]] == [list(row.needed) for row in found.rows]
    shown = plan_section.table(found)
    for place, line in enumerate(printed.splitlines()[3:]):
        assert line.split()[0] == shown["True rate"][place]
        assert " ".join(line.split()).startswith(
            f"{shown['True rate'][place]} {' '.join(shown.iloc[place, 1 : 1 + len(CHANCES)])} "
        )
    assert "target 70%" in printed
    assert main(["--plan", "often"]) == 2
    assert "use a number such as 70 or 0.7" in capsys.readouterr().err
