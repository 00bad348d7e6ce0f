"""Draw what `whole_grids.py --kept FILE` has measured: wall seconds of each grid in each way.

    python benchmarks/grid_chart.py FILE... -o docs/pictures/whole-grids.svg

A bar for the median of the repeats, a line from the least to the most.
"""

import argparse
import json
from pathlib import Path

import altair
import vl_convert

OURS = "archlab grid"
WIDTH, BAR = 460, 16


def rows(file: Path) -> list[dict[str, str | float]]:
    """One for each grid, way and repeat."""
    measured = json.loads(file.read_text(encoding="utf8"))
    return [
        {"grid": grid, "way": way, "seconds": cost["wall_seconds"]}
        for grid, ways in measured.items()
        for way, costs in ways.items()
        for cost in costs
    ]


def chart(data: list[dict[str, str | float]]) -> altair.TopLevelMixin:
    """All grids below each other, with one scale."""
    grids, ways = (list(dict.fromkeys(str(row[key]) for row in data)) for key in ("grid", "way"))
    ways.sort(key=OURS.__eq__)  # below the others
    way = altair.Y("way:N", sort=ways, title=None, axis=altair.Axis(labelLimit=300))
    seconds = altair.X("median(seconds):Q", title="wall seconds, median of the repeats")
    base = altair.Chart(altair.InlineData(data)).properties(width=WIDTH, height=len(ways) * (BAR + 6))
    ours = altair.condition(altair.datum.way == OURS, altair.value("#0b6e4f"), altair.value("#9aa5b1"))
    bars = base.mark_bar(size=BAR).encode(x=seconds, y=way, color=ours)
    spread = base.mark_rule(strokeWidth=2).encode(x="min(seconds):Q", x2="max(seconds):Q", y=way)
    labels = base.mark_text(align="left", dx=6).encode(
        x=altair.X("max(seconds):Q"), y=way, text=altair.Text("median(seconds):Q", format=".1f")
    )
    layers = altair.layer(bars, spread, labels)
    return layers.facet(row=altair.Row("grid:N", sort=grids, title=None, header=altair.Header(labelAngle=0)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument("-o", "--output", type=Path, required=True)
    given = parser.parse_args()
    data = [row for file in given.files for row in rows(file)]
    given.output.write_text(vl_convert.vegalite_to_svg(chart(data).to_dict()), encoding="utf8")


if __name__ == "__main__":
    main()
