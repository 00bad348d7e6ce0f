"""Two variants side by side, as a person reads it in a terminal."""

import shlex
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from archlab.reporting.compared import show_in_short
from archlab.reporting.numbers import compact, difference, score, score_text, speed_text
from archlab.results.compared import Compared, Costs
from archlab.results.flips import Flip, Flips
from archlab.results.label_differences import LabelDifference
from archlab.results.statistics import Comparison

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

LABELS_SHOWN = 10
TEXT_SHOWN = 160
"""Characters of a document."""

MEGABYTE = 1e6


def show_compared(console: "Console", compared: Compared) -> None:
    """The difference and what it means; then labels, documents, cost and config."""
    where = f"{compared.sweep} [{compared.column}]" if compared.column is not None else compared.sweep
    console.print(f"{compared.score_name} of {where}", style="bold", soft_wrap=True)
    for name, side in (("A", compared.a), ("B", compared.b)):
        console.print(f"{name}  {score_text(side.score):<11}  {_one_line(side.label)}", soft_wrap=True)
    console.print()
    console.print(_difference_line(compared.comparison), soft_wrap=True)
    console.print(compared.meaning, style="bold", soft_wrap=True)
    for note in compared.notes:
        console.print(note, style="yellow", soft_wrap=True)
    for measure, labels in groupby(compared.labels, key=lambda label: label.measure):
        _show_labels(console, measure, list(labels))
    if compared.flips is not None:
        _show_flips(console, compared.flips)
    _show_costs(console, compared.a.costs, compared.b.costs)
    _show_config(console, compared)


def _difference_line(found: Comparison) -> str:
    """`B less A: +.013 (95% -.061 .. +.088), p = .52, g = 0.61, over 3 seeds and 50 documents`."""
    parts = [f"B less A: {difference(found.difference)}"]
    if found.low is not None and found.high is not None:
        parts[0] += f" (95% {difference(found.low)} .. {difference(found.high)})"
    if found.p is not None:
        parts.append("p < .001" if found.p < 0.001 else f"p = {score(found.p)}")
    if found.effect is not None:
        parts.append(f"Hedges' g = {found.effect:.1f}")
    seeds = f"{found.seeds} seed{'s' if found.seeds > 1 else ''}"
    documents = f" and {found.documents:,} documents" if found.documents else ""
    return f"{', '.join(parts)}, over {seeds}{documents}"


def _show_labels(console: "Console", measure: str, labels: Sequence[LabelDifference]) -> None:
    grid = _grid(f"labels of {measure}", ("P of A", "R", "F", "P of B", "R", "F", "B less A"))
    for label in labels[:LABELS_SHOWN]:
        numbers = [_score(scores[key]) for scores in (label.a, label.b) for key in "prf"]
        told = "" if label.difference is None else difference(label.difference)
        grid.add_row(_one_line(label.label), *numbers, told)
    console.print()
    console.print(grid)
    if len(labels) > LABELS_SHOWN:
        rest = len(labels) - LABELS_SHOWN
        console.print(f"{rest} more differ by less; --format json has all", style="dim", soft_wrap=True)


def _show_flips(console: "Console", flips: Flips) -> None:
    is_right = flips.by == "mistakes"
    for name, other, found, count, of in (
        ("A", "B", flips.for_a, flips.count_a, lambda flip: flip.seeds_a),
        ("B", "A", flips.for_b, flips.count_b, lambda flip: flip.seeds_b),
    ):
        what = f"{name} gets right and {other} does not" if is_right else f"add more to the score of {name}"
        seeds = "" if flips.seeds == 1 else ", in most seeds"
        more = f", {len(found)} shown" if count > len(found) else ""
        console.print(f"\ndocuments that {what}{seeds}: {count}{more}", style="bold", soft_wrap=True)
        for line in _flip_lines(found, flips.seeds, of):
            console.print(line, soft_wrap=True)
    if flips.without_text is not None:
        console.print(f"Their text is not known. {flips.without_text}.", style="yellow", soft_wrap=True)


def _flip_lines(flips: Sequence[Flip], seeds: int, of: Callable[[Flip], int]) -> Iterator[str]:
    """Where it is, in how many seeds, and its text."""
    for flip in flips:
        text = "" if flip.text is None else f"  {_cut(_one_line(flip.text))}"
        told = f"  {of(flip)} of {seeds} seeds" if seeds > 1 else ""
        yield f"  document {flip.document}{told}{text}"


def _show_costs(console: "Console", a: Costs, b: Costs) -> None:
    ratios = b.ratios(a)
    grid = _grid("cost", ("A", "B", "B / A"))
    rows = (
        ("parameters", "parameters", compact),
        ("model MB", "model_bytes", _megabytes),
        ("words/s", "words_per_second", speed_text),
        ("seconds", "seconds", _tenths),
        ("peak MB", "peak_memory_bytes", _megabytes),
    )
    for name, field, text in rows:
        ratio = getattr(ratios, field)
        known = getattr(a, field), getattr(b, field)
        if known != (None, None):
            grid.add_row(name, *map(text, known), _ratio(ratio))
    if grid.row_count:
        console.print()
        console.print(grid)


def _show_config(console: "Console", compared: Compared) -> None:
    console.print()
    if compared.config is None:
        console.print("The configs cannot be compared: one is missing or damaged.", style="yellow")
        return
    show_in_short(console, compared.config, "The configs of A", "B")
    if compared.config and compared.a.config and compared.b.config:
        files = f"{shlex.quote(compared.a.config)} {shlex.quote(compared.b.config)}"
        console.print(f"All of it: archlab diff {files}", soft_wrap=True)


def _grid(first: str, names: Sequence[str]) -> "Table":
    from rich.table import Table

    grid = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    grid.add_column(first, overflow="fold")
    for name in names:
        grid.add_column(name, justify="right", no_wrap=True)
    return grid


def _score(value: float | None) -> str:
    return "" if value is None else score(value)


def _tenths(value: float | None) -> str:
    return "" if value is None else f"{value:,.1f}"


def _ratio(value: float | None) -> str:
    """Two decimals, or two digits where these would be zeros."""
    if value is None:
        return ""
    return f"{value:.2f}" if value >= 0.1 else f"{value:.2g}"


def _megabytes(value: float | None) -> str:
    return _tenths(None if value is None else value / MEGABYTE)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _cut(text: str) -> str:
    return text if len(text) <= TEXT_SHOWN else f"{text[:TEXT_SHOWN]} ..."
