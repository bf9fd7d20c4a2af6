"""The metrics page and the full export, compared with pandas."""

import tempfile
import zipfile
from pathlib import Path
from typing import Any

from bench.alone import rounds
from bench.server import store_of_server

Json = dict[str, Any]


def metrics(root: str, times: int = 3) -> tuple[list[float], Json]:
    """Time computing everything that the metrics page shows of all pilots."""
    from bench.pandas_measures import told
    from pilot_core.store.queries.metrics_page import metrics_page

    store = store_of_server(root)
    found = told(metrics_page(store))
    return rounds(lambda: metrics_page(store), times), found


def metrics_pandas(root: str, times: int = 3) -> tuple[list[float], Json]:
    """Time computing the same measures with pandas, from frames already loaded."""
    from bench.pandas_measures import frames_of, measures
    from pilot_core import PilotStore

    frames = frames_of(PilotStore(root))
    found = measures(frames)
    return rounds(lambda: measures(frames), times), found


def export(root: str, times: int = 1) -> tuple[list[float], int]:
    """Time exporting the zip of all tables to a file."""
    from pilot_core import PilotStore
    from pilot_core.export.bundle import write_archive
    from pilot_core.insight.cohort import Cohort

    store = PilotStore(root)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "all.zip"

        def write() -> None:
            with path.open("wb") as file:
                write_archive(store, Cohort(), file)

        taken = rounds(write, times)
        with zipfile.ZipFile(path) as archive, archive.open("attempts.csv") as lines:
            return taken, sum(1 for _ in lines) - 1


def export_pandas(root: str, times: int = 1) -> tuple[list[float], int]:
    """Time exporting the same columns to a zip with pandas and ``to_csv``."""
    from bench.pandas_export import write_archive
    from pilot_core import PilotStore

    store = PilotStore(root)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "all.zip"
        taken = rounds(lambda: write_archive(store, path), times)
        with zipfile.ZipFile(path) as archive, archive.open("attempts.csv") as lines:
            return taken, sum(1 for _ in lines) - 1
