"""The metrics page and the full export, beside pandas."""

import tempfile
import zipfile
from pathlib import Path
from typing import Any

from bench.alone import rounds
from bench.server import store_of_server

Json = dict[str, Any]


def metrics(root: str, times: int = 3) -> tuple[list[float], Json]:
    """All that the metrics page shows of all pilots."""
    from bench.pandas_measures import told
    from pilot_core.metrics import metrics_page

    store = store_of_server(root)
    found = told(metrics_page(store))
    return rounds(lambda: metrics_page(store), times), found


def metrics_pandas(root: str, times: int = 3) -> tuple[list[float], Json]:
    """The measures among them once more, in pandas on frames that are loaded already."""
    from bench.pandas_measures import frames_of, measures
    from pilot_core.store.pilots import PilotStore

    frames = frames_of(PilotStore(root))
    found = measures(frames)
    return rounds(lambda: measures(frames), times), found


def export(root: str, times: int = 1) -> tuple[list[float], int]:
    """The zip of all tables, from the store to a file."""
    from pilot_core.export.bundle import write_archive
    from pilot_core.insight.cohort import Cohort
    from pilot_core.store.pilots import PilotStore

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
    """The same columns of the same tables, from the store to a zip, by frames and ``to_csv``."""
    from bench.pandas_export import write_archive
    from pilot_core.store.pilots import PilotStore

    store = PilotStore(root)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "all.zip"
        taken = rounds(lambda: write_archive(store, path), times)
        with zipfile.ZipFile(path) as archive, archive.open("attempts.csv") as lines:
            return taken, sum(1 for _ in lines) - 1
