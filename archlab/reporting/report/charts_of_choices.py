"""Charts of differences and choices: to the base, of each axis, of pairs, and over columns."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from archlab.records import Json
from archlab.reporting.report.drawing import (
    BLUE,
    GREY,
    HIGH_RANKS,
    STEP,
    Width,
    axis_title,
    compiled,
    named,
)

if TYPE_CHECKING:
    from archlab.reporting.report.report_data import ReportData

INK = "luminance(scale('color', datum.mean)) > 0.3 ? '#000' : '#fff'"
"""Black on bright cells of a heat map, white on dark ones."""


def difference_chart(data: "ReportData", names: Sequence[str], width: Width) -> Json:
    """Each variant less the base, with its interval."""
    import altair as alt

    rows = alt.Chart(named("cells")).transform_filter(HIGH_RANKS)
    return _intervals(rows, "variant", f"{axis_title(data.score_name)}, less the base's", width)


def effects_chart(data: "ReportData", names: Sequence[str], width: Width) -> Json:
    """Each choice less the base's on its axis, with its interval."""
    import altair as alt

    return _intervals(
        alt.Chart(named("effects")).transform_filter(HIGH_RANKS),
        "choice",
        f"{axis_title(data.score_name)}, less the base's choice",
        width,
    )


def _intervals(rows: Any, name: str, title: str, width: Width) -> Json:
    """Points with intervals around the line of no difference; the highest on top."""
    import altair as alt

    y = alt.Y(f"{name}:N", title=None, sort=alt.EncodingSortField("difference", order="descending"))
    x = alt.X("difference:Q", title=title, scale=alt.Scale(padding=12), axis=alt.Axis(format="+.3~f"))
    zero = alt.Chart(alt.InlineData(values=[{"zero": 0}])).mark_rule(color=GREY, strokeDash=[4, 3])
    spans = rows.transform_filter("isValid(datum.low)").mark_rule(color=BLUE, strokeWidth=3, opacity=0.5)
    points = rows.mark_point(filled=True, size=70, color=BLUE, opacity=1).encode(
        x=x,
        y=y,
        tooltip=[
            f"{name}:N",
            *(alt.Tooltip(f"{key}:Q", format="+.4f") for key in ("difference", "low", "high")),
        ],
    )
    return compiled(
        alt.layer(
            zero.encode(x=alt.X("zero:Q", title=title)),
            spans.encode(x=alt.X("low:Q", title=title), x2="high:Q", y=y),
            points,
        ),
        width,
        {"step": STEP},
    )


def pairs_chart(data: "ReportData", names: Sequence[str], width: Width) -> Json:
    """A cell for two choices: the mean score of the variants with both."""
    return _heat("pairs", "one", "other", width)


def heat_chart(data: "ReportData", names: Sequence[str], width: Width) -> Json:
    """A cell for each variant and column."""
    return _heat("cells", "variant", "column", width)


def _heat(dataset: str, down: str, across: str, width: Width) -> Json:
    import altair as alt

    rows = alt.Chart(named(dataset))
    if dataset == "cells":
        rows = rows.transform_filter(HIGH_RANKS)
    x = alt.X(f"{across}:N", title=None, sort=None, axis=alt.Axis(labelAngle=0, orient="top"))
    y = alt.Y(f"{down}:N", title=None, sort=None)
    colour = alt.Color("mean:Q", scale=alt.Scale(scheme="cividis", zero=False), legend=None)
    cells = rows.mark_rect(stroke="white").encode(
        x=x, y=y, color=colour, tooltip=[f"{down}:N", f"{across}:N", alt.Tooltip("mean:Q", format=".4f")]
    )
    texts = rows.mark_text(fontSize=12).encode(
        x=x, y=y, text=alt.Text("mean:Q", format=".3f"), color=alt.value(alt.expr(INK))
    )
    return compiled(alt.layer(cells, texts), width, {"step": STEP + 8})
