"""Charts of variants: score and speed, spread over seeds, learning curves, labels."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from archlab.records import Json
from archlab.reporting.report.datasets import ADVISED, BEHIND, FRONT
from archlab.reporting.report.drawing import (
    BLUE,
    COLOURS,
    GREEN,
    GREY,
    HIGH_RANKS,
    ORANGE,
    SHAPES,
    STEP,
    Width,
    axis_title,
    compiled,
    named,
    variants_scale,
)

if TYPE_CHECKING:
    from archlab.reporting.report.report_data import ReportData

WIDE = 5
"""Speeds that differ by more than this many times are shown on a logarithmic scale."""

KINDS = {
    ADVISED: (GREEN, "square"),
    "base": (ORANGE, "diamond"),
    FRONT: (BLUE, "circle"),
    BEHIND: (GREY, "triangle-up"),
}

ANCHORS = ("right", "left", "top", "bottom", "top-right", "top-left", "bottom-right", "bottom-left")
"""Where a name may stand, the best place first; the corners also further off."""

NAME = "datum.datum.variant"
NUMBER = "datum.datum.number"
LABEL = f"!{NUMBER} ? '' : width < 600 || length({NAME}) > 32 ? {NUMBER} : {NUMBER} + ' ' + {NAME}"
"""A number, and where there is room the name."""


def speed_chart(data: "ReportData", names: Sequence[str], width: Width) -> Json:
    """Every variant by words per second and score, with the Pareto front as a line."""
    import altair as alt

    speeds = [row["words"] for row in data.datasets["cells"] if row["words"]]
    is_wide = bool(speeds) and max(speeds) > WIDE * min(speeds)
    x = alt.X(
        "words:Q",
        title="words per second",
        scale=alt.Scale(type="log" if is_wide else "linear", zero=False, padding=20, nice=False),
        axis=alt.Axis(format="~s", grid=False),
    )
    y = alt.Y("mean:Q", title=axis_title(data.score_name), scale=alt.Scale(zero=False, padding=18))
    kind = alt.Color(
        "kind:N",
        title=None,
        scale=alt.Scale(domain=list(KINDS), range=[colour for colour, _ in KINDS.values()]),
    )
    shape = alt.Shape(
        "kind:N",
        title=None,
        scale=alt.Scale(domain=list(KINDS), range=[shape for _, shape in KINDS.values()]),
    )
    known = alt.Chart(named("cells")).transform_calculate(
        low="datum.mean - datum.sd",
        high="datum.mean + datum.sd",
        slow="max(datum.words - datum.words_sd, datum.words / 2)",
        fast="datum.words + datum.words_sd",
    )
    of_scores = known.transform_filter("isValid(datum.sd)").mark_rule(color=GREY, opacity=0.6)
    of_speeds = known.transform_filter("isValid(datum.words_sd)").mark_rule(color=GREY, opacity=0.6)
    front = known.transform_filter("datum.front").mark_line(
        color=BLUE, opacity=0.8, strokeDash=[5, 4], interpolate="step-before"
    )
    points = known.mark_point(filled=True, size=90, opacity=0.9).encode(
        x=x,
        y=y,
        color=kind,
        shape=shape,
        tooltip=[
            alt.Tooltip("variant:N"),
            alt.Tooltip("mean:Q", title="score", format=".3f"),
            alt.Tooltip("sd:Q", format=".3f"),
            alt.Tooltip("words:Q", title="words/s", format=",.0f"),
            alt.Tooltip("kind:N", title="what it is"),
        ],
    )
    lines = (
        of_scores.encode(x=x, y=alt.Y("low:Q"), y2="high:Q"),
        of_speeds.encode(x=alt.X("slow:Q"), x2="fast:Q", y=y),
    )
    chart = alt.layer(*lines, front.encode(x=x, y=y), points)
    return _with_labels(compiled(chart, width, 340), "layer_3_marks")


def _with_labels(spec: Json, points: str) -> Json:
    """Names beside the points of a compiled chart, where there is room: none lies over another."""
    spec["marks"].append(
        {
            "type": "text",
            "name": "names",
            "style": ["guide-label"],
            "from": {"data": points},
            "interactive": False,
            "aria": False,
            "encode": {
                "enter": {
                    "text": {"signal": LABEL},
                    "limit": {"signal": "width / 3"},
                    "fontSize": {"value": 12},
                }
            },
            "transform": [
                {
                    "type": "label",
                    "size": {"signal": "[max(width, 1), max(height, 1)]"},
                    "anchor": [*ANCHORS, *ANCHORS[4:]],
                    "offset": [6] * len(ANCHORS) + [14] * 4,
                    "avoidMarks": [points],
                }
            ],
        }
    )
    return spec


def seeds_chart(data: "ReportData", names: Sequence[str], width: Width) -> Json:
    """The score of each run, a line for each variant, the highest mean on top."""
    import altair as alt

    runs = alt.Chart(named("seeds")).transform_filter(HIGH_RANKS)
    highest = alt.EncodingSortField("score", op="mean", order="descending")
    y = alt.Y("variant:N", title=None, sort=highest)
    scale = alt.Scale(zero=False, padding=12)
    x = alt.X("score:Q", title=axis_title(data.score_name), scale=scale)
    points = runs.mark_point(filled=True, size=50, color=BLUE, opacity=0.7).encode(
        x=x, y=y, tooltip=["variant:N", "seed:N", alt.Tooltip("score:Q", format=".4f")]
    )
    means = runs.mark_tick(color=ORANGE, thickness=3, size=15).encode(
        x=alt.X("mean(score):Q", title=axis_title(data.score_name)),
        y=y,
        tooltip=["variant:N", alt.Tooltip("mean(score):Q", title="mean", format=".4f")],
    )
    return compiled(alt.layer(means, points), width, {"step": STEP})


def curves_chart(data: "ReportData", names: Sequence[str], width: Width) -> Json:
    """The score at each evaluation: each run, and the mean of each variant."""
    import altair as alt

    runs = alt.Chart(named("curves")).transform_flatten(["step", "score"])
    legend = alt.Legend(symbolOpacity=1)
    colour = alt.Color("variant:N", title=None, scale=variants_scale(list(names), COLOURS), legend=legend)
    shape = alt.Shape("variant:N", title=None, scale=variants_scale(list(names), SHAPES))
    x = alt.X("step:Q", title="step")
    single = runs.mark_line(opacity=0.35, strokeWidth=1).encode(
        x=x, y=alt.Y("score:Q", scale=alt.Scale(zero=False)), color=colour, detail="run:N"
    )
    means = runs.transform_aggregate(mean="mean(score)", groupby=["variant", "step"])
    y = alt.Y("mean:Q", title=axis_title(data.score_name), scale=alt.Scale(zero=False))
    lines = means.mark_line(strokeWidth=2.5).encode(x=x, y=y, color=colour)
    points = means.mark_point(filled=True, size=45, opacity=1).encode(
        x=x,
        y=y,
        color=colour,
        shape=shape,
        tooltip=["variant:N", "step:Q", alt.Tooltip("mean:Q", format=".4f")],
    )
    return compiled(alt.layer(single, lines, points), width, 320)


def labels_chart(data: "ReportData", names: Sequence[str], width: Width) -> Json:
    """A bar for each label and variant."""
    import altair as alt

    bars = (
        alt.Chart(named("labels"))
        .transform_flatten(["label", "f"])
        .mark_bar()
        .encode(
            x=alt.X("f:Q", title="F", scale=alt.Scale(domain=[0, 1])),
            y=alt.Y("label:N", title=None),
            yOffset=alt.YOffset("variant:N", sort=list(names)),
            color=alt.Color("variant:N", title=None, scale=variants_scale(list(names), COLOURS)),
            tooltip=["label:N", "variant:N", alt.Tooltip("f:Q", format=".3f")],
        )
    )
    return compiled(bars, width, {"step": 7, "for": "offset"})
