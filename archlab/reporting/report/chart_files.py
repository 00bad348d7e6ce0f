"""The charts of a report as files: SVG and PNG, light, each with its title."""

import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from archlab.records import Json
from archlab.reporting.report.charts import CHARTS, Chart
from archlab.reporting.report.placing_names import place_names

if TYPE_CHECKING:
    from archlab.reporting.report.report_data import ReportData

WIDTH = 640
PIXELS = 2.0
"""Of a PNG, for each of the chart's own."""

LONGEST_NAME = 60

INK, LINE = "#1b1f24", "#dde1e6"
CONFIG = {
    "background": "white",
    "axis": {"labelColor": INK, "titleColor": INK, "gridColor": LINE, "labelLimit": 300},
    "legend": {"labelColor": INK, "orient": "top", "direction": "vertical", "columns": 2, "labelLimit": 300},
    "title": {"color": INK, "anchor": "start"},
    "style": {"cell": {"stroke": "transparent"}},
}


def chart_files(data: "ReportData") -> Iterator[tuple[str, bytes]]:
    """Name and content of each; a chart without rows has none."""
    import vl_convert

    names: set[str] = set()
    for chart in CHARTS:
        for column in data.columns if chart.of_column else (None,):
            for choice in _choices(chart, data, column):
                spec = _spec(chart, data, column, choice)
                if spec is not None:
                    name = _file_name((chart.name, column, choice), names)
                    yield f"{name}.svg", vl_convert.vega_to_svg(spec).encode("utf8")
                    yield f"{name}.png", vl_convert.vega_to_png(spec, scale=PIXELS)


def _choices(chart: Chart, data: "ReportData", column: str | None) -> list[Any]:
    if chart.choice is None:
        return [None]
    rows = data.datasets[chart.dataset]
    return list(dict.fromkeys(row[chart.choice] for row in rows if row["column"] == column))


def _spec(chart: Chart, data: "ReportData", column: str | None, choice: Any) -> Json | None:
    """With its rows; None where it has none, or one column is all there is to show."""
    rows = chart.rows(data, column, data.chosen, choice)
    if not rows:
        return None
    spec = json.loads(json.dumps(chart.draw(data, data.chosen, WIDTH)))
    spec["config"] = CONFIG
    told = [text for text in (column, choice) if text is not None]
    spec["title"] = {"text": chart.title, "subtitle": [data.sweep, *told], "anchor": "start"}
    for source in spec["data"]:
        if source["name"] == chart.dataset:
            source["values"] = rows
    return place_names(spec)


def _file_name(parts: tuple[str | None, ...], taken: set[str]) -> str:
    """Of letters, digits and hyphens alone; a number where two would be called the same."""
    told = "-".join(re.sub(r"[^A-Za-z0-9_]+", "-", part).strip("-") for part in parts if part is not None)
    name, number = told[:LONGEST_NAME], 1
    while name in taken:
        number += 1
        name = f"{told[:LONGEST_NAME]}-{number}"
    taken.add(name)
    return name
