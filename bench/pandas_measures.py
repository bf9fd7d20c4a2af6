"""The metric dictionary in pandas, for human feedback of all pilots: a benchmark rival and a check of the SQL."""

from typing import Any

import numpy as np
import pandas as pd

from pilot_core import PilotStore
from pilot_core.store.engine.connection import Connection
from pilot_core.store.queries.metrics_page import MetricsPage

Frames = dict[str, pd.DataFrame]
Json = dict[str, Any]
DECIDED, STILL_OPEN = ("approved", "dropped", "exhausted"), ("open", "paused")
SPREADS = ("ttfc_first", "ttfc_attempt", "iterations_per_attempt", "attempts_to_approval")
RATES = ("first_pass_rate", "review_approval_rate", "sla_final", "sla_all", "approval_rate")
SAME, SAME_SHARE = {"ttfc": 1.0, "cost": 0.01}, 0.01
"""The differences in seconds and dollars, and the share, under which two attempts are the same."""
COLUMNS = {
    "pilots": "pilot_id, scenario_type, brand_preset, status, approval_outcome, drop_external, max_attempts",
    "attempts": "pilot_id, attempt_id, attempt_number, state, video_path, time_to_first_cut_seconds, iteration_count, "
    "total_cost_dollars, sla_passed",
    "feedback": "feedback_id, attempt_id, position, level, received_at, mode",
    "feedback_flags": "feedback_id, flag",
}


def frames_of(store: PilotStore) -> Frames:
    """Return the four tables as frames."""

    def read(connection: Connection) -> Frames:
        return {name: connection.raw.sql(f"SELECT {columns} FROM {name}").df() for name, columns in COLUMNS.items()}  # noqa: S608

    return store.database.read(read)


def measures(frames: Frames) -> Json:
    """Return the numbers by name. A distribution is (n, missing, median, 90th percentile, mean), a rate is (k, n)."""
    pilots, attempts = frames["pilots"], frames["attempts"]
    human = frames["feedback"][frames["feedback"]["mode"] == "human"]
    stands = human.sort_values(["received_at", "position"], na_position="first").drop_duplicates(
        "attempt_id", keep="last"
    )
    judged = attempts.merge(stands, on="attempt_id", how="left").sort_values(["pilot_id", "attempt_number"])
    counted = judged[judged["state"] != "failed"]
    ready = judged[judged["state"] == "ready"]
    reviews = ready[ready["level"].notna()]
    pilot_outcomes = _outcomes_of(pilots, counted, reviews)
    pilot_outcome = pilots["pilot_id"].map(pilot_outcomes)
    approvals = reviews[reviews["level"] == "approve"].groupby("pilot_id")["attempt_number"].max()
    approved = pilot_outcomes.index[pilot_outcomes == "approved"]
    of_decided = counted["pilot_id"].isin(pilot_outcomes.index[pilot_outcomes.isin(DECIDED)])
    costs = counted.loc[of_decided, "total_cost_dollars"].dropna()
    first = counted[counted["attempt_number"] == 1]
    first_reviews = reviews[reviews["attempt_number"] == 1]
    last_ready = ready.drop_duplicates("pilot_id", keep="last")
    decided = int(pilot_outcome.isin(DECIDED).sum())
    return {
        "pilot_outcomes": pilot_outcome.value_counts().to_dict(),
        "segments": {
            " × ".join(key): counts
            for key, counts in pilots.assign(pilot_outcome=pilot_outcome)
            .groupby(["scenario_type", "brand_preset"])["pilot_outcome"]
            .apply(lambda of: [len(of), int((of == "approved").sum()), int(of.isin(DECIDED).sum())])
            .items()
        },
        "videos": int((counted["video_path"].notna() & (counted["video_path"] != "")).sum()),
        "ttfc_first": _spread(first["time_to_first_cut_seconds"], len(pilots)),
        "ttfc_attempt": _spread(counted["time_to_first_cut_seconds"], len(counted)),
        "iterations_per_attempt": _spread(counted["iteration_count"], len(counted)),
        "attempts_to_approval": _spread(approvals[approvals.index.isin(approved)], len(approved)),
        "first_pass_rate": _rate(first_reviews["level"] == "approve"),
        "review_approval_rate": _rate(reviews["level"] == "approve"),
        "sla_final": _rate(last_ready["sla_passed"].dropna()),
        "sla_all": _rate(counted["sla_passed"].dropna()),
        "approval_rate": [len(approved), decided],
        "cost_decided": _rounded(float(costs.sum()) if len(costs) else None),
        "reviewed_pilots": int(reviews["pilot_id"].nunique()),
        "themes": _themes(reviews, frames["feedback_flags"]),
        "funnel": _funnel(counted, reviews, pilot_outcomes),
        "improvement": _improvement(reviews),
    }


