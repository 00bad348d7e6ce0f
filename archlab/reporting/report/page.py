"""The page of a report: data, styles, scripts and the chart library in one HTML file."""

import json
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import asdict
from functools import cache
from hashlib import sha256
from html import escape
from importlib.resources import files
from string import Template

from archlab.records import Json
from archlab.reporting.report.answers import MAX_CHOSEN
from archlab.reporting.report.charts import CHARTS, Chart
from archlab.reporting.report.report_data import ReportData

SCRIPTS = ("shared", "table", "charts", "details", "flips", "main")

CHOSEN = ["@chosen"]
"""Stands in a spec where the page puts the names of the chosen variants."""


def page(data: ReportData) -> str:
    """The whole page; it needs nothing from anywhere else, and asks for nothing."""
    library, script = chart_library(), f"(() => {{\n{''.join(map(_part, _scripts()))}}})();\n"
    return Template(_part("page.html")).substitute(
        title=escape(f"{data.sweep}: report"),
        style=_part("page.css"),
        script_hashes=" ".join(map(_hash, (library, script))),
        first_chart=first_chart(data),
        most_chosen=MAX_CHOSEN,
        licences=escape(_part("licences.txt")),
        data=script_json(_page_data(data)),
        library=library,
        script=script,
    )


def first_chart(data: ReportData) -> str:
    """Score and speed; where no speed is known, the scores."""
    return "speed" if any(row["words"] for row in data.datasets["cells"]) else "seeds"


def script_json(data: Json) -> str:
    """JSON that cannot end the script element that it stands in."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False).replace(
        "<", "\\u003c"
    )


@cache
def chart_library() -> str:
    """Vega with all that it needs, as one script; vegaEmbed is what it makes known."""
    import vl_convert

    bundle = str(vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;"))
    return bundle.replace("</script", "<\\/script").replace("<!--", "<\\!--")


def _page_data(data: ReportData) -> Json:
    return {
        **data.to_dict(),
        "first_chart": first_chart(data),
        "most_chosen": MAX_CHOSEN,
        "charts": [_chart(chart, data) for chart in CHARTS],
    }


def _chart(chart: Chart, data: ReportData) -> Json:
    told = asdict(chart)
    del told["draw"]
    return {**told, "spec": chart.draw(data, CHOSEN, "container")}


def _scripts() -> Iterable[str]:
    return (f"{name}.js" for name in SCRIPTS)


def _part(name: str) -> str:
    return files("archlab.reporting.report").joinpath("page", name).read_text(encoding="utf8")


def _hash(script: str) -> str:
    """By which the page allows just this script."""
    return f"'sha256-{b64encode(sha256(script.encode()).digest()).decode('ascii')}'"
