"""What all charts share: colours that can be told apart, and the way from Altair to a Vega spec."""

import json
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, cast

from archlab.records import Json

if TYPE_CHECKING:
    import altair

Width = int | Literal["container"]

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#B58900", "#3A9BDC", "#8A6BB8", "#808080")
"""After Okabe and Ito (2008, Color Universal Design), darker where they would vanish on white."""

SHAPES = (
    "circle",
    "square",
    "triangle-up",
    "diamond",
    "cross",
    "triangle-down",
    "triangle-right",
    "triangle-left",
)

BLUE, ORANGE, GREEN, GREY = COLOURS[0], COLOURS[1], COLOURS[2], COLOURS[7]

MOST_ROWS = 40
"""Of variants in a chart that has a line for each: those of the highest mean."""

HIGH_RANKS = f"datum.rank <= {MOST_ROWS}"

STEP = 24
"""The height of a line, in pixels."""


def named(dataset: str) -> "altair.NamedData":
    """Data that is put in later, by its name."""
    import altair

    return altair.NamedData(name=dataset)


def variants_scale(names: "list[str]", values: tuple[str, ...]) -> "altair.Scale":
    """The same colour, or shape, for a variant in every chart."""
    import altair

    return altair.Scale(domain=names, range=list(values))


def axis_title(text: str) -> str:
    """A title that is as it is written: Vega reads a list of lines."""
    return " ".join(text.split())


def compiled(chart: Any, width: Width, height: Any) -> Json:
    """A chart of Altair as a Vega spec."""
    spec = chart.properties(width=width, height=height).to_dict()
    spec.pop("config", None)  # the page and the files bring their own
    made = cast(Json, json.loads(_vega(json.dumps(spec, sort_keys=True))))
    del made["background"]
    return made


@cache
def _vega(spec: str) -> str:
    import vl_convert

    return json.dumps(vl_convert.vegalite_to_vega(spec))