def told(page: MetricsPage) -> Json:
    """Return the metrics page's values in the same form as :func:`measures`."""
    m = page.measures
    names = m.outcomes.__dataclass_fields__
    spreads = {name: getattr(m, name) for name in SPREADS}
    rates = {name: getattr(m, name) for name in RATES}
    change = {"ttfc": True, "iterations": True, "cost": True}
    return {
        "pilot_outcomes": {name: getattr(m.outcomes, name) for name in names if getattr(m.outcomes, name)},
        "segments": {
            f"{s.scenario} × {s.brand}": [s.pilots, s.result.n_approved, s.result.n_decided]
            for s in page.forest.segments
        },
        "videos": m.total_videos,
        **{
            name: [of.n, of.missing, *(_rounded(value) for value in (of.median, of.p90, of.mean))]
            for name, of in spreads.items()
        },
        **{name: [of.numerator, of.denominator] for name, of in rates.items()},
        "cost_decided": _rounded(m.cost_per_approved.cost),
        "reviewed_pilots": m.reviewed_pilots,
        "themes": {f"{b.flag} {state.value}": n for b in page.themes.bars for state, n in b.by_state.items() if n},
        "funnel": {
            f"{s.attempt_number} {outcome.value}": n
            for s in page.funnel.steps
            for outcome, n in s.outcomes.items()
            if n
        },
        "improvement": {
            "pilots": m.improvement.pilots,
            "decision": [m.improvement.decision.better, m.improvement.decision.same, m.improvement.decision.worse],
            **{name: [getattr(m.improvement, name).better, getattr(m.improvement, name).same] for name in change},
        },
    }


def _outcomes_of(pilots: pd.DataFrame, counted: pd.DataFrame, reviews: pd.DataFrame) -> "pd.Series[str]":
    used = counted.groupby("pilot_id").size().reindex(pilots["pilot_id"], fill_value=0).to_numpy()
    reviewed = reviews.groupby("pilot_id").size().reindex(pilots["pilot_id"], fill_value=0).to_numpy()
    outcome, status = pilots["approval_outcome"].to_numpy(), pilots["status"].to_numpy()
    dropped, outside = outcome == "dropped", pilots["drop_external"].to_numpy(dtype=bool)
    approved = reviews["level"] == "approve"
    approvals = approved.groupby(reviews["pilot_id"]).sum().reindex(pilots["pilot_id"], fill_value=0).to_numpy()
    exhausted = (used > 0) & (used >= pilots["max_attempts"].to_numpy()) & (reviewed == used) & (approvals == 0)
    conditions = [
        outcome == "approved",
        dropped & outside,
        dropped,
        exhausted,
        status == "completed",
        status == "paused",
    ]
    names = ["approved", "dropped_external", "dropped", "exhausted", "closed", "paused"]
    return pd.Series(np.select(conditions, names, "open"), index=pilots["pilot_id"])


def _themes(reviews: pd.DataFrame, flags: pd.DataFrame) -> dict[str, int]:
    raised = reviews.merge(flags.drop_duplicates(), on="feedback_id")
    latest, first = (reviews.groupby("pilot_id")["attempt_number"].agg(end) for end in ("max", "min"))
    by_flag = raised.groupby(["pilot_id", "flag"])["attempt_number"].agg(["max", "size"]).reset_index()
    on_latest = by_flag["max"].to_numpy() == by_flag["pilot_id"].map(latest).to_numpy()
    only = by_flag["pilot_id"].map(latest == first).to_numpy(dtype=bool)
    state = np.select([~on_latest, by_flag["size"] > 1, only], ["resolved", "persistent", "raised"], "new")
    return (by_flag["flag"] + " " + state).value_counts().to_dict()


def _funnel(counted: pd.DataFrame, reviews: pd.DataFrame, pilot_outcomes: "pd.Series[str]") -> dict[str, int]:
    level = counted["level"].where(counted["state"] == "ready").to_numpy()
    last = ~counted["pilot_id"].duplicated(keep="last").to_numpy()
    pilot_outcome = counted["pilot_id"].map(pilot_outcomes)
    dropped, waiting = (
        pilot_outcome.isin(["dropped", "dropped_external"]).to_numpy(),
        pilot_outcome.isin(STILL_OPEN).to_numpy(),
    )
    came = np.select(
        [level == "approve", last & dropped, level == "minor_changes", level == "major_changes", last & waiting],
        ["approve", "dropped", "minor", "major", "awaiting"],
        "unreviewed",
    )
    return (counted["attempt_number"].astype(str) + " " + came).value_counts().to_dict()


def _improvement(reviews: pd.DataFrame) -> Json:
    twice = reviews[reviews["pilot_id"].duplicated(keep=False)]
    first, last = twice.drop_duplicates("pilot_id"), twice.drop_duplicates("pilot_id", keep="last")
    rank = {"approve": 0, "minor_changes": 1, "major_changes": 2}
    steps = last["level"].map(rank).to_numpy() - first["level"].map(rank).to_numpy()
    found: Json = {
        "pilots": len(first),
        "decision": [int((steps < 0).sum()), int((steps == 0).sum()), int((steps > 0).sum())],
    }
    for name, column in (
        ("ttfc", "time_to_first_cut_seconds"),
        ("iterations", "iteration_count"),
        ("cost", "total_cost_dollars"),
    ):
        before, after = (of[column].to_numpy(dtype=float, na_value=np.nan) for of in (first, last))
        change = after - before
        if name in SAME:
            change[(abs(change) < SAME[name]) | (abs(change) < SAME_SHARE * before)] = 0
        found[name] = [int((change < 0).sum()), int((change == 0).sum())]
    return found


def _spread(values: "pd.Series[float]", of: int) -> list[float | None]:
    known = values.dropna()
    if known.empty:
        return [0, of, None, None, None]
    told = (known.median(), known.quantile(0.9), known.mean())
    return [len(known), of - len(known), *(_rounded(float(value)) for value in told)]


def _rate(passed: "pd.Series[bool]") -> list[int]:
    return [int(passed.astype(bool).sum()), len(passed)]


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.9g}")
