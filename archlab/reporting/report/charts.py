"""The charts of a report: which there are, of which dataset, and how they are drawn, without the data."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from archlab.records import Json
from archlab.reporting.report.charts_of_choices import (
    difference_chart,
    effects_chart,
    heat_chart,
    pairs_chart,
)
from archlab.reporting.report.charts_of_variants import curves_chart, labels_chart, seeds_chart, speed_chart
from archlab.reporting.report.drawing import MOST_ROWS, Width

if TYPE_CHECKING:
    from archlab.reporting.report.report_data import ReportData

HIGHEST = f"Drawn are the {MOST_ROWS} variants of the highest mean at most."

Draw = Callable[["ReportData", Sequence[str], Width], Json]


@dataclass(frozen=True, kw_only=True)
class Chart:
    """One chart of the page, or of each column.

    told: what it shows, and how to read it. dataset: whose rows it draws. absent: what is said where it has
    none. draw: makes a Vega spec of it, with the colours of the variants named and in a width; the rows go
    into `data` by the dataset's name. of_column: it draws the rows of one column. of_chosen: only those of
    chosen variants. needs: a field; rows where it is not known are left out. choice: a field; it draws the
    rows with one value of it.
    """

    name: str
    title: str
    told: str
    dataset: str
    absent: str
    draw: Draw
    of_column: bool = True
    of_chosen: bool = False
    needs: str | None = None
    choice: str | None = None

    def rows(
        self, data: "ReportData", column: str | None, chosen: Sequence[str], choice: Any = None
    ) -> list[Json]:
        """What it draws. A chart over columns has nothing to show of one."""
        if not self.of_column and len(data.columns) < 2:
            return []
        return [
            row
            for row in data.datasets[self.dataset]
            if (not self.of_column or row["column"] == column)
            and (not self.of_chosen or row["variant"] in chosen)
            and (self.needs is None or row[self.needs] is not None)
            and (self.choice is None or row[self.choice] == choice)
        ]


CHARTS = (
    Chart(
        name="speed",
        title="Score and speed",
        told="Up is better, right is faster. No other variant is both better and faster than those on the "
        "line, the Pareto front. Bars: one standard deviation between seeds, and of the speed.",
        dataset="cells",
        absent="No variant has both a score and a speed.",
        draw=speed_chart,
        needs="words",
    ),
    Chart(
        name="seeds",
        title="Spread over seeds",
        told="A point is a run, a bar the mean of its variant. Where the points of two variants mix, the "
        f"seed may make the difference. {HIGHEST}",
        dataset="seeds",
        absent="No run has a score.",
        draw=seeds_chart,
    ),
    Chart(
        name="difference",
        title="Difference to the base",
        told="With its 95% interval, for each comparison alone. An interval over the line means that these "
        f"runs do not tell the two apart. {HIGHEST}",
        dataset="cells",
        absent="Nothing could be compared with a base.",
        draw=difference_chart,
        needs="difference",
    ),
    Chart(
        name="curves",
        title="Learning curves",
        told="The score on the dev texts at each evaluation: thin lines are single seeds, thick ones "
        "their mean. A curve that still rises would gain from more steps.",
        dataset="curves",
        absent="None of the chosen variants has left a learning curve.",
        draw=curves_chart,
        of_chosen=True,
    ),
    Chart(
        name="effects",
        title="What each choice adds",
        told="Each choice less the base's on its axis, mean over the rest of the sweep, with its "
        f"95% interval. Drawn are the {MOST_ROWS} largest at most.",
        dataset="effects",
        absent="There are no main effects: no axis of the sweep has two choices with results.",
        draw=effects_chart,
    ),
    Chart(
        name="pairs",
        title="Pairs of choices",
        told="The mean score of all variants with both choices.",
        dataset="pairs",
        absent="The sweep does not cross two axes.",
        draw=pairs_chart,
        choice="pair",
    ),
    Chart(
        name="columns",
        title="Variants and columns",
        told=f"The mean score of each variant in each column of the table. {HIGHEST}",
        dataset="cells",
        absent="The sweep's table has one column.",
        draw=heat_chart,
        of_column=False,
    ),
    Chart(
        name="labels",
        title="Scores of single labels",
        told="F of each label, the mean over seeds; bars stand in the order of the legend.",
        dataset="labels",
        absent="The chosen variants have no scores of single labels.",
        draw=labels_chart,
        of_chosen=True,
        choice="measure",
    ),
)
