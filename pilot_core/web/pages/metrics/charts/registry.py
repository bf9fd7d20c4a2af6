"""The charts in the order of the page. A new chart is added here."""

from pilot_core.web.pages.metrics.charts import (
    approval,
    first_cuts,
    forest,
    funnel,
    incidence,
    iterations,
    themes,
    timeline,
)
from pilot_core.web.pages.metrics.charts.chart import Chart

ROWS: tuple[tuple[Chart, ...], ...] = (
    (first_cuts.CHART, iterations.CHART),
    (approval.CHART, incidence.CHART),
    (funnel.CHART, forest.CHART),
    (themes.CHART,),
    (timeline.CHART,),
)
"""From the top of the page to its end; the charts of a row are side by side where there is room."""
